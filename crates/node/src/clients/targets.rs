//! Connections to servers that keys were sent to, for the next keys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use slotmesh_command::{Credentials, Migration};

use super::target::{Parked, Target};

/// How long a connection is kept that nobody uses. Source: `MIGRATE_SOCKET_CACHE_TTL`.
const KEPT: Duration = Duration::from_secs(10);
/// How many are kept. Source: `MIGRATE_SOCKET_CACHE_ITEMS`.
const KEPT_MAX: usize = 64;

/// Where a connection leads, and whom the other end takes this node for: nobody is to send keys under the name of
/// somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whither {
    host: String,
    port: String,
    credentials: Option<Credentials>,
}

impl Whither {
    pub(super) fn of(migration: &Migration) -> Self {
        let Migration { host, port, credentials, .. } = migration;
        Self { host: host.clone(), port: port.clone(), credentials: credentials.clone() }
    }
}

/// Connections that nobody uses, those that were used last at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets(Arc<Mutex<Vec<(Whither, Instant, Parked)>>>);

impl Targets {
    /// Takes a connection that leads there.
    pub(super) fn take(&self, whither: &Whither) -> Option<Target> {
        loop {
            let (_, used, parked) = {
                let mut kept = self.kept();
                let at = kept.iter().rposition(|(other, ..)| other == whither)?;
                kept.remove(at)
            };
            if used.elapsed() < KEPT
                && let Some(target) = parked.wake()
            {
                return Some(target);
            }
        }
    }

    /// Keeps a connection for a while.
    pub(super) fn keep(&self, whither: Whither, target: Target) {
        let Some(parked) = target.park() else { return };
        let mut kept = self.kept();
        if kept.len() == KEPT_MAX {
            kept.remove(0);
        }
        kept.push((whither, Instant::now(), parked));
    }

    /// Closes those that nobody has used for a while. To be called now and then.
    pub(crate) fn close_old(&self) {
        let mut kept = self.kept();
        let old = kept.partition_point(|(_, used, _)| used.elapsed() >= KEPT);
        kept.drain(..old);
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(Whither, Instant, Parked)>> {
        self.0.lock()
    }
}
