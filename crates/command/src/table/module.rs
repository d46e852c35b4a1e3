//! MODULE and its subcommands. There are no modules, and none can be loaded.

use super::command::{Category, Command, Flag, Group};
use crate::commands::{help, server};

pub(super) const MODULE: Command =
    Command::new("module", -2, Group::Server, "4.0.0", "A container for module commands.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&["LIST", "    Return a list of loaded modules."])
        .subcommands(&[HELP, LIST]);

const HELP: Command =
    Command::new("help", 2, Group::Server, "5.0.0", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const LIST: Command = Command::new("list", 2, Group::Server, "4.0.0", "Returns all loaded modules.")
    .complexity("O(N) where N is the number of loaded modules.")
    .flags(&[Flag::Admin, Flag::Noscript])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["nondeterministic_output_order"])
    .handler(server::modules);
