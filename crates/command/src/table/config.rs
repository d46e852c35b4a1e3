//! CONFIG and its subcommands.

use super::argument::{block, string};
use super::command::{Category, Command, Flag, Group};
use crate::commands::{config, help};

pub(super) const CONFIG: Command =
    Command::new("config", -2, Group::Server, "2.0.0", "A container for server configuration commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "GET <pattern>",
            "    Return parameters matching the glob-like <pattern> and their values.",
            "SET <directive> <value>",
            "    Set the configuration <directive> to <value>.",
            "RESETSTAT",
            "    Reset statistics reported by the INFO command.",
            "REWRITE",
            "    Rewrite the configuration file.",
        ])
        .subcommands(&[GET, HELP, RESETSTAT, REWRITE, SET]);

const GET: Command =
    Command::new("get", -3, Group::Server, "2.0.0", "Returns the effective values of configuration parameters.")
        .complexity("O(N) when N is the number of configuration parameters provided")
        .history(&[("7.0.0", "Added the ability to pass multiple pattern parameters in one call")])
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[string("parameter").multiple()])
        .handler(config::get);

const HELP: Command =
    Command::new("help", 2, Group::Server, "5.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const RESETSTAT: Command = Command::new("resetstat", 2, Group::Server, "2.0.0", "Resets the server's statistics.")
    .complexity("O(1)")
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .wide(config::resetstat);

const REWRITE: Command =
    Command::new("rewrite", 2, Group::Server, "2.8.0", "Persists the effective configuration to file.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .handler(config::rewrite);

const SET: Command = Command::new("set", -4, Group::Server, "2.0.0", "Sets configuration parameters in-flight.")
    .complexity("O(N) when N is the number of configuration parameters provided")
    .history(&[("7.0.0", "Added the ability to set multiple parameters in one call.")])
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .arguments(&[block("data", &[string("parameter"), string("value")]).multiple()])
    .handler(config::set);
