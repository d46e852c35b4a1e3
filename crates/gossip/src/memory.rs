//! What a node has to remember beyond a restart, and nodes.conf has no place for: real servers refuse to start on words
//! in it that they do not know.

use std::time::Duration;

use slotmesh_table::Term;
use slotmesh_types::{NodeId, Now, UnixMillis};

use crate::engine::Engine;

/// What lasts beside nodes.conf. The driver saves it whenever it saves the table, and before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Nodes that gossip may not bring back; ordered by id.
    pub forgotten: Vec<Ban>,
    /// Members that said they have forgotten this node; ordered by id.
    pub forgotten_by: Vec<NodeId>,
    /// An operator made this node leave: its seeds do not bring it back.
    pub left: bool,
}

/// A node that gossip may not bring back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The node.
    pub id: NodeId,
    /// When the ban ends: seconds since the Unix epoch.
    pub until_unix_s: u64,
    /// How long the whole ban lasts in seconds.
    pub length_s: u64,
}

impl Ban {
    fn new(now: Now, id: NodeId, term: Term) -> Self {
        let length_s = u64::try_from(term.length.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        Self { id, until_unix_s: now.to_unix(term.until).0.div_ceil(1000), length_s }
    }

    /// What is left of it. Never more than the whole, whatever has become of the wall clock meanwhile.
    fn term(&self, now: Now) -> Term {
        let length = Duration::from_secs(self.length_s);
        let until = now.to_mono(UnixMillis(self.until_unix_s.saturating_mul(1000)));
        Term { until: until.min(now.mono.after(length)), length }
    }
}

impl Engine {
    /// What has to last.
    #[must_use]
    pub fn memory(&self, now: Now) -> Memory {
        let terms = self.table.forgotten.terms(now.mono);
        let members = self.table.nodes().filter(|(_, node)| !node.handshake);
        let mut forgotten_by: Vec<_> =
            members.filter(|(key, _)| self.peers[*key].forgot_us).map(|(_, node)| *node.id()).collect();
        forgotten_by.sort_unstable();
        Memory {
            forgotten: terms.map(|(id, term)| Ban::new(now, *id, term)).collect(),
            forgotten_by,
            left: self.seeds.left,
        }
    }

    /// Takes up what an earlier run had to remember. For the start, before any other input.
    ///
    /// A node that is both in the table and forgotten was forgotten just before the end of that run, so it goes.
    pub fn recall(&mut self, now: Now, memory: &Memory) {
        self.now = now;
        for ban in &memory.forgotten {
            let (term, known) = (ban.term(now), self.table.lookup(&ban.id));
            let kept = known.is_some_and(|key| key == self.table.my_key() || self.is_my_primary(key));
            if term.until <= now.mono || kept {
                continue;
            }
            if let Some(key) = known {
                self.forget_node(key, term.length, None);
            }
            self.table.forgotten.impose(ban.id, now.mono, term);
        }
        for key in memory.forgotten_by.iter().filter_map(|id| self.table.lookup(id)) {
            self.peers[key].forgot_us = true;
        }
        self.seeds.left = memory.left;
        self.touch();
        self.settle();
    }

    /// How many members said that they have forgotten this node.
    pub(crate) fn forgotten_by(&self) -> usize {
        self.table.nodes().filter(|(key, node)| !node.handshake && self.peers[*key].forgot_us).count()
    }
}
