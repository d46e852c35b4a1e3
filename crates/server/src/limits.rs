//! Open files: enough for every client that is allowed, and for strangers on the bus.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use slotmesh_config::{Config, SetError};

/// Descriptors for listeners and files. Links with members count as clients, as in real servers.
const RESERVED: u64 = 256;

/// Links of strangers that the bus takes where there is room for them, and where there is little.
const STRANGERS: u64 = 4096;
const STRANGERS_MIN: u64 = 64;

/// How the descriptors are shared out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// Links of strangers on the bus.
    pub(crate) strangers: u64,
}

impl Shares {
    /// Raises the limit of open files to what `maxclients` needs, or lowers `maxclients` to what there is.
    ///
    /// # Errors
    /// When not even one client would find room.
    pub(crate) fn fit(config: &mut Config) -> anyhow::Result<Self> {
        let wanted = config.number("maxclients").unsigned_abs();
        let needed = wanted.saturating_add(RESERVED + STRANGERS);
        let granted = raise(needed);
        if granted >= needed {
            return Ok(Self { strangers: STRANGERS });
        }
        let spare = granted.saturating_sub(wanted.saturating_add(RESERVED));
        let shares = Self { strangers: spare.max(granted / 16).clamp(STRANGERS_MIN, STRANGERS) };
        let fitting = granted.saturating_sub(shares.others());
        if fitting >= wanted {
            return Ok(shares);
        }
        anyhow::ensure!(
            fitting > 0,
            "the limit of open files is {granted}, but {needed} are needed for maxclients {wanted}; raise it (ulimit -n)"
        );
        config.set(&[("maxclients", &fitting.to_string())])?;
        tracing::warn!(
            "Current maximum open files is {granted}. maxclients has been reduced to {fitting} to compensate for low \
             ulimit. If you need higher maxclients increase 'ulimit -n'."
        );
        Ok(shares)
    }

    /// Raises the limit to what `maxclients` needs after CONFIG SET.
    ///
    /// # Errors
    /// When it can't be raised so far.
    pub(crate) fn admit(self, config: &Config) -> Result<(), SetError> {
        let needed = config.number("maxclients").unsigned_abs().saturating_add(self.others());
        let granted = raise(needed);
        if granted >= needed {
            return Ok(());
        }
        let fitting = granted.saturating_sub(self.others());
        let reason =
            format!("The operating system is not able to handle the specified number of clients, try with {fitting}");
        Err(SetError::Refused { name: "maxclients".to_owned(), reason })
    }

    /// Descriptors for all but clients.
    fn others(self) -> u64 {
        RESERVED + self.strangers
    }
}

/// Raises the limit of open files as far as it goes towards `needed`. Gives the one that holds.
fn raise(needed: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let possible = limit.maximum.unwrap_or(u64::MAX).min(needed);
    if current >= possible {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum: limit.maximum }) {
        Ok(()) => possible,
        Err(_) => current,
    }
}
