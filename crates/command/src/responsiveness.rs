//! How soon the threads of the process get to what is due.

use std::time::Duration;

/// How late a thread was over the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// The longest delay.
    pub max: Duration,
    /// Of a hundred delays, one was longer. At most an eighth too long, by how it is counted.
    pub p99: Duration,
}

/// A thread that serves clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadHealth {
    /// How late it was.
    pub lateness: Lateness,
    /// For how long it has been held up right now; zero if it is not.
    pub stalled: Duration,
}

/// How soon the threads of the process get to what is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Responsiveness {
    /// The thread of the bus: how late its timers fire.
    pub bus: Lateness,
    /// The threads that serve clients.
    pub clients: Vec<ThreadHealth>,
    /// Over how many of them connections are spread at present.
    pub active: usize,
    /// How often one of these was held up for longer than `slotmesh-stall-threshold`, since the start.
    pub stalls: u64,
}
