//! What is kept beside the keys of a group of slots, under the same lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use slotmesh_store::GROUP_SLOTS;
use slotmesh_types::{Slot, key_slot};

use crate::keyspace::SlotUsage;
use crate::random::Random;
use crate::waiting::Waiter;

/// Whether a key that a client watches was changed.
#[derive(Debug, Default)]
pub(crate) struct Watch(AtomicBool);

impl Watch {
    pub(crate) fn is_broken(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(crate) fn break_it(&self) {
        self.0.store(true, Relaxed);
    }
}

/// What is kept beside the keys of a group of slots.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// The slots whose every command runs here, a bit for each: owned by this node, not on the move, in a cluster that is up.
    open: u64,
    /// The slots some of whose keys or fields expire some day, a bit for each. One that has none any more may be among them.
    expiring: u64,
    /// What the slots have cost, once somebody wants to know.
    usage: Option<Box<[SlotUsage; GROUP_SLOTS]>>,
    watches: BTreeMap<Box<[u8]>, Vec<Arc<Watch>>>,
    waiters: BTreeMap<Box<[u8]>, VecDeque<Arc<Waiter>>>,
    /// Keys, there or not, and the numbers of the clients that have read them and are tracked.
    readers: BTreeMap<Box<[u8]>, BTreeSet<u64>>,
    pub(crate) random: Random,
}

fn place(slot: Slot) -> usize {
    slot.index() % GROUP_SLOTS
}

impl Beside {
    /// Whether every command of a slot runs here; if not, the topology has to be looked at.
    pub(crate) fn is_open(&self, slot: Slot) -> bool {
        self.open >> place(slot) & 1 == 1
    }

    pub(crate) fn set_open(&mut self, slot: Slot, open: bool) {
        let bit = 1 << place(slot);
        self.open = if open { self.open | bit } else { self.open & !bit };
    }

    /// Whether it has to be looked now and then whether something in the slot has expired.
    pub(crate) fn expires(&self, slot: Slot) -> bool {
        self.expiring >> place(slot) & 1 == 1
    }

    pub(crate) fn set_expires(&mut self, slot: Slot, expires: bool) {
        let bit = 1 << place(slot);
        self.expiring = if expires { self.expiring | bit } else { self.expiring & !bit };
    }

    pub(crate) fn usage(&self, slot: Slot) -> SlotUsage {
        self.usage.as_ref().map(|usage| usage[place(slot)]).unwrap_or_default()
    }

    pub(crate) fn usage_mut(&mut self, slot: Slot) -> &mut SlotUsage {
        let usage = self.usage.get_or_insert_with(|| Box::new([SlotUsage::default(); GROUP_SLOTS]));
        &mut usage[place(slot)]
    }

    /// Whether anybody wants to know which keys change.
    pub(crate) fn is_observed(&self) -> bool {
        !self.watches.is_empty() || !self.waiters.is_empty() || !self.readers.is_empty()
    }

    /// A key has changed. Tells whether requests wait for it.
    pub(crate) fn touch(&mut self, key: &[u8]) -> bool {
        if let Some(watches) = self.watches.get(key) {
            watches.iter().for_each(|watch| watch.break_it());
        }
        self.waiters.contains_key(key)
    }

    pub(crate) fn watch(&mut self, key: &[u8], watch: &Arc<Watch>) {
        self.watches.entry(key.into()).or_default().push(Arc::clone(watch));
    }

    pub(crate) fn unwatch(&mut self, key: &[u8], watch: &Arc<Watch>) {
        if let Some(watches) = self.watches.get_mut(key) {
            watches.retain(|other| !Arc::ptr_eq(other, watch));
            if watches.is_empty() {
                self.watches.remove(key);
            }
        }
    }

    /// The keys that are watched or waited for.
    pub(crate) fn observed_keys(&self) -> Vec<Box<[u8]>> {
        self.watches.keys().chain(self.waiters.keys()).cloned().collect()
    }

    /// A client that is tracked has read a key. Tells whether nobody had, and whether this one had not.
    pub(crate) fn add_reader(&mut self, key: &[u8], client: u64) -> (bool, bool) {
        match self.readers.get_mut(key) {
            Some(readers) => (false, readers.insert(client)),
            None => (self.readers.insert(key.into(), BTreeSet::from([client])).is_none(), true),
        }
    }

    /// Those who have read a key; forgets them.
    pub(crate) fn take_readers(&mut self, key: &[u8]) -> Option<BTreeSet<u64>> {
        if self.readers.is_empty() { None } else { self.readers.remove(key) }
    }

    /// The keys of a slot that were read.
    pub(crate) fn read_keys(&self, slot: Slot) -> Vec<Box<[u8]>> {
        self.readers.keys().filter(|key| key_slot(key) == slot).cloned().collect()
    }

    /// A key that was read, if possible another one.
    pub(crate) fn read_key_beside(&self, key: &[u8]) -> Option<Box<[u8]>> {
        let after = self.readers.range::<[u8], _>((Bound::Excluded(key), Bound::Unbounded)).next();
        after.or_else(|| self.readers.first_key_value()).map(|(key, _)| key.clone())
    }

    pub(crate) fn add_waiter(&mut self, waiter: &Arc<Waiter>) {
        for key in &waiter.wait.keys {
            let queue = self.waiters.entry(key.clone()).or_default();
            // A key may be named twice.
            if !queue.back().is_some_and(|last| Arc::ptr_eq(last, waiter)) {
                queue.push_back(Arc::clone(waiter));
            }
        }
    }

    /// Tells whether it was in a queue.
    pub(crate) fn remove_waiter(&mut self, waiter: &Waiter) -> bool {
        let mut was_here = false;
        for key in &waiter.wait.keys {
            if let Some(queue) = self.waiters.get_mut(key) {
                let before = queue.len();
                queue.retain(|other| !std::ptr::eq(&**other, waiter));
                was_here |= queue.len() < before;
                if queue.is_empty() {
                    self.waiters.remove(key);
                }
            }
        }
        was_here
    }

    /// Those who wait for a key, who came first at first.
    pub(crate) fn waiters_of(&self, key: &[u8]) -> Vec<Arc<Waiter>> {
        self.waiters.get(key).map(|queue| queue.iter().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn is_waited_for(&self, slot: Slot) -> bool {
        !self.waiters.is_empty() && self.waiters.values().flatten().any(|waiter| waiter.slot == slot)
    }

    /// Everybody who waits for a key of a slot.
    pub(crate) fn waiters_in(&self, slot: Slot) -> Vec<Arc<Waiter>> {
        self.waiters.values().flatten().filter(|waiter| waiter.slot == slot).cloned().collect()
    }
}
