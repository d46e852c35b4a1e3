//! Nodes that an operator made the cluster forget.

use std::collections::BTreeMap;
use std::time::Duration;

use slotmesh_types::{Mono, NodeId};

/// Nodes that gossip may not bring back, each until its term is over. Source: spec of the bus, 10.1, "blacklist".
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    terms: BTreeMap<NodeId, Term>,
}

/// How long a node is barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The end.
    pub until: Mono,
    /// The whole, from when it was imposed: a wall clock that was stepped between two runs can't make it longer.
    pub length: Duration,
}

impl Forgotten {
    /// Most entries kept; past it the one that ends first makes room. A bound on what a peer can make us remember.
    pub const MAX: usize = 16_384;

    /// Bars `id` for `ttl` from now; a later end replaces an earlier one and the other way round.
    pub fn insert(&mut self, id: NodeId, now: Mono, ttl: Duration) {
        self.impose(id, now, Term { until: now.after(ttl), length: ttl });
    }

    /// Bars `id` for this term, which may have begun in an earlier run.
    pub fn impose(&mut self, id: NodeId, now: Mono, term: Term) {
        self.purge(now);
        self.terms.insert(id, term);
        if self.terms.len() > Self::MAX
            && let Some(first) = self.terms.iter().min_by_key(|(_, term)| term.until).map(|(id, _)| *id)
        {
            self.terms.remove(&first);
        }
    }

    /// Whether `id` is barred.
    #[must_use]
    pub fn contains(&self, id: &NodeId, now: Mono) -> bool {
        self.terms.get(id).is_some_and(|term| term.until > now)
    }

    /// Lifts the bar, as an operator's MEET does.
    pub fn remove(&mut self, id: &NodeId) {
        self.terms.remove(id);
    }

    /// The barred nodes and how long each is barred for, ordered by id.
    pub fn iter(&self, now: Mono) -> impl Iterator<Item = (&NodeId, Duration)> {
        self.terms(now).map(move |(id, term)| (id, term.until.since(now)))
    }

    /// The barred nodes and their terms, ordered by id.
    pub fn terms(&self, now: Mono) -> impl Iterator<Item = (&NodeId, Term)> {
        self.terms.iter().filter(move |(_, term)| term.until > now).map(|(id, term)| (id, *term))
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.terms.clear();
    }

    /// Drops what is over; tells whether there was any.
    pub fn purge(&mut self, now: Mono) -> bool {
        let before = self.terms.len();
        self.terms.retain(|_, term| term.until > now);
        self.terms.len() < before
    }
}
