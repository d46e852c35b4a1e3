//! COMMAND and its subcommands.

use super::argument::{one_of, pattern, string};
use super::command::{Category, Command, Flag, Group};
use crate::commands::{help, introspection};

pub(super) const COMMAND: Command =
    Command::new("command", -1, Group::Server, "2.8.13", "Returns detailed information about all commands.")
        .complexity("O(N) where N is the total number of commands")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Connection])
        .tips(&["nondeterministic_output_order"])
        .help(&[
            "(no subcommand)",
            "    Return details about all commands.",
            "COUNT",
            "    Return the total number of commands in this server.",
            "LIST",
            "    Return a list of all commands in this server.",
            "INFO [<command-name> ...]",
            "    Return details about multiple commands.",
            "    If no command names are given, documentation details for all",
            "    commands are returned.",
            "DOCS [<command-name> ...]",
            "    Return documentation details about multiple commands.",
            "    If no command names are given, documentation details for all",
            "    commands are returned.",
            "GETKEYS <full-command>",
            "    Return the keys from a full command.",
            "GETKEYSANDFLAGS <full-command>",
            "    Return the keys and the access flags from a full command.",
        ])
        .subcommands(&[COUNT, DOCS, GETKEYS, GETKEYSANDFLAGS, HELP, INFO, LIST])
        .handler(introspection::all);

const COUNT: Command = Command::new("count", 2, Group::Server, "2.8.13", "Returns a count of commands.")
    .complexity("O(1)")
    .flags(&[Flag::Loading, Flag::Stale])
    .categories(&[Category::Slow, Category::Connection])
    .handler(introspection::count);

const DOCS: Command = Command::new(
    "docs",
    -2,
    Group::Server,
    "7.0.0",
    "Returns documentary information about one, multiple or all commands.",
)
.complexity("O(N) where N is the number of commands to look up")
.flags(&[Flag::Loading, Flag::Stale])
.categories(&[Category::Slow, Category::Connection])
.tips(&["nondeterministic_output_order"])
.arguments(&[string("command-name").optional().multiple()])
.handler(introspection::docs);

const GETKEYS: Command =
    Command::new("getkeys", -3, Group::Server, "2.8.13", "Extracts the key names from an arbitrary command.")
        .complexity("O(N) where N is the number of arguments to the command")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Connection])
        .arguments(&[string("command"), string("arg").optional().multiple()])
        .handler(introspection::getkeys);

const GETKEYSANDFLAGS: Command = Command::new(
    "getkeysandflags",
    -3,
    Group::Server,
    "7.0.0",
    "Extracts the key names and access flags for an arbitrary command.",
)
.complexity("O(N) where N is the number of arguments to the command")
.flags(&[Flag::Loading, Flag::Stale])
.categories(&[Category::Slow, Category::Connection])
.arguments(&[string("command"), string("arg").optional().multiple()])
.handler(introspection::getkeysandflags);

const HELP: Command =
    Command::new("help", 2, Group::Server, "5.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Connection])
        .handler(help::help);

const INFO: Command =
    Command::new("info", -2, Group::Server, "2.8.13", "Returns information about one, multiple or all commands.")
        .complexity("O(N) where N is the number of commands to look up")
        .history(&[("7.0.0", "Allowed to be called with no argument to get info on all commands.")])
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow, Category::Connection])
        .tips(&["nondeterministic_output_order"])
        .arguments(&[string("command-name").optional().multiple()])
        .handler(introspection::info);

const LIST: Command = Command::new("list", -2, Group::Server, "7.0.0", "Returns a list of command names.")
    .complexity("O(N) where N is the total number of commands")
    .flags(&[Flag::Loading, Flag::Stale])
    .categories(&[Category::Slow, Category::Connection])
    .tips(&["nondeterministic_output_order"])
    .arguments(&[one_of(
        "filterby",
        &[
            string("module-name").token("MODULE"),
            string("category").token("ACLCAT"),
            pattern("pattern").token("PATTERN"),
        ],
    )
    .token("FILTERBY")
    .optional()])
    .handler(introspection::list);
