//! Open files: enough for every client that is allowed.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use slotmesh_config::Config;

/// Descriptors for everything but clients: listeners, files, and links of the bus.
const RESERVED: u64 = 256;

/// Raises the limit of open files to what `maxclients` needs, or lowers `maxclients` to what there is.
///
/// # Errors
/// When not even one client would find room.
pub(crate) fn fit(config: &mut Config) -> anyhow::Result<()> {
    let wanted = config.number("maxclients").unsigned_abs();
    let needed = wanted.saturating_add(RESERVED);
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= needed {
        return Ok(());
    }
    let possible = limit.maximum.unwrap_or(u64::MAX).min(needed);
    let granted = match setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum: limit.maximum }) {
        Ok(()) => possible,
        Err(_) => current,
    };
    if granted >= needed {
        return Ok(());
    }
    let fitting = granted.saturating_sub(RESERVED);
    anyhow::ensure!(
        fitting > 0,
        "the limit of open files is {granted}, but {needed} are needed for maxclients {wanted}; raise it (ulimit -n)"
    );
    config.set(&[("maxclients", &fitting.to_string())])?;
    tracing::warn!(
        "Current maximum open files is {granted}. maxclients has been reduced to {fitting} to compensate for low \
         ulimit. If you need higher maxclients increase 'ulimit -n'."
    );
    Ok(())
}
