//! What a program can check, so that nobody has to remember it.

use anyhow::Result;

use crate::process::{self, cargo};
use crate::{codegen, crate_map, docs, rules};

/// Runs all checks.
///
/// # Errors
/// One of them failed.
pub fn run() -> Result<()> {
    crate_map::check()?;
    rules::check()?;
    docs::check()?;
    codegen::check()?;
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    process::run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let bare = ["clippy", "-p", "slotmesh-node", "-p", "slotmesh-server", "--no-default-features", "--all-targets"];
    process::run(cargo().args(bare).args(["--", "-D", "warnings"]))?;
    process::run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    deny()
}

fn deny() -> Result<()> {
    let present = cargo().args(["deny", "--version"]).output().is_ok_and(|output| output.status.success());
    if !present {
        eprintln!("skipped: cargo deny is not installed (cargo install cargo-deny --locked)");
        return Ok(());
    }
    process::run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}
