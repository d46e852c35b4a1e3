//! What the bus tells about itself to those who look for a fault.

use slotmesh_gossip::{Engine, LinkInfo, RoundTrip};
use slotmesh_table::BusStats;
use slotmesh_types::{NodeId, Now};

/// What the bus tells about itself.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    pub(crate) now: Now,
    pub(crate) stats: BusStats,
    pub(crate) links: Vec<LinkInfo>,
    pub(crate) round_trips: Vec<(NodeId, RoundTrip)>,
    pub(crate) handshakes: usize,
}

impl Diagnosis {
    pub(crate) fn of(engine: &Engine, now: Now) -> Self {
        Self {
            now,
            stats: engine.view(now).stats,
            links: engine.links(),
            round_trips: engine.round_trips().collect(),
            handshakes: engine.handshakes().count(),
        }
    }
}
