//! Commands of the group `hash`.

use super::argument::{block, double, integer, key, one_of, pattern, string, unix_time, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::hashes;

pub(super) const HDEL: Command = Command::new(
    "hdel",
    -3,
    Group::Hash,
    "2.0.0",
    "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
)
.complexity("O(N) where N is the number of fields to be removed.")
.history(&[("2.4.0", "Accepts multiple `field` arguments.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), string("field").multiple()])
.keyed(hashes::hdel);

pub(super) const HEXISTS: Command =
    Command::new("hexists", 3, Group::Hash, "2.0.0", "Determines whether a field exists in a hash.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0), string("field")])
        .keyed(hashes::hexists);

pub(super) const HEXPIRE: Command =
    Command::new("hexpire", -6, Group::Hash, "9.0.0", "Sets expiry time on hash fields.")
        .complexity("O(N) where N is the number of specified fields.")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("seconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")]).optional(),
            block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS"),
        ])
        .keyed(hashes::hexpire);

pub(super) const HEXPIREAT: Command =
    Command::new("hexpireat", -6, Group::Hash, "9.0.0", "Sets expiry time on hash fields.")
        .complexity("O(N) where N is the number of specified fields.")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("unix-time-seconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
                .since("9.0.0")
                .optional(),
            block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS"),
        ])
        .keyed(hashes::hexpireat);

pub(super) const HEXPIRETIME: Command = Command::new(
    "hexpiretime",
    -5,
    Group::Hash,
    "9.0.0",
    "Returns Unix timestamps in seconds since the epoch at which the given key's field(s) will expire.",
)
.complexity("O(N) where N is the number of specified fields.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS")])
.keyed(hashes::hexpiretime);

pub(super) const HGET: Command =
    Command::new("hget", 3, Group::Hash, "2.0.0", "Returns the value of a field in a hash.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("field")])
        .keyed(hashes::hget);

pub(super) const HGETALL: Command =
    Command::new("hgetall", 2, Group::Hash, "2.0.0", "Returns all fields and values in a hash.")
        .complexity("O(N) where N is the size of the hash.")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Hash, Category::Slow])
        .tips(&["nondeterministic_output_order"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0)])
        .keyed(hashes::hgetall);

pub(super) const HGETDEL: Command = Command::new(
    "hgetdel",
    -5,
    Group::Hash,
    "9.1.0",
    "Returns the values of one or more fields and deletes them from a hash.",
)
.complexity("O(N) where N is the number of fields to be retrieved and deleted.")
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0), block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS")])
.keyed(hashes::hgetdel);

pub(super) const HGETEX: Command = Command::new(
    "hgetex",
    -5,
    Group::Hash,
    "9.0.0",
    "Gets the value of one or more fields of a given hash key, and optionally sets their expiration time or \
     time-to-live (TTL).",
)
.complexity("O(N) where N is the number of specified fields.")
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
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
    block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS"),
])
.looks_up()
.keyed(hashes::hgetex);

pub(super) const HINCRBY: Command = Command::new(
    "hincrby",
    4,
    Group::Hash,
    "2.0.0",
    "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't \
     exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), string("field"), integer("increment")])
.keyed(hashes::hincrby);

pub(super) const HINCRBYFLOAT: Command = Command::new(
    "hincrbyfloat",
    4,
    Group::Hash,
    "2.6.0",
    "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "update"])])
.arguments(&[key("key", 0), string("field"), double("increment")])
.keyed(hashes::hincrbyfloat);

pub(super) const HKEYS: Command = Command::new("hkeys", 2, Group::Hash, "2.0.0", "Returns all fields in a hash.")
    .complexity("O(N) where N is the size of the hash.")
    .flags(&[Flag::Readonly])
    .categories(&[Category::Read, Category::Hash, Category::Slow])
    .tips(&["nondeterministic_output_order"])
    .keys(&[KeySpec::at(1, &["RO", "access"])])
    .arguments(&[key("key", 0)])
    .keyed(hashes::hkeys);

pub(super) const HLEN: Command =
    Command::new("hlen", 2, Group::Hash, "2.0.0", "Returns the number of fields in a hash.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0)])
        .keyed(hashes::hlen);

pub(super) const HMGET: Command =
    Command::new("hmget", -3, Group::Hash, "2.0.0", "Returns the values of all fields in a hash.")
        .complexity("O(N) where N is the number of fields being requested.")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("field").multiple()])
        .keyed(hashes::hmget);

pub(super) const HMSET: Command =
    Command::new("hmset", -4, Group::Hash, "2.0.0", "Sets the values of multiple fields.")
        .complexity("O(N) where N is the number of fields being set.")
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[key("key", 0), block("data", &[string("field"), string("value")]).multiple()])
        .keyed(hashes::hmset);

pub(super) const HPERSIST: Command =
    Command::new("hpersist", -5, Group::Hash, "9.0.0", "Remove the existing expiration on a hash key's field(s).")
        .complexity("O(N) where N is the number of specified fields.")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS"),
        ])
        .keyed(hashes::hpersist);

pub(super) const HPEXPIRE: Command =
    Command::new("hpexpire", -6, Group::Hash, "9.0.0", "Sets expiry time on hash object.")
        .complexity("O(N) where N is the number of specified fields.")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("milliseconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
                .since("9.0.0")
                .optional(),
            block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS"),
        ])
        .keyed(hashes::hpexpire);

pub(super) const HPEXPIREAT: Command =
    Command::new("hpexpireat", -6, Group::Hash, "9.0.0", "Sets expiration time on hash field.")
        .complexity("O(N) where N is the number of specified fields.")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[
            key("key", 0),
            integer("unix-time-milliseconds"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
                .since("9.0.0")
                .optional(),
            block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS"),
        ])
        .keyed(hashes::hpexpireat);

pub(super) const HPEXPIRETIME: Command = Command::new(
    "hpexpiretime",
    -5,
    Group::Hash,
    "9.0.0",
    "Returns the Unix timestamp in milliseconds since Unix epoch at which the given key's field(s) will expire.",
)
.complexity("O(N) where N is the number of specified fields.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS")])
.keyed(hashes::hpexpiretime);

pub(super) const HPTTL: Command = Command::new(
    "hpttl",
    -5,
    Group::Hash,
    "9.0.0",
    "Returns the remaining time to live in milliseconds of a hash key's field(s) that have an associated expiration.",
)
.complexity("O(N) where N is the number of specified fields.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS")])
.keyed(hashes::hpttl);

pub(super) const HRANDFIELD: Command =
    Command::new("hrandfield", -2, Group::Hash, "6.2.0", "Returns one or more random fields from a hash.")
        .complexity("O(N) where N is the number of fields returned")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Hash, Category::Slow])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            block("options", &[integer("count"), word("withvalues", "WITHVALUES").optional()]).optional(),
        ])
        .keyed(hashes::hrandfield);

pub(super) const HSCAN: Command =
    Command::new("hscan", -3, Group::Hash, "2.8.0", "Iterates over fields and values of a hash.")
        .complexity(
            "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to \
             return back to 0. N is the number of elements inside the collection.",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Hash, Category::Slow])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            integer("cursor"),
            pattern("pattern").token("MATCH").optional(),
            integer("count").token("COUNT").optional(),
            word("novalues", "NOVALUES").optional(),
        ])
        .keyed(hashes::hscan);

pub(super) const HSET: Command =
    Command::new("hset", -4, Group::Hash, "2.0.0", "Creates or modifies the value of a field in a hash.")
        .complexity(
            "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called \
             with multiple field/value pairs.",
        )
        .history(&[("4.0.0", "Accepts multiple `field` and `value` arguments.")])
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
        .categories(&[Category::Write, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[key("key", 0), block("data", &[string("field"), string("value")]).multiple()])
        .keyed(hashes::hset);

pub(super) const HSETEX: Command = Command::new(
    "hsetex",
    -6,
    Group::Hash,
    "9.0.0",
    "Sets the value of one or more fields of a given hash key, and optionally sets their expiration time.",
)
.complexity("O(N) where N is the number of specified fields.")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[
    key("key", 0),
    one_of("key-condition", &[word("nx", "NX"), word("xx", "XX")]).optional(),
    one_of("fields-condition", &[word("fnx", "FNX"), word("fxx", "FXX")]).optional(),
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
    block("fields", &[integer("numfields"), block("data", &[string("field"), string("value")]).multiple()])
        .token("FIELDS"),
])
.keyed(hashes::hsetex);

pub(super) const HSETNX: Command = Command::new(
    "hsetnx",
    4,
    Group::Hash,
    "2.0.0",
    "Sets the value of a field in a hash only when the field doesn't exist.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("field"), string("value")])
.keyed(hashes::hsetnx);

pub(super) const HSTRLEN: Command =
    Command::new("hstrlen", 3, Group::Hash, "3.2.0", "Returns the length of the value of a field.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Hash, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0), string("field")])
        .keyed(hashes::hstrlen);

pub(super) const HTTL: Command = Command::new(
    "httl",
    -5,
    Group::Hash,
    "9.0.0",
    "Returns the remaining time to live (in seconds) of a hash key's field(s) that have an associated expiration.",
)
.complexity("O(N) where N is the number of specified fields.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::Hash, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), block("fields", &[integer("numfields"), string("field").multiple()]).token("FIELDS")])
.keyed(hashes::httl);

pub(super) const HVALS: Command = Command::new("hvals", 2, Group::Hash, "2.0.0", "Returns all values in a hash.")
    .complexity("O(N) where N is the size of the hash.")
    .flags(&[Flag::Readonly])
    .categories(&[Category::Read, Category::Hash, Category::Slow])
    .tips(&["nondeterministic_output_order"])
    .keys(&[KeySpec::at(1, &["RO", "access"])])
    .arguments(&[key("key", 0)])
    .keyed(hashes::hvals);
