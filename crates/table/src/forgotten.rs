//! Nodes that an operator made the cluster forget.

use std::collections::BTreeMap;
use std::time::Duration;

use slotmesh_types::{Mono, NodeId};

/// Nodes that gossip may not bring back, each until its time is over. Source: spec of the bus, 10.1, "blacklist".
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    until: BTreeMap<NodeId, Mono>,
}

impl Forgotten {
    /// Most entries kept; past it the one that ends first makes room. A bound on what a peer can make us remember.
    pub const MAX: usize = 16_384;

    /// Bars `id` for `ttl` from now; a later end replaces an earlier one and the other way round.
    pub fn insert(&mut self, id: NodeId, now: Mono, ttl: Duration) {
        self.purge(now);
        self.until.insert(id, now.after(ttl));
        if self.until.len() > Self::MAX
            && let Some(first) = self.until.iter().min_by_key(|(_, end)| **end).map(|(id, _)| *id)
        {
            self.until.remove(&first);
        }
    }

    /// Whether `id` is barred.
    #[must_use]
    pub fn contains(&self, id: &NodeId, now: Mono) -> bool {
        self.until.get(id).is_some_and(|end| *end > now)
    }

    /// Lifts the bar, as an operator's MEET does.
    pub fn remove(&mut self, id: &NodeId) {
        self.until.remove(id);
    }

    /// The barred nodes and how long each is barred for, ordered by id.
    pub fn iter(&self, now: Mono) -> impl Iterator<Item = (&NodeId, Duration)> {
        self.until.iter().filter(move |(_, end)| **end > now).map(move |(id, end)| (id, end.since(now)))
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.until.clear();
    }

    /// Drops what is over.
    pub fn purge(&mut self, now: Mono) {
        self.until.retain(|_, end| *end > now);
    }
}
