//! Runs the simulator, optimised.

use anyhow::Result;

use crate::process::{self, cargo};

/// What the simulator shall do; `cargo xtask sim --help` tells.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// Arguments of the simulator.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the simulator with the profile of its own and runs it.
///
/// # Errors
/// Something did not hold, or the build failed.
pub fn run(options: &Options) -> Result<()> {
    let mut simulator = cargo();
    simulator.args(["run", "--profile", "sim", "--package", "slotmesh-sim", "--example", "sim", "--"]);
    process::run(simulator.args(&options.arguments))
}
