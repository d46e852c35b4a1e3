//! The process, and what commands look at that this crate does not own.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::ClusterView;
use slotmesh_types::Now;

use crate::responsiveness::Responsiveness;

/// What the process tells about itself once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Random for each run: 40 hexadecimal digits.
    pub run_id: String,
    /// Names the history of its data: 40 hexadecimal digits, random for each run.
    pub replication_id: String,
    /// Number of the process.
    pub id: u32,
    /// Path of the program.
    pub executable: String,
    /// Path of the configuration file; empty for none.
    pub config_file: String,
    /// System, release and machine, as `uname` tells them.
    pub os: String,
}

/// What the process uses at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory in bytes.
    pub rss_bytes: u64,
    /// Memory of the machine in bytes.
    pub machine_bytes: u64,
    /// Processor time spent in the program.
    pub user_time: Duration,
    /// Processor time spent for it in the system.
    pub system_time: Duration,
}

/// What commands look at and this crate does not own.
pub trait Surroundings: Send + Sync {
    /// The latest view of the cluster. Called for most requests; must not wait.
    fn view(&self) -> Arc<ClusterView>;

    /// What the process uses. Called for INFO.
    fn usage(&self) -> Usage;

    /// The version of the latest view, or of the one before for the moment in which it changes. Called for each request
    /// on keys.
    fn view_version(&self) -> u64 {
        self.view().version
    }

    /// The two clocks. Called for what takes long, or had to wait for a lock.
    fn now(&self) -> Now;

    /// The wall clock in microseconds since 1970. Called for TIME and INFO, which alone show more than milliseconds.
    fn unix_micros(&self) -> u64;

    /// Connections of the bus, which count towards `maxclients`. Called for each new client; must not wait.
    fn bus_links(&self) -> u64 {
        0
    }

    /// Bytes that wait on the connections of the bus to be sent. Called now and then; must not wait.
    fn bus_bytes(&self) -> u64 {
        0
    }

    /// Connections to other servers that are kept for the next keys that go there. Called for INFO.
    fn kept_targets(&self) -> usize {
        0
    }

    /// How soon its threads get to what is due. Called for INFO.
    fn responsiveness(&self) -> Responsiveness {
        Responsiveness::default()
    }

    /// Frees what takes a while to free, at another time or on another thread.
    fn discard(&self, garbage: Box<dyn Send>) {
        drop(garbage);
    }

    /// Tells the other nodes of a published message, those of the own shard only if `shard`. Must not wait.
    fn publish(&self, shard: bool, channel: &[u8], message: &[u8]);
}
