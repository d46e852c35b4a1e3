//! Commands of the group `stream`.

use super::argument::{block, integer, key, one_of, string, unix_time, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::{Find, KeySpec};
use crate::commands::{help, streams};

pub(super) const XACK: Command = Command::new(
    "xack",
    -4,
    Group::Stream,
    "5.0.0",
    "Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.",
)
.complexity("O(1) for each message ID processed.")
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Stream, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "update"])])
.arguments(&[key("key", 0), string("group"), string("id").multiple()])
.looks_up()
.keyed(streams::xack);

pub(super) const XADD: Command = Command::new(
    "xadd",
    -5,
    Group::Stream,
    "5.0.0",
    "Appends a new message to a stream. Creates the key if it doesn't exist.",
)
.complexity("O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.")
.history(&[
    ("6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."),
    ("7.0.0", "Added support for the `<ms>-*` explicit ID form."),
])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::Stream, Category::Fast])
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::at(1, &["RW", "update"]).notes("UPDATE instead of INSERT because of the optional trimming feature")])
.arguments(&[
    key("key", 0),
    word("nomkstream", "NOMKSTREAM").since("6.2.0").optional(),
    block(
        "trim",
        &[
            one_of("strategy", &[word("maxlen", "MAXLEN"), word("minid", "MINID").since("6.2.0")]),
            one_of("operator", &[word("equal", "="), word("approximately", "~")]).optional(),
            string("threshold"),
            integer("count").token("LIMIT").since("6.2.0").optional(),
        ],
    )
    .optional(),
    one_of("id-selector", &[word("auto-id", "*"), string("id")]),
    block("data", &[string("field"), string("value")]).multiple(),
])
.keyed(streams::xadd);

pub(super) const XAUTOCLAIM: Command = Command::new(
    "xautoclaim",
    -6,
    Group::Stream,
    "6.2.0",
    "Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to a \
     consumer group member.",
)
.complexity("O(1) if COUNT is small.")
.history(&[(
    "7.0.0",
    "Added an element to the reply array, containing deleted entries the command cleared from the PEL",
)])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Stream, Category::Fast])
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[
    key("key", 0),
    string("group"),
    string("consumer"),
    string("min-idle-time"),
    string("start"),
    integer("count").token("COUNT").optional(),
    word("justid", "JUSTID").optional(),
])
.looks_up()
.keyed(streams::xautoclaim);

pub(super) const XCLAIM: Command = Command::new(
    "xclaim",
    -6,
    Group::Stream,
    "5.0.0",
    "Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered to a consumer \
     group member.",
)
.complexity("O(log N) with N being the number of messages in the PEL of the consumer group.")
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Stream, Category::Fast])
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::at(1, &["RW", "update"])])
.arguments(&[
    key("key", 0),
    string("group"),
    string("consumer"),
    string("min-idle-time"),
    string("id").multiple(),
    integer("ms").token("IDLE").optional(),
    unix_time("unix-time-milliseconds").token("TIME").optional(),
    integer("count").token("RETRYCOUNT").optional(),
    word("force", "FORCE").optional(),
    word("justid", "JUSTID").optional(),
    string("lastid").token("LASTID").optional(),
])
.looks_up()
.keyed(streams::xclaim);

pub(super) const XDEL: Command = Command::new(
    "xdel",
    -3,
    Group::Stream,
    "5.0.0",
    "Returns the number of messages after removing them from a stream.",
)
.complexity("O(1) for each single item to delete in the stream, regardless of the stream size.")
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Stream, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), string("id").multiple()])
.keyed(streams::xdel);

pub(super) const XGROUP: Command =
    Command::new("xgroup", -2, Group::Stream, "5.0.0", "A container for consumer groups commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "CREATE <key> <groupname> <id|$> [option]",
            "    Create a new consumer group. Options are:",
            "    * MKSTREAM",
            "      Create the empty stream if it does not exist.",
            "    * ENTRIESREAD entries_read",
            "      Set the group's entries_read counter (internal use).",
            "CREATECONSUMER <key> <groupname> <consumer>",
            "    Create a new consumer in the specified group.",
            "DELCONSUMER <key> <groupname> <consumer>",
            "    Remove the specified consumer.",
            "DESTROY <key> <groupname>",
            "    Remove the specified group.",
            "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
            "    Set the current group ID and entries_read counter.",
        ])
        .subcommands(&[
            Command::new("create", -5, Group::Stream, "5.0.0", "Creates a consumer group.")
                .complexity("O(1)")
                .history(&[("7.0.0", "Added the `entries_read` named argument.")])
                .flags(&[Flag::Write, Flag::Denyoom])
                .categories(&[Category::Write, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RW", "insert"])])
                .arguments(&[
                    key("key", 0),
                    string("group"),
                    one_of("id-selector", &[string("id"), word("new-id", "$")]),
                    word("mkstream", "MKSTREAM").optional(),
                    integer("entriesread").token("ENTRIESREAD").display("entries-read").optional(),
                ])
                .keyed(streams::xgroup_create),
            Command::new("createconsumer", 5, Group::Stream, "6.2.0", "Creates a consumer in a consumer group.")
                .complexity("O(1)")
                .flags(&[Flag::Write, Flag::Denyoom])
                .categories(&[Category::Write, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RW", "insert"])])
                .arguments(&[key("key", 0), string("group"), string("consumer")])
                .keyed(streams::xgroup_createconsumer),
            Command::new("delconsumer", 5, Group::Stream, "5.0.0", "Deletes a consumer from a consumer group.")
                .complexity("O(1)")
                .flags(&[Flag::Write])
                .categories(&[Category::Write, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RW", "delete"])])
                .arguments(&[key("key", 0), string("group"), string("consumer")])
                .keyed(streams::xgroup_delconsumer),
            Command::new("destroy", 4, Group::Stream, "5.0.0", "Destroys a consumer group.")
                .complexity("O(N) where N is the number of entries in the group's pending entries list (PEL).")
                .flags(&[Flag::Write])
                .categories(&[Category::Write, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RW", "delete"])])
                .arguments(&[key("key", 0), string("group")])
                .keyed(streams::xgroup_destroy),
            Command::new("help", 2, Group::Stream, "5.0.0", "Returns helpful text about the different subcommands.")
                .complexity("O(1)")
                .flags(&[Flag::Loading, Flag::Stale])
                .categories(&[Category::Stream, Category::Slow])
                .handler(help::help),
            Command::new("setid", -5, Group::Stream, "5.0.0", "Sets the last-delivered ID of a consumer group.")
                .complexity("O(1)")
                .history(&[("7.0.0", "Added the optional `entries_read` argument.")])
                .flags(&[Flag::Write])
                .categories(&[Category::Write, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RW", "update"])])
                .arguments(&[
                    key("key", 0),
                    string("group"),
                    one_of("id-selector", &[string("id"), word("new-id", "$")]),
                    integer("entriesread").token("ENTRIESREAD").display("entries-read").optional(),
                ])
                .keyed(streams::xgroup_setid),
        ]);

pub(super) const XINFO: Command =
    Command::new("xinfo", -2, Group::Stream, "5.0.0", "A container for stream introspection commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "CONSUMERS <key> <groupname>",
            "    Show consumers of <groupname>.",
            "GROUPS <key>",
            "    Show the stream consumer groups.",
            "STREAM <key> [FULL [COUNT <count>]",
            "    Show information about the stream.",
        ])
        .subcommands(&[
            Command::new(
                "consumers",
                4,
                Group::Stream,
                "5.0.0",
                "Returns a list of the consumers in a consumer group.",
            )
            .complexity("O(1)")
            .history(&[("7.2.0", "Added the `inactive` field, and changed the meaning of `idle`.")])
            .flags(&[Flag::Readonly])
            .categories(&[Category::Read, Category::Stream, Category::Slow])
            .tips(&["nondeterministic_output"])
            .keys(&[KeySpec::at(2, &["RO", "access"])])
            .arguments(&[key("key", 0), string("group")])
            .keyed(streams::xinfo_consumers),
            Command::new("groups", 3, Group::Stream, "5.0.0", "Returns a list of the consumer groups of a stream.")
                .complexity("O(1)")
                .history(&[("7.0.0", "Added the `entries-read` and `lag` fields")])
                .flags(&[Flag::Readonly])
                .categories(&[Category::Read, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RO", "access"])])
                .arguments(&[key("key", 0)])
                .keyed(streams::xinfo_groups),
            Command::new("help", 2, Group::Stream, "5.0.0", "Returns helpful text about the different subcommands.")
                .complexity("O(1)")
                .flags(&[Flag::Loading, Flag::Stale])
                .categories(&[Category::Stream, Category::Slow])
                .handler(help::help),
            Command::new("stream", -3, Group::Stream, "5.0.0", "Returns information about a stream.")
                .complexity("O(1)")
                .history(&[
                    ("6.0.0", "Added the `FULL` modifier."),
                    (
                        "7.0.0",
                        "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, \
                         `entries-read` and `lag` fields",
                    ),
                    ("7.2.0", "Added the `active-time` field, and changed the meaning of `seen-time`."),
                ])
                .flags(&[Flag::Readonly])
                .categories(&[Category::Read, Category::Stream, Category::Slow])
                .keys(&[KeySpec::at(2, &["RO", "access"])])
                .arguments(&[
                    key("key", 0),
                    block("full-block", &[word("full", "FULL"), integer("count").token("COUNT").optional()]).optional(),
                ])
                .keyed(streams::xinfo_stream),
        ]);

pub(super) const XLEN: Command =
    Command::new("xlen", 2, Group::Stream, "5.0.0", "Returns the number of messages in a stream.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Stream, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0)])
        .keyed(streams::xlen);

pub(super) const XPENDING: Command = Command::new(
    "xpending",
    -3,
    Group::Stream,
    "5.0.0",
    "Returns the information and entries from a stream consumer group's pending entries list.",
)
.complexity(
    "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is \
     O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command \
     returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional \
     O(N) time for iterating every consumer.",
)
.history(&[("6.2.0", "Added the `IDLE` option and exclusive range intervals.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Stream, Category::Slow])
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    string("group"),
    block(
        "filters",
        &[
            integer("min-idle-time").token("IDLE").since("6.2.0").optional(),
            string("start"),
            string("end"),
            integer("count"),
            string("consumer").optional(),
        ],
    )
    .optional(),
])
.keyed(streams::xpending);

pub(super) const XRANGE: Command =
    Command::new("xrange", -4, Group::Stream, "5.0.0", "Returns the messages from a stream within a range of IDs.")
        .complexity(
            "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the \
             first 10 elements with COUNT), you can consider it O(1).",
        )
        .history(&[("6.2.0", "Added exclusive ranges.")])
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Stream, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("start"), string("end"), integer("count").token("COUNT").optional()])
        .keyed(streams::xrange);

pub(super) const XREAD: Command = Command::new(
    "xread",
    -4,
    Group::Stream,
    "5.0.0",
    "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is \
     available otherwise.",
)
.flags(&[Flag::Readonly, Flag::Blocking, Flag::Movablekeys])
.categories(&[Category::Read, Category::Stream, Category::Slow, Category::Blocking])
.keys(&[KeySpec::after("STREAMS", 1, Find::Range { last: -1, step: 1, limit: 2 }, &["RO", "access"])])
.arguments(&[
    integer("count").token("COUNT").optional(),
    integer("milliseconds").token("BLOCK").optional(),
    block("streams", &[key("key", 0).multiple(), string("id").multiple()]).token("STREAMS"),
])
.keyed(streams::xread);

pub(super) const XREADGROUP: Command = Command::new(
    "xreadgroup",
    -7,
    Group::Stream,
    "5.0.0",
    "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is available \
     otherwise.",
)
.complexity(
    "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always \
     asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP \
     blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
)
.flags(&[Flag::Write, Flag::Blocking, Flag::Movablekeys])
.categories(&[Category::Write, Category::Stream, Category::Slow, Category::Blocking])
.keys(&[KeySpec::after("STREAMS", 4, Find::Range { last: -1, step: 1, limit: 2 }, &["RO", "access"])])
.arguments(&[
    block("group-block", &[string("group"), string("consumer")]).token("GROUP"),
    integer("count").token("COUNT").optional(),
    integer("milliseconds").token("BLOCK").optional(),
    word("noack", "NOACK").optional(),
    block("streams", &[key("key", 0).multiple(), string("id").multiple()]).token("STREAMS"),
])
.looks_up()
.keyed(streams::xreadgroup);

pub(super) const XREVRANGE: Command = Command::new(
    "xrevrange",
    -4,
    Group::Stream,
    "5.0.0",
    "Returns the messages from a stream within a range of IDs in reverse order.",
)
.complexity(
    "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 \
     elements with COUNT), you can consider it O(1).",
)
.history(&[("6.2.0", "Added exclusive ranges.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::Stream, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), string("end"), string("start"), integer("count").token("COUNT").optional()])
.keyed(streams::xrevrange);

pub(super) const XSETID: Command =
    Command::new("xsetid", -3, Group::Stream, "5.0.0", "An internal command for replicating stream values.")
        .complexity("O(1)")
        .history(&[("7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments.")])
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
        .categories(&[Category::Write, Category::Stream, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            string("last-id"),
            integer("entries-added").token("ENTRIESADDED").since("7.0.0").optional(),
            string("max-deleted-id").token("MAXDELETEDID").since("7.0.0").optional(),
        ])
        .keyed(streams::xsetid);

pub(super) const XTRIM: Command =
    Command::new("xtrim", -4, Group::Stream, "5.0.0", "Deletes messages from the beginning of a stream.")
        .complexity(
            "O(N), with N being the number of evicted entries. Constant times are very small however, since entries \
             are organized in macro nodes containing multiple entries that can be released with a single \
             deallocation.",
        )
        .history(&[("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option.")])
        .flags(&[Flag::Write])
        .categories(&[Category::Write, Category::Stream, Category::Slow])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RW", "delete"])])
        .arguments(&[
            key("key", 0),
            block(
                "trim",
                &[
                    one_of("strategy", &[word("maxlen", "MAXLEN"), word("minid", "MINID").since("6.2.0")]),
                    one_of("operator", &[word("equal", "="), word("approximately", "~")]).optional(),
                    string("threshold"),
                    integer("count").token("LIMIT").since("6.2.0").optional(),
                ],
            ),
        ])
        .keyed(streams::xtrim);
