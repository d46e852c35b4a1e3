//! Waiting for a condition of another process, which can only be asked for.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::interrupt;

/// Pause between two looks: fine enough to measure by, coarse enough not to disturb what is measured.
const PAUSE: Duration = Duration::from_millis(4);

/// Asks `probe` until it answers, and gives its answer. An error means "not yet"; the last one tells what was missing.
///
/// # Errors
/// The time is up, or Ctrl-C was pressed.
pub fn until<T>(what: impl Display, timeout: Duration, mut probe: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        match probe() {
            Ok(seen) => return Ok(seen),
            Err(missing) if start.elapsed() > timeout => {
                return Err(missing).with_context(|| format!("waited {timeout:?} in vain for {what}"));
            }
            Err(_) => pause(PAUSE)?,
        }
    }
}

/// Lets `length` pass, for measurements over a window; ends early, with an error, on Ctrl-C.
///
/// # Errors
/// Ctrl-C was pressed.
pub fn pause(length: Duration) -> Result<()> {
    const STEP: Duration = Duration::from_millis(50);
    let end = Instant::now() + length;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        interrupt::check()?;
        #[expect(clippy::disallowed_methods, reason = "the one place that polls other processes")]
        std::thread::sleep(left.min(STEP));
    }
    interrupt::check()
}
