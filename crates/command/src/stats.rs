//! Figures since start, or since CONFIG RESETSTAT.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::error_reply::ErrorReply;
use crate::latency::Histogram;
use crate::table::{self, Known};

/// Most codes of errors that are counted apart. Source: `ERRORSTATS_LIMIT`.
const CODES_MAX: usize = 128;

/// Where the codes beyond that are counted.
const OVERFLOW: &[u8] = b"ERRORSTATS_OVERFLOW";

/// A counter that any thread may raise.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Raises it.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// Figures of one command.
#[derive(Debug, Default)]
pub struct CommandCounters {
    /// Times it ran.
    pub calls: Counter,
    /// Microseconds it ran for, all calls together.
    pub micros: Counter,
    /// Times it was refused before it ran.
    pub rejected: Counter,
    /// Times it ran and replied with an error.
    pub failed: Counter,
    times: OnceLock<Histogram>,
}

impl CommandCounters {
    /// How often it took how long, once that was counted.
    pub(crate) fn times(&self) -> Option<&Histogram> {
        self.times.get()
    }
}

/// Figures since start, or since CONFIG RESETSTAT.
#[derive(Debug)]
pub struct Stats {
    /// Requests that ran.
    pub commands: Counter,
    /// Connections that came.
    pub connections: Counter,
    /// Of these, refused because there were too many.
    pub connections_rejected: Counter,
    /// Passwords that were not the right ones.
    pub auth_failures: Counter,
    /// Bytes read from clients.
    pub net_in: Counter,
    /// Bytes written to clients.
    pub net_out: Counter,
    /// Times bytes were read.
    pub reads: Counter,
    /// Times bytes were written.
    pub writes: Counter,
    /// Errors replied.
    pub errors: Counter,
    /// Changes of keys.
    pub dirty: Counter,
    /// Keys taken out because their term was over.
    pub expired_keys: Counter,
    /// Connections closed because too much waited to be sent on them.
    pub output_limit_disconnections: Counter,
    /// Connections closed because a request grew too long.
    pub query_limit_disconnections: Counter,
    /// Whether it is counted how often commands take how long (`latency-tracking`).
    pub(crate) tracks_times: AtomicBool,
    per_command: Box<[CommandCounters]>,
    per_code: Mutex<BTreeMap<Vec<u8>, u64>>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            commands: Counter::default(),
            connections: Counter::default(),
            connections_rejected: Counter::default(),
            auth_failures: Counter::default(),
            net_in: Counter::default(),
            net_out: Counter::default(),
            reads: Counter::default(),
            writes: Counter::default(),
            errors: Counter::default(),
            dirty: Counter::default(),
            expired_keys: Counter::default(),
            output_limit_disconnections: Counter::default(),
            query_limit_disconnections: Counter::default(),
            tracks_times: AtomicBool::new(true),
            per_command: (0..table::count()).map(|_| CommandCounters::default()).collect(),
            per_code: Mutex::default(),
        }
    }
}

impl Stats {
    /// Figures of one command.
    #[must_use]
    pub fn of(&self, command: &Known) -> &CommandCounters {
        &self.per_command[command.index]
    }

    /// A command ran for so long.
    pub fn add_time(&self, command: &Known, time: Duration) {
        self.of(command).micros.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// A call of a command took so long. What it does after it has asked others counts with none.
    pub(crate) fn add_call_time(&self, command: &Known, time: Duration) {
        if self.tracks_times.load(Relaxed) {
            let times = self.of(command).times.get_or_init(Histogram::default);
            times.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// An error was replied.
    pub fn add_error(&self, error: &ErrorReply) {
        self.errors.add(1);
        let mut codes = self.per_code.lock().unwrap_or_else(PoisonError::into_inner);
        let code = error.code();
        let code = if codes.len() < CODES_MAX || codes.contains_key(code) { code } else { OVERFLOW };
        *codes.entry(code.to_vec()).or_default() += 1;
    }

    /// How often each code was replied.
    #[must_use]
    pub fn errors_by_code(&self) -> BTreeMap<Vec<u8>, u64> {
        self.per_code.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Back to zero (CONFIG RESETSTAT).
    pub(crate) fn clear(&self) {
        let own = [&self.commands, &self.connections, &self.connections_rejected, &self.net_in, &self.net_out];
        own.into_iter().chain([&self.reads, &self.writes, &self.errors, &self.expired_keys]).for_each(Counter::clear);
        let closed = [&self.output_limit_disconnections, &self.query_limit_disconnections, &self.auth_failures];
        closed.into_iter().for_each(Counter::clear);
        for command in &self.per_command {
            [&command.calls, &command.micros, &command.rejected, &command.failed].into_iter().for_each(Counter::clear);
            command.times().into_iter().for_each(Histogram::clear);
        }
        self.per_code.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
