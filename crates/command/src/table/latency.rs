//! LATENCY and its subcommands.

use super::argument::string;
use super::command::{Category, Command, Flag, Group};
use crate::commands::{help, latency};

pub(super) const LATENCY: Command = Command::new(
    "latency",
    -2,
    Group::Server,
    "2.8.13",
    "A container for latency diagnostics commands.",
)
.complexity("Depends on subcommand.")
.categories(&[Category::Slow])
.help(&[
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
    "    If no commands are specified then all histograms are replied.",
])
.subcommands(&[DOCTOR, GRAPH, HELP, HISTOGRAM, HISTORY, LATEST, RESET]);

const DOCTOR: Command =
    Command::new("doctor", 2, Group::Server, "2.8.13", "Returns a human-readable latency analysis report.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
        .handler(latency::doctor);

const GRAPH: Command = Command::new("graph", 3, Group::Server, "2.8.13", "Returns a latency graph for an event.")
    .complexity("O(1)")
    .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
    .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
    .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
    .arguments(&[string("event")])
    .handler(latency::graph);

const HELP: Command =
    Command::new("help", 2, Group::Server, "2.8.13", "Returns helpful text about the different subcommands.")
        .complexity("O(1)")
        .flags(&[Flag::Loading, Flag::Stale])
        .categories(&[Category::Slow])
        .handler(help::help);

const HISTOGRAM: Command = Command::new(
    "histogram",
    -2,
    Group::Server,
    "7.0.0",
    "Returns the cumulative distribution of latencies of a subset or all commands.",
)
.complexity("O(N) where N is the number of commands with latency information being retrieved.")
.flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
.categories(&[Category::Admin, Category::Slow, Category::Dangerous])
.tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
.arguments(&[string("command").optional().multiple()])
.handler(latency::histogram);

const HISTORY: Command =
    Command::new("history", 3, Group::Server, "2.8.13", "Returns timestamp-latency samples for an event.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
        .arguments(&[string("event")])
        .handler(latency::history);

const LATEST: Command =
    Command::new("latest", 2, Group::Server, "2.8.13", "Returns the latest latency samples for all events.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
        .handler(latency::latest);

const RESET: Command =
    Command::new("reset", -2, Group::Server, "2.8.13", "Resets the latency data for one or more events.")
        .complexity("O(1)")
        .flags(&[Flag::Admin, Flag::Noscript, Flag::Loading, Flag::Stale])
        .categories(&[Category::Admin, Category::Slow, Category::Dangerous])
        .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
        .arguments(&[string("event").optional().multiple()])
        .handler(latency::reset);
