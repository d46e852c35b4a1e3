//! Commands of the group `list`.

use super::argument::{double, integer, key, one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use super::key_spec::KeySpec;
use crate::commands::lists;

pub(super) const BLMOVE: Command = Command::new(
    "blmove",
    6,
    Group::List,
    "6.2.0",
    "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available \
     otherwise. Deletes the list if the last element was moved.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom, Flag::Blocking])
.categories(&[Category::Write, Category::List, Category::Slow, Category::Blocking])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["RW", "insert"])])
.arguments(&[
    key("source", 0),
    key("destination", 1),
    one_of("wherefrom", &[word("left", "LEFT"), word("right", "RIGHT")]),
    one_of("whereto", &[word("left", "LEFT"), word("right", "RIGHT")]),
    double("timeout"),
])
.keyed(lists::blmove);

pub(super) const BLMPOP: Command = Command::new(
    "blmpop",
    -5,
    Group::List,
    "7.0.0",
    "Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes the \
     list if the last element was popped.",
)
.complexity("O(N+M) where N is the number of provided keys and M is the number of elements returned.")
.flags(&[Flag::Write, Flag::Blocking, Flag::Movablekeys])
.categories(&[Category::Write, Category::List, Category::Slow, Category::Blocking])
.keys(&[KeySpec::counted(2, 1, &["RW", "access", "delete"])])
.arguments(&[
    double("timeout"),
    integer("numkeys"),
    key("key", 0).multiple(),
    one_of("where", &[word("left", "LEFT"), word("right", "RIGHT")]),
    integer("count").token("COUNT").optional(),
])
.keyed(lists::blmpop);

pub(super) const BLPOP: Command = Command::new(
    "blpop",
    -3,
    Group::List,
    "2.0.0",
    "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the \
     list if the last element was popped.",
)
.complexity("O(N) where N is the number of provided keys.")
.history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
.flags(&[Flag::Write, Flag::Blocking])
.categories(&[Category::Write, Category::List, Category::Slow, Category::Blocking])
.keys(&[KeySpec::range(1, -2, 1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0).multiple(), double("timeout")])
.keyed(lists::blpop);

pub(super) const BRPOP: Command = Command::new(
    "brpop",
    -3,
    Group::List,
    "2.0.0",
    "Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the \
     list if the last element was popped.",
)
.complexity("O(N) where N is the number of provided keys.")
.history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
.flags(&[Flag::Write, Flag::Blocking])
.categories(&[Category::Write, Category::List, Category::Slow, Category::Blocking])
.keys(&[KeySpec::range(1, -2, 1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0).multiple(), double("timeout")])
.keyed(lists::brpop);

pub(super) const BRPOPLPUSH: Command = Command::new(
    "brpoplpush",
    4,
    Group::List,
    "2.2.0",
    "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available \
     otherwise. Deletes the list if the last element was popped.",
)
.complexity("O(1)")
.history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Blocking])
.categories(&[Category::Write, Category::List, Category::Slow, Category::Blocking])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["RW", "insert"])])
.arguments(&[key("source", 0), key("destination", 1), double("timeout")])
.keyed(lists::brpoplpush);

pub(super) const LINDEX: Command =
    Command::new("lindex", 3, Group::List, "1.0.0", "Returns an element from a list by its index.")
        .complexity(
            "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking \
             for the first or the last element of the list O(1).",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::List, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), integer("index")])
        .keyed(lists::lindex);

pub(super) const LINSERT: Command =
    Command::new("linsert", 5, Group::List, "2.2.0", "Inserts an element before or after another element in a list.")
        .complexity(
            "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that \
             inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere \
             on the right end (tail) is O(N).",
        )
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::List, Category::Slow])
        .keys(&[KeySpec::at(1, &["RW", "insert"])])
        .arguments(&[
            key("key", 0),
            one_of("where", &[word("before", "BEFORE"), word("after", "AFTER")]),
            string("pivot"),
            string("element"),
        ])
        .keyed(lists::linsert);

pub(super) const LLEN: Command = Command::new("llen", 2, Group::List, "1.0.0", "Returns the length of a list.")
    .complexity("O(1)")
    .flags(&[Flag::Readonly, Flag::Fast])
    .categories(&[Category::Read, Category::List, Category::Fast])
    .keys(&[KeySpec::at(1, &["RO"])])
    .arguments(&[key("key", 0)])
    .keyed(lists::llen);

pub(super) const LMOVE: Command = Command::new(
    "lmove",
    5,
    Group::List,
    "6.2.0",
    "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last \
     element was moved.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::List, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["RW", "insert"])])
.arguments(&[
    key("source", 0),
    key("destination", 1),
    one_of("wherefrom", &[word("left", "LEFT"), word("right", "RIGHT")]),
    one_of("whereto", &[word("left", "LEFT"), word("right", "RIGHT")]),
])
.keyed(lists::lmove);

pub(super) const LMPOP: Command = Command::new(
    "lmpop",
    -4,
    Group::List,
    "7.0.0",
    "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.",
)
.complexity("O(N+M) where N is the number of provided keys and M is the number of elements returned.")
.flags(&[Flag::Write, Flag::Movablekeys])
.categories(&[Category::Write, Category::List, Category::Slow])
.keys(&[KeySpec::counted(1, 1, &["RW", "access", "delete"])])
.arguments(&[
    integer("numkeys"),
    key("key", 0).multiple(),
    one_of("where", &[word("left", "LEFT"), word("right", "RIGHT")]),
    integer("count").token("COUNT").optional(),
])
.keyed(lists::lmpop);

pub(super) const LPOP: Command = Command::new(
    "lpop",
    -2,
    Group::List,
    "1.0.0",
    "Returns and removes one or more elements from the beginning of a list. Deletes the list if the last element was \
     popped.",
)
.complexity("O(N) where N is the number of elements returned")
.history(&[("6.2.0", "Added the `count` argument.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::List, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0), integer("count").since("6.2.0").optional()])
.keyed(lists::lpop);

pub(super) const LPOS: Command =
    Command::new("lpos", -3, Group::List, "6.0.6", "Returns the index of matching elements in a list.")
        .complexity(
            "O(N) where N is the number of elements in the list, for the average case. When searching for elements \
             near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in \
             constant time.",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::List, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[
            key("key", 0),
            string("element"),
            integer("rank").token("RANK").optional(),
            integer("num-matches").token("COUNT").optional(),
            integer("len").token("MAXLEN").optional(),
        ])
        .keyed(lists::lpos);

pub(super) const LPUSH: Command = Command::new(
    "lpush",
    -3,
    Group::List,
    "1.0.0",
    "Prepends one or more elements to a list. Creates the key if it doesn't exist.",
)
.complexity(
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
)
.history(&[("2.4.0", "Accepts multiple `element` arguments.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::List, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("element").multiple()])
.keyed(lists::lpush);

pub(super) const LPUSHX: Command = Command::new(
    "lpushx",
    -3,
    Group::List,
    "2.2.0",
    "Prepends one or more elements to a list only when the list exists.",
)
.complexity(
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
)
.history(&[("4.0.0", "Accepts multiple `element` arguments.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::List, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("element").multiple()])
.keyed(lists::lpushx);

pub(super) const LRANGE: Command =
    Command::new("lrange", 4, Group::List, "1.0.0", "Returns a range of elements from a list.")
        .complexity(
            "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or \
             TAIL) for large lists; and N is the number of elements in the specified range.",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Read, Category::List, Category::Slow])
        .keys(&[KeySpec::at(1, &["RO", "access"])])
        .arguments(&[key("key", 0), integer("start"), integer("stop")])
        .keyed(lists::lrange);

pub(super) const LREM: Command = Command::new(
    "lrem",
    4,
    Group::List,
    "1.0.0",
    "Removes elements from a list. Deletes the list if the last element was removed.",
)
.complexity("O(N+M) where N is the length of the list and M is the number of elements removed.")
.flags(&[Flag::Write])
.categories(&[Category::Write, Category::List, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), integer("count"), string("element")])
.keyed(lists::lrem);

pub(super) const LSET: Command =
    Command::new("lset", 4, Group::List, "1.0.0", "Sets the value of an element in a list by its index.")
        .complexity(
            "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
        )
        .flags(&[Flag::Write, Flag::Denyoom])
        .categories(&[Category::Write, Category::List, Category::Slow])
        .keys(&[KeySpec::at(1, &["RW", "update"])])
        .arguments(&[key("key", 0), integer("index"), string("element")])
        .keyed(lists::lset);

pub(super) const LTRIM: Command = Command::new(
    "ltrim",
    4,
    Group::List,
    "1.0.0",
    "Removes elements from both ends of a list. Deletes the list if all elements were trimmed.",
)
.complexity("O(N) where N is the number of elements to be removed by the operation.")
.flags(&[Flag::Write])
.categories(&[Category::Write, Category::List, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "delete"])])
.arguments(&[key("key", 0), integer("start"), integer("stop")])
.keyed(lists::ltrim);

pub(super) const RPOP: Command = Command::new(
    "rpop",
    -2,
    Group::List,
    "1.0.0",
    "Returns and removes one or more elements from the end of a list. Deletes the list if the last element was popped.",
)
.complexity("O(N) where N is the number of elements returned")
.history(&[("6.2.0", "Added the `count` argument.")])
.flags(&[Flag::Write, Flag::Fast])
.categories(&[Category::Write, Category::List, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"])])
.arguments(&[key("key", 0), integer("count").since("6.2.0").optional()])
.keyed(lists::rpop);

pub(super) const RPOPLPUSH: Command = Command::new(
    "rpoplpush",
    3,
    Group::List,
    "1.2.0",
    "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last \
     element was popped.",
)
.complexity("O(1)")
.flags(&[Flag::Write, Flag::Denyoom])
.categories(&[Category::Write, Category::List, Category::Slow])
.keys(&[KeySpec::at(1, &["RW", "access", "delete"]), KeySpec::at(2, &["RW", "insert"])])
.arguments(&[key("source", 0), key("destination", 1)])
.keyed(lists::rpoplpush);

pub(super) const RPUSH: Command = Command::new(
    "rpush",
    -3,
    Group::List,
    "1.0.0",
    "Appends one or more elements to a list. Creates the key if it doesn't exist.",
)
.complexity(
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
)
.history(&[("2.4.0", "Accepts multiple `element` arguments.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::List, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("element").multiple()])
.keyed(lists::rpush);

pub(super) const RPUSHX: Command = Command::new(
    "rpushx",
    -3,
    Group::List,
    "2.2.0",
    "Appends one or more elements to a list only when the list exists.",
)
.complexity(
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
)
.history(&[("4.0.0", "Accepts multiple `element` arguments.")])
.flags(&[Flag::Write, Flag::Denyoom, Flag::Fast])
.categories(&[Category::Write, Category::List, Category::Fast])
.keys(&[KeySpec::at(1, &["RW", "insert"])])
.arguments(&[key("key", 0), string("element").multiple()])
.keyed(lists::rpushx);
