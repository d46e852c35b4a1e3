//! Which slots have something that expires some day.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::Relaxed};

use slotmesh_store::GROUP_SLOTS;
use slotmesh_types::Slot;

use crate::beside::bit;
use crate::keyspace::{Group64, groups};

const GROUPS: usize = Slot::COUNT as usize / GROUP_SLOTS;

/// The slots with something that expires some day. It stands outside the locks: where nothing expires, the look for what has
/// expired, ten times a second, need not take them all.
#[derive(Debug)]
pub(crate) struct Expiring {
    /// A bit for each slot of each group, written by those who hold the group's lock.
    slots: [AtomicU64; GROUPS],
    /// Where the next look begins.
    next: AtomicU16,
}

impl Default for Expiring {
    fn default() -> Self {
        Self { slots: [const { AtomicU64::new(0) }; GROUPS], next: AtomicU16::new(0) }
    }
}

impl Expiring {
    /// Whether something of a slot expires some day, for those who hold its lock.
    pub(crate) fn note(&self, slot: Slot, expires: bool) {
        let (bits, bit) = (&self.slots[slot.index() / GROUP_SLOTS], bit(slot));
        let before = bits.load(Relaxed);
        if (before & bit != 0) != expires {
            bits.store(before ^ bit, Relaxed);
        }
    }

    /// The groups with such slots, in a turn that begins behind the place where the last look ended.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group64> {
        let begin = usize::from(self.next.load(Relaxed)) / GROUP_SLOTS;
        let turn = groups().skip(begin).chain(groups().take(begin));
        turn.filter(|group| self.of(group) != 0)
    }

    /// Such slots of a group.
    pub(crate) fn slots_of(&self, group: &Group64) -> impl Iterator<Item = Slot> + use<> {
        let bits = self.of(group);
        group.iter().filter(move |slot| bits & bit(*slot) != 0)
    }

    /// The look has ended with this group.
    pub(crate) fn set_looked_at(&self, group: &Group64) {
        self.next.store((group.start.get() + GROUP_SLOTS as u16) % Slot::COUNT, Relaxed);
    }

    fn of(&self, group: &Group64) -> u64 {
        self.slots[group.start.index() / GROUP_SLOTS].load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slots_with_terms_are_looked_at_and_the_next_look_begins_behind_the_last() {
        let expiring = Expiring::default();
        let slots: Vec<Slot> = [5, 9, 200, 16_383].into_iter().filter_map(Slot::new).collect();
        slots.iter().chain(&slots).for_each(|slot| expiring.note(*slot, true));
        expiring.note(slots[1], false);
        let starts = || expiring.groups().map(|group| group.start.get()).collect::<Vec<_>>();
        assert_eq!(starts(), [0, 192, 16_320]);
        let first = expiring.groups().next().expect("a group");
        assert_eq!(expiring.slots_of(&first).collect::<Vec<_>>(), [slots[0]]);
        expiring.set_looked_at(&first);
        assert_eq!(starts(), [192, 16_320, 0]);
        expiring.set_looked_at(&expiring.groups().nth(1).expect("the last"));
        assert_eq!(starts(), [0, 192, 16_320]);
    }
}
