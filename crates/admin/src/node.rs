//! What the API needs of a node.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::{BusStats, ClusterView};
use slotmesh_types::{NodeId, Now, Slot, SlotRange};
use tokio::sync::watch;
use tokio_stream::Stream;

use crate::proto;

/// A node, seen from the API. Calls may come from any task of the API's thread; none may block it.
#[tonic::async_trait]
pub trait Node: Send + Sync + 'static {
    /// The latest view of the cluster. Must not wait.
    fn view(&self) -> Arc<ClusterView>;

    /// Publishes a view whose times and offsets are of now; a node that is stopping leaves the old one.
    async fn refresh(&self);

    /// Begins a handshake, and with `wait` waits so long for its end. With `at`, only if the view's version is that.
    async fn meet(&self, at: Option<u64>, target: MeetTarget, wait: Option<Duration>) -> Result<MeetReport, MeetError>;

    /// Handshakes under way, then those that ended, oldest first.
    async fn handshakes(&self) -> Vec<proto::Handshake>;

    /// Changes something; when it returns, [`Node::view`] shows the effect. With `at`, only if the view's version is that.
    async fn edit(&self, at: Option<u64>, edit: Edit) -> Result<Edited, EditError>;

    /// How many keys of a slot are on this node.
    fn keys_in(&self, slot: Slot) -> u64;

    /// Sends client commands to another member's client address, one connection for all, and gives their replies; the
    /// text says what went wrong, be it the connection or a reply that is an error.
    async fn commands(&self, node: NodeId, commands: Vec<Vec<String>>) -> Result<Vec<CommandReply>, String>;

    /// Links and round trips of every peer that has any, ordered by id.
    async fn peers(&self) -> Vec<PeerFigures>;

    /// Figures of now.
    async fn figures(&self) -> Figures;

    /// Directives that match a name or pattern, as CONFIG GET finds them; secrets are not shown.
    fn settings(&self, pattern: &str) -> Vec<(String, String)>;

    /// Sets directives, all or none; gives the names of those that differ now, or why nothing was changed.
    async fn configure(&self, settings: Vec<(String, String)>) -> Result<Vec<String>, String>;
}

/// Where changes come from. Neither part makes the node wait: versions overwrite each other, and a source of events that is
/// not read loses events and goes on counting.
pub struct Feed {
    /// Version of the latest view.
    pub versions: watch::Receiver<u64>,
    /// Events in order, each with its sequence number (from 1) in `cursor`; a number left out is a lost event. The run's
    /// name is filled in here.
    pub events: Pin<Box<dyn Stream<Item = proto::Event> + Send>>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("versions", &self.versions).finish_non_exhaustive()
    }
}

/// Whom to meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetTarget {
    /// IP address or host name.
    pub host: String,
    /// Client port.
    pub port: u16,
    /// Bus port.
    pub bus_port: u16,
}

/// What became of a MEET so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetReport {
    /// Number of the handshake.
    pub handshake: u64,
    /// How it ended, if it did.
    pub outcome: proto::MeetOutcome,
    /// The peer, when it joined or was known already.
    pub peer: Option<NodeId>,
    /// The outcome in words.
    pub message: String,
}

/// Why a MEET began nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetError {
    /// The version is another.
    Moved,
    /// The host name can't be resolved, for this reason.
    Unresolved(String),
    /// Too much is under way or known already, in words.
    Full(String),
    /// The node is stopping.
    Stopped,
}

/// A change of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Forget a node.
    Forget(NodeId),
    /// Leave the cluster.
    Reset {
        /// Take a new id, too.
        hard: bool,
    },
    /// Take slots that nobody owns.
    AddSlots(Vec<SlotRange>),
    /// Leave slots without an owner.
    DelSlots(Vec<SlotRange>),
    /// Give up every slot.
    FlushSlots,
    /// Open, close or hand over these slots, the same way each, in this order; the first that is refused ends it.
    SetSlots(Vec<Slot>, SlotChange),
    /// Take the place of the primary.
    Failover(Failover),
    /// Follow this primary; nobody for none.
    Replicate(Option<NodeId>),
    /// Take a new config epoch.
    BumpEpoch,
    /// Set the config epoch.
    SetConfigEpoch(u64),
}

/// What becomes of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotChange {
    /// Its keys are on their way to that node.
    Migrating(NodeId),
    /// Its keys are coming from that node.
    Importing(NodeId),
    /// Neither.
    Stable,
    /// That node owns it.
    Owner(NodeId),
}

/// How a replica takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failover {
    /// With its primary's help.
    Coordinated,
    /// With a majority's votes.
    Force,
    /// Without anybody.
    Takeover,
}

/// What an edit gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It is done.
    Done,
    /// The config epoch.
    Epoch {
        /// It is this one now.
        epoch: u64,
        /// It was another before.
        bumped: bool,
    },
}

/// Why an edit changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The version is another.
    Moved,
    /// Nobody of that name is known.
    UnknownNode(NodeId),
    /// It can't be done in this state, for this reason.
    Refused(String),
    /// The node is stopping.
    Stopped,
}

/// A reply to a client command that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandReply {
    /// A number.
    Integer(i64),
    /// Anything else.
    Other,
}

/// The links of one peer.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerFigures {
    /// Who it is.
    pub node: NodeId,
    /// What is shown of it.
    pub links: proto::PeerLinks,
    /// From a ping to its answer, smoothed.
    pub round_trip: Option<Duration>,
}

/// How often something ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeCount {
    /// The way, in snake case.
    pub name: &'static str,
    /// How often.
    pub count: u64,
}

/// Figures of a node.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// When they were taken.
    pub now: Now,
    /// When the process started.
    pub started: Now,
    /// Of the bus.
    pub bus: BusStats,
    /// Links that this node opened and that stand.
    pub links_outbound: usize,
    /// Links of members to this node.
    pub links_inbound: usize,
    /// Handshakes under way.
    pub handshakes: usize,
    /// Events by name.
    pub events: Vec<OutcomeCount>,
    /// Ended handshakes by outcome.
    pub handshakes_ended: Vec<OutcomeCount>,
    /// Smoothed round trips of the peers that have one.
    pub round_trips: Vec<Duration>,
    /// How late the bus thread was called at worst in the last minute, if that is measured.
    pub bus_delay_max: Option<Duration>,
    /// Clients connected.
    pub clients: usize,
    /// Connections of clients that came.
    pub connections: u64,
    /// Of these, refused because there were too many.
    pub connections_rejected: u64,
    /// Commands that ran.
    pub commands: u64,
    /// Errors replied.
    pub errors: u64,
    /// Bytes read from and written to clients.
    pub client_bytes: (u64, u64),
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Processor time, in the program and in the system.
    pub cpu: (Duration, Duration),
}
