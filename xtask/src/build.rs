//! Where cargo puts things, and the binaries it makes.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{self, cargo};

/// Names the server binary; `cargo xtask test` sets it for the tests.
pub const SERVER_VARIABLE: &str = "SLOTMESH_SERVER";

/// Names the binary of the command line tool; `cargo xtask test` sets it for the tests.
pub const TOOL_VARIABLE: &str = "SLOTMESH_TOOL";

/// The folder that cargo builds into.
///
/// # Errors
/// `cargo metadata` failed.
pub fn target_dir() -> Result<PathBuf> {
    let output = cargo().args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata names no target directory")?.into())
}

/// The server binary: the one that the environment names, else a release build made now.
///
/// # Errors
/// The build failed, or the environment names a file that isn't there.
pub fn server() -> Result<PathBuf> {
    if let Some(path) = from_environment(SERVER_VARIABLE)? {
        return Ok(path);
    }
    process::run(cargo().args(["build", "--quiet", "--release", "-p", "slotmesh-server"]))?;
    Ok(target_dir()?.join("release").join("slotmesh-server"))
}

/// The command line tool: the one that the environment names, else a build made now. Nothing is measured with it, so the
/// quicker build will do.
///
/// # Errors
/// As [`server`].
pub fn tool() -> Result<PathBuf> {
    if let Some(path) = from_environment(TOOL_VARIABLE)? {
        return Ok(path);
    }
    process::run(cargo().args(["build", "--quiet", "-p", "slotmesh-cli"]))?;
    Ok(target_dir()?.join("debug").join("slotmesh"))
}

/// The binary that this variable of the environment names, if it is set.
///
/// # Errors
/// It names a file that isn't there.
pub fn from_environment(variable: &str) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else { return Ok(None) };
    ensure!(path.is_file(), "{variable} names {}, which is not a file", path.display());
    // Tests run in the folders of their packages.
    Ok(Some(std::path::absolute(path)?))
}
