//! Commands of the group `server`, COMMAND and CONFIG aside.

use super::argument::{block, integer, key, one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::{keys, lolwut, monitor, server};

pub(super) const DBSIZE: Command =
    Command::new("dbsize", 1, Group::Server, "1.0.0", "Returns the number of keys in the database.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Read, Category::Fast])
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
        .wide(server::dbsize);

pub(super) const FLUSHALL: Command =
    Command::new("flushall", -1, Group::Server, "1.0.0", "Removes all keys from all databases.")
        .complexity("O(N) where N is the total number of keys in all databases")
        .history(&[
            ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
            ("6.2.0", "Added the `SYNC` flushing mode modifier."),
        ])
        .flags(&[Flag::Write])
        .categories(&[Category::Keyspace, Category::Write, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .arguments(&[one_of(
            "flush-type",
            &[word("async", "ASYNC").since("4.0.0"), word("sync", "SYNC").since("6.2.0")],
        )
        .optional()])
        .wide(server::flushall);

pub(super) const FLUSHDB: Command =
    Command::new("flushdb", -1, Group::Server, "1.0.0", "Removes all keys from the current database.")
        .complexity("O(N) where N is the number of keys in the selected database")
        .history(&[
            ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
            ("6.2.0", "Added the `SYNC` flushing mode modifier."),
        ])
        .flags(&[Flag::Write])
        .categories(&[Category::Keyspace, Category::Write, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .arguments(&[one_of(
            "flush-type",
            &[word("async", "ASYNC").since("4.0.0"), word("sync", "SYNC").since("6.2.0")],
        )
        .optional()])
        .wide(server::flushall);

pub(super) const INFO: Command =
    Command::new("info", -1, Group::Server, "1.0.0", "Returns information and statistics about the server.")
        .complexity("O(1)")
        .history(&[("7.0.0", "Added support for taking multiple section arguments.")])
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .arguments(&[string("section").optional().multiple()])
        .wide(server::info);

pub(super) const LOLWUT: Command =
    Command::new("lolwut", -1, Group::Server, "5.0.0", "Displays computer art and the server version.")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Fast])
        .arguments(&[integer("version").token("VERSION").optional()])
        .handler(lolwut::lolwut);

pub(super) const RESTORE_ASKING: Command =
    Command::new("restore-asking", -4, Group::Server, "3.0.0", "An internal command for migrating keys in a cluster.")
        .complexity(
            "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the \
             number of objects composing the value and M their average size. For small string values the time \
             complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the \
             complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
        )
        .doc_flags(&["syscmd"])
        .history(&[
            ("3.0.0", "Added the `REPLACE` modifier."),
            ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ])
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Asking])
        .categories(&[Category::Keyspace, Category::Write, Category::Slow, Category::Dangerous])
        .keys(&[KeySpec::at(1, &["OW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("ttl"),
            string("serialized-value"),
            word("replace", "REPLACE").since("3.0.0").optional(),
            word("absttl", "ABSTTL").since("5.0.0").optional(),
            integer("seconds").token("IDLETIME").since("5.0.0").optional(),
            integer("frequency").token("FREQ").since("5.0.0").optional(),
        ])
        .prepare(keys::prepare)
        .keyed(keys::restore);
pub(super) const MONITOR: Command =
    Command::new("monitor", 1, Group::Server, "1.0.0", "Listens for all requests received by the server in real-time.")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .handler(monitor::monitor);

pub(super) const SHUTDOWN: Command = Command::new(
    "shutdown",
    -1,
    Group::Server,
    "1.0.0",
    "Synchronously saves the database(s) to disk and shuts down the server.",
)
.complexity("O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)")
.history(&[
    ("7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."),
    ("9.0.0", "Added the `SAFE` and `FAILOVER` modifiers."),
])
.flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale, Flag::NoMulti, Flag::AllowBusy])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.arguments(&[one_of(
    "abort-selector",
    &[
        block(
            "save-selector-block",
            &[
                one_of("save-selector", &[word("nosave", "NOSAVE"), word("save", "SAVE")]).optional(),
                word("now", "NOW").since("7.0.0").optional(),
                word("force", "FORCE").since("7.0.0").optional(),
                word("safe", "SAFE").since("9.0.0").optional(),
                word("failover", "FAILOVER").since("9.0.0").optional(),
            ],
        ),
        word("abort", "ABORT").since("7.0.0"),
    ],
)
.optional()])
.handler(server::shutdown);

pub(super) const SWAPDB: Command = Command::new("swapdb", 3, Group::Server, "4.0.0", "Swaps two databases.")
    .complexity("O(N) where N is the count of clients watching or blocking on keys from both databases.")
    .flags(&[Flag::Write, Flag::Fast])
    .categories(&[Category::Keyspace, Category::Write, Category::Fast, Category::Dangerous])
    .arguments(&[integer("index1"), integer("index2")])
    .handler(server::swapdb);

pub(super) const TIME: Command = Command::new("time", 1, Group::Server, "2.6.0", "Returns the server time.")
    .complexity("O(1)")
    .flags(&[Flag::Loading, Flag::Stale, Flag::Fast])
    .categories(&[Category::Fast])
    .tips(&["nondeterministic_output"])
    .handler(server::time);
