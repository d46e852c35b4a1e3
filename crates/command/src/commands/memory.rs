//! What memory is used for.

use crate::server::Server;

/// What memory is used for, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    /// Slots without keys.
    pub(super) fixed: u64,
    /// Tables by which keys are found.
    pub(super) tables: u64,
    /// What tells which keys expire when.
    pub(super) terms: u64,
    /// Keys and what they hold.
    pub(super) values: u64,
    /// Clients, and what waits on their connections.
    pub(super) clients: u64,
    /// What waits on the connections of the bus.
    pub(super) links: u64,
    /// The most that was used at any look.
    pub(super) peak: u64,
    /// Resident memory of the process.
    pub(super) resident: u64,
    /// Memory of the machine.
    pub(super) machine: u64,
}

impl Figures {
    pub(super) fn take(server: &Server) -> Self {
        let (usage, keyspace) = (server.surroundings.usage(), &server.keyspace);
        let (tables, terms) = keyspace.table_bytes();
        let figures = Self {
            fixed: server.memory.fixed(),
            tables,
            terms,
            values: keyspace.bytes().saturating_sub(tables + terms),
            clients: server.client_bytes(),
            links: server.surroundings.bus_bytes(),
            peak: 0,
            resident: usage.rss_bytes,
            machine: usage.machine_bytes,
        };
        server.memory.note_used(figures.used());
        Self { peak: server.memory.peak(), ..figures }
    }

    /// All that is counted.
    pub(super) fn used(&self) -> u64 {
        self.overhead() + self.values
    }

    /// What is counted and no key with what it holds.
    pub(super) fn overhead(&self) -> u64 {
        self.fixed + self.tables + self.terms + self.clients + self.links
    }

    pub(super) fn peak_percent(&self) -> f64 {
        percent(self.used(), self.peak)
    }

    /// The share of keys and what they hold in what is not there from the start.
    pub(super) fn values_percent(&self) -> f64 {
        percent(self.values, self.used() - self.fixed)
    }

    /// Resident memory for each byte that is counted.
    pub(super) fn fragmentation(&self) -> f64 {
        self.resident as f64 / self.used().max(1) as f64
    }

    pub(super) fn fragmentation_bytes(&self) -> i64 {
        self.resident.wrapping_sub(self.used()).cast_signed()
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
