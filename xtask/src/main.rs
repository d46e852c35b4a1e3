//! The command line of the developer tasks.

#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use xtask::{bench, check, codegen, demo, diff, docs, made, model, sim, test};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer tasks of slotmesh")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything a program can check: crate map, formatting, lints, docs, licences.
    Check,
    /// Makes the code of the admin API from proto/.
    Codegen(made::Options),
    /// Runs every test, those with real Valkey and Redis servers among them.
    Test(test::Options),
    /// Writes the parts of docs/ that are made from the code.
    Docs(made::Options),
    /// Starts a mesh to look at and play with; runs until Ctrl-C.
    Demo(demo::Options),
    /// Asks slotmesh and a live Valkey the same, and compares their replies.
    Diff(diff::Options),
    /// Tries every order of steps of threads where locks and atomics meet.
    Model,
    /// Runs whole clusters in virtual time: seeds, sizes, pictures (`cargo xtask sim --help`).
    Sim(sim::Options),
    /// Measures slotmesh beside Valkey.
    #[command(subcommand)]
    Bench(bench::Subject),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Check => check::run(),
        Task::Codegen(options) => codegen::run(options),
        Task::Test(options) => test::run(&options),
        Task::Docs(options) => docs::run(options),
        Task::Demo(options) => demo::run(&options),
        Task::Diff(options) => diff::run(&options),
        Task::Model => model::run(),
        Task::Sim(options) => sim::run(&options),
        Task::Bench(subject) => bench::run(&subject),
    }
}
