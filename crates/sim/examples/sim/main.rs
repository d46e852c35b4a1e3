//! Runs whole clusters in virtual time: `cargo xtask sim --help`.

mod chart;
mod failover;
mod form;
mod ordeal;
mod pictures;
mod rules;
mod seeds;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask sim",
    about = "Runs whole clusters in virtual time",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    seeds: seeds::Options,
}

#[derive(Subcommand)]
enum Task {
    /// Measures how long meshes take to form, and what it costs to simulate that.
    Form(form::Options),
    /// Measures how long slots are without an owner when primaries die.
    Failover(failover::Options),
    /// Takes one big cluster through forming, a cut, and crashes.
    Ordeal(ordeal::Options),
    /// Draws the pictures of docs/SIMULATOR.md and prints the numbers behind them.
    Pictures(pictures::Options),
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.task {
        None => seeds::run(&arguments.seeds),
        Some(Task::Form(options)) => form::run(&options).map(|()| ExitCode::SUCCESS),
        Some(Task::Failover(options)) => failover::run(&options).map(|()| ExitCode::SUCCESS),
        Some(Task::Ordeal(options)) => ordeal::run(&options).map(|()| ExitCode::SUCCESS),
        Some(Task::Pictures(options)) => pictures::run(&options).map(|()| ExitCode::SUCCESS),
    }
}
