//! What observers may care about: logs, metrics, streams.

use std::fmt;
use std::time::Duration;

use slotmesh_table::Address;
use slotmesh_types::{Announced, ConfigEpoch, CurrentEpoch, Host, NodeId, ReplOffset, ShardId, Slot};
use slotmesh_wire::{DropReason, Kind};

use crate::action::Resync;
use crate::election::FailoverBlock;
use crate::explain::Explanation;
use crate::handshake::{Handshake, HandshakeRecord};
use crate::leave::LeaveEnd;
use crate::link::{ConnectError, LinkId};
use crate::vote::VoteRefusal;

/// A node as logs name it. Written only where it is shown: when a third of a big cluster is cut off, every node hears that of each of
/// them from each of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    /// Its id.
    pub id: NodeId,
    /// Its human name, if it announced one.
    pub human: Announced,
    /// Its address.
    pub host: Host,
    /// Its port for clients.
    pub port: u16,
}

impl NodeName {
    /// Its human name, if it announced one, else its address.
    #[must_use]
    pub fn name(&self) -> String {
        let human = self.human.as_str();
        if human.is_empty() { format!("{}:{}", self.host, self.port) } else { human.to_owned() }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.name())
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
    /// A node gets no published messages for now, because too much waits on its link.
    MessagesMissed {
        /// The node.
        node: NodeName,
        /// Bytes that wait.
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
    /// Somebody answers at a seed whom this node knows and does not reach elsewhere: it is there now.
    SeedKnown {
        /// The node.
        node: NodeName,
        /// Where it is.
        address: Address,
    },
    /// Whoever answers at a seed is not known, or of another cluster: nothing follows.
    SeedUnknown {
        /// Address of the seed.
        host: Host,
        /// Bus port of the seed.
        bus_port: u16,
        /// The id in the answer, if it was one.
        id: Option<NodeId>,
    },
    /// A seed can't be connected to.
    SeedUnreachable {
        /// Address of the seed.
        host: Host,
        /// Bus port of the seed.
        bus_port: u16,
        /// Why.
        error: ConnectError,
    },
    /// An operator's wish to leave the cluster came to an end.
    LeaveEnded(LeaveEnd),
    /// Why a node has just become suspected or failing.
    Judged(Box<Explanation>),
    /// A node is suspected before the node timeout: its process is gone.
    Gone {
        /// The node.
        node: NodeName,
        /// How many attempts to connect failed in a row.
        refusals: u32,
        /// Whether another node has said that it can't connect either.
        denied: bool,
        /// For how long.
        after: Duration,
    },
    /// This node can't reach a node.
    PossiblyFailing(NodeName),
    /// A node that this node suspected has answered, before it was failing by agreement.
    SuspicionCleared(NodeName),
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
    /// This node took the highest config epoch by itself.
    EpochTaken(ConfigEpoch),
    /// An operator gave this node its first config epoch.
    EpochSet(ConfigEpoch),
    /// It took one because the import of this slot is complete.
    EpochAfterImport(Slot),
    /// An operator opened a slot of this node: its keys go to another.
    SlotMigrating {
        /// The slot.
        slot: Slot,
        /// Where they go.
        to: NodeName,
    },
    /// An operator opened a slot: its keys come from another node.
    SlotImporting {
        /// The slot.
        slot: Slot,
        /// Where they come from.
        from: NodeName,
    },
    /// An operator closed a slot.
    SlotStable(Slot),
    /// An operator gave a slot to a node.
    SlotAssigned {
        /// The slot.
        slot: Slot,
        /// Its owner.
        to: NodeName,
        /// The owner's shard.
        shard: ShardId,
    },
    /// An operator gave the last slot of this node away; it follows the new owner.
    LastSlotLost {
        /// The new owner.
        to: NodeName,
        /// Its shard.
        shard: ShardId,
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
    /// This node follows a primary now.
    Following {
        /// The primary.
        primary: NodeName,
        /// What becomes of the data that were here.
        resync: Resync,
    },
    /// The primary turned out to be a replica: this node follows that one's primary instead.
    SubReplica {
        /// The former primary.
        from: NodeName,
        /// The new one.
        to: NodeName,
    },
    /// This replica moves to a primary that has none.
    Migrating {
        /// The primary.
        to: NodeName,
    },
    /// This replica is to stand for election.
    ElectionScheduled {
        /// In how long.
        delay: Duration,
        /// How many replicas of the shard come first.
        rank: u32,
        /// How many failed shards come first.
        failed_rank: u32,
        /// How far its data go.
        offset: ReplOffset,
    },
    /// This replica asks for votes.
    ElectionStarted {
        /// In this epoch.
        epoch: CurrentEpoch,
    },
    /// This replica was elected.
    ElectionWon {
        /// Its config epoch.
        epoch: ConfigEpoch,
    },
    /// Why this replica of a failed primary does not take its place.
    FailoverBlocked(FailoverBlock),
    /// This node gave its vote.
    VoteGranted {
        /// To whom.
        node: NodeName,
        /// For this epoch.
        epoch: CurrentEpoch,
    },
    /// This node did not give its vote.
    VoteDenied {
        /// Who had asked.
        node: NodeName,
        /// For this epoch.
        epoch: CurrentEpoch,
        /// Why not.
        reason: VoteRefusal,
    },
    /// An operator wants this replica to take over.
    HandoverRequested {
        /// Without the primary's help.
        forced: bool,
    },
    /// This replica takes over on an operator's word alone.
    TakingOver,
    /// A replica asked this primary to hand over; it pauses writes.
    HandoverStarted {
        /// The replica.
        to: NodeName,
    },
    /// This replica has everything that the paused primary had.
    HandoverReady {
        /// Up to here.
        offset: ReplOffset,
    },
    /// A manual failover took too long and is given up.
    HandoverTimedOut,
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
    /// Nodes that a peer told of were not added: the table is full, or too many have not proven themselves.
    TooManyNodes {
        /// The peer.
        from: NodeName,
        /// How many of its packet's entries.
        count: usize,
    },
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
