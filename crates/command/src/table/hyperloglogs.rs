//! Commands of the group `hyperloglog`.

use super::argument::{key, string};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::hyperloglogs;

pub(super) const PFADD: Command = Command::new(
    "pfadd",
    -2,
    Group::HyperLogLog,
    "2.8.9",
    "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
)
.complexity("O(1) to add every element.")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::HyperLogLog, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("element").optional().multiple()])
.keyed(hyperloglogs::pfadd);

pub(super) const PFCOUNT: Command = Command::new(
    "pfcount",
    -2,
    Group::HyperLogLog,
    "2.8.9",
    "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).",
)
.complexity(
    "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of \
     keys, and much bigger constant times, when called with multiple keys.",
)
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::HyperLogLog, Category::Slow])
.keys(&[KeySpec::range(1, -1, 1, &["RW", "access"])
    .notes("RW because it may change the internal representation of the key, and propagate to replicas")])
.arguments(&[key("key", 0).multiple()])
.keyed(hyperloglogs::pfcount);

pub(super) const PFDEBUG: Command =
    Command::new("pfdebug", 3, Group::HyperLogLog, "2.8.9", "Internal commands for debugging HyperLogLog values.")
        .complexity("N/A")
        .doc_flags(&["syscmd"])
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Admin])
        .categories(&[Category::Write, Category::HyperLogLog, Category::Admin, Category::Slow, Category::Dangerous])
        .keys(&[KeySpec::at(2, &["RW", "access"])])
        .arguments(&[string("subcommand"), key("key", 0)])
        .keyed(hyperloglogs::pfdebug);

pub(super) const PFMERGE: Command = Command::new(
    "pfmerge",
    -2,
    Group::HyperLogLog,
    "2.8.9",
    "Merges one or more HyperLogLog values into a single key.",
)
.complexity("O(N) to merge N HyperLogLogs, but with high constant times.")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::HyperLogLog, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "access", "insert"]), KeySpec::range(2, -1, 1, &["RO", "access"])])
.arguments(&[key("destkey", 0), key("sourcekey", 1).optional().multiple()])
.own_keys(hyperloglogs::pfmerge_keys)
.looks_up()
.keyed(hyperloglogs::pfmerge);

pub(super) const PFSELFTEST: Command =
    Command::new("pfselftest", 1, Group::HyperLogLog, "2.8.9", "An internal command for testing HyperLogLog values.")
        .complexity("N/A")
        .doc_flags(&["syscmd"])
        .flags(&[Flag::Admin])
        .categories(&[Category::HyperLogLog, Category::Admin, Category::Slow, Category::Dangerous])
        .handler(hyperloglogs::pfselftest);
