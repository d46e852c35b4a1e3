//! All slots, behind locks.

use parking_lot::{Mutex, MutexGuard};
use slotmesh_types::Slot;

use crate::slot_keys::SlotKeys;

/// Slots behind one lock.
pub const GROUP_SLOTS: usize = 64;

/// Some slots with their keys, and what else is guarded by the same lock.
#[derive(Debug)]
pub struct Group<X> {
    slots: Box<[SlotKeys]>,
    /// What others keep beside the keys.
    pub beside: X,
}

/// All keys of a node: the slots in groups, each behind a lock of its own.
#[derive(Debug)]
pub struct Keyspace<X> {
    groups: Box<[Lock<X>]>,
}

/// A lock on cache lines of its own, so that threads at work on neighbours do not slow each other down.
#[derive(Debug)]
#[repr(align(128))]
struct Lock<X>(Mutex<Group<X>>);

impl<X> Group<X> {
    /// The keys of a slot, which is one of this group.
    pub fn slot(&mut self, slot: Slot) -> &mut SlotKeys {
        &mut self.slots[usize::from(slot.get()) % GROUP_SLOTS]
    }

    /// The keys of a slot, and what others keep beside those of all slots of the group.
    pub fn parts(&mut self, slot: Slot) -> (&mut SlotKeys, &mut X) {
        (&mut self.slots[usize::from(slot.get()) % GROUP_SLOTS], &mut self.beside)
    }
}

impl<X: Default> Default for Keyspace<X> {
    fn default() -> Self {
        let group = || Group { slots: (0..GROUP_SLOTS).map(|_| SlotKeys::default()).collect(), beside: X::default() };
        let groups = usize::from(Slot::COUNT).div_ceil(GROUP_SLOTS);
        Self { groups: (0..groups).map(|_| Lock(Mutex::new(group()))).collect() }
    }
}

impl<X> Keyspace<X> {
    /// The group of a slot, for as long as the guard is held. Hold one at a time.
    pub fn lock(&self, slot: Slot) -> MutexGuard<'_, Group<X>> {
        self.groups[usize::from(slot.get()) / GROUP_SLOTS].0.lock()
    }
}
