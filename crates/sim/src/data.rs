//! A model of the data side: streams that grow, and copies that lag behind.

use std::time::Duration;

use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{DataOrder, PrimaryLink, Replication};
use slotmesh_types::{Mono, NodeId, ReplOffset};

use crate::network::Due;
use crate::world::World;

/// Streams move this often.
const TICK: Duration = Duration::from_millis(50);
/// Most bytes that a primary writes in a tick.
const WRITES_MAX: u64 = 1000;
/// Ticks in ten thousand at which a copy does not move.
const LAG: u64 = 2000;

/// The data of one node. They survive a restart, as if saved at once: how much of them does is not what is tested here.
#[derive(Debug, Default)]
pub(crate) struct Data {
    offset: u64,
    following: Option<NodeId>,
    link: PrimaryLink,
    paused_until: Mono,
}

impl Data {
    /// A node that starts again has no link.
    pub(crate) fn restart(&mut self, now: Mono) {
        if let PrimaryLink::Up { .. } = self.link {
            self.link = PrimaryLink::Lost { since: now };
        }
        self.paused_until = Mono::default();
    }

    fn facts(&self) -> Replication {
        Replication { offset: ReplOffset(self.offset), link: self.link }
    }
}

impl World {
    /// Lets primaries write and replicas copy from now on.
    pub fn start_writing(&mut self) {
        if !self.writing {
            self.writing = true;
            self.network.schedule(self.now.after(TICK), Due::Write);
        }
    }

    /// Lets nobody write or copy any more.
    pub fn stop_writing(&mut self) {
        self.writing = false;
    }

    /// A replica has never had a link to its primary.
    pub fn forget_data(&mut self, node: usize) {
        let data = &mut self.nodes[node].data;
        (data.offset, data.link) = (0, PrimaryLink::Never);
        let facts = data.facts();
        self.input(node, |engine, now| engine.handle_replication(now, facts));
    }

    /// How far the data of a node go, in bytes.
    #[must_use]
    pub fn offset(&self, node: usize) -> u64 {
        self.nodes[node].data.offset
    }

    pub(crate) fn obey(&mut self, node: usize, order: &DataOrder) {
        let data = &mut self.nodes[node].data;
        match *order {
            DataOrder::Follow { node, resync, .. } => {
                data.following = Some(node);
                if resync == slotmesh_gossip::Resync::Full {
                    (data.offset, data.link) = (0, PrimaryLink::Never);
                }
            }
            DataOrder::Lead { keep_data } => {
                data.following = None;
                data.link = PrimaryLink::Never;
                if !keep_data {
                    data.offset = 0;
                }
            }
            DataOrder::PauseWrites { until } => data.paused_until = until,
            DataOrder::ResumeWrites => data.paused_until = Mono::default(),
            DataOrder::DropKeys(_) => {}
        }
    }

    /// All streams move a little.
    pub(crate) fn write(&mut self) {
        if !self.writing {
            return;
        }
        self.network.schedule(self.now.after(TICK), Due::Write);
        for node in (0..self.nodes.len()).filter(|node| self.is_up(*node)).collect::<Vec<_>>() {
            let before = self.nodes[node].data.facts();
            match self.nodes[node].data.following {
                None => self.write_at(node),
                Some(primary) => self.copy_to(node, &primary),
            }
            let facts = self.nodes[node].data.facts();
            if facts != before {
                self.input(node, |engine, now| engine.handle_replication(now, facts));
            }
        }
    }

    fn write_at(&mut self, node: usize) {
        let serves = self.running(node).table().me().slot_count() > 0 && self.running(node).is_serving();
        if serves && self.nodes[node].data.paused_until <= self.now {
            self.nodes[node].data.offset += self.rng.next_u64() % WRITES_MAX;
        }
    }

    fn copy_to(&mut self, node: usize, primary: &NodeId) {
        let source = (0..self.nodes.len()).find(|other| {
            self.is_up(*other) && self.id(*other) == *primary && self.running(*other).table().me().is_primary()
        });
        let reachable =
            source.filter(|source| !self.network.is_cut(*source, node) && !self.network.is_cut(node, *source));
        let lags = self.rng.next_u64() % 10_000 < LAG;
        let Some(source) = reachable else {
            if let PrimaryLink::Up { .. } = self.nodes[node].data.link {
                self.nodes[node].data.link = PrimaryLink::Lost { since: self.now };
            }
            return;
        };
        let offset = self.nodes[source].data.offset;
        let data = &mut self.nodes[node].data;
        data.link = PrimaryLink::Up { heard: self.now };
        if !lags {
            data.offset = offset;
        }
    }
}
