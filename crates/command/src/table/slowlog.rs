//! SLOWLOG, the older name of a part of COMMANDLOG.

use super::argument::integer;
use super::command::{Category, Command, Flag, Group};
use crate::commands::{help, slowlog};

pub(super) const SLOWLOG: Command =
    Command::new("slowlog", -2, Group::Server, "2.2.12", "A container for slow log commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "GET [<count>]",
            "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
            "    Entries are made of:",
            "    id, timestamp, time in microseconds, arguments array, client IP and port,",
            "    client name",
            "LEN",
            "    Return the length of the slowlog.",
            "RESET",
            "    Reset the slowlog.",
        ])
        .subcommands(&[GET, HELP, LEN, RESET]);

const GET: Command = Command::new("get", -2, Group::Server, "2.2.12", "Returns the slow log's entries.")
    .complexity("O(N) where N is the number of entries returned")
    .history(&[("4.0.0", "Added client IP address, port and name to the reply.")])
    .flags(&[Flag::Admin, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["request_policy:all_nodes", "nondeterministic_output"])
    .arguments(&[integer("count").optional()])
    .handler(slowlog::get);

const HELP: Command =
    Command::new("help", 2, Group::Server, "6.2.0", "Shows helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const LEN: Command = Command::new("len", 2, Group::Server, "2.2.12", "Returns the number of entries in the slow log.")
    .complexity("O(1)")
    .flags(&[Flag::Admin, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"])
    .handler(slowlog::len);

const RESET: Command = Command::new("reset", 2, Group::Server, "2.2.12", "Clears all entries from the slow log.")
    .complexity("O(N) where N is the number of entries in the slowlog")
    .flags(&[Flag::Admin, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .handler(slowlog::reset);
