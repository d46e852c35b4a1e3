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

/// The crates with examples for people.
const EXAMPLES_OF: [&str; 9] = [
    "slotmesh-admin",
    "slotmesh-config",
    "slotmesh-gossip",
    "slotmesh-node",
    "slotmesh-resp",
    "slotmesh-sim",
    "slotmesh-table",
    "slotmesh-types",
    "slotmesh-wire",
];

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

/// The server binary for tests: the one that the environment names, else a build made now that checks its assertions, which a
/// release leaves out, and takes a third of the time to make.
///
/// # Errors
/// As [`server`].
pub fn checking_server() -> Result<PathBuf> {
    checking(SERVER_VARIABLE, "slotmesh-server", "slotmesh-server")
}

/// The command line tool for tests: the one that the environment names, else a build made now.
///
/// # Errors
/// As [`server`].
pub fn tool() -> Result<PathBuf> {
    checking(TOOL_VARIABLE, "slotmesh-cli", "slotmesh")
}

fn checking(variable: &str, package: &str, program: &str) -> Result<PathBuf> {
    if let Some(path) = from_environment(variable)? {
        return Ok(path);
    }
    process::run(cargo().args(["build", "--quiet", "-p", package]))?;
    Ok(target_dir()?.join("debug").join(program))
}

/// The folder of the example programs: the one that the environment names, else that of a build made now.
///
/// # Errors
/// As [`server`].
pub fn examples() -> Result<PathBuf> {
    if let Some(path) = examples_from_environment()? {
        return Ok(path);
    }
    let packages = EXAMPLES_OF.iter().flat_map(|package| ["-p", package]);
    process::run(cargo().args(["build", "--quiet", "--examples"]).args(packages))?;
    Ok(target_dir()?.join("debug").join("examples"))
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
