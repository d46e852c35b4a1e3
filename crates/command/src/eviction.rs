//! Keys go where memory is full. Source: `evict.c` of Valkey.

use slotmesh_config::Config;
use slotmesh_store::{Rank, Usage};
use slotmesh_types::Now;

use crate::candidates::Candidate;
use crate::error_reply::ErrorReply;
use crate::keyspace::groups;
use crate::server::Server;
use crate::turn::Turn;

/// After so many keys it is looked at the clock.
const KEYS_BETWEEN_LOOKS: u32 = 16;

/// After so many looks in a row of which no key went, none may go: all that is left is on its way to other nodes, or is
/// taken by other threads first.
const VAIN_LOOKS_MAX: u32 = 256;

/// What the configuration says of the keys that go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Eviction {
    /// By what they are chosen; `None` when none goes.
    rank: Option<Rank>,
    /// Whether only those go that expire some day.
    expiring: bool,
    /// How many are looked at for each that goes.
    samples: usize,
    /// For how long a request may make room; `None` for as long as it takes.
    micros: Option<u64>,
    /// Whether a replica has no limit.
    spares_replicas: bool,
}

impl Eviction {
    pub(crate) fn new(config: &Config, usage: Usage) -> Self {
        let policy = config.text("maxmemory-policy");
        let rank = match policy.split_once('-').map(|(_, by)| by) {
            Some("random") => Some(Rank::Chance),
            Some("ttl") => Some(Rank::Term),
            Some("lru" | "lfu") => Some(Rank::Use(usage)),
            _ => None,
        };
        Self {
            rank,
            expiring: policy.starts_with("volatile-"),
            samples: usize::try_from(config.number("maxmemory-samples")).unwrap_or(1),
            micros: micros(config.number("maxmemory-eviction-tenacity")),
            spares_replicas: config.flag("replica-ignore-maxmemory"),
        }
    }
}

/// How long a request may make room. Source: `evictionTimeLimitUs`.
fn micros(tenacity: i64) -> Option<u64> {
    match tenacity {
        100.. => None,
        11.. => Some((500.0 * 1.15_f64.powi(i32::try_from(tenacity).unwrap_or(99) - 10)) as u64),
        _ => Some(50 * tenacity.unsigned_abs()),
    }
}

/// What came of making room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// There is.
    Made,
    /// There will be.
    Later,
    /// No key may go.
    No,
}

/// Makes room where memory is full, whatever the request: one that only reads frees what the ones before have taken. The error is
/// for what needs memory, where there is none. No lock may be held.
pub(crate) fn check_room(server: &Server, now: Now, needs: impl FnOnce() -> bool) -> Result<(), ErrorReply> {
    if !server.memory.is_over() {
        return Ok(());
    }
    let eviction = server.settings.load().eviction;
    match server.evict_for(now, eviction.micros) {
        Room::No if needs() => Err(no_room()),
        Room::Made | Room::Later | Room::No => Ok(()),
    }
}

/// What is replied where there is no room.
pub(crate) fn no_room() -> ErrorReply {
    ErrorReply::new("OOM command not allowed when used memory > 'maxmemory'.")
}

impl Server {
    /// Looks at how much memory is used. To be called now and then: what waits on connections counts as it is found
    /// here. Where it is too much, keys go for at most so many microseconds.
    pub fn look_after_memory(&self, now: Now, micros_max: u64) {
        if self.memory.limit() == 0 {
            return;
        }
        self.look_at_connections();
        self.memory.note_used(self.memory.used());
        if self.memory.is_over() {
            self.evict_for(now, Some(micros_max));
        }
    }

    pub(crate) fn look_at_connections(&self) {
        self.memory.set_connections(self.client_bytes() + self.surroundings.bus_bytes());
    }

    /// Bytes that clients hold.
    pub(crate) fn client_bytes(&self) -> u64 {
        self.clients.all().iter().map(|client| client.bytes()).sum()
    }

    /// Whether there is no room, and none can be made.
    pub(crate) fn is_full(&self) -> bool {
        self.memory.is_over() && self.settings.load().eviction.rank.is_none() && self.has_limit()
    }

    fn has_limit(&self) -> bool {
        self.keyspace.leads() || !self.settings.load().eviction.spares_replicas
    }

    /// Books what every slot takes. From then on it is booked along.
    pub(crate) fn book_all(&self) {
        for slots in groups() {
            let mut group = self.keyspace.lock(slots.start);
            for slot in slots.iter() {
                if group.peek(slot).is_some() {
                    let (keys, beside) = group.parts(slot);
                    beside.book(slot, keys, &self.memory);
                }
            }
        }
    }

    /// In a pause no key goes. Source: `performEvictions`.
    fn evict_for(&self, now: Now, micros_max: Option<u64>) -> Room {
        let eviction = self.settings.load().eviction;
        let (Some(rank), true) = (eviction.rank, self.has_limit()) else {
            return if self.has_limit() { Room::No } else { Room::Made };
        };
        let micros = || self.surroundings.unix_micros();
        let begun = micros();
        let end = micros_max.map(|max| begun + max);
        let mut room = Room::Made;
        let (mut count, mut vain) = (0_u32, 0);
        while self.memory.is_over() && !self.pause.is_on() {
            vain = if self.evict_one(now, &eviction, rank) { 0 } else { vain + 1 };
            if vain == VAIN_LOOKS_MAX || vain > 0 && !self.memory.has_keys(eviction.expiring) {
                room = Room::No;
                break;
            }
            count += 1;
            if count.is_multiple_of(KEYS_BETWEEN_LOOKS) && end.is_some_and(|end| micros() >= end) {
                room = Room::Later;
                break;
            }
        }
        let ended = micros();
        self.memory.set_exceeded(room == Room::Later, ended);
        let took = ended.saturating_sub(begun);
        if self.spikes.wants(took) {
            self.spikes.add("eviction-cycle", now.unix.0 / 1000, took);
        }
        room
    }

    /// Lets one key go, unless none was found, or the one to go is gone or was used meanwhile. Tells whether one went.
    /// One lock is held at a time: first of the slots that are looked at, then of the best that was found.
    fn evict_one(&self, now: Now, eviction: &Eviction, rank: Rank) -> bool {
        let found = self.look_for_candidates(now, eviction, rank);
        let best = if rank == Rank::Chance {
            found.into_iter().next()
        } else {
            self.memory.candidates().best_with(found, (rank, eviction.expiring))
        };
        let Some(best) = best else { return false };
        Turn::new(self, best.slot, now).evict(&best, rank, eviction.expiring)
    }

    /// Some keys of one group of slots that may go.
    fn look_for_candidates(&self, now: Now, eviction: &Eviction, rank: Rank) -> Vec<Candidate> {
        let (mut random, expiring) = (self.memory.random(), eviction.expiring);
        let Some(first) = self.memory.draw_group(expiring, &mut random) else { return Vec::new() };
        let mut group = self.keyspace.lock(first);
        let samples = if rank == Rank::Chance { 1 } else { eviction.samples };
        let look = |_| {
            let slot = group.beside.draw_slot(first, expiring, &mut random)?;
            let found = group.slot(slot).candidate(rank, expiring, now.unix.0, || random.next());
            let found = found.filter(|(key, _)| !group.beside.holds().has(slot, key));
            found.map(|(key, rank)| Candidate { slot, key, rank })
        };
        (0..samples).filter_map(look).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn tenacity_is_time() {
        assert_eq!([0, 1, 10, 100].map(micros), [Some(0), Some(50), Some(500), None]);
        assert_eq!(micros(11), Some(575));
        assert!(micros(99).is_some_and(|micros| (100_000_000..200_000_000).contains(&micros)));
    }
}
