//! Developer tasks of slotmesh, run as `cargo xtask <task>`.

#![forbid(unsafe_code)]

mod check;
mod crate_map;
mod process;
mod test;

use clap::{Parser, Subcommand};

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
    /// Runs every test.
    Test,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Check => check::run(),
        Task::Test => test::run(),
    }
}
