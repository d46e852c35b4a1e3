//! Nodes that an operator made the cluster forget.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slotmesh_types::{Mono, NodeId};

/// Nodes that gossip may not bring back, each until its term is over. Source: spec of the bus, 10.1, "blacklist".
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    terms: BTreeMap<NodeId, Term>,
    /// The same by their ends: what is over, and what makes room, is found without a look at the others.
    ends: BTreeSet<(Mono, NodeId)>,
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
        if let Some(before) = self.terms.insert(id, term) {
            self.ends.remove(&(before.until, id));
        }
        self.ends.insert((term.until, id));
        if self.terms.len() > Self::MAX
            && let Some((_, first)) = self.ends.pop_first()
        {
            self.terms.remove(&first);
        }
    }

    /// Whether `id` is barred.
    #[must_use]
    pub fn contains(&self, id: &NodeId, now: Mono) -> bool {
        self.terms.get(id).is_some_and(|term| term.until > now)
    }

    /// Since when `id` is barred, if it is.
    #[must_use]
    pub fn since(&self, id: &NodeId, now: Mono) -> Option<Mono> {
        self.terms.get(id).filter(|term| term.until > now).map(|term| term.until.before(term.length))
    }

    /// Lifts the bar, as an operator's MEET does.
    pub fn remove(&mut self, id: &NodeId) {
        if let Some(term) = self.terms.remove(id) {
            self.ends.remove(&(term.until, *id));
        }
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
        self.ends.clear();
    }

    /// Drops what is over; tells whether there was any.
    pub fn purge(&mut self, now: Mono) -> bool {
        let before = self.terms.len();
        while let Some((_, id)) = self.ends.first().copied().filter(|(until, _)| *until <= now) {
            self.remove(&id);
        }
        self.terms.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ban_that_ends_first_makes_room() {
        let mut forgotten = Forgotten::default();
        let now = Mono::from_micros(1);
        for number in 0..Forgotten::MAX as u32 {
            forgotten.insert(id(number), now, Duration::from_secs(20));
        }
        // A new term replaces the old one: this is not the first to end any more.
        forgotten.insert(id(7), now, Duration::from_secs(10));
        forgotten.insert(id(8), now, Duration::from_secs(5));
        forgotten.insert(id(8), now, Duration::from_secs(30));
        forgotten.insert(id(Forgotten::MAX as u32), now, Duration::from_secs(20));
        assert_eq!(forgotten.iter(now).count(), Forgotten::MAX);
        assert!(!forgotten.contains(&id(7), now) && forgotten.contains(&id(8), now));
    }

    #[test]
    fn a_ban_knows_its_beginning_until_it_ends() {
        let mut forgotten = Forgotten::default();
        let now = Mono::from_micros(5_000_000);
        forgotten.insert(id(1), now, Duration::from_secs(1));
        let later = |millis| now.after(Duration::from_millis(millis));
        assert_eq!(forgotten.since(&id(1), later(999)), Some(now));
        assert_eq!(forgotten.since(&id(1), later(1000)), None);
        assert_eq!(forgotten.since(&id(2), now), None);
        forgotten.impose(id(2), now, Term { until: later(500), length: Duration::from_secs(2) });
        assert_eq!(forgotten.since(&id(2), now), Some(now.before(Duration::from_millis(1500))), "an earlier run's");
    }

    #[test]
    fn what_is_over_is_dropped_and_nothing_else() {
        let mut forgotten = Forgotten::default();
        let now = Mono::from_micros(1);
        forgotten.insert(id(1), now, Duration::from_secs(1));
        forgotten.insert(id(2), now, Duration::from_secs(3));
        forgotten.insert(id(3), now, Duration::from_secs(1));
        forgotten.remove(&id(3));
        assert!(!forgotten.purge(now.after(Duration::from_millis(999))));
        assert!(forgotten.purge(now.after(Duration::from_secs(1))), "a ban counts until its end, not at it");
        assert!(!forgotten.purge(now.after(Duration::from_secs(1))));
        assert_eq!((forgotten.terms.len(), forgotten.ends.len()), (1, 1));
        forgotten.clear();
        assert_eq!((forgotten.terms.len(), forgotten.ends.len()), (0, 0));
    }

    fn id(number: u32) -> NodeId {
        let mut entropy = [0; 20];
        entropy[..4].copy_from_slice(&number.to_be_bytes());
        NodeId::from_entropy(entropy)
    }
}
