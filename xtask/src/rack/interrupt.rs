//! Ctrl-C as a flag that every wait looks at, so that the way out is the ordinary one: values are dropped, and with them
//! processes and folders.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT, SIGTERM and SIGHUP end the waits of this process instead of the process.
///
/// # Errors
/// A handler is installed already.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed)).context("can't listen for signals")
}

/// Whether somebody asked for the end.
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// # Errors
/// Somebody asked for the end.
pub fn check() -> Result<()> {
    ensure!(!asked(), "interrupted");
    Ok(())
}
