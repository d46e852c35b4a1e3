//! Commands of the group `generic`.

use super::argument::{integer, pattern, string};
use super::command::{Category, Command, Flag, Group};
use crate::commands::all_keys;

pub(super) const KEYS: Command =
    Command::new("keys", 2, Group::Generic, "1.0.0", "Returns all key names that match a pattern.")
        .complexity(
            "O(N) with N being the number of keys in the database, under the assumption that the key names in the \
             database and the given pattern have limited length.",
        )
        .flags(&[Flag::Readonly])
        .categories(&[Category::Keyspace, Category::Read, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
        .arguments(&[pattern("pattern")])
        .wide(all_keys::keys);

pub(super) const RANDOMKEY: Command =
    Command::new("randomkey", 1, Group::Generic, "1.0.0", "Returns a random key name from the database.")
        .complexity("O(1)")
        .flags(&[Flag::Readonly])
        .categories(&[Category::Keyspace, Category::Read, Category::Slow])
        .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"])
        .wide(all_keys::randomkey);

pub(super) const SCAN: Command =
    Command::new("scan", -2, Group::Generic, "2.8.0", "Iterates over the key names in the database.")
        .complexity(
            "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to \
             return back to 0. N is the number of elements inside the collection.",
        )
        .history(&[("6.0.0", "Added the `TYPE` subcommand.")])
        .flags(&[Flag::Readonly])
        .categories(&[Category::Keyspace, Category::Read, Category::Slow])
        .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
        .arguments(&[
            integer("cursor"),
            pattern("pattern").token("MATCH").optional(),
            integer("count").token("COUNT").optional(),
            string("type").token("TYPE").since("6.0.0").optional(),
        ])
        .wide(all_keys::scan);
