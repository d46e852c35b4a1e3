//! Where cargo puts things, and the server binary it makes.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{self, cargo};

/// Names the server binary; `cargo xtask test` sets it for the tests.
pub const SERVER_VARIABLE: &str = "SLOTMESH_SERVER";

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
    if let Some(path) = server_from_environment()? {
        return Ok(path);
    }
    process::run(cargo().args(["build", "--quiet", "--release", "-p", "slotmesh-server"]))?;
    Ok(target_dir()?.join("release").join("slotmesh-server"))
}

/// The server binary that the environment names, if it names one.
///
/// # Errors
/// It names a file that isn't there.
pub fn server_from_environment() -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(SERVER_VARIABLE).map(PathBuf::from) else { return Ok(None) };
    ensure!(path.is_file(), "{SERVER_VARIABLE} names {}, which is not a file", path.display());
    // Tests run in the folders of their packages.
    Ok(Some(std::path::absolute(path)?))
}
