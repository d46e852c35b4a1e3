//! Commands of the group `generic`.

use super::argument::{block, integer, key, one_of, pattern, string, unix_time, word};
use super::command::{Category, Command, Flag, Group, Touches};
use super::key_spec::{Find, KeySpec};
use crate::commands::{help, keys};

pub(super) const COPY: Command =
    Command::new("copy", -3, Group::Generic, "6.2.0", "Copies the value of a key to a new key.")
        .complexity("O(N) worst case for collections, where N is the number of nested items. O(1) for string values.")
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Keyspace, Category::Write, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"]), KeySpec::at(2, &["OW", "update"])])
        .arguments(&[
            key("source", 0),
            key("destination", 1),
            integer("destination-db").token("DB").optional(),
            word("replace", "REPLACE").optional(),
        ])
        .looks_up()
        .keyed(keys::copy);

pub(super) const DEL: Command = Command::new("del", -2, Group::Generic, "1.0.0", "Deletes one or more keys.")
    .complexity(
        "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a \
         string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, \
         sorted set or hash. Removing a single key that holds a string value is O(1).",
    )
    .flags(&[Flag::Write])
    .categories(&[Category::Keyspace, Category::Write, Category::Slow])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .keys(&[KeySpec::range(1, -1, 1, &["RM", "delete"])])
    .arguments(&[key("key", 0).multiple()])
    .keyed(keys::del);

pub(super) const DUMP: Command = Command::new(
    "dump",
    2,
    Group::Generic,
    "2.6.0",
    "Returns a serialized representation of the value stored at a key.",
)
.complexity(
    "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of objects composing the \
     value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is \
     small, so simply O(1).",
)
.flags(&[Flag::Readonly])
.categories(&[Category::Keyspace, Category::Read, Category::Slow])
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0)])
.keyed(keys::dump);

pub(super) const EXISTS: Command =
    Command::new("exists", -2, Group::Generic, "1.0.0", "Determines whether one or more keys exist.")
        .complexity("O(N) where N is the number of keys to check.")
        .history(&[("3.0.3", "Accepts multiple `key` arguments.")])
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Read, Category::Fast])
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .keys(&[KeySpec::range(1, -1, 1, &["RO"])])
        .arguments(&[key("key", 0).multiple()])
        .touches(Touches::Never)
        .keyed(keys::exists);

pub(super) const EXPIRE: Command =
    Command::new("expire", -3, Group::Generic, "1.0.0", "Sets the expiration time of a key in seconds.")
        .complexity("O(1)")
        .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Write, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("seconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
                .since("7.0.0")
                .optional(),
        ])
        .keyed(keys::expire);

pub(super) const EXPIREAT: Command =
    Command::new("expireat", -3, Group::Generic, "1.2.0", "Sets the expiration time of a key to a Unix timestamp.")
        .complexity("O(1)")
        .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Write, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            unix_time("unix-time-seconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
                .since("7.0.0")
                .optional(),
        ])
        .keyed(keys::expireat);

pub(super) const EXPIRETIME: Command =
    Command::new("expiretime", 2, Group::Generic, "7.0.0", "Returns the expiration time of a key as a Unix timestamp.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Read, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0)])
        .touches(Touches::Never)
        .keyed(keys::expiretime);

pub(super) const MIGRATE: Command =
    Command::new("migrate", -6, Group::Generic, "2.6.0", "Atomically transfers a key from one instance to another.")
        .complexity(
            "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. \
             See the pages of these commands for time complexity. Also an O(N) data transfer between the two \
             instances is performed.",
        )
        .history(&[
            ("3.0.0", "Added the `COPY` and `REPLACE` options."),
            ("3.0.6", "Added the `KEYS` option."),
            ("4.0.7", "Added the `AUTH` option."),
            ("6.0.0", "Added the `AUTH2` option."),
        ])
        .flags(&[Flag::Write, Flag::Movablekeys])
        .categories(&[Category::Keyspace, Category::Write, Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output"])
        .keys(&[
            KeySpec::at(3, &["RW", "access", "delete"]),
            KeySpec::after(
                "KEYS",
                -2,
                Find::Range { last: -1, step: 1, limit: 0 },
                &["RW", "access", "delete", "incomplete"],
            ),
        ])
        .arguments(&[
            string("host"),
            integer("port"),
            one_of("key-selector", &[key("key", 0), word("empty-string", "")]),
            integer("destination-db"),
            integer("timeout"),
            word("copy", "COPY").since("3.0.0").optional(),
            word("replace", "REPLACE").since("3.0.0").optional(),
            one_of(
                "authentication",
                &[
                    string("auth").token("AUTH").display("password").since("4.0.7"),
                    block("auth2", &[string("username"), string("password")]).token("AUTH2").since("6.0.0"),
                ],
            )
            .optional(),
            key("keys", 1).token("KEYS").display("key").since("3.0.6").optional().multiple(),
        ])
        .own_keys(keys::migrate_keys)
        .handler(keys::migrate);

pub(super) const MOVE: Command = Command::new("move", 3, Group::Generic, "1.0.0", "Moves a key to another database.")
    .complexity("O(1)")
    .flags(&[Flag::Write, Flag::Fast])
    .categories(&[Category::Keyspace, Category::Write, Category::Fast])
    .keys(&[KeySpec::at(1, &["RW", "access", "update"])])
    .arguments(&[key("key", 0), integer("db")])
    .keyed(keys::move_key);

pub(super) const OBJECT: Command =
    Command::new("object", -2, Group::Generic, "2.2.3", "A container for object introspection commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "ENCODING <key>",
            "    Return the kind of internal representation used in order to store the value",
            "    associated with a <key>.",
            "FREQ <key>",
            "    Return the access frequency index of the <key>. The returned integer is",
            "    proportional to the logarithm of the recent access frequency of the key.",
            "IDLETIME <key>",
            "    Return the idle time of the <key>, that is the approximated number of",
            "    seconds elapsed since the last access to the key.",
            "REFCOUNT <key>",
            "    Return the number of references of the value associated with the specified",
            "    <key>.",
        ])
        .subcommands(&[
            Command::new("encoding", 3, Group::Generic, "2.2.3", "Returns the internal encoding of an object.")
                .complexity("O(1)")
                .flags(&[Flag::Readonly])
                .categories(&[Category::Keyspace, Category::Read, Category::Slow])
                .tips(&["nondeterministic_output"])
                .keys(&[KeySpec::at(2, &["RO"])])
                .arguments(&[key("key", 0)])
                .touches(Touches::Never)
                .keyed(keys::object_encoding),
            Command::new(
                "freq",
                3,
                Group::Generic,
                "4.0.0",
                "Returns the logarithmic access frequency counter of an object.",
            )
            .complexity("O(1)")
            .flags(&[Flag::Readonly])
            .categories(&[Category::Keyspace, Category::Read, Category::Slow])
            .tips(&["nondeterministic_output"])
            .keys(&[KeySpec::at(2, &["RO"])])
            .arguments(&[key("key", 0)])
            .touches(Touches::Never)
            .keyed(keys::object_freq),
            Command::new("help", 2, Group::Generic, "6.2.0", "Returns helpful text about the different subcommands.")
                .complexity("O(1)")
                .flags(&[Flag::Loading, Flag::Stale])
                .categories(&[Category::Keyspace, Category::Slow])
                .handler(help::help),
            Command::new(
                "idletime",
                3,
                Group::Generic,
                "2.2.3",
                "Returns the time since the last access to an object.",
            )
            .complexity("O(1)")
            .flags(&[Flag::Readonly])
            .categories(&[Category::Keyspace, Category::Read, Category::Slow])
            .tips(&["nondeterministic_output"])
            .keys(&[KeySpec::at(2, &["RO"])])
            .arguments(&[key("key", 0)])
            .touches(Touches::Never)
            .keyed(keys::object_idletime),
            Command::new("refcount", 3, Group::Generic, "2.2.3", "Returns the reference count of a value of a key.")
                .complexity("O(1)")
                .flags(&[Flag::Readonly])
                .categories(&[Category::Keyspace, Category::Read, Category::Slow])
                .tips(&["nondeterministic_output"])
                .keys(&[KeySpec::at(2, &["RO"])])
                .arguments(&[key("key", 0)])
                .touches(Touches::Never)
                .keyed(keys::object_refcount),
        ]);

pub(super) const PERSIST: Command =
    Command::new("persist", 2, Group::Generic, "2.2.0", "Removes the expiration time of a key.")
        .complexity("O(1)")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Write, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[key("key", 0)])
        .keyed(keys::persist);

pub(super) const PEXPIRE: Command =
    Command::new("pexpire", -3, Group::Generic, "2.6.0", "Sets the expiration time of a key in milliseconds.")
        .complexity("O(1)")
        .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Write, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("milliseconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
                .since("7.0.0")
                .optional(),
        ])
        .keyed(keys::pexpire);

pub(super) const PEXPIREAT: Command = Command::new(
    "pexpireat",
    -3,
    Group::Generic,
    "2.6.0",
    "Sets the expiration time of a key to a Unix milliseconds timestamp.",
)
.complexity("O(1)")
.history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Keyspace, Category::Write, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "update"])])
.arguments(&[
    key("key", 0),
    unix_time("unix-time-milliseconds"),
    one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
        .since("7.0.0")
        .optional(),
])
.keyed(keys::pexpireat);

pub(super) const PEXPIRETIME: Command = Command::new(
    "pexpiretime",
    2,
    Group::Generic,
    "7.0.0",
    "Returns the expiration time of a key as a Unix milliseconds timestamp.",
)
.complexity("O(1)")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Keyspace, Category::Read, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0)])
.touches(Touches::Never)
.keyed(keys::pexpiretime);

pub(super) const PTTL: Command =
    Command::new("pttl", 2, Group::Generic, "2.6.0", "Returns the expiration time in milliseconds of a key.")
        .complexity("O(1)")
        .history(&[("2.8.0", "Added the -2 reply.")])
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Read, Category::Fast])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0)])
        .touches(Touches::Never)
        .keyed(keys::pttl);

pub(super) const RENAME: Command =
    Command::new("rename", 3, Group::Generic, "1.0.0", "Renames a key and overwrites the destination.")
        .complexity("O(1)")
        .flags(&[Flag::Write])
        .categories(&[Category::Keyspace, Category::Write, Category::Slow])
        .keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["OW", "update"])])
        .arguments(&[key("key", 0), key("newkey", 1)])
        .keyed(keys::rename);

pub(super) const RENAMENX: Command =
    Command::new("renamenx", 3, Group::Generic, "1.0.0", "Renames a key only when the target key name doesn't exist.")
        .complexity("O(1)")
        .history(&[("3.2.0", "The command no longer returns an error when source and destination names are the same.")])
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Write, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["OW", "insert"])])
        .arguments(&[key("key", 0), key("newkey", 1)])
        .keyed(keys::renamenx);

pub(super) const RESTORE: Command = Command::new(
    "restore",
    -4,
    Group::Generic,
    "2.6.0",
    "Creates a key from the serialized representation of a value.",
)
.complexity(
    "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of \
     objects composing the value and M their average size. For small string values the time complexity is thus \
     O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) \
     because inserting values into sorted sets is O(log(N)).",
)
.history(&[
    ("3.0.0", "Added the `REPLACE` modifier."),
    ("5.0.0", "Added the `ABSTTL` modifier."),
    ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
])
.flags(&[Flag::Write, Flag::Denyoom])
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

pub(super) const TOUCH: Command = Command::new(
    "touch",
    -2,
    Group::Generic,
    "3.2.1",
    "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
)
.complexity("O(N) where N is the number of keys that will be touched.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Keyspace, Category::Read, Category::Fast])
.tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
.keys(&[KeySpec::range(1, -1, 1, &["RO"])])
.arguments(&[key("key", 0).multiple()])
.touches(Touches::Always)
.keyed(keys::touch);

pub(super) const TTL: Command =
    Command::new("ttl", 2, Group::Generic, "1.0.0", "Returns the expiration time in seconds of a key.")
        .complexity("O(1)")
        .history(&[("2.8.0", "Added the -2 reply.")])
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Read, Category::Fast])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0)])
        .touches(Touches::Never)
        .keyed(keys::ttl);

pub(super) const TYPE: Command =
    Command::new("type", 2, Group::Generic, "1.0.0", "Determines the type of value stored at a key.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Read, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0)])
        .touches(Touches::Never)
        .keyed(keys::type_of);

pub(super) const UNLINK: Command =
    Command::new("unlink", -2, Group::Generic, "4.0.0", "Asynchronously deletes one or more keys.")
        .complexity(
            "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread \
             in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.",
        )
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Keyspace, Category::Write, Category::Fast])
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .keys(&[KeySpec::range(1, -1, 1, &["RM", "delete"])])
        .arguments(&[key("key", 0).multiple()])
        .keyed(keys::unlink);

pub(super) const SORT: Command = Command::new(
    "sort",
    -2,
    Group::Generic,
    "1.0.0",
    "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
)
.complexity(
    "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned \
     elements. When the elements are not sorted, complexity is O(N).",
)
.flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
.categories(&[Category::Write, Category::Set, Category::SortedSet, Category::List, Category::Slow, Category::Dangerous])
.keys(&[
    KeySpec::at(1, &["RO", "access"]),
    KeySpec::unknown(&["RO", "access"]).notes(
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of \
         the key we sort",
    ),
    KeySpec::unknown(&["OW", "update"]).notes(
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the \
         argument array",
    ),
])
.arguments(&[
    key("key", 0),
    pattern("by-pattern").token("BY").display("pattern").optional(),
    block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
    pattern("get-pattern").token("GET").display("pattern").optional().multiple().multiple_token(),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
    word("sorting", "ALPHA").optional(),
    key("destination", 2).token("STORE").optional(),
])
.own_keys(keys::sort_keys)
.looks_up()
.keyed(keys::sort);

pub(super) const SORT_RO: Command = Command::new(
    "sort_ro",
    -2,
    Group::Generic,
    "7.0.0",
    "Returns the sorted elements of a list, a set, or a sorted set.",
)
.complexity(
    "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned \
     elements. When the elements are not sorted, complexity is O(N).",
)
.flags(&[Flag::Readonly, Flag::Movablekeys])
.categories(&[Category::Read, Category::Set, Category::SortedSet, Category::List, Category::Slow, Category::Dangerous])
.keys(&[
    KeySpec::at(1, &["RO", "access"]),
    KeySpec::unknown(&["RO", "access"]).notes(
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of \
         the key we sort",
    ),
])
.arguments(&[
    key("key", 0),
    pattern("by-pattern").token("BY").display("pattern").optional(),
    block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
    pattern("get-pattern").token("GET").display("pattern").optional().multiple().multiple_token(),
    one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional(),
    word("sorting", "ALPHA").optional(),
])
.own_keys(keys::sort_ro_keys)
.keyed(keys::sort_ro);
