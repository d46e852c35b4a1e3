//! All slots, behind locks.

use std::sync::Arc;

use slotmesh_prefetch::{prefetch, prefetch_at};
use slotmesh_sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use slotmesh_sync::{Mutex, MutexGuard};
use slotmesh_types::Slot;

use crate::hash::{hash, seed_hash};
use crate::slot_keys::SlotKeys;
use crate::snapshot::{Aside, Tally};

/// Most keys that are foreseen at once. More would drive each other out of the nearest cache.
pub const FORESEEN_MAX: usize = 16;

/// What it takes to ask for the memory that a key will be found in.
#[derive(Clone, Copy, Debug)]
pub struct Foreseen {
    slot: Slot,
    hash: u64,
}

impl Foreseen {
    /// Of a key in this slot.
    #[must_use]
    pub fn new(slot: Slot, key: &[u8]) -> Self {
        Self { slot, hash: hash(key) }
    }
}

/// Slots behind one lock.
pub const GROUP_SLOTS: usize = 64;

/// Some slots with their keys, and what else is guarded by the same lock.
///
/// Laid out as written, so that what every request reads stands beside the lock.
#[derive(Debug)]
#[repr(C)]
pub struct Group<X> {
    /// None before one of them is first looked for: a node has no use for most slots of others.
    slots: Box<[SlotKeys]>,
    first: u16,
    /// The slots that a snapshot has still to come to and that nobody has looked at since, a bit for each.
    ahead: u64,
    /// What is set aside for it.
    tally: Option<Arc<Tally>>,
    /// What others keep beside the keys.
    pub beside: X,
}

/// All keys of a node: the slots in groups, each behind a lock of its own.
#[derive(Debug)]
pub struct Keyspace<X> {
    groups: Box<[Lock<X>]>,
    /// Where the slots of each group were when somebody looked, 0 before that: a hint for who has not got the lock.
    places: Box<[AtomicUsize]>,
    /// Whether there is a snapshot.
    pub(crate) is_walked: AtomicBool,
}

/// A lock on cache lines of its own, so that threads at work on neighbours do not slow each other down.
#[derive(Debug)]
#[repr(align(128))]
struct Lock<X>(Mutex<Group<X>>);

impl<X> Group<X> {
    /// The keys of a slot, which is one of this group.
    ///
    /// # Panics
    /// When it is one of another group: its keys would be taken for those of a slot that is locked.
    pub fn slot(&mut self, slot: Slot) -> &mut SlotKeys {
        self.parts(slot).0
    }

    /// The keys of a slot, and what others keep beside those of all slots of the group.
    ///
    /// # Panics
    /// When it is a slot of another group.
    pub fn parts(&mut self, slot: Slot) -> (&mut SlotKeys, &mut X) {
        if self.slots.is_empty() {
            self.slots = (0..GROUP_SLOTS).map(|_| SlotKeys::default()).collect();
        }
        if self.ahead != 0 {
            self.prepare(slot);
        }
        let keys = slot.get().checked_sub(self.first).and_then(|index| self.slots.get_mut(usize::from(index)));
        (keys.expect("a slot is looked for in its own group"), &mut self.beside)
    }

    /// The keys of a slot, which is one of this group, to look at only; `None` where no slot of the group ever had any.
    #[must_use]
    pub fn peek(&self, slot: Slot) -> Option<&SlotKeys> {
        self.slots.get(slot.get().checked_sub(self.first).map(usize::from)?)
    }

    /// A slot that a snapshot has still to come to is looked at, and may change.
    #[cold]
    fn prepare(&mut self, slot: Slot) {
        let index = slot.index() % GROUP_SLOTS;
        if self.ahead >> index & 1 == 1 {
            self.ahead &= !(1 << index);
            if let Some(tally) = self.tally.as_ref().filter(|_| !self.slots[index].is_empty()) {
                self.slots[index].set_aside(Box::new(Aside::new(Arc::clone(tally))));
            }
        }
    }

    pub(crate) fn begin_snapshot(&mut self, tally: &Arc<Tally>) {
        self.ahead = u64::MAX;
        self.tally = Some(Arc::clone(tally));
    }

    /// Gives what was set aside and not shown, to be freed when the lock is given back.
    pub(crate) fn end_snapshot(&mut self) -> Vec<Aside> {
        self.ahead = 0;
        self.tally = None;
        self.slots.iter_mut().filter_map(SlotKeys::take_aside).map(|aside| *aside).collect()
    }
}

impl<X: Default> Keyspace<X> {
    /// One without keys. The seed is that of the hash: whoever knows it can choose keys that all fall into one place. A process
    /// has one; later seeds change nothing.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        seed_hash(seed);
        Self::of_first(Slot::COUNT)
    }

    /// One of so many slots only, the first ones.
    pub(crate) fn of_first(slots: u16) -> Self {
        let group = |first| {
            Lock(Mutex::new(Group { slots: Box::default(), first, ahead: 0, tally: None, beside: X::default() }))
        };
        let groups: Box<[_]> = (0..slots).step_by(GROUP_SLOTS).map(group).collect();
        let places = groups.iter().map(|_| AtomicUsize::new(0)).collect();
        Self { groups, places, is_walked: AtomicBool::new(false) }
    }
}

impl<X> Keyspace<X> {
    /// The lock of each group, in order.
    pub(crate) fn locks(&self) -> impl Iterator<Item = &Mutex<Group<X>>> {
        self.groups.iter().map(|lock| &lock.0)
    }

    /// Whether it has this slot.
    pub(crate) fn has(&self, slot: Slot) -> bool {
        slot.index() / GROUP_SLOTS < self.groups.len()
    }

    /// Bytes that the slots take while no key is there, once all groups have been in use.
    #[must_use]
    pub fn empty_bytes(&self) -> usize {
        self.groups.len() * (size_of::<Lock<X>>() + GROUP_SLOTS * size_of::<SlotKeys>())
    }

    /// The group of a slot, for as long as the guard is held. Hold one at a time.
    pub fn lock(&self, slot: Slot) -> MutexGuard<'_, Group<X>> {
        self.group(slot).lock()
    }

    /// The same, if nobody else holds it.
    pub fn try_lock(&self, slot: Slot) -> Option<MutexGuard<'_, Group<X>>> {
        self.group(slot).try_lock()
    }

    /// Asks for the memory that some keys will be found in, best at most [`FORESEEN_MAX`]: it comes for all of them together.
    /// Nobody waits for a lock.
    pub fn foresee(&self, keys: &[Foreseen]) {
        let look = |look: fn(&SlotKeys, u64)| {
            for Foreseen { slot, hash } in keys {
                if let Some(keys) = self.try_lock(*slot).as_ref().and_then(|group| group.peek(*slot)) {
                    look(keys, *hash);
                }
            }
        };
        // Where the next step leads stands in the memory that was asked for in the one before.
        keys.iter().for_each(|key| self.prefetch_slot(key.slot));
        look(SlotKeys::prefetch_bucket);
        look(SlotKeys::prefetch_entry);
    }

    /// Asks for the memory of a slot and of its lock.
    fn prefetch_slot(&self, slot: Slot) {
        let (group, index) = (slot.index() / GROUP_SLOTS, slot.index() % GROUP_SLOTS);
        prefetch(&self.groups[group]);
        let mut place = self.places[group].load(Relaxed);
        if place == 0 {
            // Once they are made they stay where they are.
            let group_there = self.groups[group].0.try_lock().filter(|group| !group.slots.is_empty());
            place = group_there.map_or(0, |group| group.slots.as_ptr().addr());
            self.places[group].store(place, Relaxed);
        }
        prefetch_at(place + index * size_of::<SlotKeys>(), size_of::<SlotKeys>());
    }

    fn group(&self, slot: Slot) -> &Mutex<Group<X>> {
        &self.groups[usize::from(slot.get()) / GROUP_SLOTS].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Changes, Db, Expiry};

    fn slot(number: u16) -> Slot {
        Slot::new(number).expect("a slot")
    }

    #[test]
    fn every_slot_has_keys_of_its_own() {
        let keyspace = Keyspace::<u32>::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..Slot::COUNT {
            let mut group = keyspace.lock(slot(number));
            let (keys, beside) = group.parts(slot(number));
            assert!(seen.insert(std::ptr::from_ref(keys).addr()));
            *beside += 1;
        }
        assert_eq!(keyspace.lock(slot(Slot::COUNT - 1)).beside, 64);
    }

    #[test]
    fn a_look_makes_nothing() {
        let keyspace = Keyspace::<()>::new(1);
        assert!(keyspace.lock(slot(70)).peek(slot(70)).is_none());
        assert!(keyspace.lock(slot(70)).slot(slot(70)).is_empty());
        let group = keyspace.lock(slot(70));
        assert!(group.peek(slot(64)).is_some_and(SlotKeys::is_empty));
        assert!(group.peek(slot(63)).is_none() && group.peek(slot(128)).is_none(), "those are of other groups");
    }

    #[test]
    fn keys_can_be_foreseen_whether_they_are_there_or_not() {
        let keyspace = Keyspace::<()>::new(1);
        let keys: Vec<Vec<u8>> = (0..2 * FORESEEN_MAX).map(|number| format!("key {number}").into_bytes()).collect();
        let slots: Vec<(Slot, &[u8])> = keys.iter().map(|key| (slot(key.len() as u16), &key[..])).collect();
        let foreseen: Vec<Foreseen> = slots.iter().map(|(slot, key)| Foreseen::new(*slot, key)).collect();
        keyspace.foresee(&foreseen);
        let made = keyspace.groups.iter().filter(|lock| !lock.0.lock().slots.is_empty()).count();
        assert_eq!(made, 0, "slots take no memory for a hint");
        let mut changes = Changes::default();
        for (slot, key) in slots.iter().step_by(2) {
            let mut group = keyspace.lock(*slot);
            Db::new(group.slot(*slot), &mut changes, 1_000, true).set_text(key, &[b'v'; 500], Expiry::Never);
        }
        let held = keyspace.lock(slots[0].0);
        keyspace.foresee(&foreseen);
        assert_eq!(held.peek(slots[0].0).map(SlotKeys::len), Some(5), "nobody waits for a lock");
    }

    #[test]
    #[should_panic(expected = "its own group")]
    fn a_slot_of_another_group_is_not_found_in_this_one() {
        let keyspace = Keyspace::<()>::new(1);
        keyspace.lock(slot(0)).slot(slot(64));
    }
}
