//! MEMORY.

use super::argument::{integer, key};
use super::command::{Category, Command, Flag, Group, Touches};
use super::key_spec::KeySpec;
use crate::commands::memory;

pub(super) const MEMORY: Command =
    Command::new("memory", -2, Group::Server, "4.0.0", "A container for memory diagnostics commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "DOCTOR",
            "    Tell what is unusual about the memory of this node.",
            "MALLOC-STATS",
            "    Tell what the allocator says of itself, where it does.",
            "PURGE",
            "    Have the allocator give back what it does not need, where it does so when asked.",
            "STATS",
            "    Tell what memory is used for.",
            "USAGE <key> [SAMPLES <count>]",
            "    Tell how many bytes a key takes with what it holds. They are counted along, so",
            "    there is no need for samples.",
        ])
        .subcommands(&[
            Command::new("doctor", 2, Group::Server, "4.0.0", "Outputs a memory problems report.")
                .complexity("O(1)")
                .categories(&[Category::Slow])
                .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
                .wide(memory::doctor),
            Command::new("help", 2, Group::Server, "4.0.0", "Returns helpful text about the different subcommands.")
                .complexity("O(1)")
                .flags(&[Flag::Loading, Flag::Stale])
                .categories(&[Category::Slow])
                .handler(memory::help),
            Command::new("malloc-stats", 2, Group::Server, "4.0.0", "Returns the allocator statistics.")
                .complexity("Depends on how much memory is allocated, could be slow")
                .flags(&[Flag::Loading])
                .categories(&[Category::Slow])
                .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
                .handler(memory::malloc_stats),
            Command::new("purge", 2, Group::Server, "4.0.0", "Asks the allocator to release memory.")
                .complexity("Depends on how much memory is allocated, could be slow")
                .flags(&[Flag::Loading])
                .categories(&[Category::Slow])
                .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
                .handler(memory::purge),
            Command::new("stats", 2, Group::Server, "4.0.0", "Returns details about memory usage.")
                .complexity("O(1)")
                .categories(&[Category::Slow])
                .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
                .wide(memory::stats),
            Command::new("usage", -3, Group::Server, "4.0.0", "Estimates the memory usage of a key.")
                .complexity("O(N) where N is the number of samples.")
                .flags(&[Flag::Readonly])
                .categories(&[Category::Read, Category::Slow])
                .keys(&[KeySpec::at(2, &["RO"])])
                .arguments(&[key("key", 0), integer("count").token("SAMPLES").optional()])
                .touches(Touches::Never)
                .keyed(memory::usage),
        ]);
