//! DEBUG: what tests of clusters need. Only a part of Valkey's.

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
            "DIGEST",
            "    A figure for all keys and what they hold, in hexadecimal digits.",
            "DIGEST-VALUE <key> [<key> ...]",
            "    The same for what each of these keys holds.",
            "DISABLE-CLUSTER-RANDOM-PING <0|1>",
            "    Whether the ping that goes to some node every second is left out.",
            "DISABLE-CLUSTER-RECONNECTION <0|1>",
            "    Whether links that have ended stay closed.",
            "DROP-CLUSTER-PACKET-FILTER <packet-type>",
            "    Drop packets of this type: -1 for none, -2 for all.",
            "ERROR <text>",
            "    Reply with this error.",
            "LOG <message>",
            "    Write a message to the log.",
            "OBJECT <key> [fast]",
            "    How the value of a key is kept; with `fast` without what takes time to find out.",
            "POPULATE <count> [<prefix>] [<size>]",
            "    Make keys <prefix>:<number>, of any slot, with texts that are filled up to this",
            "    size with zeros. The prefix is 'key' if none is given.",
            "PROTOCOL <type>",
            "    Reply with a value of this type: string, integer, double, bignum, null, array,",
            "    set, map, attrib, push, verbatim, true, false.",
            "SET-ACTIVE-EXPIRE <0|1>",
            "    Whether keys are looked for that have expired and that nobody asks for.",
            "SLEEP <seconds>",
            "    Hold up the cluster bus, for an hour at most. Decimals allowed.",
        ])
        .allowed_by("enable-debug-command")
        .wide(debug::debug);
