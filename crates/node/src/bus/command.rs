//! What the rest of the node asks of the bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel};
use std::time::Duration;

use slotmesh_command::{Change, Debug};
use slotmesh_gossip::{Explanation, HandshakeEnd, HandshakeTrouble, LinkInfo, MeetTarget};
#[cfg(feature = "admin")]
use slotmesh_gossip::{Handshake, HandshakeRecord};
use slotmesh_types::{ConfigEpoch, NodeId, Now, ReplOffset};
use tokio::sync::oneshot;

use crate::settings::BusSettings;

/// A request to the bus thread.
#[derive(Debug)]
pub(crate) enum BusRequest {
    /// CLUSTER MEET; with a time, the answer waits for the outcome that long.
    Meet(MeetTarget, Option<Duration>),
    /// CLUSTER FORGET.
    Forget(NodeId),
    /// A change of what this node is to the cluster.
    Change(Order),
    /// CLUSTER SAVECONFIG.
    SaveConfig,
    /// CLUSTER COUNT-FAILURE-REPORTS.
    CountFailureReports(NodeId),
    /// CLUSTER LINKS.
    Links,
    /// How far a replica would have to have come to have all keys.
    Offset(ReplOffset),
    /// New settings.
    Configure(Box<BusSettings>),
    /// SLOTMESH EXPLAIN.
    Explain(NodeId),
    /// SLOTMESH LEAVE; the answer comes when that has ended.
    Leave {
        /// Although it owns slots.
        force: bool,
    },
    /// DEBUG.
    Debug(Debug),
    /// Something, if the table's version is still this one.
    #[cfg(feature = "admin")]
    At(u64, Box<Self>),
    /// Handshakes, under way and ended.
    #[cfg(feature = "admin")]
    Handshakes,
    /// Links, round trips and figures.
    #[cfg(feature = "admin")]
    Diagnose,
    /// Publish a view with times as of now.
    Refresh,
    /// Save and stop.
    Stop,
}

/// A change that an operator asks for.
#[derive(Debug)]
pub(crate) struct Order {
    /// What to change.
    pub(crate) change: Change,
    /// Whether this node holds keys that the change is about.
    pub(crate) holds_keys: bool,
    /// Only find out whether it could be done.
    pub(crate) only_check: bool,
    /// Where somebody lets nothing be written until it is decided.
    pub(crate) decision: Option<Decision>,
}

/// That somebody waits until something is decided, for as long as this is there.
#[derive(Debug)]
pub(crate) struct Decision {
    place: FirstPlace,
    _decided: oneshot::Sender<()>,
}

/// For the first who takes it: the bus that begins to decide, or who has waited for that for too long.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstPlace(Arc<AtomicBool>);

impl Decision {
    /// One with the place that the bus will take, and what ends when it is decided.
    pub(crate) fn new() -> (Self, FirstPlace, oneshot::Receiver<()>) {
        let (place, (sender, decided)) = (FirstPlace::default(), oneshot::channel());
        (Self { place: place.clone(), _decided: sender }, place, decided)
    }

    /// Begins to decide, unless nobody waits for it any more. Tells whether it does.
    pub(super) fn begin(&self) -> bool {
        self.place.take()
    }
}

impl FirstPlace {
    /// Tells whether nobody had it.
    pub(crate) fn take(&self) -> bool {
        !self.0.swap(true, AcqRel)
    }
}

/// The answer of the bus thread.
#[derive(Debug)]
pub(crate) enum BusReply {
    /// Done.
    Done,
    /// A handshake ended within the time given.
    Ended(HandshakeEnd),
    /// It did not; what went wrong with it last, if anything.
    StillUnderWay(Option<HandshakeTrouble>),
    /// A figure.
    Count(usize),
    /// The config epoch of this node, and whether it is a new one.
    Epoch {
        /// The epoch.
        epoch: ConfigEpoch,
        /// Whether it was taken just now.
        bumped: bool,
    },
    /// The links, and the clock to show their times with.
    Links(Vec<LinkInfo>, Now),
    /// What speaks for and against a node, and the clock to show its times with.
    Explanation(Box<Explanation>, Now),
    /// Handshakes under way, and ended, and the clock to show their times with.
    #[cfg(feature = "admin")]
    Handshakes(Vec<Handshake>, Vec<HandshakeRecord>, Now),
    /// What was asked for to find out what is wrong.
    #[cfg(feature = "admin")]
    Diagnosis(Box<super::Diagnosis>),
    /// The table's version is another by now.
    #[cfg(feature = "admin")]
    Moved,
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
