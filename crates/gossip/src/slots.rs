//! Slot claims of others. Source: spec of the bus, 5.9.

use slotmesh_table::{NodeKey, OpenSlot};
use slotmesh_types::{ConfigEpoch, SlotSet};
use slotmesh_wire::{Kind, Update};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

impl Engine {
    /// Updates the owners by a claim of `claimant`, made at `epoch`.
    pub(crate) fn apply_claim(&mut self, claimant: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) {
        let me = self.table.my_key();
        if claimant == me {
            return;
        }
        let mut lost = 0;
        // Slots claimed and owned, or neither, need no look, unless a mark stands: those are cleared in the same walk.
        for slot in claim.iter() {
            let owner = self.table.owner(slot);
            if owner == Some(claimant) {
                self.table.set_not_claiming(slot, false);
                continue;
            }
            let free = owner.is_none_or(|key| self.table.node(key).config_epoch < epoch);
            if !free && !self.table.is_not_claiming(slot) {
                continue;
            }
            lost += u16::from(owner == Some(me));
            self.repoint_open_slot(slot, claimant);
            self.table.bind(slot, claimant);
            self.want_save(Durability::Synced);
            self.state.due = true;
        }
        let dropped: Vec<_> = self.table.node(claimant).slots().iter().filter(|slot| !claim.contains(*slot)).collect();
        for slot in dropped {
            self.table.set_not_claiming(slot, true);
        }
        if lost > 0 {
            let to = self.name(claimant);
            self.emit(Event::SlotsLost { count: lost, to });
        }
    }

    /// An open slot goes to somebody: its mark goes too, or is kept within a shard.
    fn repoint_open_slot(&mut self, slot: slotmesh_types::Slot, claimant: NodeKey) {
        let same_shard = |a, b| self.table.node(a).shard == self.table.node(b).shard;
        let mark = match self.table.open_slot(slot) {
            None => return,
            Some(OpenSlot::Migrating(to)) => {
                same_shard(claimant, self.table.my_key()).then_some(OpenSlot::Migrating(to))
            }
            Some(OpenSlot::Importing(from)) if from == claimant => return,
            Some(OpenSlot::Importing(from)) => same_shard(claimant, from).then_some(OpenSlot::Importing(claimant)),
        };
        self.table.set_open_slot(slot, mark);
    }

    /// Tells a member that believes an old claim about the first slot that has a newer owner.
    pub(crate) fn correct_claim(&mut self, sender: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) {
        let newer = claim.iter().find_map(|slot| {
            let owner = self.table.owner(slot).filter(|key| *key != sender)?;
            let outdated = self.table.node(owner).config_epoch > epoch && !self.table.is_not_claiming(slot);
            outdated.then_some(owner)
        });
        let (Some(owner), Some(link)) = (newer, self.peers[sender].outbound) else { return };
        let name = (*self.table.node(owner).id()).into();
        let owner_epoch = self.table.node(owner).config_epoch;
        let slots = self.table.claimed_slots(owner);
        let mut bytes = Vec::with_capacity(4352);
        self.header().update(name, owner_epoch, &slots, &mut bytes);
        self.transmit(link, Kind::Update, bytes);
        let (to, about) = (self.name(sender), self.name(owner));
        self.emit(Event::UpdateSent { to, about });
    }

    /// Somebody tells us that we believe an old claim. Source: spec of the bus, 3.4.
    pub(crate) fn apply_update(&mut self, update: &Update<'_>) {
        let Some(key) = update.node().id().and_then(|id| self.table.lookup(&id)) else { return };
        let node = self.table.node(key);
        if key == self.table.my_key() || node.handshake || node.config_epoch >= update.config_epoch() {
            return;
        }
        if !node.is_primary() {
            self.promote(key);
        }
        self.table.facts_mut(key).config_epoch = update.config_epoch();
        self.want_save(Durability::Synced);
        self.apply_claim(key, update.config_epoch(), &SlotSet::from_bytes(*update.slots()));
    }
}
