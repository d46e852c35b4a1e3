//! Slot claims of others, and what they do to the own ones. Source: spec of the bus, 5.9.

use slotmesh_table::{NodeKey, OpenSlot};
use slotmesh_types::{ConfigEpoch, Slot, SlotSet};
use slotmesh_wire::{Kind, Update};

use crate::action::{DataOrder, Durability};
use crate::engine::Engine;
use crate::event::Event;

/// What a claim has taken from this node and its primary.
#[derive(Default)]
struct Losses {
    /// Slots that were this node's own.
    own: SlotSet,
    /// How many slots were served here: the own ones, or those of the own primary.
    served: usize,
}

impl Engine {
    /// Updates the owners by a claim of `claimant`, made at `epoch`.
    ///
    /// Slot by slot in ascending order, as real servers do: the end of an import may give this node a new epoch, and slots
    /// above that one are then out of the claimant's reach. Slots that the claimant has already need no walk.
    pub(crate) fn apply_claim(&mut self, claimant: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) {
        let me = self.table.my_key();
        if claimant == me {
            return;
        }
        // Whose slots are served here: the own ones, or those of the own primary.
        let mine = if self.table.me().is_primary() { Some(me) } else { self.table.me().primary_key() };
        self.table.note_claim(claimant, claim);
        let mut losses = Losses::default();
        for slot in self.concerned_slots(claimant, claim).iter() {
            if claim.contains(slot) {
                self.take_claimed(slot, claimant, epoch, mine, &mut losses);
            } else {
                self.note_given_up(slot, claimant, epoch);
            }
        }
        if !losses.own.is_empty() {
            let (count, to) = (losses.own.len(), self.name(claimant));
            self.emit(Event::SlotsLost { count, to });
        }
        let successor = losses.served > 0 || self.succeeds_without_slots(claimant, epoch, claim);
        let bare = mine.is_some_and(|key| self.table.node(key).slot_count() == 0);
        let one_shard = self.in_one_shard(claimant, me);
        if successor && bare && (self.config.allow_replica_migration || one_shard) {
            let resync = self.resync_with(claimant);
            self.follow(claimant, resync);
            self.want_save(Durability::Synced);
            self.broadcast = true;
        } else if !losses.own.is_empty() {
            self.order(DataOrder::DropKeys(Box::new(losses.own)));
        }
    }

    /// The slots at which a claim may change more than a mark: those that it takes from somebody, and open ones that it
    /// leaves out.
    fn concerned_slots(&self, claimant: NodeKey, claim: &SlotSet) -> SlotSet {
        let open: SlotSet = self.table.open_slots().map(|(slot, _)| slot).collect();
        claim.without(self.table.node(claimant).slots()).union(&open.without(claim))
    }

    /// Gives the claimant a slot that is free or claimed by an older epoch.
    fn take_claimed(
        &mut self,
        slot: Slot,
        claimant: NodeKey,
        epoch: ConfigEpoch,
        mine: Option<NodeKey>,
        losses: &mut Losses,
    ) {
        let me = self.table.my_key();
        let owner = self.table.owner(slot);
        // A replica may own slots by an operator's word, but nobody listens to its claim: a primary's comes first.
        let free = owner.is_none_or(|key| {
            let owner = self.table.node(key);
            owner.is_replica() || owner.config_epoch < epoch
        });
        if !free && !self.table.is_not_claiming(slot) {
            return;
        }
        if owner == Some(me) {
            losses.own.insert(slot);
        }
        losses.served += usize::from(owner.is_some() && owner == mine);
        self.repoint_claimed(slot, claimant);
        self.bind_to(slot, claimant);
        self.want_save(Durability::Synced);
        self.state.due = true;
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

    /// An open slot that the claimant does not claim (any more).
    fn note_given_up(&mut self, slot: Slot, claimant: NodeKey, epoch: ConfigEpoch) {
        match self.table.open_slot(slot) {
            Some(OpenSlot::Migrating(to)) if to != claimant && self.in_one_shard(to, claimant) => {
                let target = self.table.node(to);
                if target.config_epoch < epoch || target.is_replica() {
                    self.table.set_open_slot(slot, Some(OpenSlot::Migrating(claimant)));
                    self.want_save(Durability::Synced);
                    self.state.due = true;
                }
            }
            Some(OpenSlot::Importing(from)) if from == claimant && self.table.me().is_primary() => {
                self.finish_import(slot);
            }
            _ => {}
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
