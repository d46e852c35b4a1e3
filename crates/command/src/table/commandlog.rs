//! COMMANDLOG and its subcommands.

use super::argument::{integer, one_of, word};
use super::command::{Category, Command, Flag, Group};
use crate::commands::{commandlog, help};

pub(super) const COMMANDLOG: Command =
    Command::new("commandlog", -2, Group::Server, "8.1.0", "A container for command log commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "GET <count> <type>",
            "    Return top <count> entries of the specified <type> from the commandlog (-1 mean all).",
            "    Entries are made of:",
            "    id, timestamp,",
            "        time in microseconds for type of slow,",
            "        or size in bytes for type of large-request,",
            "        or size in bytes for type of large-reply",
            "    arguments array, client IP and port,",
            "    client name",
            "LEN <type>",
            "    Return the length of the specified type of commandlog.",
            "RESET <type>",
            "    Reset the specified type of commandlog.",
        ])
        .subcommands(&[GET, HELP, LEN, RESET]);

const GET: Command = Command::new("get", 4, Group::Server, "8.1.0", "Returns the specified command log's entries.")
    .complexity("O(N) where N is the number of entries returned")
    .flags(&[Flag::Admin, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["request_policy:all_nodes", "nondeterministic_output"])
    .arguments(&[
        integer("count"),
        one_of(
            "type",
            &[word("slow", "SLOW"), word("large-request", "LARGE-REQUEST"), word("large-reply", "LARGE-REPLY")],
        ),
    ])
    .handler(commandlog::get);

const HELP: Command =
    Command::new("help", 2, Group::Server, "8.1.0", "Shows helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const LEN: Command = Command::new(
    "len",
    3,
    Group::Server,
    "8.1.0",
    "Returns the number of entries in the specified type of command log.",
)
.complexity("O(1)")
.flags(&[Flag::Admin, Flag::Loading, Flag::Stale])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"])
.arguments(&[one_of(
    "type",
    &[word("slow", "SLOW"), word("large-request", "LARGE-REQUEST"), word("large-reply", "LARGE-REPLY")],
)])
.handler(commandlog::len);

const RESET: Command =
    Command::new("reset", 3, Group::Server, "8.1.0", "Clears all entries from the specified type of command log.")
        .complexity("O(N) where N is the number of entries in the commandlog")
        .flags(&[Flag::Admin, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .arguments(&[one_of(
            "type",
            &[word("slow", "SLOW"), word("large-request", "LARGE-REQUEST"), word("large-reply", "LARGE-REPLY")],
        )])
        .handler(commandlog::reset);
