//! Connections between nodes, and what is under way on them.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_gossip::LinkId;
use slotmesh_types::Mono;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) node: usize,
    pub(crate) link: LinkId,
}

/// Something that will happen at a node.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// A connection that `from` asked for reaches the node at an address.
    Connect { from: End, to: usize },
    /// A connection that was asked for is there.
    Connected(End),
    /// A connection that was asked for could not be made.
    Failed(End),
    /// Bytes of a packet.
    Packet(End, Vec<u8>),
    /// The other end was closed.
    Closed(End),
}

/// Connections and what is under way, in the order in which it arrives.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) peers: BTreeMap<End, End>,
    /// When the last thing sent from an end arrives: what is sent later arrives later.
    last: BTreeMap<End, Mono>,
    queue: BTreeMap<(Mono, u64), Arrival>,
    sequence: u64,
    /// Pairs of nodes that can't reach each other, in one direction.
    pub(crate) cuts: BTreeSet<(usize, usize)>,
    /// Bytes sent so far.
    pub(crate) bytes: u64,
}

impl Network {
    pub(crate) fn schedule(&mut self, at: Mono, arrival: Arrival) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), arrival);
    }

    /// Sends from one end to the other, behind what was sent before.
    pub(crate) fn send(&mut self, from: End, at: Mono, arrival: Arrival) {
        let at = self.last.get(&from).map_or(at, |last| at.max(*last));
        self.last.insert(from, at);
        self.schedule(at, arrival);
    }

    pub(crate) fn next_at(&self) -> Option<Mono> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn pop(&mut self, now: Mono) -> Option<Arrival> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    pub(crate) fn join(&mut self, a: End, b: End) {
        self.peers.insert(a, b);
        self.peers.insert(b, a);
    }

    /// Takes an end out; gives the other one, which does not know yet.
    pub(crate) fn leave(&mut self, end: End) -> Option<End> {
        self.last.remove(&end);
        let other = self.peers.remove(&end)?;
        self.peers.remove(&other);
        Some(other)
    }

    /// Every end at a node.
    pub(crate) fn ends_of(&self, node: usize) -> Vec<End> {
        self.peers.keys().filter(|end| end.node == node).copied().collect()
    }
}
