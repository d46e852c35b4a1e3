//! Where cargo puts things, and the binaries it makes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{self, cargo};

/// Names the server binary; `cargo xtask test` sets it for the tests.
pub const SERVER_VARIABLE: &str = "SLOTMESH_SERVER";

/// Names the binary of the command line tool; `cargo xtask test` sets it for the tests.
pub const TOOL_VARIABLE: &str = "SLOTMESH_TOOL";

/// Names the folder of the built example programs; `cargo xtask test` sets it for the tests.
pub const EXAMPLES_VARIABLE: &str = "SLOTMESH_EXAMPLES";

/// What tests start.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The server, with its assertions, which a release leaves out.
    pub server: PathBuf,
    /// The command line tool.
    pub tool: PathBuf,
    /// The folder of the example programs.
    pub examples: PathBuf,
}

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
    process::run(cargo().args(["build", "--release", "-p", "slotmesh-server"]))?;
    Ok(target_dir()?.join("release").join("slotmesh-server"))
}

/// What tests start: what the environment names, and of a build made now what it does not.
///
/// # Errors
/// As [`server`].
pub fn programs() -> Result<Programs> {
    let named = [from_environment(SERVER_VARIABLE)?, from_environment(TOOL_VARIABLE)?, examples_from_environment()?];
    if named.iter().any(Option::is_none) {
        // With the features that the tests are built with, so that these find everything built.
        process::run(cargo().args(["build", "--workspace", "--bins", "--examples"]))?;
    }
    let built = target_dir()?.join("debug");
    let [server, tool, examples] = named;
    Ok(Programs {
        server: server.unwrap_or_else(|| built.join("slotmesh-server")),
        tool: tool.unwrap_or_else(|| built.join("slotmesh")),
        examples: examples.unwrap_or_else(|| built.join("examples")),
    })
}

/// The folder of example programs that the environment names, if it does.
///
/// # Errors
/// It names a folder that isn't there.
pub fn examples_from_environment() -> Result<Option<PathBuf>> {
    named(EXAMPLES_VARIABLE, Path::is_dir)
}

/// The binary that this variable of the environment names, if it is set.
///
/// # Errors
/// It names a file that isn't there.
pub fn from_environment(variable: &str) -> Result<Option<PathBuf>> {
    named(variable, Path::is_file)
}

fn named(variable: &str, is_there: impl Fn(&Path) -> bool) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else { return Ok(None) };
    ensure!(is_there(&path), "{variable} names {}, which is not there", path.display());
    // Tests run in the folders of their packages.
    Ok(Some(std::path::absolute(path)?))
}
