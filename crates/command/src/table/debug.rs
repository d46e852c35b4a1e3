//! DEBUG: what tests of clusters need to make a node misbehave. Only a part of Valkey's.

use super::command::{Category, Command, Flag, Group};
use crate::commands::debug;

pub(super) const DEBUG: Command =
    Command::new("debug", -2, Group::Server, "1.0.0", "A container for debugging commands.")
        .complexity("Depends on subcommand.")
        .doc_flags(&["syscmd"])
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .help(&[
            "CLOSE-CLUSTER-LINK-ON-PACKET-DROP <0|1>",
            "    Whether a link ends on which a packet was dropped.",
            "CLUSTERLINK KILL <to|from|all> <node-id>",
            "    End the links that this node has opened to another one, those that it has",
            "    accepted from it, or both.",
            "DISABLE-CLUSTER-RANDOM-PING <0|1>",
            "    Whether the ping that goes to some node every second is left out.",
            "DISABLE-CLUSTER-RECONNECTION <0|1>",
            "    Whether links that have ended stay closed.",
            "DROP-CLUSTER-PACKET-FILTER <packet-type>",
            "    Drop packets of this type: -1 for none, -2 for all.",
            "LOG <message>",
            "    Write a message to the log.",
            "SET-ACTIVE-EXPIRE <0|1>",
            "    Whether keys are looked for that have expired and that nobody asks for.",
            "SLEEP <seconds>",
            "    Hold up the cluster bus, for an hour at most. Decimals allowed.",
        ])
        .allowed_by("enable-debug-command")
        .handler(debug::debug);
