//! Runs the models: what threads share, in every order of steps.

use anyhow::Result;

use crate::build;
use crate::process::{self, cargo};

/// Builds the crates that have models with the locks and atomics of the model checker, and runs those.
///
/// # Errors
/// An order of steps breaks what must hold, or the build failed.
pub fn run() -> Result<()> {
    let mut models = cargo();
    // In a folder of its own: with other flags everything is built anew. Optimised, for there are many orders.
    models.env("RUSTFLAGS", "--cfg slotmesh_model").env("CARGO_TARGET_DIR", build::target_dir()?.join("model"));
    models.env("CARGO_PROFILE_DEV_OPT_LEVEL", "2");
    let crates = ["sync", "store", "command"].map(|name| format!("--package=slotmesh-{name}"));
    process::run(models.arg("test").args(crates).args(["--lib", "models::"]))
}
