//! What operators do with slots and epochs.

use slotmesh_gossip::{AddSlotsError, DelSlotsError, Engine, SetSlotError, SlotChange};
use slotmesh_types::{Slot, SlotRange};

use crate::world::World;

impl World {
    /// CLUSTER ADDSLOTSRANGE.
    ///
    /// # Errors
    /// See [`AddSlotsError`].
    pub fn add_slots(&mut self, node: usize, range: SlotRange) -> Result<(), AddSlotsError> {
        self.tell(node, format_args!("ADDSLOTSRANGE {range:?}"));
        self.input(node, |engine, now| engine.add_slots(now, &[range]))
    }

    /// CLUSTER DELSLOTSRANGE.
    ///
    /// # Errors
    /// See [`DelSlotsError`].
    pub fn del_slots(&mut self, node: usize, range: SlotRange) -> Result<(), DelSlotsError> {
        self.tell(node, format_args!("DELSLOTSRANGE {range:?}"));
        self.input(node, |engine, now| engine.del_slots(now, &[range]))
    }

    /// CLUSTER SETSLOT, for a slot that holds no keys.
    ///
    /// # Errors
    /// See [`SetSlotError`].
    pub fn set_slot(&mut self, node: usize, slot: Slot, change: SlotChange) -> Result<(), SetSlotError> {
        self.tell(node, format_args!("SETSLOT {slot} {change:?}"));
        self.input(node, |engine, now| engine.set_slot(now, slot, change, false))
    }

    /// CLUSTER BUMPEPOCH.
    pub fn bump_epoch(&mut self, node: usize) {
        self.tell(node, "BUMPEPOCH");
        self.input(node, Engine::bump_epoch);
    }
}
