//! What the engine remembers about a node besides what the table knows.

use slotmesh_table::NodeKey;
use slotmesh_types::{Mono, NodeId};
use slotmesh_wire::RosterDigest;

use crate::handshake::HandshakeId;
use crate::link::{ConnectError, Direction, LinkId};
use crate::suspicion::Case;
use crate::traffic::RoundTrip;

/// The engine's side of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// The link this node opened to it.
    pub(crate) outbound: Option<LinkId>,
    /// The link it opened to this node.
    pub(crate) inbound: Option<LinkId>,
    /// When the last inbound link ended (at first: when the entry was made).
    pub(crate) inbound_lost: Mono,
    /// When the schedule looks at it next; where it stands in [`Clock::agenda`](crate::schedule::Clock).
    pub(crate) due: Option<Mono>,
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
    /// It is a primary without replicas, since then.
    pub(crate) orphaned_since: Option<Mono>,
    /// From a ping to its answer, once one was answered.
    pub(crate) round_trip: Option<RoundTrip>,
    /// So many bans it has been told of, in the order of their ids, since the last beginning of that list.
    pub(crate) bans_told: usize,
    /// It told us that the cluster has forgotten us: do not knock.
    pub(crate) forgot_us: bool,
    /// Nobody but a stranger has told of it, in the MEET that began this handshake.
    pub(crate) hearsay: Option<HandshakeId>,
    /// It forgets a member that says it leaves: a slotmesh node.
    pub(crate) heeds_leave: bool,
    /// The last packet from it: when, and on whose connection.
    pub(crate) heard: Option<(Direction, Mono)>,
    /// Why the last attempt to connect failed, and when.
    pub(crate) connect_error: Option<(ConnectError, Mono)>,
    /// When this node began to suspect it.
    pub(crate) suspected: Option<Mono>,
    /// What speaks against it, while the link to it that stood has no successor.
    pub(crate) case: Option<Case>,
    /// A primary here, it has called itself a replica at an older epoch since then, and nothing else.
    pub(crate) demotion_doubted: Option<Mono>,
    /// The last attempt to connect was refused, or no way led there.
    pub(crate) gone: bool,
    /// It answers when asked whether it reaches a node.
    pub(crate) witness: bool,
    /// It compares rosters: a node of ours that tells whom we lack when it is asked.
    pub(crate) compares: bool,
    /// The digest of whom it knows as last heard, and when; none from somebody who does not know us.
    pub(crate) roster: Option<(RosterDigest, Mono)>,
    /// The name by which it stands in the own digest, if it does.
    pub(crate) listed: Option<NodeId>,
    /// It has become a member by a handshake here, with an operator's MEET or its own, not by what others told.
    pub(crate) sponsored: bool,
    /// Who has asked whether we reach it and was not answered yet.
    pub(crate) askers: Vec<NodeKey>,
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
