//! Who owns which slot, and slots that are on the move.

use std::sync::Arc;

use slotmesh_types::{Slot, SlotSet};

use crate::node::NodeKey;
use crate::table::Table;

/// A slot of this node that an operator opened to move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenSlot {
    /// Going to that node.
    Migrating(NodeKey),
    /// Coming from that node.
    Importing(NodeKey),
}

impl OpenSlot {
    /// The node at the other end.
    #[must_use]
    pub const fn peer(self) -> NodeKey {
        match self {
            Self::Migrating(peer) | Self::Importing(peer) => peer,
        }
    }
}

/// The owner of every slot, and the slots whose owner stopped claiming them.
#[derive(Clone, Debug)]
pub(crate) struct Owners {
    /// Shared with views; copied on the first change after one was taken.
    pub(crate) by_slot: Arc<[u16; Slot::COUNT as usize]>,
    not_claiming: SlotSet,
    assigned: u16,
}

const NOBODY: u16 = u16::MAX;

impl Owners {
    pub(crate) fn new() -> Self {
        Self { by_slot: Arc::new([NOBODY; Slot::COUNT as usize]), not_claiming: SlotSet::new(), assigned: 0 }
    }

    fn get(&self, slot: Slot) -> Option<NodeKey> {
        owner_in(&self.by_slot, slot)
    }
}

/// The owner of a slot in a list of owners by slot.
pub(crate) fn owner_in(by_slot: &[u16; Slot::COUNT as usize], slot: Slot) -> Option<NodeKey> {
    Some(by_slot[slot.index()]).filter(|raw| *raw != NOBODY).map(NodeKey)
}

impl Table {
    /// The owner of a slot.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<NodeKey> {
        self.owners.get(slot)
    }

    /// How many slots have an owner.
    #[must_use]
    pub fn slots_assigned(&self) -> u16 {
        self.owners.assigned
    }

    /// Makes `key` the owner of `slot`, in place of any other, and clears its not-claiming mark.
    pub fn bind(&mut self, slot: Slot, key: NodeKey) {
        self.unbind(slot);
        Arc::make_mut(&mut self.owners.by_slot)[slot.index()] = key.0;
        self.owners.assigned += 1;
        self.set_slot(key, slot, true);
    }

    /// Leaves `slot` without an owner.
    pub fn unbind(&mut self, slot: Slot) {
        if let Some(owner) = self.owners.get(slot) {
            Arc::make_mut(&mut self.owners.by_slot)[slot.index()] = NOBODY;
            self.owners.assigned -= 1;
            self.set_slot(owner, slot, false);
        }
        self.owners.not_claiming.remove(slot);
    }

    /// Leaves every slot of `key` without an owner.
    pub fn unbind_all(&mut self, key: NodeKey) {
        for slot in self.node(key).slots().clone().iter() {
            self.unbind(slot);
        }
    }

    /// Whether the owner of `slot` has stopped claiming it: the slot stays bound for the sake of redirects, but anybody
    /// may take it.
    #[must_use]
    pub fn is_not_claiming(&self, slot: Slot) -> bool {
        self.owners.not_claiming.contains(slot)
    }

    /// Marks the slots of `key` that are not in its claim, and unmarks those that are.
    pub fn note_claim(&mut self, key: NodeKey, claim: &SlotSet) {
        let slots = self.node(key).slots();
        let (kept, dropped) = (slots.intersection(claim), slots.without(claim));
        self.owners.not_claiming = self.owners.not_claiming.without(&kept).union(&dropped);
    }

    /// The slots of `key` that it still claims: what may be told to others on its behalf.
    #[must_use]
    pub fn claimed_slots(&self, key: NodeKey) -> SlotSet {
        self.node(key).slots().without(&self.owners.not_claiming)
    }

    /// What an operator opened `slot` for.
    #[must_use]
    pub fn open_slot(&self, slot: Slot) -> Option<OpenSlot> {
        self.open_slots.get(&slot).copied()
    }

    /// Every open slot in ascending order.
    pub fn open_slots(&self) -> impl Iterator<Item = (Slot, OpenSlot)> {
        self.open_slots.iter().map(|(slot, open)| (*slot, *open))
    }

    /// Opens or closes a slot.
    pub fn set_open_slot(&mut self, slot: Slot, open: Option<OpenSlot>) {
        match open {
            Some(open) => self.open_slots.insert(slot, open),
            None => self.open_slots.remove(&slot),
        };
        let me = self.my_key();
        self.facts_mut(me);
    }
}
