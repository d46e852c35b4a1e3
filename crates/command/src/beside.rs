//! What is kept beside the keys of a group of slots, under the same lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use slotmesh_store::{GROUP_SLOTS, SlotKeys};
use slotmesh_table::ClusterView;
use slotmesh_types::Slot;

use crate::holds::Holds;
use crate::keyspace::{Awaited, SlotUsage};
use crate::memory::{Memory, SlotSize};
use crate::random::Random;
use crate::settings::SeenSettings;
use crate::waiting::{Waiter, Wanted};

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

/// Something for each of some keys. Those of a slot stand together.
pub(crate) type ByKey<V> = BTreeMap<(Slot, Box<[u8]>), V>;

/// What is kept beside the keys of a group of slots, laid out as written: first what every request reads.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Beside {
    /// The slots whose every command runs here, a bit for each: owned by this node, not on the move, in a cluster that
    /// is up, with nothing held back. So it was when the view of the cluster had this version.
    open: u64,
    version: Option<u64>,
    /// Lookups that have found their keys, and those that have not.
    lookups: (u64, u64),
    pub(crate) random: Random,
    /// What the configuration says to whoever holds the lock.
    pub(crate) settings: SeenSettings,
    watches: ByKey<Vec<Arc<Watch>>>,
    waiters: ByKey<VecDeque<Arc<Waiter>>>,
    /// Keys, there or not, and the numbers of the clients that have read them and are tracked.
    readers: ByKey<BTreeSet<u64>>,
    /// What nobody may change for now. No slot with any of it is open.
    holds: Holds,
    /// What the slots have cost, once somebody wants to know.
    usage: Option<Box<[SlotUsage; GROUP_SLOTS]>>,
    /// What the keys of the slots take, while there is a limit.
    sizes: Option<Box<[SlotSize; GROUP_SLOTS]>>,
}

fn place(slot: Slot) -> usize {
    slot.index() % GROUP_SLOTS
}

/// The bit of a slot among those of its group.
pub(crate) fn bit(slot: Slot) -> u64 {
    1 << place(slot)
}

impl Beside {
    /// Whether every command of a slot runs here, by the view of that version; if not, the topology has to be looked
    /// at.
    pub(crate) fn is_open(&self, slot: Slot, version: u64) -> bool {
        self.version == Some(version) && self.open >> place(slot) & 1 == 1
    }

    /// Notes which slots are open by a view, of that version or a later one.
    pub(crate) fn follow(&mut self, slots: impl Iterator<Item = Slot>, view: &ClusterView, version: u64) {
        if self.version == Some(version) {
            return;
        }
        let me = &view.me().facts;
        let serves = view.state_ok && me.is_primary();
        let is_open = |slot: &Slot| serves && me.slots().contains(*slot) && view.open_slot(*slot).is_none();
        self.open = slots.filter(is_open).fold(0, |open, slot| open | bit(slot)) & !self.holds.slots();
        self.version = Some(version);
    }

    /// What nobody may change for now.
    pub(crate) fn holds(&mut self) -> &mut Holds {
        &mut self.holds
    }

    /// A key is on its way to another node: who would change it waits.
    pub(crate) fn begin_transit(&mut self, slot: Slot, key: &[u8]) {
        self.holds.begin_key(slot, key);
        self.open &= !bit(slot);
    }

    /// It has arrived, or stays. Tells whether a request was not served because of it.
    pub(crate) fn end_transit(&mut self, slot: Slot, key: &[u8]) -> bool {
        self.version = None;
        self.holds.end_key(slot, key)
    }

    /// Who would write into these slots, a bit for each, waits.
    pub(crate) fn stand_still(&mut self, slots: u64) {
        self.holds.begin_still(slots);
        self.open &= !slots;
    }

    /// That ends, unless somebody else wants it as well.
    pub(crate) fn move_on(&mut self, slots: u64) {
        self.holds.end_still(slots);
        self.version = None;
    }

    pub(crate) fn usage(&self, slot: Slot) -> SlotUsage {
        self.usage.as_ref().map(|usage| usage[place(slot)]).unwrap_or_default()
    }

    pub(crate) fn reset_usage(&mut self, slot: Slot) {
        if let Some(usage) = &mut self.usage {
            usage[place(slot)] = SlotUsage::default();
        }
    }

    pub(crate) fn usage_mut(&mut self, slot: Slot) -> &mut SlotUsage {
        let usage = self.usage.get_or_insert_with(|| Box::new([SlotUsage::default(); GROUP_SLOTS]));
        &mut usage[place(slot)]
    }

    pub(crate) fn count_lookups(&mut self, hits: u64, misses: u64) {
        self.lookups.0 += hits;
        self.lookups.1 += misses;
    }

    /// Lookups that have found their keys, and those that have not.
    pub(crate) fn lookups(&self) -> (u64, u64) {
        self.lookups
    }

    pub(crate) fn reset_lookups(&mut self) {
        self.lookups = (0, 0);
    }

    /// Books what the keys of a slot take now.
    pub(crate) fn book(&mut self, slot: Slot, keys: &SlotKeys, memory: &Memory) {
        let sizes = self.sizes.get_or_insert_with(|| Box::new([SlotSize::default(); GROUP_SLOTS]));
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let after = SlotSize { bytes: keys.bytes() as u64, keys: count(keys.len()), expiring: count(keys.expiring()) };
        let before = mem::replace(&mut sizes[place(slot)], after);
        if before != after {
            memory.book(slot, before, after);
        }
    }

    /// A slot of the group that begins with this one, each the likelier the more keys it has that may go.
    pub(crate) fn draw_slot(&self, first: Slot, expiring: bool, random: &mut Random) -> Option<Slot> {
        let sizes = self.sizes.as_ref()?;
        let total = sizes.iter().map(|size| u64::from(size.count(expiring))).sum();
        let mut at = random.next().checked_rem(total)?;
        let index = sizes.iter().position(|size| {
            let count = u64::from(size.count(expiring));
            let is_here = at < count;
            at = at.saturating_sub(count);
            is_here
        })?;
        Slot::new(first.get() + u16::try_from(index).ok()?)
    }

    /// Whether anybody wants to know which keys change.
    pub(crate) fn is_observed(&self) -> bool {
        !self.watches.is_empty() || !self.waiters.is_empty() || !self.readers.is_empty()
    }

    /// A key has changed. Tells whether requests wait for it.
    pub(crate) fn touch(&mut self, slot: Slot, key: &[u8]) -> bool {
        if !self.is_observed() {
            return false;
        }
        let key = (slot, key.into());
        if let Some(watches) = self.watches.get(&key) {
            watches.iter().for_each(|watch| watch.break_it());
        }
        self.waiters.contains_key(&key)
    }

    pub(crate) fn watch(&mut self, slot: Slot, key: &[u8], watch: &Arc<Watch>) {
        self.watches.entry((slot, key.into())).or_default().push(Arc::clone(watch));
    }

    pub(crate) fn unwatch(&mut self, slot: Slot, key: &[u8], watch: &Arc<Watch>) {
        let key = (slot, key.into());
        if let Some(watches) = self.watches.get_mut(&key) {
            watches.retain(|other| !Arc::ptr_eq(other, watch));
            if watches.is_empty() {
                self.watches.remove(&key);
            }
        }
    }

    /// The keys of a slot that are watched or waited for.
    pub(crate) fn observed_keys(&self, slot: Slot) -> BTreeSet<Box<[u8]>> {
        let watched = of_slot(&self.watches, slot).map(|(key, _)| key);
        watched.chain(of_slot(&self.waiters, slot).map(|(key, _)| key)).cloned().collect()
    }

    /// A client that is tracked has read a key. Tells whether nobody had, and whether this one had not.
    pub(crate) fn add_reader(&mut self, slot: Slot, key: &[u8], client: u64) -> (bool, bool) {
        match self.readers.get_mut(&(slot, key.into())) {
            Some(readers) => (false, readers.insert(client)),
            None => (self.readers.insert((slot, key.into()), BTreeSet::from([client])).is_none(), true),
        }
    }

    /// Those who have read a key; forgets them.
    pub(crate) fn take_readers(&mut self, slot: Slot, key: &[u8]) -> Option<BTreeSet<u64>> {
        if self.readers.is_empty() { None } else { self.readers.remove(&(slot, key.into())) }
    }

    /// The keys of a slot that were read.
    pub(crate) fn read_keys(&self, slot: Slot) -> Vec<Box<[u8]>> {
        of_slot(&self.readers, slot).map(|(key, _)| key.clone()).collect()
    }

    /// A key that was read, of the slot or one behind it if possible.
    pub(crate) fn read_key_from(&self, slot: Slot) -> Option<(Slot, Box<[u8]>)> {
        let from = self.readers.range((slot, Box::default())..).next();
        from.or_else(|| self.readers.first_key_value()).map(|(key, _)| key.clone())
    }

    pub(crate) fn add_waiter(&mut self, waiter: &Arc<Waiter>) {
        for key in &waiter.wait.keys {
            let queue = self.waiters.entry((waiter.slot, key.clone())).or_default();
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
            let key = (waiter.slot, key.clone());
            if let Some(queue) = self.waiters.get_mut(&key) {
                let before = queue.len();
                queue.retain(|other| !std::ptr::eq(&**other, waiter));
                was_here |= queue.len() < before;
                if queue.is_empty() {
                    self.waiters.remove(&key);
                }
            }
        }
        was_here
    }

    /// Those who wait for a key, who came first at first.
    pub(crate) fn waiters_of(&self, slot: Slot, key: &[u8]) -> Vec<Arc<Waiter>> {
        self.waiters.get(&(slot, key.into())).map(|queue| queue.iter().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn count_awaited(&self, all: &mut Awaited) {
        let ends_with_key =
            |queue: &&VecDeque<Arc<Waiter>>| queue.iter().any(|waiter| matches!(waiter.wait.wanted, Wanted::NewFor(_)));
        all.watched += self.watches.len();
        all.waited_for += self.waiters.len();
        all.or_gone += self.waiters.values().filter(ends_with_key).count();
    }

    /// The slots some of whose keys are waited for.
    pub(crate) fn waited_slots(&self) -> BTreeSet<Slot> {
        self.waiters.keys().map(|(slot, _)| *slot).collect()
    }

    /// Everybody who waits for a key of a slot; once for each key.
    pub(crate) fn waiters_in(&self, slot: Slot) -> Vec<Arc<Waiter>> {
        of_slot(&self.waiters, slot).flat_map(|(_, queue)| queue).cloned().collect()
    }
}

/// What belongs to the keys of a slot.
pub(crate) fn of_slot<V>(map: &ByKey<V>, slot: Slot) -> impl Iterator<Item = (&Box<[u8]>, &V)> {
    let of_slot = map.range((slot, Box::default())..).take_while(move |((other, _), _)| *other == slot);
    of_slot.map(|((_, key), value)| (key, value))
}
