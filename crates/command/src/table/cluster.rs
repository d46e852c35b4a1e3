//! Commands of the group `cluster`.

use super::argument::{block, integer, one_of, pattern, string, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::{cluster, cluster_scan, connection, help};

pub(super) const CLUSTER: Command =
    Command::new("cluster", -2, Group::Cluster, "3.0.0", "A container for Cluster commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "COUNTKEYSINSLOT <slot>",
            "    Return the number of keys in <slot>.",
            "GETKEYSINSLOT <slot> <count>",
            "    Return key names stored by current node in a slot.",
            "INFO",
            "    Return information about the cluster.",
            "KEYSLOT <key>",
            "    Return the hash slot for <key>.",
            "MYID",
            "    Return the node id.",
            "MYSHARDID",
            "    Return the node's shard id.",
            "NODES",
            "    Return cluster configuration seen by node. Output format:",
            "    <id> <ip:port@bus-port[,hostname]> <flags> <primary> <pings> <pongs> \
<epoch> <link> <slot> ...",
            "REPLICAS <node-id>",
            "    Return <node-id> replicas.",
            "SLOTS",
            "    Return information about slots range mappings. Each range is made of:",
            "    start, end, primary and replicas IP addresses, ports and ids",
            "SLOT-STATS",
            "    Return an array of slot usage statistics for slots assigned to the \
current node.",
            "SHARDS",
            "    Return information about slot range mappings and the nodes associated \
with them.",
            "ADDSLOTS <slot> [<slot> ...]",
            "    Assign slots to current node.",
            "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
            "    Assign slots which are between <start-slot> and <end-slot> to current node.",
            "BUMPEPOCH",
            "    Advance the cluster config epoch.",
            "COUNT-FAILURE-REPORTS <node-id>",
            "    Return number of failure reports for <node-id>.",
            "DELSLOTS <slot> [<slot> ...]",
            "    Delete slots information from current node.",
            "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
            "    Delete slots information which are between <start-slot> and <end-slot> \
from current node.",
            "FAILOVER [FORCE|TAKEOVER]",
            "    Promote current replica node to being a master.",
            "FORGET <node-id>",
            "    Remove a node from the cluster.",
            "FLUSHSLOTS",
            "    Delete current node own slots information.",
            "MEET <host> <port> [<bus-port>] [WAIT <milliseconds>]",
            "    Connect nodes into a working cluster.",
            "REPLICATE <node-id>",
            "    Configure current node as replica to <node-id>.",
            "RESET [HARD|SOFT]",
            "    Reset current node (default: soft).",
            "SET-CONFIG-EPOCH <epoch>",
            "    Set config epoch of current node.",
            "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
            "    Set slot state.",
            "SAVECONFIG",
            "    Force saving cluster configuration on disk.",
            "LINKS",
            "    Return information about all network links between this node and its peers.",
            "    Output format is an array where each array element is a map containing \
attributes of a link",
            "MIGRATESLOTS SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE \
node-id [SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE \
node-id ...]",
            "    Migrate the specified slot ranges from this node to the specified node.",
            "CANCELSLOTMIGRATIONS ALL",
            "    Cancel all migrations.",
            "GETSLOTMIGRATIONS",
            "    Get information about ongoing and recently finished slot imports and \
exports.",
        ])
        .subcommands(&[
            ADDSLOTS,
            ADDSLOTSRANGE,
            BUMPEPOCH,
            CANCELSLOTMIGRATIONS,
            COUNT_FAILURE_REPORTS,
            COUNTKEYSINSLOT,
            DELSLOTS,
            DELSLOTSRANGE,
            FAILOVER,
            FLUSHSLOT,
            FLUSHSLOTS,
            FORGET,
            GETKEYSINSLOT,
            GETSLOTMIGRATIONS,
            HELP,
            INFO,
            KEYSLOT,
            LINKS,
            MEET,
            MIGRATESLOTS,
            MYID,
            MYSHARDID,
            NODES,
            REPLICAS,
            REPLICATE,
            RESET,
            SAVECONFIG,
            SET_CONFIG_EPOCH,
            SETSLOT,
            SHARDS,
            SLAVES,
            SLOT_STATS,
            SLOTS,
            SYNCSLOTS,
        ]);

const ADDSLOTS: Command = Command::new("addslots", -3, Group::Cluster, "3.0.0", "Assigns new hash slots to a node.")
    .complexity("O(N) where N is the total number of hash slot arguments")
    .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .arguments(&[integer("slot").multiple()])
    .handler(cluster::addslots);

const ADDSLOTSRANGE: Command =
    Command::new("addslotsrange", -4, Group::Cluster, "7.0.0", "Assigns new hash slot ranges to a node.")
        .complexity("O(N) where N is the total number of the slots between the start slot and end slot arguments.")
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[block("range", &[integer("start-slot"), integer("end-slot")]).multiple()])
        .handler(cluster::addslotsrange);

const BUMPEPOCH: Command = Command::new("bumpepoch", 2, Group::Cluster, "3.0.0", "Advances the cluster config epoch.")
    .complexity("O(1)")
    .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["nondeterministic_output"])
    .handler(cluster::bumpepoch);

const CANCELSLOTMIGRATIONS: Command = Command::new(
    "cancelslotmigrations",
    2,
    Group::Cluster,
    "9.0.0",
    "Cancel all current ongoing slot migration operations.",
)
.complexity("O(N), where N is the number of slot migration operations being cancelled.")
.flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.handler(cluster::cancelslotmigrations);

const COUNT_FAILURE_REPORTS: Command = Command::new(
    "count-failure-reports",
    3,
    Group::Cluster,
    "3.0.0",
    "Returns the number of active failure reports for a node. No new reports \
are created once the node is marked as failed.",
)
.complexity("O(N) where N is the number of failure reports")
.history(&[("9.0.0", "Ignore additional failure reports for a node which has been marked as failed.")])
.flags(&[Flag::Admin, Flag::Stale])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.tips(&["nondeterministic_output"])
.arguments(&[string("node-id")])
.handler(cluster::count_failure_reports);

const COUNTKEYSINSLOT: Command =
    Command::new("countkeysinslot", 3, Group::Cluster, "3.0.0", "Returns the number of keys in a hash slot.")
        .complexity("O(1)")
        .flags(&[Flag::Stale])
        .categories(&[Category::Slow])
        .arguments(&[integer("slot")])
        .wide(cluster::countkeysinslot);

const DELSLOTS: Command =
    Command::new("delslots", -3, Group::Cluster, "3.0.0", "Sets hash slots as unbound for a node.")
        .complexity("O(N) where N is the total number of hash slot arguments")
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[integer("slot").multiple()])
        .handler(cluster::delslots);

const DELSLOTSRANGE: Command =
    Command::new("delslotsrange", -4, Group::Cluster, "7.0.0", "Sets hash slot ranges as unbound for a node.")
        .complexity("O(N) where N is the total number of the slots between the start slot and end slot arguments.")
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[block("range", &[integer("start-slot"), integer("end-slot")]).multiple()])
        .handler(cluster::delslotsrange);

const FAILOVER: Command = Command::new(
    "failover",
    -2,
    Group::Cluster,
    "3.0.0",
    "Forces a replica to perform a manual failover of its primary.",
)
.complexity("O(1)")
.flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[one_of("options", &[word("force", "FORCE"), word("takeover", "TAKEOVER")]).optional()])
.handler(cluster::failover);

const FLUSHSLOT: Command =
    Command::new("flushslot", -3, Group::Cluster, "9.0.0", "Removes all keys from the target slot.")
        .complexity("O(N) where N is the number of keys in the target slot")
        .flags(&[Flag::Write, Flag::Admin, Flag::NoAsyncLoading])
        .categories(&[Category::Keyspace, Category::Write, Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[integer("slot"), one_of("flush-type", &[word("async", "ASYNC"), word("sync", "SYNC")]).optional()])
        .wide(cluster::flushslot);

const FLUSHSLOTS: Command =
    Command::new("flushslots", 2, Group::Cluster, "3.0.0", "Deletes all slots information from a node.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .handler(cluster::flushslots);

const FORGET: Command = Command::new("forget", 3, Group::Cluster, "3.0.0", "Removes a node from the nodes table.")
    .complexity("O(1)")
    .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .arguments(&[string("node-id")])
    .handler(cluster::forget);

const GETKEYSINSLOT: Command =
    Command::new("getkeysinslot", 4, Group::Cluster, "3.0.0", "Returns the key names in a hash slot.")
        .complexity("O(N) where N is the number of requested keys")
        .flags(&[Flag::Stale])
        .categories(&[Category::Slow])
        .tips(&["nondeterministic_output"])
        .arguments(&[integer("slot"), integer("count")])
        .wide(cluster::getkeysinslot);

const GETSLOTMIGRATIONS: Command = Command::new(
    "getslotmigrations",
    2,
    Group::Cluster,
    "9.0.0",
    "Gets the status of ongoing and recently finished slot import and export operations.",
)
.complexity("O(N), where N is the number of active slot import and export jobs.")
.flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.handler(cluster::getslotmigrations);

const HELP: Command =
    Command::new("help", 2, Group::Cluster, "5.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const INFO: Command =
    Command::new("info", 2, Group::Cluster, "3.0.0", "Returns information about the state of a node.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .tips(&["nondeterministic_output"])
        .handler(cluster::info);

const KEYSLOT: Command = Command::new("keyslot", 3, Group::Cluster, "3.0.0", "Returns the hash slot for a key.")
    .complexity("O(N) where N is the number of bytes in the key")
    .flags(&[Flag::Stale])
    .categories(&[Category::Slow])
    .arguments(&[string("key")])
    .handler(cluster::keyslot);

const LINKS: Command =
    Command::new("links", 2, Group::Cluster, "7.0.0", "Returns a list of all TCP links to and from peer nodes.")
        .complexity("O(N) where N is the total number of Cluster nodes")
        .flags(&[Flag::Stale])
        .categories(&[Category::Slow])
        .tips(&["nondeterministic_output"])
        .handler(cluster::links);

const MEET: Command =
    Command::new("meet", -4, Group::Cluster, "3.0.0", "Forces a node to handshake with another node.")
        .complexity("O(1)")
        .history(&[("4.0.0", "Added the optional `cluster_bus_port` argument.")])
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[string("ip"), integer("port"), integer("cluster-bus-port").since("4.0.0").optional()])
        .handler(cluster::meet);

const MIGRATESLOTS: Command = Command::new(
    "migrateslots",
    -4,
    Group::Cluster,
    "9.0.0",
    "Migrate the given slots from this node to the specified nodes.",
)
.complexity("O(N) where N is the total number of the slots between all start slot and end slot arguments.")
.flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[block(
    "migration-group",
    &[
        word("slotsrange-token", "SLOTSRANGE"),
        block("range", &[integer("start-slot"), integer("end-slot")]).multiple(),
        word("node-token", "NODE"),
        string("node-id"),
    ],
)
.multiple()])
.handler(cluster::migrateslots);

const MYID: Command = Command::new("myid", 2, Group::Cluster, "3.0.0", "Returns the ID of a node.")
    .complexity("O(1)")
    .flags(&[Flag::Loading, Flag::Stale])
    .categories(&[Category::Slow])
    .handler(cluster::myid);

const MYSHARDID: Command = Command::new("myshardid", 2, Group::Cluster, "7.2.0", "Returns the shard ID of a node.")
    .complexity("O(1)")
    .flags(&[Flag::Loading, Flag::Stale])
    .categories(&[Category::Slow])
    .tips(&["nondeterministic_output"])
    .handler(cluster::myshardid);

const NODES: Command =
    Command::new("nodes", 2, Group::Cluster, "3.0.0", "Returns the cluster configuration for a node.")
        .complexity("O(N) where N is the total number of Cluster nodes")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .tips(&["nondeterministic_output"])
        .handler(cluster::nodes);

const REPLICAS: Command =
    Command::new("replicas", 3, Group::Cluster, "5.0.0", "Lists the replica nodes of a primary node.")
        .complexity("O(N) where N is the number of replicas.")
        .flags(&[Flag::Admin, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output"])
        .arguments(&[string("node-id")])
        .handler(cluster::replicas);

const REPLICATE: Command = Command::new(
    "replicate",
    -3,
    Group::Cluster,
    "3.0.0",
    "Configures a node as replica of a primary node or detaches a replica from its primary.",
)
.complexity("O(1)")
.history(&[(
    "9.0.0",
    "Added support of 'NO ONE' arg instead of <node-id> resulting into detaching replica from primary node.",
)])
.flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[one_of(
    "args",
    &[string("node-id"), block("no-one", &[word("no", "NO"), word("one", "ONE")]).since("9.0.0")],
)])
.handler(cluster::replicate);

const RESET: Command = Command::new("reset", -2, Group::Cluster, "3.0.0", "Resets a node.")
    .complexity("O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.")
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .arguments(&[one_of("reset-type", &[word("hard", "HARD"), word("soft", "SOFT")]).optional()])
    .handler(cluster::reset);

const SAVECONFIG: Command =
    Command::new("saveconfig", 2, Group::Cluster, "3.0.0", "Forces a node to save the cluster configuration to disk.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .handler(cluster::saveconfig);

const SET_CONFIG_EPOCH: Command =
    Command::new("set-config-epoch", 3, Group::Cluster, "3.0.0", "Sets the configuration epoch for a new node.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[integer("config-epoch")])
        .handler(cluster::set_config_epoch);

const SETSLOT: Command = Command::new("setslot", -4, Group::Cluster, "3.0.0", "Binds a hash slot to a node.")
    .complexity("O(1)")
    .history(&[("8.0.0", "Added the `TIMEOUT` option.")])
    .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .arguments(&[
        integer("slot"),
        one_of(
            "subcommand",
            &[
                string("importing").display("node-id").token("IMPORTING"),
                string("migrating").display("node-id").token("MIGRATING"),
                string("node").display("node-id").token("NODE"),
                word("stable", "STABLE"),
            ],
        ),
        integer("timeout").token("TIMEOUT").since("8.0.0").optional(),
    ])
    .handler(cluster::setslot);

const SHARDS: Command =
    Command::new("shards", 2, Group::Cluster, "7.0.0", "Returns the mapping of cluster slots to shards.")
        .complexity("O(N) where N is the total number of cluster nodes")
        .history(&[("9.1.0", "Added shard level `id` field and node level `availability-zone` field.")])
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .tips(&["nondeterministic_output"])
        .handler(cluster::shards);

const SLAVES: Command =
    Command::new("slaves", 3, Group::Cluster, "3.0.0", "Lists the replica nodes of a primary node.")
        .complexity("O(N) where N is the number of replicas.")
        .doc_flags(&["deprecated"])
        .deprecated("5.0.0", "`CLUSTER REPLICAS`")
        .flags(&[Flag::Admin, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output"])
        .arguments(&[string("node-id")])
        .handler(cluster::replicas);

const SLOT_STATS: Command = Command::new(
    "slot-stats",
    -4,
    Group::Cluster,
    "8.0.0",
    "Return an array of slot usage statistics for slots assigned to the current node.",
)
.complexity("O(N) where N is the total number of slots based on arguments. O(N*log(N)) with ORDERBY subcommand.")
.flags(&[Flag::Loading, Flag::Stale])
.categories(&[Category::Slow])
.tips(&["nondeterministic_output", "request_policy:all_shards"])
.arguments(&[one_of(
    "filter",
    &[
        block("slotsrange", &[integer("start-slot"), integer("end-slot")]).token("SLOTSRANGE"),
        block(
            "orderby",
            &[
                string("metric"),
                integer("limit").token("LIMIT").optional(),
                one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
            ],
        )
        .token("ORDERBY"),
    ],
)])
.wide(cluster::slot_stats);

const SLOTS: Command =
    Command::new("slots", 2, Group::Cluster, "3.0.0", "Returns the mapping of cluster slots to nodes.")
        .complexity("O(N) where N is the total number of Cluster nodes")
        .history(&[
            ("4.0.0", "Added node IDs."),
            ("7.0.0", "Added additional networking metadata field."),
            ("9.1.0", "Added `availability-zone` field inside the networking metadata."),
        ])
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .tips(&["nondeterministic_output"])
        .handler(cluster::slots);

const SYNCSLOTS: Command =
    Command::new("syncslots", -3, Group::Cluster, "9.0.0", "A container for internal slot migration commands.")
        .complexity("Depends on subcommand.")
        .doc_flags(&["syscmd"])
        .flags(&[Flag::Admin, Flag::Stale, Flag::NoAsyncLoading])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .handler(cluster::syncslots);

pub(super) const CLUSTERSCAN: Command =
    Command::new("clusterscan", -2, Group::Cluster, "9.1.0", "Iterates over the keys in the cluster.")
        .complexity("O(N) where N is the number of elements returned.")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Keyspace, Category::Read, Category::Slow])
        .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
        .keys(&[KeySpec::CURSOR])
        .arguments(&[
            string("cursor"),
            pattern("match-pattern").token("MATCH").optional(),
            integer("count").token("COUNT").optional(),
            string("type").token("TYPE").optional(),
            integer("slot").token("SLOT").optional(),
        ])
        .wide(cluster_scan::clusterscan);

pub(super) const ASKING: Command =
    Command::new("asking", 1, Group::Cluster, "3.0.0", "Signals that a cluster client is following an -ASK redirect.")
        .complexity("O(1)")
        .flags(&[Flag::Fast])
        .categories(&[Category::Fast, Category::Connection])
        .handler(connection::asking);

pub(super) const READONLY: Command = Command::new(
    "readonly",
    1,
    Group::Cluster,
    "3.0.0",
    "Enables read-only queries for a connection to a Valkey replica node.",
)
.complexity("O(1)")
.flags(&[Flag::Loading, Flag::Stale, Flag::Fast])
.categories(&[Category::Fast, Category::Connection])
.handler(connection::readonly);

pub(super) const READWRITE: Command = Command::new(
    "readwrite",
    1,
    Group::Cluster,
    "3.0.0",
    "Enables read-write queries for a connection to a Valkey replica node.",
)
.complexity("O(1)")
.flags(&[Flag::Loading, Flag::Stale, Flag::Fast])
.categories(&[Category::Fast, Category::Connection])
.handler(connection::readwrite);
