//! What one client listens to.

use std::collections::BTreeSet;

use bytes::Bytes;
use slotmesh_sync::Mutex;
use slotmesh_sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Kind;

/// What one client listens to. Its own thread changes it, and whoever takes a slot's shard channels away.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    names: Mutex<Names>,
    total: AtomicUsize,
}

#[derive(Debug, Default)]
struct Names {
    channels: BTreeSet<Bytes>,
    patterns: BTreeSet<Bytes>,
    shards: BTreeSet<Bytes>,
}

impl Names {
    fn of(&mut self, kind: Kind) -> &mut BTreeSet<Bytes> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shards,
        }
    }

    /// The number that confirmations tell: channels and patterns together, shard channels apart.
    fn told(&self, kind: Kind) -> usize {
        match kind {
            Kind::Channel | Kind::Pattern => self.channels.len() + self.patterns.len(),
            Kind::Shard => self.shards.len(),
        }
    }
}

/// What a change led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The number that the confirmation tells.
    pub(crate) told: usize,
    /// The client listened to nothing before.
    pub(crate) first: bool,
    /// It listens to nothing any more.
    pub(crate) last: bool,
}

impl Subscriptions {
    pub(crate) fn add(&self, kind: Kind, name: Bytes) -> Change {
        self.change(kind, |names| names.insert(name))
    }

    pub(crate) fn remove(&self, kind: Kind, name: &[u8]) -> Change {
        self.change(kind, |names| names.remove(name))
    }

    fn change(&self, kind: Kind, change: impl FnOnce(&mut BTreeSet<Bytes>) -> bool) -> Change {
        let mut names = self.names.lock();
        let changed = change(names.of(kind));
        let total = names.channels.len() + names.patterns.len() + names.shards.len();
        let before = self.total.swap(total, Relaxed);
        Change { told: names.told(kind), first: changed && before == 0, last: changed && total == 0 }
    }

    /// The number that confirmations tell.
    pub(crate) fn told(&self, kind: Kind) -> usize {
        self.names.lock().told(kind)
    }

    /// Every name of a kind, in order.
    pub(crate) fn all(&self, kind: Kind) -> Vec<Bytes> {
        self.names.lock().of(kind).iter().cloned().collect()
    }

    /// Numbers of channels, patterns and shard channels.
    pub(crate) fn counts(&self) -> [usize; 3] {
        let names = self.names.lock();
        [names.channels.len(), names.patterns.len(), names.shards.len()]
    }

    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        self.total.load(Relaxed) > 0
    }
}
