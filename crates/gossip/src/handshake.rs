//! Handshakes: from the wish to know a node to knowing it, or to the reason why not.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use slotmesh_table::{Address, NodeKey};
use slotmesh_types::{Host, Mono, NodeId};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;
use crate::link::ConnectError;

/// Names a handshake; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandshakeId(pub u64);

/// Who wished for a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeOrigin {
    /// An operator, with CLUSTER MEET.
    Operator,
    /// The peer, which sent MEET.
    Peer,
    /// The configuration, which names the place among its seeds.
    Seed,
}

impl fmt::Display for HandshakeOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operator => "user request",
            Self::Peer => "its MEET",
            Self::Seed => "a seed",
        })
    }
}

/// A handshake under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Its name.
    pub id: HandshakeId,
    /// Who wished for it.
    pub origin: HandshakeOrigin,
    /// Where the peer is.
    pub address: Address,
    /// When it started.
    pub started: Mono,
    /// When it is given up.
    pub deadline: Mono,
    /// How often a connection was tried.
    pub attempts: u32,
    /// What went wrong last, if anything. A connection that stands now came after it and has cleared it.
    pub last_error: Option<HandshakeTrouble>,
}

/// What went wrong with one attempt of a handshake; others follow until its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeTrouble {
    /// The connection could not be opened.
    #[error("{0}")]
    Unreachable(ConnectError),
    /// The connection stood, and the peer closed it without an answer.
    #[error("the peer closed the connection without an answer")]
    Closed,
}

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeEnd {
    /// The peer is a member now.
    Joined(NodeId),
    /// The peer was a member already, under its real name.
    AlreadyKnown(NodeId),
    /// The address is this node's own.
    Itself,
    /// The peer belongs to a cluster of another name.
    OtherCluster,
    /// Something other than a cluster bus answered: most likely a client port was given.
    NotABus,
    /// The peer closed the connection without an answer, until time was up.
    Refused,
    /// The connection could not be opened, until time was up.
    Unreachable(ConnectError),
    /// The connection stood, but nobody answered in time.
    TimedOut,
    /// An operator ended it: FORGET or RESET.
    Cancelled,
}

impl fmt::Display for HandshakeEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(id) => write!(f, "joined as {id}"),
            Self::AlreadyKnown(id) => write!(f, "already known as {id}"),
            Self::Itself => f.write_str("the address is this node's own"),
            Self::OtherCluster => f.write_str("the peer belongs to a cluster of another name (slotmesh-cluster-name)"),
            Self::NotABus => f.write_str("no cluster bus answered; was a client port given as the bus port?"),
            Self::Refused => HandshakeTrouble::Closed.fmt(f),
            Self::Unreachable(error) => write!(f, "{error}"),
            Self::TimedOut => f.write_str("connected, but no answer in time"),
            Self::Cancelled => f.write_str("cancelled by an operator"),
        }
    }
}

/// A handshake that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeRecord {
    /// What it was.
    pub handshake: Handshake,
    /// When it ended.
    pub ended: Mono,
    /// How it ended.
    pub end: HandshakeEnd,
}

/// Where a node is, as far as a handshake can tell one from another: peers may differ in the case of a host's letters.
type Place = (Host, u16);

fn place(address: &Address) -> Place {
    (address.host.to_lowercase(), address.bus_port)
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Handshakes {
    open: BTreeMap<NodeKey, Handshake>,
    /// Those of `open` by their place: each entry of a stranger's gossip asks for one, and thousands may be open.
    places: BTreeMap<Place, BTreeSet<NodeKey>>,
    /// Those of `open` that peers, operators and seeds wished for; kept, since each MEET asks.
    counts: [usize; 3],
    /// Nodes that only the peer of a handshake has told of, and some that have others' word or are gone by now.
    hearsay: BTreeMap<HandshakeId, BTreeSet<NodeKey>>,
    pub(crate) ended: VecDeque<HandshakeRecord>,
    pub(crate) last: u64,
}

impl Handshakes {
    /// Handshakes that peers may have under way here. A bound on what a flood of MEETs can cost [trust-3].
    pub(crate) const FROM_PEERS_MAX: usize = 1024;
    /// Handshakes that operators may have under way here.
    pub(crate) const FROM_OPERATORS_MAX: usize = 8192;
    /// Ended handshakes kept for those who ask.
    pub(crate) const ENDED_MAX: usize = 256;

    /// Those under way with the node at that place: peers can begin more than one.
    pub(crate) fn with(&self, address: &Address) -> impl Iterator<Item = (NodeKey, &Handshake)> {
        self.places.get(&place(address)).into_iter().flatten().map(|key| (*key, &self.open[key]))
    }

    /// How many of that origin are under way.
    pub(crate) fn count(&self, origin: HandshakeOrigin) -> usize {
        self.counts[origin as usize]
    }

    pub(crate) fn get(&self, key: NodeKey) -> Option<&Handshake> {
        self.open.get(&key)
    }

    /// To note how it goes: place and origin stay what they are.
    pub(crate) fn get_mut(&mut self, key: NodeKey) -> Option<&mut Handshake> {
        self.open.get_mut(&key)
    }

    pub(crate) fn insert(&mut self, key: NodeKey, handshake: Handshake) {
        self.counts[handshake.origin as usize] += 1;
        self.places.entry(place(&handshake.address)).or_default().insert(key);
        self.open.insert(key, handshake);
    }

    pub(crate) fn remove(&mut self, key: NodeKey) -> Option<Handshake> {
        let handshake = self.open.remove(&key)?;
        self.counts[handshake.origin as usize] -= 1;
        if let Entry::Occupied(mut keys) = self.places.entry(place(&handshake.address)) {
            keys.get_mut().remove(&key);
            if keys.get().is_empty() {
                keys.remove();
            }
        }
        Some(handshake)
    }
}

impl Engine {
    /// The handshakes under way.
    pub fn handshakes(&self) -> impl Iterator<Item = &Handshake> {
        self.handshakes.open.values()
    }

    /// The handshakes that ended last, oldest first.
    pub fn ended_handshakes(&self) -> impl Iterator<Item = &HandshakeRecord> {
        self.handshakes.ended.iter()
    }

    /// Ends the handshake of `key` and tells observers. The entry itself is the caller's affair.
    pub(crate) fn conclude(&mut self, key: NodeKey, end: HandshakeEnd) {
        let Some(handshake) = self.handshakes.remove(key) else { return };
        if self.handshakes.ended.len() == Handshakes::ENDED_MAX {
            self.handshakes.ended.pop_front();
        }
        let trusted = matches!(end, HandshakeEnd::Joined(_) | HandshakeEnd::AlreadyKnown(_));
        self.settle_hearsay(handshake.id, trusted);
        let record = HandshakeRecord { handshake, ended: self.now.mono, end };
        self.note_seed_handshake(&record);
        self.handshakes.ended.push_back(record.clone());
        self.emit(Event::HandshakeEnded(record));
    }

    /// Notes that nobody but `sender` has told of the node, if that one is still in handshake.
    pub(crate) fn note_hearsay(&mut self, key: NodeKey, sender: NodeKey) {
        if let Some(handshake) = self.handshakes.get(sender).map(|handshake| handshake.id) {
            self.peers[key].hearsay = Some(handshake);
            self.handshakes.hearsay.entry(handshake).or_default().insert(key);
        }
    }

    /// Whether nobody but a stranger has told of the node. There are seldom such nodes, and each entry of gossip asks.
    pub(crate) fn is_hearsay(&self, key: NodeKey) -> bool {
        !self.handshakes.hearsay.is_empty() && self.peers[key].hearsay.is_some()
    }

    /// The nodes that only a stranger has told of stay when it turns out to be somebody, or when they have shown who they
    /// are; else they go with its handshake [trust-4]. A flood of MEETs from nobody would fill the table for ever.
    fn settle_hearsay(&mut self, told_in: HandshakeId, trusted: bool) {
        for key in self.handshakes.hearsay.remove(&told_in).unwrap_or_default() {
            if self.table.get(key).is_none() || self.peers[key].hearsay != Some(told_in) {
                continue;
            }
            self.peers[key].hearsay = None;
            // Whom this node follows has spoken for itself, on a link that it opened. Without it nobody would be followed.
            let proven = self.peers[key].proven > 0 || self.is_my_primary(key);
            if !trusted && !proven {
                self.drop_node(key);
                self.want_save(Durability::Lazy);
            } else {
                self.relist(key);
            }
        }
    }

    /// Ends the handshake of `key` without success and drops its entry.
    pub(crate) fn abandon(&mut self, key: NodeKey, end: HandshakeEnd) {
        self.conclude(key, end);
        self.drop_node(key);
    }

    /// The end of a handshake whose time is up: the last thing that went wrong.
    pub(crate) fn expire_handshake(&mut self, key: NodeKey) {
        let last = self.handshakes.get(key).and_then(|handshake| handshake.last_error);
        let end = match last {
            None => HandshakeEnd::TimedOut,
            Some(HandshakeTrouble::Closed) => HandshakeEnd::Refused,
            Some(HandshakeTrouble::Unreachable(error)) => HandshakeEnd::Unreachable(error),
        };
        self.abandon(key, end);
    }
}

#[cfg(test)]
mod tests {
    use slotmesh_table::{NodeFacts, Table};
    use slotmesh_types::ShardId;

    use super::*;

    #[test]
    fn handshakes_are_found_by_place_whatever_case_it_is_written_in_and_counted_by_origin() {
        let mut table = Table::new(NodeId::from_entropy([0; 20]), ShardId::from_entropy([0; 20]));
        let mut key = |number| {
            let facts = NodeFacts::primary(NodeId::from_entropy([number; 20]), ShardId::from_entropy([0; 20]));
            table.add(facts, Mono::default()).expect("there is room")
        };
        let (first, second, third) = (key(1), key(2), key(3));
        let mut handshakes = Handshakes::default();
        handshakes.insert(first, handshake(HandshakeOrigin::Peer, "fd00::AB", 17_000));
        handshakes.insert(second, handshake(HandshakeOrigin::Peer, "fd00::ab", 17_000));
        handshakes.insert(third, handshake(HandshakeOrigin::Operator, "fd00::ab", 17_001));
        let with = |handshakes: &Handshakes, host, port| {
            let address = handshake(HandshakeOrigin::Seed, host, port).address;
            handshakes.with(&address).map(|(key, _)| key).collect::<Vec<_>>()
        };
        let counts = |handshakes: &Handshakes| {
            [HandshakeOrigin::Operator, HandshakeOrigin::Peer, HandshakeOrigin::Seed].map(|one| handshakes.count(one))
        };
        assert_eq!(with(&handshakes, "FD00::ab", 17_000), [first, second]);
        assert_eq!(with(&handshakes, "fd00::ab", 17_001), [third]);
        assert_eq!(counts(&handshakes), [1, 2, 0]);
        assert!(handshakes.remove(first).is_some() && handshakes.remove(first).is_none());
        assert_eq!(with(&handshakes, "fd00::ab", 17_000), [second]);
        assert_eq!(counts(&handshakes), [1, 1, 0]);
        assert!(handshakes.remove(second).is_some() && handshakes.remove(third).is_some());
        assert!(handshakes.places.is_empty(), "nothing is kept of what has ended");
    }

    fn handshake(origin: HandshakeOrigin, host: &str, bus_port: u16) -> Handshake {
        Handshake {
            id: HandshakeId(0),
            origin,
            address: Address { host: host.parse().expect("a host"), port: 7000, tls_port: 0, bus_port },
            started: Mono::default(),
            deadline: Mono::default(),
            attempts: 0,
            last_error: None,
        }
    }
}
