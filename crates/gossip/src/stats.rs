//! Figures of the bus.

use slotmesh_table::{BusStats, KindCount};
use slotmesh_wire::Kind;

/// Counts messages and bytes by type.
#[derive(Clone, Debug)]
pub(crate) struct Counters(pub(crate) BusStats);

impl Counters {
    pub(crate) fn new() -> Self {
        let messages = Kind::ALL.map(|kind| KindCount { name: kind.name(), sent: 0, received: 0 });
        Self(BusStats { messages, ..BusStats::default() })
    }

    pub(crate) fn sent(&mut self, kind: Kind, bytes: usize) {
        let bytes = bytes as u64;
        self.0.bytes_sent += bytes;
        match kind {
            Kind::Publish | Kind::PublishShard => self.0.pubsub_bytes_sent += bytes,
            Kind::Module => self.0.module_bytes_sent += bytes,
            _ => {}
        }
        if let Some(count) = self.0.messages.get_mut(usize::from(kind.to_wire())) {
            count.sent += 1;
        }
    }

    pub(crate) fn received(&mut self, kind: Kind, bytes: usize) {
        let bytes = bytes as u64;
        self.0.bytes_received += bytes;
        match kind {
            Kind::Publish | Kind::PublishShard => self.0.pubsub_bytes_received += bytes,
            Kind::Module => self.0.module_bytes_received += bytes,
            _ => {}
        }
        if let Some(count) = self.0.messages.get_mut(usize::from(kind.to_wire())) {
            count.received += 1;
        }
    }
}
