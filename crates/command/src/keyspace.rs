//! The keys of this node.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};
use slotmesh_store::{GROUP_SLOTS, Group, Keyspace as Groups, SlotKeys};
use slotmesh_types::{Slot, SlotSet};

use crate::beside::Beside;
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

/// The keys of this node, and what is kept beside them. Each group of slots has a lock; no thread holds two.
#[derive(Debug)]
pub struct Keyspace {
    groups: Groups<Beside>,
    /// Whether this node is a primary: a replica takes keys out only when it is told.
    leads: AtomicBool,
    expires: AtomicBool,
    standing: Mutex<()>,
}

/// A group of slots, locked.
pub(crate) type Locked<'a> = MutexGuard<'a, Group<Beside>>;

impl Keyspace {
    /// One without keys. What comes by chance comes from the seed, which nobody else should know.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let (leads, expires) = (AtomicBool::new(true), AtomicBool::new(true));
        let keyspace = Self { groups: Groups::new(seed), leads, expires, standing: Mutex::default() };
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
        self.groups.lock(slot)
    }

    /// How many keys of a slot are here, whoever owns the slot. Those count that have expired and were not taken out yet.
    #[must_use]
    pub fn count(&self, slot: Slot) -> u64 {
        self.lock(slot).slot(slot).len() as u64
    }

    /// At most `max` keys of a slot, in no particular order.
    #[must_use]
    pub fn keys(&self, slot: Slot, max: usize) -> Vec<Vec<u8>> {
        self.lock(slot).slot(slot).keys().take(max).map(<[u8]>::to_vec).collect()
    }

    /// How many keys are here.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.sum(|keys| keys.len() as u64)
    }

    /// Whether no key is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys expire some day.
    #[must_use]
    pub fn expiring(&self) -> u64 {
        self.sum(|keys| keys.expiring() as u64)
    }

    /// Bytes that all keys take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sum(|keys| keys.bytes() as u64)
    }

    fn sum(&self, figure: impl Fn(&SlotKeys) -> u64) -> u64 {
        let of_group = |slots: Group64| {
            let mut group = self.lock(slots.start);
            slots.iter().map(|slot| figure(group.slot(slot))).sum::<u64>()
        };
        groups().map(of_group).sum()
    }

    /// What a slot has cost.
    #[must_use]
    pub fn usage(&self, slot: Slot) -> SlotUsage {
        self.lock(slot).beside.usage(slot)
    }

    /// Sets the figures of all slots back.
    pub(crate) fn reset_usage(&self) {
        for slots in groups() {
            let mut group = self.lock(slots.start);
            for slot in slots.iter() {
                if group.beside.usage(slot) != SlotUsage::default() {
                    *group.beside.usage_mut(slot) = SlotUsage::default();
                }
            }
        }
    }

    /// Held by the one who makes the keys follow the topology.
    pub(crate) fn standing(&self) -> MutexGuard<'_, ()> {
        self.standing.lock()
    }

    /// Sets whether this node is a primary, and the slots whose every command runs here. Gives the slots that are none of them any
    /// more, or never were, and are waited for.
    pub(crate) fn stand(&self, leads: bool, open: &SlotSet) -> Vec<Slot> {
        self.leads.store(leads, Relaxed);
        let mut left = Vec::new();
        for slots in groups() {
            let mut group = self.lock(slots.start);
            for slot in slots.iter() {
                let is_open = open.contains(slot);
                if group.beside.is_open(slot) != is_open {
                    group.beside.set_open(slot, is_open);
                }
                if !is_open && group.beside.is_waited_for(slot) {
                    left.push(slot);
                }
            }
        }
        left
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

/// All slots, those that share a lock together.
pub(crate) fn groups() -> impl Iterator<Item = Group64> {
    let first = Slot::all().step_by(GROUP_SLOTS);
    first.map(|start| Group64 { start, range: start.get()..start.get() + GROUP_SLOTS as u16 })
}
