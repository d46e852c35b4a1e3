//! Slots as an operator deals them out on this node. Source: spec of the bus, 10.2.
//!
//! Each verb that may be refused has a twin that only looks (`check_…`): a command whose later words are wrong is refused
//! for what is wrong first.

use slotmesh_table::{NodeKey, OpenSlot};
use slotmesh_types::{NodeId, Now, Slot, SlotRange, SlotSet};

use crate::action::{Durability, Resync};
use crate::engine::Engine;
use crate::event::Event;

/// Why no slot was added; nothing changed. The words are those of Valkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddSlotsError {
    /// Somebody owns it, maybe this node itself.
    #[error("Slot {0} is already busy")]
    Busy(Slot),
    /// It was named before.
    #[error("Slot {0} specified multiple times")]
    Repeated(Slot),
}

/// Why no slot was taken away; nothing changed. The words are those of Valkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DelSlotsError {
    /// Nobody owns it.
    #[error("Slot {0} is already unassigned")]
    Unassigned(Slot),
    /// It was named before.
    #[error("Slot {0} specified multiple times")]
    Repeated(Slot),
}

/// Why the slots of this node stay; nothing changed. The words are those of Valkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushSlotsError {
    /// Keys would be left without an owner.
    #[error("DB must be empty to perform CLUSTER FLUSHSLOTS.")]
    HoldsKeys,
}

/// What becomes of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotChange {
    /// Its keys are on their way to that node.
    Migrating(NodeId),
    /// Its keys are coming from that node.
    Importing(NodeId),
    /// Neither.
    Stable,
    /// That node owns it.
    Owner(NodeId),
}

/// Why a slot stays as it is; nothing changed. The words are those of Valkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetSlotError {
    /// This node is a replica: its primary decides.
    #[error("Please use SETSLOT only with masters.")]
    Replica,
    /// Only what is here can go.
    #[error("I'm not the owner of hash slot {0}")]
    NotOwner(Slot),
    /// What is here can't come.
    #[error("I'm already the owner of hash slot {0}")]
    AlreadyOwner(Slot),
    /// No node of that name is known to move keys from or to.
    #[error("I don't know about node {0}")]
    UnknownPeer(NodeId),
    /// Keys do not move within a node.
    #[error("Target node is myself")]
    Myself,
    /// No node of that name is known to own the slot.
    #[error("Unknown node {0}")]
    UnknownOwner(NodeId),
    /// Replicas own nothing.
    #[error("Target node is not a master")]
    TargetIsReplica,
    /// Keys would be left without an owner.
    #[error("Can't assign hashslot {0} to a different node while I still hold keys for this hash slot.")]
    HoldsKeys(Slot),
}

/// A change whose node was found.
enum Step {
    Open(OpenSlot),
    Close,
    Assign(NodeKey),
}

impl Engine {
    /// Takes slots that nobody owns, all of them or none.
    ///
    /// # Errors
    /// The first slot, in the order given, that is owned or named twice.
    pub fn add_slots(&mut self, now: Now, ranges: &[SlotRange]) -> Result<(), AddSlotsError> {
        let slots = self.check_add_slots(ranges)?;
        self.now = now;
        let me = self.table.my_key();
        for slot in slots.iter() {
            self.drop_importing(slot);
            self.bind_to(slot, me);
        }
        self.tell_slots_soon();
        self.end_slot_change();
        Ok(())
    }

    /// Whether [`Engine::add_slots`] would take these; gives them as a set.
    ///
    /// # Errors
    /// As there.
    pub fn check_add_slots(&self, ranges: &[SlotRange]) -> Result<SlotSet, AddSlotsError> {
        let mut seen = SlotSet::new();
        for slot in ranges.iter().flat_map(|range| range.iter()) {
            if self.table.owner(slot).is_some() {
                return Err(AddSlotsError::Busy(slot));
            }
            if !seen.insert(slot) {
                return Err(AddSlotsError::Repeated(slot));
            }
        }
        Ok(seen)
    }

    /// Leaves slots without an owner in this node's own table, whoever owned them; all of them or none. Others keep their
    /// opinion, apart from what this node no longer claims for itself.
    ///
    /// # Errors
    /// The first slot, in the order given, that nobody owns or that is named twice.
    pub fn del_slots(&mut self, now: Now, ranges: &[SlotRange]) -> Result<(), DelSlotsError> {
        let slots = self.check_del_slots(ranges)?;
        self.now = now;
        for slot in slots.iter() {
            self.drop_importing(slot);
            self.table.unbind(slot);
        }
        self.tell_slots_soon();
        self.end_slot_change();
        Ok(())
    }

    /// Whether [`Engine::del_slots`] would take these away; gives them as a set.
    ///
    /// # Errors
    /// As there.
    pub fn check_del_slots(&self, ranges: &[SlotRange]) -> Result<SlotSet, DelSlotsError> {
        let mut seen = SlotSet::new();
        for slot in ranges.iter().flat_map(|range| range.iter()) {
            if self.table.owner(slot).is_none() {
                return Err(DelSlotsError::Unassigned(slot));
            }
            if !seen.insert(slot) {
                return Err(DelSlotsError::Repeated(slot));
            }
        }
        Ok(seen)
    }

    /// Gives up every slot of this node. `any_keys`: whether it holds any key.
    ///
    /// # Errors
    /// When it does.
    pub fn flush_slots(&mut self, now: Now, any_keys: bool) -> Result<(), FlushSlotsError> {
        if any_keys {
            return Err(FlushSlotsError::HoldsKeys);
        }
        self.now = now;
        self.table.unbind_all(self.table.my_key());
        self.tell_slots_soon();
        self.end_slot_change();
        Ok(())
    }

    /// Opens, closes or hands over one slot. `holds_keys`: whether this node holds keys of it.
    ///
    /// # Errors
    /// See [`SetSlotError`].
    pub fn set_slot(&mut self, now: Now, slot: Slot, change: SlotChange, holds_keys: bool) -> Result<(), SetSlotError> {
        let step = self.step_of(slot, change, holds_keys)?;
        self.now = now;
        match step {
            Step::Open(open) => {
                self.table.set_open_slot(slot, Some(open));
                let peer = self.name(open.peer());
                self.emit(match open {
                    OpenSlot::Migrating(_) => Event::SlotMigrating { slot, to: peer },
                    OpenSlot::Importing(_) => Event::SlotImporting { slot, from: peer },
                });
            }
            Step::Close => {
                self.table.set_open_slot(slot, None);
                self.emit(Event::SlotStable(slot));
            }
            Step::Assign(owner) => self.hand_over_slot(slot, owner, holds_keys),
        }
        self.end_slot_change();
        Ok(())
    }

    /// Whether [`Engine::set_slot`] would do this.
    ///
    /// # Errors
    /// As there.
    pub fn check_set_slot(&self, slot: Slot, change: SlotChange, holds_keys: bool) -> Result<(), SetSlotError> {
        self.step_of(slot, change, holds_keys).map(drop)
    }

    fn step_of(&self, slot: Slot, change: SlotChange, holds_keys: bool) -> Result<Step, SetSlotError> {
        if self.table.me().is_replica() {
            return Err(SetSlotError::Replica);
        }
        let me = self.table.my_key();
        let mine = self.table.owner(slot) == Some(me);
        match change {
            SlotChange::Stable => Ok(Step::Close),
            SlotChange::Migrating(_) if !mine => Err(SetSlotError::NotOwner(slot)),
            SlotChange::Importing(_) if mine => Err(SetSlotError::AlreadyOwner(slot)),
            SlotChange::Migrating(id) => self.move_peer(id).map(|to| Step::Open(OpenSlot::Migrating(to))),
            SlotChange::Importing(id) => self.move_peer(id).map(|from| Step::Open(OpenSlot::Importing(from))),
            SlotChange::Owner(id) => {
                let owner = self.table.lookup(&id).ok_or(SetSlotError::UnknownOwner(id))?;
                self.check_target(owner)?;
                if mine && owner != me && holds_keys {
                    return Err(SetSlotError::HoldsKeys(slot));
                }
                Ok(Step::Assign(owner))
            }
        }
    }

    fn move_peer(&self, id: NodeId) -> Result<NodeKey, SetSlotError> {
        let key = self.table.lookup(&id).ok_or(SetSlotError::UnknownPeer(id))?;
        if key == self.table.my_key() { Err(SetSlotError::Myself) } else { self.check_target(key) }
    }

    fn check_target(&self, key: NodeKey) -> Result<NodeKey, SetSlotError> {
        if self.table.node(key).is_replica() { Err(SetSlotError::TargetIsReplica) } else { Ok(key) }
    }

    fn hand_over_slot(&mut self, slot: Slot, owner: NodeKey, holds_keys: bool) {
        let me = self.table.my_key();
        let (to, shard) = (self.name(owner), self.table.node(owner).shard);
        self.emit(Event::SlotAssigned { slot, to, shard });
        let open = self.table.open_slot(slot);
        if !holds_keys && matches!(open, Some(OpenSlot::Migrating(_))) {
            self.table.set_open_slot(slot, None);
        }
        let was_mine = self.table.owner(slot) == Some(me);
        self.bind_to(slot, owner);
        if was_mine || owner == me {
            self.tell_slots_soon();
        }
        let bare = was_mine && self.table.me().slot_count() == 0;
        // The name of a handshake is made up: nobody can follow it.
        if bare && self.config.allow_replica_migration && !self.table.node(owner).handshake {
            let to = self.name(owner);
            self.emit(Event::LastSlotLost { to, shard });
            self.follow(owner, Resync::Full);
            self.broadcast = true;
        }
        if owner == me && self.drop_importing(slot) {
            if self.bump_own_epoch() {
                self.emit(Event::EpochAfterImport(slot));
            }
            // The end of an import is told at once, so that clients are sent here.
            self.broadcast = true;
        }
    }

    fn drop_importing(&mut self, slot: Slot) -> bool {
        let importing = matches!(self.table.open_slot(slot), Some(OpenSlot::Importing(_)));
        if importing {
            self.table.set_open_slot(slot, None);
        }
        importing
    }

    fn end_slot_change(&mut self) {
        self.state.due = true;
        self.want_save(Durability::Lazy);
        self.handle_timeout(self.now);
    }
}
