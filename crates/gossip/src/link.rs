//! Connections of the bus.

use std::collections::BTreeMap;

use slotmesh_table::NodeKey;
use slotmesh_types::{Host, Mono};

/// Names a connection between engine and driver; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

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
    pub(crate) created: Mono,
    pub(crate) connected: bool,
    /// The peer has shown on this link that it understands extensions.
    pub(crate) extensible: bool,
    /// Where the packets come from, and which of our addresses they come to.
    pub(crate) peer: Host,
    pub(crate) local: Host,
    /// Bytes handed to the driver that have not left yet.
    pub(crate) queued: u64,
    /// When the last packet came in on it; at first when it was made.
    pub(crate) heard: Mono,
    /// Packets received.
    pub(crate) received: u64,
}

/// What CLUSTER LINKS tells about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// Who opened it.
    pub direction: Direction,
    /// The node at the other end.
    pub node: slotmesh_types::NodeId,
    /// When it was opened.
    pub created: Mono,
    /// Whether it stands (and not just connects).
    pub connected: bool,
    /// Bytes that wait to be sent.
    pub queued: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    links: BTreeMap<LinkId, Link>,
    last: u64,
}

impl Links {
    pub(crate) fn add(&mut self, link: Link) -> LinkId {
        self.last += 1;
        let id = LinkId(self.last);
        self.links.insert(id, link);
        id
    }

    pub(crate) fn get(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&id)
    }

    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Link> {
        self.links.remove(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(id, link)| (*id, link))
    }

    /// Inbound links that nobody has been identified on.
    pub(crate) fn strangers(&self) -> usize {
        self.links.values().filter(|link| link.node.is_none()).count()
    }
}
