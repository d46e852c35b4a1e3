//! What observers may care about: logs, metrics, streams.

use std::fmt;

use slotmesh_table::Address;
use slotmesh_types::{ConfigEpoch, Host, NodeId, ShardId};
use slotmesh_wire::{DropReason, Kind};

use crate::handshake::{Handshake, HandshakeRecord};
use crate::link::{ConnectError, LinkId};

/// A node as logs name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    /// Its id.
    pub id: NodeId,
    /// Its human name, if it announced one, else its address.
    pub name: String,
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.name)
    }
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A handshake began.
    HandshakeStarted(Handshake),
    /// A handshake ended, one way or the other.
    HandshakeEnded(HandshakeRecord),
    /// A node that was sent MEET spoke as one that knows us.
    MeetConfirmed(NodeName),
    /// A MEET came that was not honoured.
    MeetRefused {
        /// Where it came from.
        from: Host,
        /// Why.
        reason: MeetRefusal,
    },
    /// Gossip told about a node that was not known.
    NodeLearned {
        /// The node.
        node: NodeName,
        /// Who told.
        from: NodeName,
    },
    /// A node was removed.
    NodeForgotten {
        /// The node.
        node: NodeName,
        /// Who asked for it; nobody if an operator did so here.
        by: Option<NodeName>,
    },
    /// A node said that the cluster has forgotten this one.
    ForgottenByCluster(NodeName),
    /// A connection to a node stands.
    LinkUp(NodeName),
    /// A connection to a node ended.
    LinkDown(NodeName),
    /// A connection to a node could not be opened.
    ConnectFailed {
        /// The node.
        node: NodeName,
        /// Why.
        error: ConnectError,
    },
    /// A link was closed because too much waited on it.
    LinkOverLimit {
        /// The node at the other end.
        node: NodeName,
        /// Bytes that waited.
        queued: u64,
    },
    /// A node at the other end of a link is not the one we expected.
    IdMismatch {
        /// The node we expected.
        expected: NodeName,
    },
    /// This node found out its own address.
    OwnAddress(Host),
    /// A node's address changed.
    AddressUpdated {
        /// The node.
        node: NodeName,
        /// Where it is now.
        address: Address,
    },
    /// This node can't reach a node.
    PossiblyFailing(NodeName),
    /// A member reported a node as unreachable.
    FailureReported {
        /// The node.
        node: NodeName,
        /// Who reported it.
        by: NodeName,
    },
    /// A member withdrew its report.
    FailureWithdrawn {
        /// The node.
        node: NodeName,
        /// Who had reported it.
        by: NodeName,
    },
    /// A node is failing, by quorum.
    MarkedFail(NodeName),
    /// A node is failing: a member says it was agreed.
    FailReceived {
        /// The node.
        node: NodeName,
        /// Who says so.
        from: NodeName,
    },
    /// A node is reachable again.
    FailCleared {
        /// The node.
        node: NodeName,
        /// What it is: decides which words tell it.
        voting: bool,
        /// Whether it is a replica.
        replica: bool,
    },
    /// Another primary had our config epoch; we took a new one.
    EpochCollision {
        /// The other primary.
        node: NodeName,
        /// Our new epoch.
        epoch: ConfigEpoch,
    },
    /// A node became a primary.
    BecamePrimary(NodeName),
    /// A node became a replica.
    BecameReplica {
        /// The node.
        node: NodeName,
        /// Its primary, if that is known.
        primary: Option<NodeName>,
        /// Its shard.
        shard: ShardId,
    },
    /// A member believed an old claim; it was told the truth.
    UpdateSent {
        /// The member.
        to: NodeName,
        /// Whose slots it was told.
        about: NodeName,
    },
    /// This node lost slots to another.
    SlotsLost {
        /// How many.
        count: u16,
        /// To whom.
        to: NodeName,
    },
    /// Nodes could not be added: the table is full, or too many have not proven themselves.
    TooManyNodes,
    /// The cluster began or ceased to serve keys.
    StateChanged {
        /// Whether it serves keys.
        ok: bool,
    },
    /// Why the cluster does not serve keys.
    StateReason {
        /// It is not reachable by a majority (else: slots are not covered).
        minority: bool,
    },
    /// A peer gossiped names that no node can have.
    InvalidGossip {
        /// The peer.
        from: NodeName,
        /// How many.
        count: usize,
    },
    /// An extension or address that can't be stored was taken as absent.
    BadAnnouncement {
        /// Whose.
        from: NodeName,
        /// What it was.
        what: &'static str,
    },
    /// A packet was ignored.
    PacketDropped {
        /// Where it came in.
        link: LinkId,
        /// Why.
        reason: DropReason,
    },
    /// A packet of an unknown sender was ignored.
    StrangerIgnored {
        /// Where it came from.
        from: Host,
        /// What it was.
        kind: Kind,
    },
    /// This node has a new name.
    Reset {
        /// Its name now.
        id: NodeId,
        /// Whether the reset was hard.
        hard: bool,
    },
}

/// Why a MEET was not honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetRefusal {
    /// The sender belongs to a cluster of another name.
    OtherCluster,
    /// An operator made us forget the sender, and it knocks again by itself.
    Forgotten,
    /// Too many handshakes are under way.
    TooMany,
    /// Its address can't be used.
    Address,
}

impl fmt::Display for MeetRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherCluster => "it belongs to a cluster of another name (slotmesh-cluster-name)",
            Self::Forgotten => "it was forgotten by an operator and knocks by itself",
            Self::TooMany => "too many handshakes are under way",
            Self::Address => "its address can't be used",
        })
    }
}
