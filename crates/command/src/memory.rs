//! How much memory is used, and how much may be.
//!
//! What counts is what is counted: keys with what they hold, as the keyspace books it along, and what waits on
//! connections. What the allocator holds beyond that, and what the program needs for itself, does not: to ask the
//! allocator takes far too long for each request. INFO shows beside it what is resident.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};
use slotmesh_store::GROUP_SLOTS;
use slotmesh_types::Slot;

use crate::candidates::Candidates;
use crate::random::Random;

const GROUPS: usize = Slot::COUNT as usize / GROUP_SLOTS;

/// How much memory is used, and how much may be.
#[derive(Debug)]
pub struct Memory {
    /// Most bytes; 0 for any number.
    limit: AtomicU64,
    /// Bytes of empty slots.
    fixed: u64,
    keys: Lonely,
    /// Bytes that wait on connections, as of the last look.
    connections: AtomicU64,
    peak: AtomicU64,
    groups: Box<[GroupSize]>,
    /// Keys that have been found worth to go.
    candidates: Mutex<Candidates>,
    random: AtomicU64,
    /// Since when more is used than may be, in microseconds of the wall clock, although keys could go; 0 when it is not
    /// so.
    exceeded_since: AtomicU64,
    exceeded_micros: AtomicU64,
}

/// What all keys take as it was booked, in bytes. Apart from what every request reads.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lonely(AtomicU64);

/// How many keys the slots of a group have.
#[derive(Debug, Default)]
struct GroupSize {
    keys: AtomicU32,
    expiring: AtomicU32,
}

impl GroupSize {
    /// How many keys may go.
    fn count(&self, expiring: bool) -> u32 {
        if expiring { self.expiring.load(Relaxed) } else { self.keys.load(Relaxed) }
    }
}

/// What the keys of a slot take. Booked while there is a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotSize {
    pub(crate) bytes: u64,
    pub(crate) keys: u32,
    pub(crate) expiring: u32,
}

impl SlotSize {
    /// How many keys may go.
    pub(crate) fn count(&self, expiring: bool) -> u32 {
        if expiring { self.expiring } else { self.keys }
    }
}

impl Memory {
    pub(crate) fn new(limit: u64, fixed: u64, seed: u64) -> Self {
        Self {
            limit: AtomicU64::new(limit),
            fixed,
            keys: Lonely::default(),
            connections: AtomicU64::new(0),
            peak: AtomicU64::new(fixed),
            groups: (0..GROUPS).map(|_| GroupSize::default()).collect(),
            candidates: Mutex::default(),
            random: AtomicU64::new(seed),
            exceeded_since: AtomicU64::new(0),
            exceeded_micros: AtomicU64::new(0),
        }
    }

    /// Most bytes that may be used; 0 for any number.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit.load(Relaxed)
    }

    pub(crate) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Relaxed);
    }

    /// Whether more is used than may be.
    pub(crate) fn is_over(&self) -> bool {
        let limit = self.limit();
        limit > 0 && self.used() > limit
    }

    /// What is used as far as it is booked, which it is while there is a limit.
    pub(crate) fn used(&self) -> u64 {
        self.keys.0.load(Relaxed).saturating_add(self.fixed + self.connections.load(Relaxed))
    }

    /// Bytes of empty slots.
    #[must_use]
    pub fn fixed(&self) -> u64 {
        self.fixed
    }

    /// The most that was used at any look.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.peak.load(Relaxed)
    }

    pub(crate) fn note_used(&self, used: u64) {
        self.peak.fetch_max(used, Relaxed);
    }

    pub(crate) fn set_connections(&self, bytes: u64) {
        self.connections.store(bytes, Relaxed);
    }

    /// A slot takes something else now. To be called while it is locked.
    pub(crate) fn book(&self, slot: Slot, before: SlotSize, after: SlotSize) {
        self.keys.0.fetch_add(after.bytes.wrapping_sub(before.bytes), Relaxed);
        let group = &self.groups[slot.index() / GROUP_SLOTS];
        for (total, before, after) in
            [(&group.keys, before.keys, after.keys), (&group.expiring, before.expiring, after.expiring)]
        {
            if before != after {
                total.fetch_add(after.wrapping_sub(before), Relaxed);
            }
        }
    }

    /// Whether there are keys that may go.
    pub(crate) fn has_keys(&self, expiring: bool) -> bool {
        self.groups.iter().any(|group| group.count(expiring) > 0)
    }

    /// The first slot of a group, each the likelier the more keys it has that may go; `None` when there is none.
    pub(crate) fn draw_group(&self, expiring: bool, random: &mut Random) -> Option<Slot> {
        let count = |group: &GroupSize| u64::from(group.count(expiring));
        let mut place = random.next().checked_rem(self.groups.iter().map(count).sum())?;
        let found = self.groups.iter().position(|group| {
            let count = count(group);
            let is_here = place < count;
            place = place.saturating_sub(count);
            is_here
        });
        // Some may have gone since they were counted.
        let index = found.unwrap_or_default() * GROUP_SLOTS;
        u16::try_from(index).ok().and_then(Slot::new)
    }

    pub(crate) fn candidates(&self) -> MutexGuard<'_, Candidates> {
        self.candidates.lock()
    }

    /// Chance for one thread.
    pub(crate) fn random(&self) -> Random {
        Random::new(self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed).rotate_left(32))
    }

    /// More is used than may be, or is no longer.
    pub(crate) fn set_exceeded(&self, exceeded: bool, unix_micros: u64) {
        let since = self.exceeded_since.load(Relaxed);
        if exceeded != (since > 0) {
            self.exceeded_since.store(if exceeded { unix_micros.max(1) } else { 0 }, Relaxed);
            let passed = if exceeded { 0 } else { unix_micros.saturating_sub(since) };
            self.exceeded_micros.fetch_add(passed, Relaxed);
        }
    }

    /// For how long in all more was used than may be although keys could go, and for how long it has been so by now, in
    /// milliseconds.
    pub(crate) fn exceeded_ms(&self, unix_micros: u64) -> (u64, u64) {
        let now = match self.exceeded_since.load(Relaxed) {
            0 => 0,
            since => unix_micros.saturating_sub(since),
        };
        ((self.exceeded_micros.load(Relaxed) + now) / 1000, now / 1000)
    }
}
