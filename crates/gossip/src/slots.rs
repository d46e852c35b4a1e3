//! Slot claims of others, and what they do to the own ones. Source: spec of the bus, 5.9.

use slotmesh_table::{NodeKey, OpenSlot};
use slotmesh_types::{ConfigEpoch, Slot, SlotSet};
use slotmesh_wire::{Kind, Update};

use crate::action::{DataOrder, Durability};
use crate::engine::Engine;
use crate::event::Event;

impl Engine {
    /// Updates the owners by a claim of `claimant`, made at `epoch`.
    pub(crate) fn apply_claim(&mut self, claimant: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) {
        let me = self.table.my_key();
        if claimant == me {
            return;
        }
        // Whose slots are served here: the own ones, or those of the own primary.
        let mine = if self.table.me().is_primary() { Some(me) } else { self.table.me().primary_key() };
        let (taken, lost) = self.take_claimed(claimant, epoch, claim, mine);
        self.note_given_up(claimant, epoch, claim);
        if !taken.is_empty() {
            let (count, to) = (taken.len(), self.name(claimant));
            self.emit(Event::SlotsLost { count, to });
        }
        let successor = lost > 0 || self.succeeds_without_slots(claimant, epoch, claim);
        let bare = mine.is_some_and(|key| self.table.node(key).slot_count() == 0);
        let one_shard = self.table.node(claimant).shard == self.table.me().shard;
        if successor && bare && (self.config.allow_replica_migration || one_shard) {
            let resync = self.resync_with(claimant);
            self.follow(claimant, resync);
            self.want_save(Durability::Synced);
            self.broadcast = true;
        } else if !taken.is_empty() {
            self.order(DataOrder::DropKeys(Box::new(taken)));
        }
    }

    /// Gives the claimant what is free or claimed by an older epoch. Tells which slots were this node's own, and how many
    /// it or its primary have lost.
    fn take_claimed(
        &mut self,
        claimant: NodeKey,
        epoch: ConfigEpoch,
        claim: &SlotSet,
        mine: Option<NodeKey>,
    ) -> (SlotSet, usize) {
        let me = self.table.my_key();
        let (mut taken, mut lost) = (SlotSet::new(), 0);
        for slot in claim.iter() {
            let owner = self.table.owner(slot);
            if owner == Some(claimant) {
                self.table.set_not_claiming(slot, false);
                continue;
            }
            // A replica may own slots by an operator's word, but nobody listens to its claim: a primary's comes first.
            let weak = owner == Some(me) && self.table.me().is_replica();
            let free = weak || owner.is_none_or(|key| self.table.node(key).config_epoch < epoch);
            if !free && !self.table.is_not_claiming(slot) {
                continue;
            }
            if owner == Some(me) {
                taken.insert(slot);
            }
            lost += usize::from(owner.is_some() && owner == mine);
            self.repoint_claimed(slot, claimant);
            self.bind_to(slot, claimant);
            self.want_save(Durability::Synced);
            self.state.due = true;
        }
        (taken, lost)
    }

    /// Binds a slot, and makes a primary that gets its first one a target for replicas where there are any.
    pub(crate) fn bind_to(&mut self, slot: Slot, key: NodeKey) {
        let first = self.table.node(key).slot_count() == 0;
        self.table.bind(slot, key);
        if first && !self.table.node(key).migrate_to && self.table.nodes().any(|(_, node)| !node.replicas().is_empty())
        {
            self.table.facts_mut(key).migrate_to = true;
        }
    }

    /// A slot that somebody claims is on the move here: the mark goes, or stays within a shard.
    fn repoint_claimed(&mut self, slot: Slot, claimant: NodeKey) {
        let mark = match self.table.open_slot(slot) {
            None => return,
            Some(OpenSlot::Migrating(to)) => {
                self.in_one_shard(claimant, self.table.my_key()).then_some(OpenSlot::Migrating(to))
            }
            Some(OpenSlot::Importing(from)) if from == claimant => return,
            Some(OpenSlot::Importing(from)) => {
                self.in_one_shard(claimant, from).then_some(OpenSlot::Importing(claimant))
            }
        };
        self.table.set_open_slot(slot, mark);
    }

    /// What the claimant does not claim (any more).
    fn note_given_up(&mut self, claimant: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) {
        let dropped: Vec<_> = self.table.node(claimant).slots().iter().filter(|slot| !claim.contains(*slot)).collect();
        for slot in dropped {
            self.table.set_not_claiming(slot, true);
        }
        let open: Vec<_> = self.table.open_slots().filter(|(slot, _)| !claim.contains(*slot)).collect();
        for (slot, mark) in open {
            match mark {
                OpenSlot::Migrating(to) if to != claimant && self.in_one_shard(to, claimant) => {
                    let target = self.table.node(to);
                    if target.config_epoch < epoch || target.is_replica() {
                        self.table.set_open_slot(slot, Some(OpenSlot::Migrating(claimant)));
                        self.want_save(Durability::Synced);
                    }
                }
                OpenSlot::Importing(from) if from == claimant && self.table.me().is_primary() => {
                    self.finish_import(slot);
                }
                _ => {}
            }
        }
    }

    /// The source of an import says that the slot is not its own: the import is over, and the slot is ours.
    fn finish_import(&mut self, slot: Slot) {
        let me = self.table.my_key();
        self.table.set_open_slot(slot, None);
        if self.table.owner(slot) != Some(me) {
            self.bind_to(slot, me);
            if !self.has_highest_epoch() {
                self.raise_own_epoch();
            }
        }
        self.want_save(Durability::Barrier);
        self.state.due = true;
    }

    /// A failover in the own shard, which has no slots to show it by.
    fn succeeds_without_slots(&self, claimant: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) -> bool {
        let me = self.table.me();
        claim.is_empty()
            && me.primary_key() != Some(claimant)
            && me.slot_count() == 0
            && self.table.epoch_of(self.table.my_key()) < epoch
            && self.in_one_shard(claimant, self.table.my_key())
    }

    fn in_one_shard(&self, a: NodeKey, b: NodeKey) -> bool {
        self.table.node(a).shard == self.table.node(b).shard
    }

    /// Tells a member that believes an old claim about the first slot that has a newer owner.
    pub(crate) fn correct_claim(&mut self, sender: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) {
        let newer = claim.iter().find_map(|slot| {
            let owner = self.table.owner(slot).filter(|key| *key != sender)?;
            let outdated = self.table.node(owner).config_epoch > epoch && !self.table.is_not_claiming(slot);
            outdated.then_some(owner)
        });
        if let Some(owner) = newer {
            self.send_update(sender, owner);
        }
    }

    /// Tells a member which slots `owner` has.
    pub(crate) fn send_update(&mut self, to: NodeKey, owner: NodeKey) {
        let Some(link) = self.peers[to].outbound else { return };
        let name = (*self.table.node(owner).id()).into();
        let epoch = self.table.node(owner).config_epoch;
        let slots = self.table.claimed_slots(owner);
        let mut bytes = Vec::with_capacity(4352);
        self.header().update(name, epoch, &slots, &mut bytes);
        self.transmit(link, Kind::Update, bytes);
        let (to, about) = (self.name(to), self.name(owner));
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
