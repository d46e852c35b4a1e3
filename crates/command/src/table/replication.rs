//! Commands about whose data a node copies. A node of a cluster is told that by CLUSTER REPLICATE.

use super::argument::{block, integer, one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use crate::commands::replication;

pub(super) const FAILOVER: Command = Command::new(
    "failover",
    -1,
    Group::Server,
    "6.2.0",
    "Starts a coordinated failover from a server to one of its replicas.",
)
.complexity("O(1)")
.flags(&[Flag::Admin, Flag::Noscript, Flag::Stale])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[
    block("target", &[string("host"), integer("port"), word("force", "FORCE").optional()]).token("TO").optional(),
    word("abort", "ABORT").optional(),
    integer("milliseconds").token("TIMEOUT").optional(),
])
.handler(replication::failover);

pub(super) const PSYNC: Command =
    Command::new("psync", -3, Group::Server, "2.8.0", "An internal command used in replication.")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::NoAsyncLoading, Flag::NoMulti])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[string("replicationid"), integer("offset")])
        .handler(replication::psync);

pub(super) const REPLCONF: Command =
    Command::new("replconf", -1, Group::Server, "3.0.0", "An internal command for configuring the replication stream.")
        .complexity("O(1)")
        .doc_flags(&["syscmd"])
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale, Flag::AllowBusy])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .handler(replication::replconf);

pub(super) const REPLICAOF: Command = Command::new(
    "replicaof",
    3,
    Group::Server,
    "5.0.0",
    "Configures a server as replica of another, or promotes it to a primary.",
)
.complexity("O(1)")
.flags(&[Flag::Admin, Flag::Noscript, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[one_of(
    "args",
    &[block("host-port", &[string("host"), integer("port")]), block("no-one", &[word("no", "NO"), word("one", "ONE")])],
)])
.handler(replication::replicaof);

pub(super) const ROLE: Command = Command::new("role", 1, Group::Server, "2.8.12", "Returns the replication role.")
    .complexity("O(1)")
    .flags(&[Flag::Noscript, Flag::Loading, Flag::Stale, Flag::Fast])
    .categories(&[Category::Admin, Category::Fast, Category::Dangerous])
    .handler(replication::role);

pub(super) const SLAVEOF: Command = Command::new(
    "slaveof",
    3,
    Group::Server,
    "1.0.0",
    "Sets a server as a replica of another, or promotes it to being a primary.",
)
.complexity("O(1)")
.doc_flags(&["deprecated"])
.deprecated("5.0.0", "`REPLICAOF`")
.flags(&[Flag::Admin, Flag::Noscript, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[one_of(
    "args",
    &[block("host-port", &[string("host"), integer("port")]), block("no-one", &[word("no", "NO"), word("one", "ONE")])],
)])
.handler(replication::replicaof);

pub(super) const SYNC: Command =
    Command::new("sync", 1, Group::Server, "1.0.0", "An internal command used in replication.")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::NoAsyncLoading, Flag::NoMulti])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .handler(replication::psync);
