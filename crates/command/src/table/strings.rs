//! Commands of the group `string`.

use super::argument::{block, double, integer, key, one_of, string, unix_time, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::strings;

pub(super) const APPEND: Command = Command::new(
    "append",
    3,
    Group::String,
    "2.0.0",
    "Appends a string to the value of a key. Creates the key if it doesn't exist.",
)
.complexity(
    "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value \
     is of any size, since the dynamic string library used by the server will double the free space available on \
     every reallocation.",
)
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("value")])
.keyed(strings::append);

pub(super) const DECR: Command = Command::new(
    "decr",
    2,
    Group::String,
    "1.0.0",
    "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0)])
.keyed(strings::decr);

pub(super) const DECRBY: Command = Command::new(
    "decrby",
    3,
    Group::String,
    "1.0.0",
    "Decrements the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), integer("decrement")])
.keyed(strings::decrby);

pub(super) const DELIFEQ: Command =
    Command::new("delifeq", 3, Group::String, "9.0.0", "Delete key if value matches string.")
        .complexity("O(1)")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::String, Category::Fast])
        .keys(&[KeySpec::at(1, &["RM", "delete"])])
        .arguments(&[key("key", 0), string("value")])
        .keyed(strings::delifeq);

pub(super) const GET: Command = Command::new("get", 2, Group::String, "1.0.0", "Returns the string value of a key.")
    .complexity("O(1)")
    .flags(&[Flag::Readonly, Flag::Fast])
    .categories(&[Category::Read, Category::String, Category::Fast])
    .keys(&[KeySpec::at(1, &["RO", "access"])])
    .arguments(&[key("key", 0)])
    .keyed(strings::get);

pub(super) const GETDEL: Command =
    Command::new("getdel", 2, Group::String, "6.2.0", "Returns the string value of a key after deleting the key.")
        .complexity("O(1)")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::String, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
        .arguments(&[key("key", 0)])
        .looks_up()
        .keyed(strings::getdel);

pub(super) const GETEX: Command = Command::new(
    "getex",
    -2,
    Group::String,
    "6.2.0",
    "Returns the string value of a key after setting its expiration time.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"]).notes("RW and UPDATE because it changes the TTL")])
.arguments(&[
    key("key", 0),
    one_of(
        "expiration",
        &[
            integer("seconds").token("EX"),
            integer("milliseconds").token("PX"),
            unix_time("unix-time-seconds").token("EXAT"),
            unix_time("unix-time-milliseconds").token("PXAT"),
            word("persist", "PERSIST"),
        ],
    )
    .optional(),
])
.looks_up()
.keyed(strings::getex);

pub(super) const GETRANGE: Command =
    Command::new("getrange", 4, Group::String, "2.4.0", "Returns a substring of the string stored at a key.")
        .complexity(
            "O(N) where N is the length of the returned string. The complexity is ultimately determined by the \
             returned length, but because creating a substring from an existing string is very cheap, it can be \
             considered O(1) for small strings.",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::String, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), integer("start"), integer("end")])
        .keyed(strings::getrange);

pub(super) const GETSET: Command = Command::new(
    "getset",
    3,
    Group::String,
    "1.0.0",
    "Returns the previous string value of a key after setting it to a new value.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), string("value")])
.looks_up()
.keyed(strings::getset);

pub(super) const INCR: Command = Command::new(
    "incr",
    2,
    Group::String,
    "1.0.0",
    "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0)])
.keyed(strings::incr);

pub(super) const INCRBY: Command = Command::new(
    "incrby",
    3,
    Group::String,
    "1.0.0",
    "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), integer("increment")])
.keyed(strings::incrby);

pub(super) const INCRBYFLOAT: Command = Command::new(
    "incrbyfloat",
    3,
    Group::String,
    "2.6.0",
    "Increments the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::String, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), double("increment")])
.keyed(strings::incrbyfloat);

pub(super) const LCS: Command = Command::new("lcs", -3, Group::String, "7.0.0", "Finds the longest common substring.")
    .complexity("O(N*M) where N and M are the lengths of s1 and s2, respectively")
    .flags(&[Flag::Readonly])
    .categories(&[Category::Read, Category::String, Category::Slow])
    .keys(&[KeySpec::range(1, 1, 1, &["RO", "access"])])
    .arguments(&[
        key("key1", 0),
        key("key2", 0),
        word("len", "LEN").optional(),
        word("idx", "IDX").optional(),
        integer("min-match-len").token("MINMATCHLEN").optional(),
        word("withmatchlen", "WITHMATCHLEN").optional(),
    ])
    .keyed(strings::lcs);

pub(super) const MGET: Command =
    Command::new("mget", -2, Group::String, "1.0.0", "Atomically returns the string values of one or more keys.")
        .complexity("O(N) where N is the number of keys to retrieve.")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::String, Category::Fast])
        .tips(&["request_policy:multi_shard"])
        .keys(&[KeySpec::range(1, -1, 1, &["RO", "access"])])
        .arguments(&[key("key", 0).multiple()])
        .keyed(strings::mget);

pub(super) const MSET: Command = Command::new(
    "mset",
    -3,
    Group::String,
    "1.0.1",
    "Atomically creates or modifies the string values of one or more keys.",
)
.complexity("O(N) where N is the number of keys to set.")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::String, Category::Slow])
.tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
.keys(&[KeySpec::range(1, -1, 2, &["OW", "update"])])
.arguments(&[block("data", &[key("key", 0), string("value")]).multiple()])
.keyed(strings::mset);

pub(super) const MSETEX: Command = Command::new(
    "msetex",
    -4,
    Group::String,
    "9.1.0",
    "Atomically creates or modifies the string values of one or more keys, and optionally set their expiration.",
)
.complexity("O(N) where N is the number of keys to set.")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
.categories(&[Category::Write, Category::String, Category::Slow])
.tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
.keys(&[KeySpec::counted(1, 2, &["OW", "update"])])
.arguments(&[
    integer("numkeys"),
    block("data", &[key("key", 0), string("value")]).multiple(),
    one_of("condition", &[word("nx", "NX"), word("xx", "XX")]).optional(),
    one_of(
        "expiration",
        &[
            integer("seconds").token("EX"),
            integer("milliseconds").token("PX"),
            unix_time("unix-time-seconds").token("EXAT"),
            unix_time("unix-time-milliseconds").token("PXAT"),
            word("keepttl", "KEEPTTL"),
        ],
    )
    .optional(),
])
.keyed(strings::msetex);

pub(super) const MSETNX: Command = Command::new(
    "msetnx",
    -3,
    Group::String,
    "1.0.1",
    "Atomically modifies the string values of one or more keys only when all keys don't exist.",
)
.complexity("O(N) where N is the number of keys to set.")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::String, Category::Slow])
.keys(&[KeySpec::range(1, -1, 2, &["OW", "insert"])])
.arguments(&[block("data", &[key("key", 0), string("value")]).multiple()])
.keyed(strings::msetnx);

pub(super) const PSETEX: Command = Command::new(
    "psetex",
    4,
    Group::String,
    "2.6.0",
    "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::String, Category::Slow])
.keys(&[KeySpec::at(1, &["OW", "update"])])
.arguments(&[key("key", 0), integer("milliseconds"), string("value")])
.keyed(strings::psetex);

pub(super) const SET: Command = Command::new(
    "set",
    -3,
    Group::String,
    "1.0.0",
    "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
)
.complexity("O(1)")
.history(&[
    ("2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
    ("6.0.0", "Added the `KEEPTTL` option."),
    ("6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
    ("7.0.0", "Allowed the `NX` and `GET` options to be used together."),
    ("8.1.0", "Added the `IFEQ` option."),
])
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::String, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "access", "update", "variable_flags"])
    .notes("RW and ACCESS due to the optional `GET` argument")])
.arguments(&[
    key("key", 0),
    string("value"),
    one_of(
        "condition",
        &[
            word("nx", "NX").since("2.6.12"),
            word("xx", "XX").since("2.6.12"),
            string("comparison-value")
                .token("IFEQ")
                .summary("Sets the key's value only if the current value matches the specified comparison value.")
                .since("8.1.0"),
        ],
    )
    .optional(),
    word("get", "GET").since("6.2.0").optional(),
    one_of(
        "expiration",
        &[
            integer("seconds").token("EX").since("2.6.12"),
            integer("milliseconds").token("PX").since("2.6.12"),
            unix_time("unix-time-seconds").token("EXAT").since("6.2.0"),
            unix_time("unix-time-milliseconds").token("PXAT").since("6.2.0"),
            word("keepttl", "KEEPTTL").since("6.0.0"),
        ],
    )
    .optional(),
])
.own_keys(strings::set_keys)
.keyed(strings::set);

pub(super) const SETEX: Command = Command::new(
    "setex",
    4,
    Group::String,
    "2.0.0",
    "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::String, Category::Slow])
.keys(&[KeySpec::at(1, &["OW", "update"])])
.arguments(&[key("key", 0), integer("seconds"), string("value")])
.keyed(strings::setex);

pub(super) const SETNX: Command =
    Command::new("setnx", 3, Group::String, "1.0.0", "Sets the string value of a key only when the key doesn't exist.")
        .complexity("O(1)")
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
        .categories(&[Category::Write, Category::String, Category::Fast])
        .keys(&[KeySpec::at(1, &["OW", "insert"])])
        .arguments(&[key("key", 0), string("value")])
        .keyed(strings::setnx);

pub(super) const SETRANGE: Command = Command::new(
    "setrange",
    4,
    Group::String,
    "2.2.0",
    "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
)
.complexity(
    "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the \
     amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
)
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::String, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "update"])])
.arguments(&[key("key", 0), integer("offset"), string("value")])
.keyed(strings::setrange);

pub(super) const STRLEN: Command =
    Command::new("strlen", 2, Group::String, "2.2.0", "Returns the length of a string value.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::String, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0)])
        .keyed(strings::strlen);

pub(super) const SUBSTR: Command =
    Command::new("substr", 4, Group::String, "1.0.0", "Returns a substring from a string value.")
        .complexity(
            "O(N) where N is the length of the returned string. The complexity is ultimately determined by the \
             returned length, but because creating a substring from an existing string is very cheap, it can be \
             considered O(1) for small strings.",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::String, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), integer("start"), integer("end")])
        .keyed(strings::substr);
