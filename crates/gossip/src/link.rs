//! Connections of the bus.

use slotmesh_table::NodeKey;
use slotmesh_types::{Host, Mono, NodeId};

use crate::action::Action;
use crate::engine::Engine;
use crate::traffic::Traffic;

/// Names a connection between engine and driver; never used twice. A later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

impl LinkId {
    /// More sockets than a process can have open.
    const PLACE_BITS: u32 = 24;

    /// The place of the link among those there are: small, no other has it as long as this one is there, and it is used
    /// again afterwards. For drivers that keep something beside each link.
    #[must_use]
    pub const fn place(self) -> usize {
        (self.0 & ((1 << Self::PLACE_BITS) - 1)) as usize
    }
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// This node.
    Outbound,
    /// The peer.
    Inbound,
}

/// Why a connection could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No way leads there.
    #[error("host unreachable")]
    Unreachable,
    /// Nobody answered.
    #[error("connection timed out")]
    TimedOut,
    /// The address can't be connected to at all.
    #[error("address not usable")]
    Address,
    /// Anything else.
    #[error("connection failed")]
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) direction: Direction,
    /// Outbound: the target. Inbound: whoever it has turned out to be.
    pub(crate) node: Option<NodeKey>,
    /// Who spoke on it last, by its own word.
    pub(crate) named: Option<NodeId>,
    pub(crate) created: Mono,
    pub(crate) connected: bool,
    /// The peer has shown on this link that it understands extensions.
    pub(crate) extensible: bool,
    /// Where the packets come from, and which of our addresses they come to.
    pub(crate) peer: Host,
    pub(crate) local: Host,
    /// Outbound: the port that was connected to; else 0.
    pub(crate) port: u16,
    /// Bytes handed to the driver that have not left yet.
    pub(crate) queued: u64,
    /// When the last packet came in on it; at first when it was made.
    pub(crate) heard: Mono,
    /// Packets received.
    pub(crate) received: u64,
    /// Outbound: the peer knows for sure whom it belongs to.
    pub(crate) vouched: bool,
    /// What went over it.
    pub(crate) traffic: Traffic,
    /// Published messages are not sent on it, since too much waits.
    pub(crate) misses_messages: bool,
    /// What was to be sent before it stood; it follows the greeting.
    pub(crate) waiting: Vec<Action>,
}

impl Link {
    /// Most packets that wait for a link to stand. What is too much is lost, as if there were no link.
    pub(crate) const WAITING_MAX: usize = 64;

    /// One that does not stand yet, and on which nothing has happened.
    pub(crate) fn new(direction: Direction, node: Option<NodeKey>, peer: Host, now: Mono) -> Self {
        Self {
            direction,
            node,
            named: None,
            created: now,
            heard: now,
            connected: false,
            extensible: false,
            peer,
            local: Host::UNKNOWN,
            port: 0,
            queued: 0,
            received: 0,
            vouched: false,
            traffic: Traffic::default(),
            misses_messages: false,
            waiting: Vec::new(),
        }
    }

    /// Whether a peer opened it that has not been identified.
    pub(crate) fn is_stranger(&self) -> bool {
        self.node.is_none() && self.direction == Direction::Inbound
    }
}

/// What is told about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// Who opened it.
    pub direction: Direction,
    /// The node at the other end.
    pub node: NodeId,
    /// When it was opened.
    pub created: Mono,
    /// Whether it stands (and not just connects).
    pub connected: bool,
    /// Bytes that wait to be sent.
    pub queued: u64,
    /// When the last packet came in on it; at first when it was made.
    pub heard: Mono,
    /// What went over it.
    pub traffic: Traffic,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    places: Vec<Option<(LinkId, Box<Link>)>>,
    free: Vec<usize>,
    /// Links there have been.
    made: u64,
}

impl Links {
    pub(crate) fn add(&mut self, link: Link) -> LinkId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.made += 1;
        let id = LinkId(self.made << LinkId::PLACE_BITS | place as u64);
        self.places[place] = Some((id, Box::new(link)));
        id
    }

    pub(crate) fn get(&self, id: LinkId) -> Option<&Link> {
        let (held, link) = self.places.get(id.place())?.as_ref()?;
        (*held == id).then_some(link)
    }

    pub(crate) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        let (held, link) = self.places.get_mut(id.place())?.as_mut()?;
        (*held == id).then_some(link)
    }

    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Link> {
        let (_, link) = self.places.get_mut(id.place())?.take_if(|(held, _)| *held == id)?;
        self.free.push(id.place());
        Some(*link)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.places.iter().flatten().map(|(id, link)| (*id, link.as_ref()))
    }

    /// Inbound links that nobody has been identified on, if there may be `limit` of them.
    pub(crate) fn strangers(&self, limit: usize) -> usize {
        // In a big mesh that forms, a walk over all links for each new one would be most of the work.
        if self.places.len() - self.free.len() < limit {
            return 0;
        }
        self.iter().filter(|(_, link)| link.is_stranger()).count()
    }
}

impl Engine {
    /// Our link to a node, if it stands.
    pub(crate) fn standing(&self, key: NodeKey) -> Option<LinkId> {
        self.peers[key].outbound.filter(|id| self.links.get(*id).is_some_and(|link| link.connected))
    }

    /// Whether this node opened the link.
    pub(crate) fn is_outbound(&self, link: LinkId) -> bool {
        self.links.get(link).is_some_and(|link| link.direction == Direction::Outbound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_and_a_name_is_not() {
        let mut links = Links::default();
        let link = || Link::new(Direction::Inbound, None, Host::UNKNOWN, Mono::default());
        let (first, second) = (links.add(link()), links.add(link()));
        assert_eq!((first.place(), second.place()), (0, 1));
        assert!(links.remove(first).is_some());
        let third = links.add(link());
        assert_eq!(third.place(), first.place());
        assert!(third > second, "a later one is greater");
        assert!(links.get(first).is_none() && links.get_mut(first).is_none() && links.remove(first).is_none());
        assert!(links.get(third).is_some());
        assert_eq!(links.iter().count(), 2);
        assert_eq!((links.strangers(2), links.strangers(3)), (2, 0));
    }
}
