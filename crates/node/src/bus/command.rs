//! What the rest of the node asks of the bus.

use std::time::Duration;

use slotmesh_gossip::{Config, HandshakeEnd, LinkInfo, MeetTarget};
use slotmesh_types::{NodeId, Now};
use tokio::sync::oneshot;

/// A request to the bus thread.
#[derive(Debug)]
pub enum BusRequest {
    /// CLUSTER MEET; with a time, the answer waits for the outcome that long.
    Meet(MeetTarget, Option<Duration>),
    /// CLUSTER FORGET.
    Forget(NodeId),
    /// CLUSTER RESET; hard or soft.
    Reset {
        /// Whether to take a new name.
        hard: bool,
    },
    /// CLUSTER SAVECONFIG.
    SaveConfig,
    /// CLUSTER COUNT-FAILURE-REPORTS.
    CountFailureReports(NodeId),
    /// CLUSTER LINKS.
    Links,
    /// New settings.
    Configure(Box<Config>),
    /// Publish a view with times as of now.
    Refresh,
    /// Save and stop.
    Stop,
}

/// The answer of the bus thread.
#[derive(Debug)]
pub enum BusReply {
    /// Done.
    Done,
    /// A handshake ended within the time given.
    Ended(HandshakeEnd),
    /// It did not.
    StillUnderWay,
    /// A figure.
    Count(usize),
    /// The links, and the clock to show their times with.
    Links(Vec<LinkInfo>, Now),
    /// Nobody of that name is known.
    UnknownNode,
    /// Refused, with the reason.
    Refused(String),
}

#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) request: BusRequest,
    pub(crate) reply: oneshot::Sender<BusReply>,
}
