//! SLOTMESH: what is ours and not Valkey's.

use super::argument::{string, word};
use super::command::{Category, Command, Flag, Group};
use crate::commands::{help, slotmesh};

pub(super) const SLOTMESH: Command =
    Command::new("slotmesh", -2, Group::Cluster, "9.1.2", "A container for commands of slotmesh.")
        .complexity("Depends on subcommand.")
        .categories(&[Category::Slow])
        .help(&[
            "EXPLAIN <node-id>",
            "    Return why a node is judged as it is: who reports it, when it was last heard and",
            "    on which link, what the last connection failed of.",
            "LEAVE [FORCE]",
            "    Make every other node forget this one, then reset it softly. With FORCE also if it",
            "    owns slots, which are served by nobody then.",
        ])
        .subcommands(&[EXPLAIN, HELP, LEAVE]);

const EXPLAIN: Command = Command::new("explain", 3, Group::Cluster, "9.1.2", "Returns why a node is judged as it is.")
    .complexity("O(N) where N is the number of nodes that report it as failing")
    .flags(&[Flag::Admin, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["nondeterministic_output"])
    .arguments(&[string("node-id")])
    .handler(slotmesh::explain);

const HELP: Command =
    Command::new("help", 2, Group::Cluster, "9.1.2", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const LEAVE: Command =
    Command::new("leave", -2, Group::Cluster, "9.1.2", "Makes every other node forget this one, then resets it.")
        .complexity("O(N) where N is the number of known nodes")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .arguments(&[word("force", "FORCE").optional()])
        .handler(slotmesh::leave);
