//! The keys of this node.

use std::cell::Cell;
use std::ops::{Deref, DerefMut, Range};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use slotmesh_store::{GROUP_SLOTS, Group, Keyspace as Groups, SlotKeys};
use slotmesh_sync::MutexGuard;
use slotmesh_types::Slot;

use crate::beside::Beside;
use crate::expiring::Expiring;
use crate::random::Random;

/// What a slot has cost since it came here, or since its figures were last set back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotUsage {
    /// Time spent in commands, in microseconds.
    pub cpu_micros: u64,
    /// Bytes of requests.
    pub bytes_in: u64,
    /// Bytes of replies.
    pub bytes_out: u64,
}

/// Keys in which clients are interested, there or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Awaited {
    /// Keys that are watched (WATCH).
    pub(crate) watched: usize,
    /// Keys that are waited for.
    pub(crate) waited_for: usize,
    /// Of these, those whose end ends the wait as well.
    pub(crate) or_gone: usize,
}

/// Figures of all keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub keys: u64,
    /// How many expire some day.
    pub expiring: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// Bytes, of these, of the tables by which they are found.
    pub table_bytes: u64,
    /// Bytes, of these, of what tells which expire when.
    pub term_bytes: u64,
    /// Milliseconds that those that expire have left, all together.
    pub terms_ms: u64,
}

/// The keys of this node, and what is kept beside them. Each group of slots has a lock; no thread holds two.
#[derive(Debug)]
pub struct Keyspace {
    groups: Groups<Beside>,
    /// Whether this node is a primary: a replica takes keys out only when it is told.
    leads: AtomicBool,
    expires: AtomicBool,
    /// Where something expires some day.
    pub(crate) expiring: Expiring,
}

/// A group of slots, locked. A thread holds one at a time: of two threads that want a second one each could wait for
/// the other.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    group: MutexGuard<'a, Group<Beside>>,
    _alone: Alone,
}

/// In tests, ends the thread that wants a second lock.
#[derive(Debug)]
struct Alone;

thread_local! {
    static HOLDS_ONE: Cell<bool> = const { Cell::new(false) };
}

impl Alone {
    fn new() -> Self {
        if cfg!(debug_assertions) {
            assert!(!HOLDS_ONE.replace(true), "this thread holds the lock of a group already");
        }
        Self
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if cfg!(debug_assertions) {
            HOLDS_ONE.set(false);
        }
    }
}

impl Deref for Locked<'_> {
    type Target = Group<Beside>;

    fn deref(&self) -> &Self::Target {
        &self.group
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.group
    }
}

impl Keyspace {
    /// One without keys. What comes by chance comes from the seed, which nobody else should know.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let (leads, expires) = (AtomicBool::new(true), AtomicBool::new(true));
        let keyspace = Self { groups: Groups::new(seed), leads, expires, expiring: Expiring::default() };
        let mut random = Random::new(seed);
        for group in groups() {
            keyspace.lock(group.start).beside.random = Random::new(random.next());
        }
        keyspace
    }

    /// A number by chance.
    pub(crate) fn random(&self) -> u64 {
        self.lock(Slot::from_hash(0)).beside.random.next()
    }

    /// Whether this node is a primary.
    pub(crate) fn leads(&self) -> bool {
        self.leads.load(Relaxed)
    }

    /// The group of a slot.
    pub(crate) fn lock(&self, slot: Slot) -> Locked<'_> {
        let _alone = Alone::new();
        Locked { group: self.groups.lock(slot), _alone }
    }

    /// The same, if nobody else holds it.
    pub(crate) fn try_lock(&self, slot: Slot) -> Option<Locked<'_>> {
        let _alone = Alone::new();
        Some(Locked { group: self.groups.try_lock(slot)?, _alone })
    }

    /// Asks for the memory of some keys.
    pub(crate) fn foresee(&self, keys: &[slotmesh_store::Foreseen]) {
        self.groups.foresee(keys);
    }

    /// How many keys of a slot are here, whoever owns the slot. Those count that have expired and were not taken out
    /// yet.
    #[must_use]
    pub fn count(&self, slot: Slot) -> u64 {
        self.lock(slot).peek(slot).map_or(0, SlotKeys::len) as u64
    }

    /// At most `max` keys of a slot, in no particular order.
    #[must_use]
    pub fn keys(&self, slot: Slot, max: usize) -> Vec<Vec<u8>> {
        let group = self.lock(slot);
        group.peek(slot).into_iter().flat_map(SlotKeys::keys).take(max).map(<[u8]>::to_vec).collect()
    }

    /// How many keys are here.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.sum(|keys| keys.len() as u64)
    }

    /// The slot of one key, counted from 0 through all slots in order; `None` beyond the last.
    pub(crate) fn slot_at(&self, mut place: u64) -> Option<Slot> {
        for slots in groups() {
            let group = self.lock(slots.start);
            for slot in slots.iter() {
                let count = group.peek(slot).map_or(0, SlotKeys::len) as u64;
                if place < count {
                    return Some(slot);
                }
                place -= count;
            }
        }
        None
    }

    /// Whether no key is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_filled = |slots: Group64| {
            let group = self.lock(slots.start);
            slots.iter().filter_map(|slot| group.peek(slot)).any(|keys| !keys.is_empty())
        };
        !groups().any(is_filled)
    }

    /// Figures of all keys, from one walk. A term is what is left at this time, in milliseconds since 1970.
    #[must_use]
    pub fn totals(&self, now: u64) -> Totals {
        let mut all = Totals::default();
        for slots in groups() {
            let group = self.lock(slots.start);
            for keys in slots.iter().filter_map(|slot| group.peek(slot)) {
                all.keys += keys.len() as u64;
                all.expiring += keys.expiring() as u64;
                all.bytes += keys.bytes() as u64;
                all.table_bytes += keys.table_bytes() as u64;
                all.term_bytes += keys.term_bytes() as u64;
                all.terms_ms = all.terms_ms.saturating_add(keys.terms_ms(now));
            }
        }
        all
    }

    /// Bytes that the slots take while no key is there, once all of them have been in use.
    #[must_use]
    pub fn empty_bytes(&self) -> u64 {
        self.groups.empty_bytes() as u64
    }

    fn sum(&self, figure: impl Fn(&SlotKeys) -> u64) -> u64 {
        let of_group = |slots: Group64| {
            let group = self.lock(slots.start);
            slots.iter().filter_map(|slot| group.peek(slot)).map(&figure).sum::<u64>()
        };
        groups().map(of_group).sum()
    }

    /// What a slot has cost.
    #[must_use]
    pub fn usage(&self, slot: Slot) -> SlotUsage {
        self.lock(slot).beside.usage(slot)
    }

    /// How many lookups have found their keys, and how many have not.
    #[must_use]
    pub fn lookups(&self) -> (u64, u64) {
        groups()
            .map(|slots| self.lock(slots.start).beside.lookups())
            .fold((0, 0), |all, group| (all.0 + group.0, all.1 + group.1))
    }

    /// How many keys clients watch or wait for.
    pub(crate) fn awaited(&self) -> Awaited {
        let mut all = Awaited::default();
        for slots in groups() {
            self.lock(slots.start).beside.count_awaited(&mut all);
        }
        all
    }

    /// Sets the figures of all slots back.
    pub(crate) fn reset_usage(&self) {
        for slots in groups() {
            let mut group = self.lock(slots.start);
            group.beside.reset_lookups();
            for slot in slots.iter() {
                group.beside.reset_usage(slot);
            }
        }
    }

    /// Sets whether this node is a primary.
    pub(crate) fn set_leads(&self, leads: bool) {
        self.leads.store(leads, Relaxed);
    }

    /// Returns when whoever held a lock of a group at the call has given it back.
    pub(crate) fn wait_for_all(&self) {
        groups().for_each(|slots| drop(self.lock(slots.start)));
    }

    /// Whether what has expired is looked for. Tests switch that off.
    pub(crate) fn expires(&self) -> bool {
        self.expires.load(Relaxed)
    }

    pub(crate) fn set_expires(&self, expires: bool) {
        self.expires.store(expires, Relaxed);
    }
}

/// Slots that share a lock.
#[derive(Clone, Debug)]
pub(crate) struct Group64 {
    pub(crate) start: Slot,
    range: Range<u16>,
}

impl Group64 {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Slot> + use<> {
        self.range.clone().filter_map(Slot::new)
    }
}

/// The slots that share a lock with this one.
pub(crate) fn group_of(slot: Slot) -> Group64 {
    let start = slot.get() / GROUP_SLOTS as u16 * GROUP_SLOTS as u16;
    Group64 { start: Slot::from_hash(start), range: start..start + GROUP_SLOTS as u16 }
}

/// All slots, those that share a lock together.
pub(crate) fn groups() -> impl Iterator<Item = Group64> {
    let first = Slot::all().step_by(GROUP_SLOTS);
    first.map(|start| Group64 { start, range: start.get()..start.get() + GROUP_SLOTS as u16 })
}
