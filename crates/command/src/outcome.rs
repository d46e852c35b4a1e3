//! What a command leads to, and the talk with whoever drives the cluster engine.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::ClusterView;
use slotmesh_types::{ConfigEpoch, NodeId, Slot, SlotRange, UnixMillis};

use crate::error_reply::ErrorReply;
use crate::explanation::NodeExplanation;
use crate::migration::Migration;
use crate::waiting::Waiter;

/// What the connection does after a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Go on with the next request; the reply is written.
    Continue,
    /// Go on with [`resume`](crate::resume), but not before there is room for what others publish: a message is on its
    /// way to other nodes.
    Published,
    /// Send what is written, then go on with [`resume`](crate::resume).
    Flush,
    /// The request looks at all keys and has not come to the end. Let others go first, then go on with
    /// [`resume`](crate::resume), for one client at a time: what was found is kept until the end.
    Walk,
    /// Put this to the cluster engine and hand its answer to [`answer`](crate::answer) before the next request.
    Ask(Question),
    /// Wait until the request is served, or for as long as it says; then call [`end_wait`](crate::end_wait) before the
    /// next one.
    Wait(Arc<Waiter>),
    /// Nothing was done and nothing is written: there is a pause, or what the request would change must not change now.
    /// Wait for [`Driver::served`](crate::Driver::served), for so long at most. Then execute the same request again; or
    /// call [`resume`](crate::resume) if that was in the middle of a transaction, while the session [is
    /// executing](crate::Session::is_executing).
    Held(Option<Duration>),
    /// Send what is written, then close.
    Close,
    /// End the server. Nothing is written.
    Shutdown,
}

/// Whom to MEET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetHost {
    /// An address.
    Ip(IpAddr),
    /// A host name, to be resolved first. Real servers take addresses only.
    Name(String),
}

/// What only the cluster engine, or the process around it, can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Begin a handshake. [`Answer::Ok`] once it has begun, or with `wait` once it has ended well.
    Meet {
        /// Where.
        host: MeetHost,
        /// Client port.
        port: u16,
        /// Bus port.
        bus_port: u16,
        /// How long to wait for the outcome; `None` to answer at once.
        wait: Option<Duration>,
    },
    /// Forget a node: [`Answer::Ok`] or [`Answer::Error`].
    Forget(NodeId),
    /// Make every other node forget this one, then reset it: [`Answer::Ok`] once that is done, or [`Answer::Error`].
    Leave {
        /// Although it owns slots.
        force: bool,
    },
    /// Why a node is judged as it is: [`Answer::Explanation`] or [`Answer::Error`].
    Explain(NodeId),
    /// Change what this node is to the cluster: [`Answer::Ok`], [`Answer::Epoch`] or [`Answer::Error`].
    Change(Change),
    /// Whether this could be changed, without doing so: [`Answer::Error`], or [`Answer::Ok`] to reply with the error
    /// that stands here. The request is wrong, but what is wrong with this part of it comes first.
    Check(Change, ErrorReply),
    /// Write nodes.conf and wait until it is on disk: [`Answer::Ok`] or [`Answer::Error`].
    SaveConfig,
    /// How many voters report a node as failing: [`Answer::Integer`] or [`Answer::Error`].
    CountFailureReports(NodeId),
    /// The connections of the bus: [`Answer::Links`].
    Links,
    /// A view no older than [`VIEW_AGE_MAX`](crate::VIEW_AGE_MAX), for what is to be shown of it: [`Answer::View`].
    View(Show),
    /// Set these directives, names and values, and act on them: [`Answer::Ok`], or [`Answer::Error`] with nothing
    /// changed.
    SetConfig(Vec<(String, String)>),
    /// Write the configuration to its file: [`Answer::Ok`] or [`Answer::Error`].
    RewriteConfig,
    /// Send keys to another node: [`Answer::Ok`], [`Answer::NoKeys`] or [`Answer::Refused`].
    Migrate(Box<Migration>),
    /// Misbehave, for a test: [`Answer::Ok`] or [`Answer::Error`].
    Debug(Debug),
}

/// How to misbehave for a test of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Debug {
    /// Write this to the log.
    Log(String),
    /// Hold up the cluster bus for so long.
    Sleep(Duration),
    /// Drop packets that come in, before anybody looks at them.
    Drop(DroppedPackets),
    /// Whether a link ends on which a packet was dropped.
    CloseOnDrop(bool),
    /// Whether links that have ended stay closed.
    NoReconnection(bool),
    /// Whether the ping of every second is left out.
    NoRandomPing(bool),
    /// End links with a node.
    KillLinks {
        /// The node at the other end.
        node: NodeId,
        /// Those that this node has opened.
        to: bool,
        /// Those that it has accepted.
        from: bool,
    },
}

/// Which packets are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroppedPackets {
    /// None.
    None,
    /// Those with this number of their type.
    Type(u16),
    /// All.
    All,
}

/// A change of what this node is to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Take slots that nobody owns.
    AddSlots(Vec<SlotRange>),
    /// Leave slots without an owner.
    DelSlots(Vec<SlotRange>),
    /// Give up every slot.
    FlushSlots,
    /// Open, close or hand over a slot.
    SetSlot(Slot, SlotState),
    /// Take the highest config epoch.
    BumpEpoch,
    /// Take this config epoch, as the first one.
    SetConfigEpoch(ConfigEpoch),
    /// Become a replica of that node.
    Replicate(NodeId),
    /// Become a primary without slots and keys.
    ReplicateNoOne,
    /// Take the place of the own primary.
    Failover(Failover),
    /// Leave the cluster: an empty primary that knows nobody.
    Reset {
        /// Take a new id and forget the epochs as well.
        hard: bool,
    },
}

/// How a replica takes its primary's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failover {
    /// The primary waits until the replica has everything.
    Coordinated,
    /// Without the primary, but with the votes of a majority.
    Force,
    /// Without anybody.
    Takeover,
}

/// What becomes of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// Its keys go to that node.
    Migrating(NodeId),
    /// Its keys come from that node.
    Importing(NodeId),
    /// Neither.
    Stable,
    /// That node owns it.
    Owner(NodeId),
}

/// What of a view is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// CLUSTER NODES.
    Nodes,
    /// CLUSTER INFO.
    Info,
    /// CLUSTER SHARDS.
    Shards,
    /// CLUSTER REPLICAS of this node.
    Replicas(NodeId),
}

/// The answer to a [`Question`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is done.
    Ok,
    /// It can't be done: the reply without its leading minus and code, which is `ERR`.
    Error(String),
    /// It can't be done: this is the reply.
    Refused(ErrorReply),
    /// None of the keys is here.
    NoKeys,
    /// A number.
    Integer(i64),
    /// The config epoch of this node, and whether it is a new one.
    Epoch {
        /// The epoch.
        epoch: ConfigEpoch,
        /// Whether it was taken just now.
        bumped: bool,
    },
    /// The connections of the bus.
    Links(Vec<LinkInfo>),
    /// What speaks for and against a node.
    Explanation(Box<NodeExplanation>),
    /// A view of the cluster.
    View(Arc<ClusterView>),
}

/// One connection of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// Whether the peer opened it.
    pub inbound: bool,
    /// The node at the other end.
    pub node: NodeId,
    /// When it was opened.
    pub created: UnixMillis,
    /// Whether bytes wait to be sent on it.
    pub writing: bool,
    /// Bytes reserved for sending.
    pub send_buffer_allocated: u64,
    /// Bytes that wait to be sent.
    pub send_buffer_used: u64,
}
