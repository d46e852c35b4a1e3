//! Open files: enough for every client that is allowed, for strangers on the bus, and for the admin API.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use slotmesh_config::{Config, SetError};

/// Descriptors for listeners and files. Links with members count as clients, as in real servers.
const RESERVED: u64 = 256;

/// Links of strangers that the bus takes where there is room for them, and where there is little.
const STRANGERS: u64 = 4096;
const STRANGERS_MIN: u64 = 64;

/// Connections of the admin API, where it is on, if there is room for them, and if there is little.
const ADMIN: u64 = 2048;
const ADMIN_MIN: u64 = 16;

/// How the descriptors are shared out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// Links of strangers on the bus.
    pub(crate) strangers: u64,
    /// Connections of the admin API; 0 where it is off.
    pub(crate) admin: u64,
}

impl Shares {
    /// Raises the limit of open files to what `maxclients` needs, or lowers `maxclients` to what there is.
    ///
    /// # Errors
    /// When not even one client would find room.
    pub(crate) fn fit(config: &mut Config) -> anyhow::Result<Self> {
        let wanted = config.number("maxclients").unsigned_abs();
        let full =
            Self { strangers: STRANGERS, admin: if config.port("slotmesh-admin-port") == 0 { 0 } else { ADMIN } };
        let needed = wanted.saturating_add(full.others());
        let granted = raise(needed);
        if granted >= needed {
            return Ok(full);
        }
        let shares = full.within(granted, wanted);
        if shares.admin < full.admin {
            tracing::warn!(
                "Current maximum open files is {granted}. The admin API takes {} connections at most, not {}.",
                shares.admin,
                full.admin
            );
        }
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

    /// The shares when there are fewer descriptors than all want: clients come first, and nobody goes without.
    fn within(self, granted: u64, clients: u64) -> Self {
        let spare = granted.saturating_sub(clients.saturating_add(RESERVED));
        let admin = (spare / 3).max(granted / 32).max(ADMIN_MIN).min(self.admin);
        let strangers = spare.saturating_sub(admin).max(granted / 16).max(STRANGERS_MIN).min(self.strangers);
        Self { strangers, admin }
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
        RESERVED + self.strangers + self.admin
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

#[cfg(test)]
mod tests {
    use super::*;

    fn within(granted: u64, clients: u64, admin: u64) -> (u64, u64, u64) {
        let shares = Shares { strangers: STRANGERS, admin }.within(granted, clients);
        (granted.saturating_sub(shares.others()).min(clients), shares.strangers, shares.admin)
    }

    #[test]
    fn descriptors_that_are_scarce_are_shared_out_among_clients_strangers_and_the_admin_api() {
        assert_eq!(within(1024, 10_000, ADMIN), (672, 64, 32));
        assert_eq!(within(1024, 10_000, 0), (704, 64, 0), "an API that is off needs none");
        assert_eq!(within(300, 10_000, ADMIN), (0, 64, 16));
        assert_eq!(within(4096, 100, ADMIN), (100, 2494, 1246), "what clients leave");
        assert_eq!(within(16_000, 10_000, ADMIN), (10_000, 3830, 1914));
    }

    #[test]
    fn shares_never_exceed_what_there_is_once_clients_are_cut_to_fit() {
        for granted in (400..20_000).step_by(37) {
            for clients in [1, 100, 1000, 10_000] {
                for api in [0, ADMIN] {
                    let (clients, strangers, admin) = within(granted, clients, api);
                    assert!(clients > 0 && clients + strangers + admin + RESERVED <= granted, "{granted}");
                }
            }
        }
    }
}
