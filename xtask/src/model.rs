//! Runs the models: what threads share, in every order of steps.

use anyhow::Result;

use crate::build;
use crate::process::{self, cargo};

/// Builds the crate with the locks and atomics of the model checker and runs what is written for it.
///
/// # Errors
/// An order of steps breaks what must hold, or the build failed.
pub fn run() -> Result<()> {
    let mut models = cargo();
    // In a folder of its own: with other flags everything is built anew.
    models.env("RUSTFLAGS", "--cfg slotmesh_model").env("CARGO_TARGET_DIR", build::target_dir()?.join("model"));
    process::run(models.args(["test", "--package", "slotmesh-command", "--lib", "models::"]))
}
