//! A forgotten node does not come back within its term, unless an operator makes it or the forgetting node meet somebody.

use std::collections::BTreeMap;

use slotmesh_gossip::{Engine, Event, HandshakeOrigin};
use slotmesh_types::{Mono, NodeId, Now};

/// Who may not come back where, and since when and until when.
pub(super) struct Bans {
    bans: Vec<BTreeMap<NodeId, Ban>>,
    /// The last operator's MEET that each node took part in.
    met: Vec<Option<Mono>>,
    /// Every id a node has had.
    ids: BTreeMap<NodeId, usize>,
    /// When an operator last began to make nodes forget an id, and when that is over everywhere.
    forgets: BTreeMap<NodeId, Ban>,
}

#[derive(Clone, Copy)]
struct Ban {
    since: Mono,
    until: Mono,
}

impl Bans {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            bans: (0..nodes).map(|_| BTreeMap::new()).collect(),
            met: vec![None; nodes],
            ids: BTreeMap::new(),
            forgets: BTreeMap::new(),
        }
    }

    pub(super) fn met(&mut self, from: usize, to: usize, now: Mono) {
        self.met[from] = Some(now);
        self.met[to] = Some(now);
    }

    /// What had reached the disk still holds; a wall clock that was stepped meanwhile may have made it shorter.
    pub(super) fn restarted(&mut self, node: usize, engine: &Engine, now: Now) {
        let left: BTreeMap<NodeId, _> = engine.table().forgotten.iter(now.mono).map(|(id, left)| (*id, left)).collect();
        self.bans[node].retain(|id, ban| {
            let Some(left) = left.get(id) else { return false };
            ban.until = now.mono.after(*left);
            true
        });
    }

    /// RESET ends every term.
    pub(super) fn reset(&mut self, node: usize) {
        self.bans[node].clear();
    }

    pub(super) fn check(&mut self, node: usize, engine: &Engine, now: Now, events: &[Event]) -> Result<(), String> {
        self.ids.insert(*engine.table().me().id(), node);
        // A MEET counts for as long as the node that was told to tries.
        if engine.handshakes().any(|handshake| handshake.origin != HandshakeOrigin::Peer) {
            self.met[node] = Some(now.mono);
        }
        for event in events {
            if let Event::NodeForgotten { node: gone, by } = event {
                let left = engine.table().forgotten.iter(now.mono).find(|(id, _)| **id == gone.id);
                // What others say may be over at once.
                if left.is_none() && by.is_none() && !engine.config().forget_ttl.is_zero() {
                    return Err(format!("forgets {} and does not bar it", gone.id));
                }
                let until = left.map_or(now.mono, |(_, left)| now.mono.after(left));
                let since = self.forgotten_since(gone.id, now.mono, until);
                self.bans[node].insert(gone.id, Ban { since, until });
            }
        }
        self.bans[node].retain(|_, ban| ban.until > now.mono);
        for (id, ban) in &self.bans[node] {
            let met = |index: usize| self.met[index].is_some_and(|at| at >= ban.since);
            let excused = met(node) || self.ids.get(id).is_some_and(|index| met(*index));
            if !excused && engine.table().lookup(id).is_some_and(|key| !engine.table().node(key).handshake) {
                let left = ban.until.since(now.mono);
                return Err(format!("{id} came back with {left:?} of its term to go"));
            }
        }
        Ok(())
    }

    /// When an operator began it: what was said between then and the news of it still counts.
    fn forgotten_since(&mut self, id: NodeId, now: Mono, until: Mono) -> Mono {
        let first = self.forgets.get(&id).filter(|first| first.until > now);
        let since = first.map_or(now, |first| first.since);
        self.forgets.insert(id, Ban { since, until });
        since
    }
}
