//! Runs the tests.

use anyhow::{Context, Result};

use crate::build::{self, SERVER_VARIABLE, TOOL_VARIABLE};
use crate::process::{self, cargo};
use crate::rack::{self, Kind, Rack};

/// Which tests to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Further arguments of `cargo test`, as in `cargo xtask test -- --test interop name`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Installs the real servers, builds ours, runs all tests with both, and tells what was not tested.
///
/// # Errors
/// A test failed, or the build.
pub fn run(options: &Options) -> Result<()> {
    let target_dir = build::target_dir()?;
    rack::install(&target_dir);
    let (server, tool) = (build::server()?, build::tool()?);
    let rack = Rack::new(&target_dir, Some(server.clone()));
    let mut tests = cargo();
    tests.args(["test", "--workspace"]).args(&options.arguments).env(SERVER_VARIABLE, server).env(TOOL_VARIABLE, tool);
    let result = process::run(&mut tests);
    for kind in Kind::PEERS {
        if let Err(reason) = rack.program(kind) {
            eprintln!("skipped: the tests with {kind}, because {reason}");
        }
    }
    result.context("tests failed")?;
    eprintln!("{}", if options.arguments.is_empty() { "all tests passed" } else { "the chosen tests passed" });
    Ok(())
}
