//! Commands of the group `sorted-set`.

use super::argument::{block, double, integer, key, one_of, pattern, string, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::sorted_sets;

pub(super) const BZMPOP: Command = Command::new(
    "bzmpop",
    -5,
    Group::SortedSet,
    "7.0.0",
    "Removes and returns a member by score from one or more sorted sets. Blocks until a member is available \
     otherwise. Deletes the sorted set if the last element was popped.",
)
.complexity(
    "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, \
     and M being the number of elements popped.",
)
.flags(&[Flag::Write, Flag::Blocking, Flag::Movablekeys])
.categories(&[Category::Write, Category::SortedSet, Category::Slow, Category::Blocking])
.keys(&[KeySpec::counted(2, 1, &["RW", "access", "delete"])])
.arguments(&[
    double("timeout"),
    integer("numkeys"),
    key("key", 0).multiple(),
    one_of("where", &[word("min", "MIN"), word("max", "MAX")]),
    integer("count").token("COUNT").optional(),
])
.keyed(sorted_sets::bzmpop);

pub(super) const BZPOPMAX: Command = Command::new(
    "bzpopmax",
    -3,
    Group::SortedSet,
    "5.0.0",
    "Removes and returns the member with the highest score from one or more sorted sets. Blocks until a member is \
     available otherwise. Deletes the sorted set if the last element was popped.",
)
.complexity("O(log(N)) with N being the number of elements in the sorted set.")
.history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
.flags(&[Flag::Write, Flag::Blocking, Flag::Fast])
.categories(&[Category::Write, Category::SortedSet, Category::Fast, Category::Blocking])
.keys(&[KeySpec::range(1, -2, 1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0).multiple(), double("timeout")])
.keyed(sorted_sets::bzpopmax);

pub(super) const BZPOPMIN: Command = Command::new(
    "bzpopmin",
    -3,
    Group::SortedSet,
    "5.0.0",
    "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is \
     available otherwise. Deletes the sorted set if the last element was popped.",
)
.complexity("O(log(N)) with N being the number of elements in the sorted set.")
.history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
.flags(&[Flag::Write, Flag::Blocking, Flag::Fast])
.categories(&[Category::Write, Category::SortedSet, Category::Fast, Category::Blocking])
.keys(&[KeySpec::range(1, -2, 1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0).multiple(), double("timeout")])
.keyed(sorted_sets::bzpopmin);

pub(super) const ZADD: Command = Command::new(
    "zadd",
    -4,
    Group::SortedSet,
    "1.2.0",
    "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.",
)
.complexity("O(log(N)) for each item added, where N is the number of elements in the sorted set.")
.history(&[
    ("2.4.0", "Accepts multiple elements."),
    ("3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."),
    ("6.2.0", "Added the `GT` and `LT` options."),
])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "update"])])
.arguments(&[
    key("key", 0),
    one_of("condition", &[word("nx", "NX"), word("xx", "XX")]).since("3.0.2").optional(),
    one_of("comparison", &[word("gt", "GT"), word("lt", "LT")]).since("6.2.0").optional(),
    word("change", "CH").since("3.0.2").optional(),
    word("increment", "INCR").since("3.0.2").optional(),
    block("data", &[double("score"), string("member")]).multiple(),
])
.keyed(sorted_sets::zadd);

pub(super) const ZCARD: Command =
    Command::new("zcard", 2, Group::SortedSet, "1.2.0", "Returns the number of members in a sorted set.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::SortedSet, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO"])])
        .arguments(&[key("key", 0)])
        .keyed(sorted_sets::zcard);

pub(super) const ZCOUNT: Command = Command::new(
    "zcount",
    4,
    Group::SortedSet,
    "2.0.0",
    "Returns the count of members in a sorted set that have scores within a range.",
)
.complexity("O(log(N)) with N being the number of elements in the sorted set.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), double("min"), double("max")])
.keyed(sorted_sets::zcount);

pub(super) const ZDIFF: Command =
    Command::new("zdiff", -3, Group::SortedSet, "6.2.0", "Returns the difference between multiple sorted sets.")
        .complexity(
            "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of \
             the first set, and K is the size of the result set.",
        )
        .flags(&[Flag::Readonly, Flag::Movablekeys])
        .categories(&[Category::Read, Category::SortedSet, Category::Slow])
        .keys(&[KeySpec::counted(1, 1, &["RO", "access"])])
        .arguments(&[integer("numkeys"), key("key", 0).multiple(), word("withscores", "WITHSCORES").optional()])
        .keyed(sorted_sets::zdiff);

pub(super) const ZDIFFSTORE: Command = Command::new(
    "zdiffstore",
    -4,
    Group::SortedSet,
    "6.2.0",
    "Stores the difference of multiple sorted sets in a key.",
)
.complexity(
    "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the \
     first set, and K is the size of the result set.",
)
.flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
.categories(&[Category::Write, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::counted(2, 1, &["RO", "access"])])
.arguments(&[key("destination", 0), integer("numkeys"), key("key", 1).multiple()])
.looks_up()
.keyed(sorted_sets::zdiffstore);

pub(super) const ZINCRBY: Command =
    Command::new("zincrby", 4, Group::SortedSet, "1.2.0", "Increments the score of a member in a sorted set.")
        .complexity("O(log(N)) where N is the number of elements in the sorted set.")
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
        .categories(&[Category::Write, Category::SortedSet, Category::Fast])
        .keys(&[KeySpec::at(1, &["RW", "access", "update"])])
        .arguments(&[key("key", 0), integer("increment"), string("member")])
        .keyed(sorted_sets::zincrby);

pub(super) const ZINTER: Command =
    Command::new("zinter", -3, Group::SortedSet, "6.2.0", "Returns the intersect of multiple sorted sets.")
        .complexity(
            "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input \
             sorted sets and M being the number of elements in the resulting sorted set.",
        )
        .flags(&[Flag::Readonly, Flag::Movablekeys])
        .categories(&[Category::Read, Category::SortedSet, Category::Slow])
        .keys(&[KeySpec::counted(1, 1, &["RO", "access"])])
        .arguments(&[
            integer("numkeys"),
            key("key", 0).multiple(),
            integer("weight").token("WEIGHTS").optional().multiple(),
            one_of("aggregate", &[word("sum", "SUM"), word("min", "MIN"), word("max", "MAX")])
                .token("AGGREGATE")
                .optional(),
            word("withscores", "WITHSCORES").optional(),
        ])
        .keyed(sorted_sets::zinter);

pub(super) const ZINTERCARD: Command = Command::new(
    "zintercard",
    -3,
    Group::SortedSet,
    "7.0.0",
    "Returns the number of members of the intersect of multiple sorted sets.",
)
.complexity("O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.")
.flags(&[Flag::Readonly, Flag::Movablekeys])
.categories(&[Category::Read, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::counted(1, 1, &["RO", "access"])])
.arguments(&[integer("numkeys"), key("key", 0).multiple(), integer("limit").token("LIMIT").optional()])
.keyed(sorted_sets::zintercard);

pub(super) const ZINTERSTORE: Command = Command::new(
    "zinterstore",
    -4,
    Group::SortedSet,
    "2.0.0",
    "Stores the intersect of multiple sorted sets in a key.",
)
.complexity(
    "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted \
     sets and M being the number of elements in the resulting sorted set.",
)
.flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
.categories(&[Category::Write, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::counted(2, 1, &["RO", "access"])])
.arguments(&[
    key("destination", 0),
    integer("numkeys"),
    key("key", 1).multiple(),
    integer("weight").token("WEIGHTS").optional().multiple(),
    one_of("aggregate", &[word("sum", "SUM"), word("min", "MIN"), word("max", "MAX")]).token("AGGREGATE").optional(),
])
.looks_up()
.keyed(sorted_sets::zinterstore);

pub(super) const ZLEXCOUNT: Command = Command::new(
    "zlexcount",
    4,
    Group::SortedSet,
    "2.8.9",
    "Returns the number of members in a sorted set within a lexicographical range.",
)
.complexity("O(log(N)) with N being the number of elements in the sorted set.")
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), string("min"), string("max")])
.keyed(sorted_sets::zlexcount);

pub(super) const ZMPOP: Command = Command::new(
    "zmpop",
    -4,
    Group::SortedSet,
    "7.0.0",
    "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the \
     sorted set if the last member was popped.",
)
.complexity(
    "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, \
     and M being the number of elements popped.",
)
.flags(&[Flag::Write, Flag::Movablekeys])
.categories(&[Category::Write, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::counted(1, 1, &["RW", "access", "delete"])])
.arguments(&[
    integer("numkeys"),
    key("key", 0).multiple(),
    one_of("where", &[word("min", "MIN"), word("max", "MAX")]),
    integer("count").token("COUNT").optional(),
])
.keyed(sorted_sets::zmpop);

pub(super) const ZMSCORE: Command =
    Command::new("zmscore", -3, Group::SortedSet, "6.2.0", "Returns the score of one or more members in a sorted set.")
        .complexity("O(N) where N is the number of members being requested.")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::SortedSet, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("member").multiple()])
        .keyed(sorted_sets::zmscore);

pub(super) const ZPOPMAX: Command = Command::new(
    "zpopmax",
    -2,
    Group::SortedSet,
    "5.0.0",
    "Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last \
     member was popped.",
)
.complexity(
    "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
)
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0), integer("count").optional()])
.keyed(sorted_sets::zpopmax);

pub(super) const ZPOPMIN: Command = Command::new(
    "zpopmin",
    -2,
    Group::SortedSet,
    "5.0.0",
    "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last \
     member was popped.",
)
.complexity(
    "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
)
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0), integer("count").optional()])
.keyed(sorted_sets::zpopmin);

pub(super) const ZRANDMEMBER: Command =
    Command::new("zrandmember", -2, Group::SortedSet, "6.2.0", "Returns one or more random members from a sorted set.")
        .complexity("O(N) where N is the number of members returned")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::SortedSet, Category::Slow])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            block("options", &[integer("count"), word("withscores", "WITHSCORES").optional()]).optional(),
        ])
        .keyed(sorted_sets::zrandmember);

pub(super) const ZRANGE: Command =
    Command::new("zrange", -4, Group::SortedSet, "1.2.0", "Returns members in a sorted set within a range of indexes.")
        .complexity(
            "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
        )
        .history(&[("6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.")])
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::SortedSet, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            string("start"),
            string("stop"),
            one_of("sortby", &[word("byscore", "BYSCORE"), word("bylex", "BYLEX")]).since("6.2.0").optional(),
            word("rev", "REV").since("6.2.0").optional(),
            block("limit", &[integer("offset"), integer("count")]).token("LIMIT").since("6.2.0").optional(),
            word("withscores", "WITHSCORES").optional(),
        ])
        .keyed(sorted_sets::zrange);

pub(super) const ZRANGEBYLEX: Command = Command::new(
    "zrangebylex",
    -4,
    Group::SortedSet,
    "2.8.9",
    "Returns members in a sorted set within a lexicographical range.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. \
     If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
)
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    string("min"),
    string("max"),
    block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
])
.keyed(sorted_sets::zrangebylex);

pub(super) const ZRANGEBYSCORE: Command = Command::new(
    "zrangebyscore",
    -4,
    Group::SortedSet,
    "1.0.5",
    "Returns members in a sorted set within a range of scores.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. \
     If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
)
.history(&[("2.0.0", "Added the `WITHSCORES` modifier.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    double("min"),
    double("max"),
    word("withscores", "WITHSCORES").since("2.0.0").optional(),
    block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
])
.keyed(sorted_sets::zrangebyscore);

pub(super) const ZRANGESTORE: Command =
    Command::new("zrangestore", -5, Group::SortedSet, "6.2.0", "Stores a range of members from sorted set in a key.")
        .complexity(
            "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored \
             into the destination key.",
        )
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::SortedSet, Category::Slow])
        .keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::at(2, &["RO", "access"])])
        .arguments(&[
            key("dst", 0),
            key("src", 1),
            string("min"),
            string("max"),
            one_of("sortby", &[word("byscore", "BYSCORE"), word("bylex", "BYLEX")]).optional(),
            word("rev", "REV").optional(),
            block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
        ])
        .looks_up()
        .keyed(sorted_sets::zrangestore);

pub(super) const ZRANK: Command = Command::new(
    "zrank",
    -3,
    Group::SortedSet,
    "2.0.0",
    "Returns the index of a member in a sorted set ordered by ascending scores.",
)
.complexity("O(log(N))")
.history(&[("7.2.0", "Added the optional `WITHSCORE` argument.")])
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), string("member"), word("withscore", "WITHSCORE").optional()])
.keyed(sorted_sets::zrank);

pub(super) const ZREM: Command = Command::new(
    "zrem",
    -3,
    Group::SortedSet,
    "1.2.0",
    "Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.",
)
.complexity(
    "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
)
.history(&[("2.4.0", "Accepts multiple elements.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), string("member").multiple()])
.keyed(sorted_sets::zrem);

pub(super) const ZREMRANGEBYLEX: Command = Command::new(
    "zremrangebylex",
    4,
    Group::SortedSet,
    "2.8.9",
    "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were \
     removed.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the \
     operation.",
)
.flags(&[Flag::Write])
.categories(&[Category::Write, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), string("min"), string("max")])
.keyed(sorted_sets::zremrangebylex);

pub(super) const ZREMRANGEBYRANK: Command = Command::new(
    "zremrangebyrank",
    4,
    Group::SortedSet,
    "2.0.0",
    "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the \
     operation.",
)
.flags(&[Flag::Write])
.categories(&[Category::Write, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), integer("start"), integer("stop")])
.keyed(sorted_sets::zremrangebyrank);

pub(super) const ZREMRANGEBYSCORE: Command = Command::new(
    "zremrangebyscore",
    4,
    Group::SortedSet,
    "1.2.0",
    "Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the \
     operation.",
)
.flags(&[Flag::Write])
.categories(&[Category::Write, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), double("min"), double("max")])
.keyed(sorted_sets::zremrangebyscore);

pub(super) const ZREVRANGE: Command = Command::new(
    "zrevrange",
    -4,
    Group::SortedSet,
    "1.2.0",
    "Returns members in a sorted set within a range of indexes in reverse order.",
)
.complexity("O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.")
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), integer("start"), integer("stop"), word("withscores", "WITHSCORES").optional()])
.keyed(sorted_sets::zrevrange);

pub(super) const ZREVRANGEBYLEX: Command = Command::new(
    "zrevrangebylex",
    -4,
    Group::SortedSet,
    "2.8.9",
    "Returns members in a sorted set within a lexicographical range in reverse order.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. \
     If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
)
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    string("max"),
    string("min"),
    block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
])
.keyed(sorted_sets::zrevrangebylex);

pub(super) const ZREVRANGEBYSCORE: Command = Command::new(
    "zrevrangebyscore",
    -4,
    Group::SortedSet,
    "2.2.0",
    "Returns members in a sorted set within a range of scores in reverse order.",
)
.complexity(
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. \
     If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
)
.history(&[("2.1.6", "`min` and `max` can be exclusive.")])
.flags(&[Flag::Readonly])
.categories(&[Category::Read, Category::SortedSet, Category::Slow])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[
    key("key", 0),
    double("max"),
    double("min"),
    word("withscores", "WITHSCORES").optional(),
    block("limit", &[integer("offset"), integer("count")]).token("LIMIT").optional(),
])
.keyed(sorted_sets::zrevrangebyscore);

pub(super) const ZREVRANK: Command = Command::new(
    "zrevrank",
    -3,
    Group::SortedSet,
    "2.0.0",
    "Returns the index of a member in a sorted set ordered by descending scores.",
)
.complexity("O(log(N))")
.history(&[("7.2.0", "Added the optional `WITHSCORE` argument.")])
.flags(&[Flag::Readonly, Flag::Fast])
.categories(&[Category::Read, Category::SortedSet, Category::Fast])
.keys(&[KeySpec::at(1, &["RO", "access"])])
.arguments(&[key("key", 0), string("member"), word("withscore", "WITHSCORE").optional()])
.keyed(sorted_sets::zrevrank);

pub(super) const ZSCAN: Command =
    Command::new("zscan", -3, Group::SortedSet, "2.8.0", "Iterates over members and scores of a sorted set.")
        .complexity(
            "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to \
             return back to 0. N is the number of elements inside the collection.",
        )
        .history(&[("8.0.0", "Added noscores option.")])
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::SortedSet, Category::Slow])
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            integer("cursor"),
            pattern("pattern").token("MATCH").optional(),
            integer("count").token("COUNT").optional(),
            word("noscores", "NOSCORES").optional(),
        ])
        .keyed(sorted_sets::zscan);

pub(super) const ZSCORE: Command =
    Command::new("zscore", 3, Group::SortedSet, "1.2.0", "Returns the score of a member in a sorted set.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly, Flag::Fast])
        .categories(&[Category::Read, Category::SortedSet, Category::Fast])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), string("member")])
        .keyed(sorted_sets::zscore);

pub(super) const ZUNION: Command =
    Command::new("zunion", -3, Group::SortedSet, "6.2.0", "Returns the union of multiple sorted sets.")
        .complexity(
            "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of \
             elements in the resulting sorted set.",
        )
        .flags(&[Flag::Readonly, Flag::Movablekeys])
        .categories(&[Category::Read, Category::SortedSet, Category::Slow])
        .keys(&[KeySpec::counted(1, 1, &["RO", "access"])])
        .arguments(&[
            integer("numkeys"),
            key("key", 0).multiple(),
            integer("weight").token("WEIGHTS").optional().multiple(),
            one_of("aggregate", &[word("sum", "SUM"), word("min", "MIN"), word("max", "MAX")])
                .token("AGGREGATE")
                .optional(),
            word("withscores", "WITHSCORES").optional(),
        ])
        .keyed(sorted_sets::zunion);

pub(super) const ZUNIONSTORE: Command =
    Command::new("zunionstore", -4, Group::SortedSet, "2.0.0", "Stores the union of multiple sorted sets in a key.")
        .complexity(
            "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of \
             elements in the resulting sorted set.",
        )
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Movablekeys])
        .categories(&[Category::Write, Category::SortedSet, Category::Slow])
        .keys(&[KeySpec::at(1, &["OW", "update"]), KeySpec::counted(2, 1, &["RO", "access"])])
        .arguments(&[
            key("destination", 0),
            integer("numkeys"),
            key("key", 1).multiple(),
            integer("weight").token("WEIGHTS").optional().multiple(),
            one_of("aggregate", &[word("sum", "SUM"), word("min", "MIN"), word("max", "MAX")])
                .token("AGGREGATE")
                .optional(),
        ])
        .looks_up()
        .keyed(sorted_sets::zunionstore);
