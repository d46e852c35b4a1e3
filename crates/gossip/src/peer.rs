//! What the engine remembers about a node besides what the table knows.

use slotmesh_table::NodeKey;
use slotmesh_types::Mono;

use crate::link::LinkId;

/// The engine's side of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// The link this node opened to it.
    pub(crate) outbound: Option<LinkId>,
    /// The link it opened to this node.
    pub(crate) inbound: Option<LinkId>,
    /// When the last inbound link ended (at first: when the entry was made).
    pub(crate) inbound_lost: Mono,
    /// Attempts to connect that failed since the last that worked.
    pub(crate) failures: u32,
    /// Not before then is the next attempt.
    pub(crate) connect_after: Mono,
    /// The first packet on a new link shall be a MEET.
    pub(crate) meet: bool,
    /// When the last MEET was sent.
    pub(crate) meet_sent: Option<Mono>,
    /// Position in the order in which nodes have proven who they are; 0 until then. What is passed on at once.
    pub(crate) proven: u64,
    /// It has been told about every node up to this position.
    pub(crate) told: u64,
    /// It told us that the cluster has forgotten us: do not knock.
    pub(crate) forgot_us: bool,
}

/// Peers by key of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers(Vec<Peer>);

impl Peers {
    pub(crate) fn add(&mut self, key: NodeKey, now: Mono) {
        if self.0.len() <= key.index() {
            self.0.resize_with(key.index() + 1, Peer::default);
        }
        self.0[key.index()] = Peer { inbound_lost: now, connect_after: now, ..Peer::default() };
    }
}

impl std::ops::Index<NodeKey> for Peers {
    type Output = Peer;

    fn index(&self, key: NodeKey) -> &Peer {
        &self.0[key.index()]
    }
}

impl std::ops::IndexMut<NodeKey> for Peers {
    fn index_mut(&mut self, key: NodeKey) -> &mut Peer {
        &mut self.0[key.index()]
    }
}
