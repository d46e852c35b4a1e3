//! Clients of others, in pinned packages that are installed beside the real servers when a test first wants them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

/// Tests run side by side, and two that install into one folder spoil each other's work.
static INSTALLING: Mutex<()> = Mutex::new(());

/// The Python of the real servers' packages, with `packages`, which are there if it can import `modules`.
pub(crate) fn python(packages: &[&str], modules: &str) -> Result<PathBuf> {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let python = home()?.join("bin").join("python");
    ensure!(python.exists(), "there is no {}; cargo xtask test makes it", python.display());
    let import = format!("import {modules}");
    if run(Command::new(&python).args(["-c", &import])).is_err() {
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
        run(Command::new(&python).args(options).args(packages))?;
    }
    Ok(python)
}

/// The folder that holds `node_modules` with this package of npm.
pub(crate) fn node_modules(name: &str, version: &str) -> Result<PathBuf> {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    run(Command::new("node").arg("--version"))?;
    let folder = home()?.join("node");
    if !folder.join("node_modules").join(name).join("package.json").exists() {
        let options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
        let package = format!("{name}@{version}");
        run(Command::new("npm").args(["install", "--prefix"]).arg(&folder).args(options).arg(package))?;
    }
    Ok(folder)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("can't run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn home() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("a target folder")?.join("peers"))
}
