//! Figures since start, or since CONFIG RESETSTAT.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::error_reply::ErrorReply;
use crate::latency::Histogram;
use crate::table::{self, Known};

/// Most other codes of errors that are counted apart. Source: `ERRORSTATS_LIMIT`.
const CODES_MAX: usize = 128;

/// Codes that are replied often, while slots move or clients err: counted without a lock.
const USUAL_CODES: [&str; 10] =
    ["ASK", "CLUSTERDOWN", "CROSSSLOT", "ERR", "EXECABORT", "MOVED", "NOAUTH", "OOM", "TRYAGAIN", "WRONGTYPE"];

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

/// How many counters stand for one that is raised for every request.
const CELLS: usize = 8;

/// A counter that all threads raise all the time: each its own cell, so that none waits for another's.
#[derive(Debug, Default)]
pub struct SpreadCounter([Cell; CELLS]);

/// Alone on what the processor moves between cores in one piece.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell(Counter);

impl SpreadCounter {
    /// Raises it.
    pub fn add(&self, amount: u64) {
        self.0[own_cell()].0.add(amount);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.iter().map(|cell| cell.0.get()).sum()
    }

    fn clear(&self) {
        self.0.iter().for_each(|cell| cell.0.clear());
    }
}

/// The cell that this thread raises.
fn own_cell() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Relaxed) % CELLS;
    }
    OWN.with(|own| *own)
}

/// Figures of one command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandFigures {
    /// Times it ran.
    pub calls: u64,
    /// Microseconds it ran for, all calls together.
    pub micros: u64,
    /// Times it was refused before it ran.
    pub rejected: u64,
    /// Times it ran and replied with an error.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct CommandCounters {
    calls: Counter,
    micros: Counter,
    rejected: Counter,
    failed: Counter,
}

/// Figures since start, or since CONFIG RESETSTAT.
#[derive(Debug)]
pub struct Stats {
    /// Requests that ran.
    pub commands: SpreadCounter,
    /// Connections that came.
    pub connections: Counter,
    /// Of these, refused because there were too many.
    pub connections_rejected: Counter,
    /// Passwords that were not the right ones.
    pub auth_failures: Counter,
    /// Bytes read from clients.
    pub net_in: SpreadCounter,
    /// Bytes written to clients.
    pub net_out: SpreadCounter,
    /// Times bytes were read.
    pub reads: SpreadCounter,
    /// Times bytes were written.
    pub writes: SpreadCounter,
    /// Errors replied.
    pub errors: SpreadCounter,
    /// Changes of keys.
    pub dirty: SpreadCounter,
    /// Keys taken out because their term was over.
    pub expired_keys: Counter,
    /// Fields of hashes taken out because their term was over.
    pub expired_fields: Counter,
    /// Times there was more to take out than there was time for.
    pub expire_caps: Counter,
    /// Microseconds spent in looking for what has expired.
    pub expire_micros: Counter,
    /// The share of keys that have expired and are still there, in millionths, as of late.
    pub(crate) stale_share: AtomicU64,
    /// Times that the memory of some keys was asked for before they were looked for.
    pub(crate) prefetches: SpreadCounter,
    /// How many keys these were.
    pub(crate) prefetched_keys: SpreadCounter,
    /// Keys taken out because memory was full.
    pub evicted_keys: Counter,
    /// Connections closed because too much waited to be sent on them.
    pub output_limit_disconnections: Counter,
    /// Connections closed because a request grew too long.
    pub query_limit_disconnections: Counter,
    /// Whether it is counted how often commands take how long (`latency-tracking`).
    pub(crate) tracks_times: AtomicBool,
    /// For each cell of a spread counter one of each command.
    per_command: [Box<[CommandCounters]>; CELLS],
    /// For each cell how often each command took how long, once that was counted there.
    times: [Box<[OnceLock<Histogram>]>; CELLS],
    /// How often each of [`USUAL_CODES`] was replied.
    usual_codes: [SpreadCounter; USUAL_CODES.len()],
    /// How often each other code was.
    other_codes: Mutex<BTreeMap<Vec<u8>, u64>>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            commands: SpreadCounter::default(),
            connections: Counter::default(),
            connections_rejected: Counter::default(),
            auth_failures: Counter::default(),
            net_in: SpreadCounter::default(),
            net_out: SpreadCounter::default(),
            reads: SpreadCounter::default(),
            writes: SpreadCounter::default(),
            errors: SpreadCounter::default(),
            dirty: SpreadCounter::default(),
            expired_keys: Counter::default(),
            expired_fields: Counter::default(),
            expire_caps: Counter::default(),
            expire_micros: Counter::default(),
            stale_share: AtomicU64::new(0),
            prefetches: SpreadCounter::default(),
            prefetched_keys: SpreadCounter::default(),
            evicted_keys: Counter::default(),
            output_limit_disconnections: Counter::default(),
            query_limit_disconnections: Counter::default(),
            tracks_times: AtomicBool::new(true),
            per_command: [(); CELLS].map(|()| (0..table::count()).map(|_| CommandCounters::default()).collect()),
            times: [(); CELLS].map(|()| (0..table::count()).map(|_| OnceLock::new()).collect()),
            usual_codes: Default::default(),
            other_codes: Mutex::default(),
        }
    }
}

impl Stats {
    /// Figures of one command.
    #[must_use]
    pub fn of(&self, command: &Known) -> CommandFigures {
        let mut all = CommandFigures::default();
        for counters in self.per_command.iter().map(|cell| &cell[command.index]) {
            all.calls += counters.calls.get();
            all.rejected += counters.rejected.get();
            all.failed += counters.failed.get();
            all.micros += counters.micros.get();
        }
        all
    }

    fn counters(&self, command: &Known) -> &CommandCounters {
        &self.per_command[own_cell()][command.index]
    }

    /// A command ran so often, for so many microseconds in all.
    pub(crate) fn add_calls(&self, command: &Known, calls: u64, micros: u64) {
        self.commands.add(calls);
        let counters = self.counters(command);
        counters.calls.add(calls);
        counters.micros.add(micros);
    }

    /// A command was refused before it ran.
    pub fn add_rejected(&self, command: &Known) {
        self.counters(command).rejected.add(1);
    }

    /// A command ran and replied with an error.
    pub fn add_failed(&self, command: &Known) {
        self.counters(command).failed.add(1);
    }

    /// A command ran for so long.
    pub fn add_time(&self, command: &Known, time: Duration) {
        self.counters(command).micros.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// So many calls of a command took so many microseconds each.
    pub(crate) fn add_call_times(&self, command: &Known, micros: u64, calls: u64) {
        if self.tracks_times.load(Relaxed) {
            self.times[own_cell()][command.index].get_or_init(Histogram::default).add(micros, calls);
        }
    }

    /// How often a command took how long, once that was counted.
    pub(crate) fn times_of(&self, command: &Known) -> Option<Histogram> {
        let mut counted = self.times.iter().filter_map(|cell| cell[command.index].get()).peekable();
        counted.peek()?;
        let all = Histogram::default();
        counted.for_each(|times| all.add_all(times));
        Some(all)
    }

    /// An error was replied.
    pub fn add_error(&self, error: &ErrorReply) {
        self.errors.add(1);
        let code = error.code();
        if let Some(place) = USUAL_CODES.iter().position(|usual| usual.as_bytes() == code) {
            return self.usual_codes[place].add(1);
        }
        let mut codes = self.other_codes();
        let code = if codes.len() < CODES_MAX || codes.contains_key(code) { code } else { OVERFLOW };
        *codes.entry(code.to_vec()).or_default() += 1;
    }

    /// So large a share of the keys that expire has expired and is still there: one look more.
    pub(crate) fn note_stale(&self, share: f64) {
        const WEIGHT: f64 = 0.05;
        let before = self.stale_share.load(Relaxed) as f64;
        self.stale_share.store((share * 1e6 * WEIGHT + before * (1.0 - WEIGHT)) as u64, Relaxed);
    }

    /// That share as of late, in percent.
    pub(crate) fn stale_percent(&self) -> f64 {
        self.stale_share.load(Relaxed) as f64 / 1e4
    }

    /// How often each code was replied.
    #[must_use]
    pub fn errors_by_code(&self) -> BTreeMap<Vec<u8>, u64> {
        let mut all = self.other_codes().clone();
        let usual = USUAL_CODES.iter().zip(&self.usual_codes).map(|(code, count)| (code, count.get()));
        all.extend(usual.filter(|(_, count)| *count > 0).map(|(code, count)| (code.as_bytes().to_vec(), count)));
        all
    }

    fn other_codes(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, u64>> {
        self.other_codes.lock()
    }

    /// Back to zero (CONFIG RESETSTAT).
    pub(crate) fn clear(&self) {
        let own = [&self.commands, &self.net_in, &self.net_out, &self.reads, &self.writes, &self.errors];
        let ahead = [&self.prefetches, &self.prefetched_keys];
        own.into_iter().chain(ahead).chain(&self.usual_codes).for_each(SpreadCounter::clear);
        let own = [&self.connections, &self.connections_rejected, &self.auth_failures];
        let gone =
            [&self.expired_keys, &self.evicted_keys, &self.expired_fields, &self.expire_caps, &self.expire_micros];
        let ended = [&self.output_limit_disconnections, &self.query_limit_disconnections];
        own.into_iter().chain(gone).chain(ended).for_each(Counter::clear);
        self.stale_share.store(0, Relaxed);
        self.times.iter().flatten().filter_map(OnceLock::get).for_each(Histogram::clear);
        for counters in self.per_command.iter().flatten() {
            let of_one = [&counters.calls, &counters.micros, &counters.rejected, &counters.failed];
            of_one.into_iter().for_each(Counter::clear);
        }
        self.other_codes().clear();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_all_threads_have_counted_is_shown_together() {
        let (stats, get) = (Stats::default(), table::find(b"get").expect("a command"));
        let count = || {
            stats.add_call_times(get, 3, 1);
            ["MOVED 1 a:1", "ODD one"].into_iter().for_each(|text| stats.add_error(&ErrorReply::new(text)));
        };
        thread::scope(|scope| (0..20).for_each(|_| drop(scope.spawn(count))));
        assert_eq!(stats.times_of(get).map(|times| (times.count(), times.percentile(100.0))), Some((20, 3)));
        assert_eq!(stats.errors_by_code(), BTreeMap::from([(b"MOVED".to_vec(), 20), (b"ODD".to_vec(), 20)]));
        assert_eq!(stats.errors.get(), 40);
        stats.clear();
        assert_eq!((stats.times_of(get).map(|times| times.count()), stats.errors_by_code().len()), (Some(0), 0));
    }
}
