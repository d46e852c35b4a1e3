//! Commands of the group `scripting`: what tools need to know that there are no functions.

use super::argument::{one_of, string, word};
use super::command::{Category, Command, Flag, Group};
use crate::commands::{help, scripting};

const LIST: Command = Command::new("list", -2, Group::Scripting, "7.0.0", "Returns information about all libraries.")
    .complexity("O(N) where N is the number of functions")
    .flags(&[Flag::Noscript])
    .categories(&[Category::Slow, Category::Scripting])
    .tips(&["nondeterministic_output_order"])
    .arguments(&[
        string("library-name-pattern").token("LIBRARYNAME").optional(),
        word("withcode", "WITHCODE").optional(),
    ])
    .handler(scripting::list);

const RESTORE: Command =
    Command::new("restore", -3, Group::Scripting, "7.0.0", "Restores all libraries from a payload.")
        .complexity("O(N) where N is the number of functions on the payload")
        .flags(&[Flag::Write, Flag::Denyoom, Flag::Noscript])
        .categories(&[Category::Write, Category::Slow, Category::Scripting])
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .arguments(&[
            string("serialized-value"),
            one_of("policy", &[word("flush", "FLUSH"), word("append", "APPEND"), word("replace", "REPLACE")])
                .optional(),
        ])
        .handler(scripting::restore);

const HELP: Command =
    Command::new("help", 2, Group::Scripting, "7.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Scripting])
        .handler(help::help);

pub(super) const FUNCTION: Command =
    Command::new("function", -2, Group::Scripting, "7.0.0", "A container for function commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .subcommands(&[HELP, LIST, RESTORE])
        .help(&[
            "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
            "    Return general information on all the libraries: there are none.",
            "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
            "    Take a payload that holds no libraries.",
        ]);
