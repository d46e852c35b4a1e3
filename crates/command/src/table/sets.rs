//! Commands of the group `set`.

use super::argument::{integer, key, pattern, string};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::sets;

pub(super) const SADD: Command = Command::new(
    "sadd",
    -3,
    Group::Set,
    "1.0.0",
    "Adds one or more members to a set. Creates the key if it doesn't exist.",
)
.complexity(
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
)
.history(&[("2.4.0", "Accepts multiple `member` arguments.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::Set, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("member").multiple()])
.keyed(sets::sadd);

pub(super) const SCARD: Command =
    Command::new("scard", 2, Group::Set, "1.0.0", "Returns the number of members in a set.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Set, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0)])
        .keyed(sets::scard);

pub(super) const SDIFF: Command =
    Command::new("sdiff", -2, Group::Set, "1.0.0", "Returns the difference of multiple sets.")
        .complexity("O(N) where N is the total number of elements in all given sets.")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Set, Category::Slow])
        .tips(&["nondeterministic_output_order"])
        .keys(&[KeySpec::range(1, -1, 1, &["RO", "access"])])
        .arguments(&[key("key", 0).multiple()])
        .keyed(sets::sdiff);

pub(super) const SDIFFSTORE: Command =
    Command::new("sdiffstore", -3, Group::Set, "1.0.0", "Stores the difference of multiple sets in a key.")
        .complexity("O(N) where N is the total number of elements in all given sets.")
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::Set, Category::Slow])
        .keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::range(2, -1, 1, &["RO", "access"])])
        .arguments(&[key("destination", 0), key("key", 1).multiple()])
        .looks_up()
        .keyed(sets::sdiffstore);

pub(super) const SINTER: Command =
    Command::new("sinter", -2, Group::Set, "1.0.0", "Returns the intersect of multiple sets.")
        .complexity("O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Set, Category::Slow])
        .tips(&["nondeterministic_output_order"])
        .keys(&[KeySpec::range(1, -1, 1, &["RO", "access"])])
        .arguments(&[key("key", 0).multiple()])
        .keyed(sets::sinter);

pub(super) const SINTERCARD: Command = Command::new(
    "sintercard",
    -3,
    Group::Set,
    "7.0.0",
    "Returns the number of members of the intersect of multiple sets.",
)
.complexity("O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.")
.flags(&[Flag::Readonly, Flag::Movablekeys])
.categories(&[Category::Read, Category::Set, Category::Slow])
.keys(&[KeySpec::counted(1, 1, &["RO", "access"])])
.arguments(&[integer("numkeys"), key("key", 0).multiple(), integer("limit").token("LIMIT").optional()])
.keyed(sets::sintercard);

pub(super) const SINTERSTORE: Command =
    Command::new("sinterstore", -3, Group::Set, "1.0.0", "Stores the intersect of multiple sets in a key.")
        .complexity("O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.")
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::Set, Category::Slow])
        .keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::range(2, -1, 1, &["RO", "access"])])
        .arguments(&[key("destination", 0), key("key", 1).multiple()])
        .looks_up()
        .keyed(sets::sinterstore);

pub(super) const SISMEMBER: Command =
    Command::new("sismember", 3, Group::Set, "1.0.0", "Determines whether a member belongs to a set.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Set, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0), string("member")])
        .keyed(sets::sismember);

pub(super) const SMEMBERS: Command = Command::new("smembers", 2, Group::Set, "1.0.0", "Returns all members of a set.")
    .complexity("O(N) where N is the set cardinality.")
    .flags(&[Flag::Readonly])
    .categories(&[Category::Read, Category::Set, Category::Slow])
    .tips(&["nondeterministic_output_order"])
    .keys(&[KeySpec::at(1, &["RO", "access"])])
    .arguments(&[key("key", 0)])
    .keyed(sets::smembers);

pub(super) const SMISMEMBER: Command =
    Command::new("smismember", -3, Group::Set, "6.2.0", "Determines whether multiple members belong to a set.")
        .complexity("O(N) where N is the number of elements being checked for membership")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::Set, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("member").multiple()])
        .keyed(sets::smismember);

pub(super) const SMOVE: Command =
    Command::new("smove", 4, Group::Set, "1.0.0", "Moves a member from one set to another.")
        .complexity("O(1)")
        .flags(&[Flag::Write, Flag::Fast])
        .categories(&[Category::Write, Category::Set, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["RW", "insert"])])
        .arguments(&[key("source", 0), key("destination", 1), string("member")])
        .keyed(sets::smove);

pub(super) const SPOP: Command = Command::new(
    "spop",
    -2,
    Group::Set,
    "1.0.0",
    "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.",
)
.complexity("Without the count argument O(1), otherwise O(N) where N is the value of the passed count.")
.history(&[("3.2.0", "Added the `count` argument.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Set, Category::Fast])
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0), integer("count").since("3.2.0").optional()])
.keyed(sets::spop);

pub(super) const SRANDMEMBER: Command =
    Command::new("srandmember", -2, Group::Set, "1.0.0", "Gets one or multiple random members from a set.")
        .complexity(
            "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
        )
        .history(&[("2.6.0", "Added the optional `count` argument.")])
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Set, Category::Slow])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), integer("count").since("2.6.0").optional()])
        .keyed(sets::srandmember);

pub(super) const SREM: Command = Command::new(
    "srem",
    -3,
    Group::Set,
    "1.0.0",
    "Removes one or more members from a set. Deletes the set if the last member was removed.",
)
.complexity("O(N) where N is the number of members to be removed.")
.history(&[("2.4.0", "Accepts multiple `member` arguments.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::Set, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), string("member").multiple()])
.keyed(sets::srem);

pub(super) const SSCAN: Command = Command::new("sscan", -3, Group::Set, "2.8.0", "Iterates over members of a set.")
    .complexity(
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return \
         back to 0. N is the number of elements inside the collection.",
    )
    .flags(&[Flag::Readonly])
    .categories(&[Category::Read, Category::Set, Category::Slow])
    .tips(&["nondeterministic_output"])
    .keys(&[KeySpec::at(1, &["RO", "access"])])
    .arguments(&[
        key("key", 0),
        integer("cursor"),
        pattern("pattern").token("MATCH").optional(),
        integer("count").token("COUNT").optional(),
    ])
    .keyed(sets::sscan);

pub(super) const SUNION: Command =
    Command::new("sunion", -2, Group::Set, "1.0.0", "Returns the union of multiple sets.")
        .complexity("O(N) where N is the total number of elements in all given sets.")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::Set, Category::Slow])
        .tips(&["nondeterministic_output_order"])
        .keys(&[KeySpec::range(1, -1, 1, &["RO", "access"])])
        .arguments(&[key("key", 0).multiple()])
        .keyed(sets::sunion);

pub(super) const SUNIONSTORE: Command =
    Command::new("sunionstore", -3, Group::Set, "1.0.0", "Stores the union of multiple sets in a key.")
        .complexity("O(N) where N is the total number of elements in all given sets.")
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::Set, Category::Slow])
        .keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::range(2, -1, 1, &["RO", "access"])])
        .arguments(&[key("destination", 0), key("key", 1).multiple()])
        .looks_up()
        .keyed(sets::sunionstore);
