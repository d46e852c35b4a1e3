//! Members that change between primary and replica. Source: spec of the bus, 5.8.

use slotmesh_table::{NodeKey, OpenSlot};
use slotmesh_types::SlotSet;
use slotmesh_wire::Header;

use crate::action::{DataOrder, Durability};
use crate::engine::Engine;
use crate::event::Event;

impl Engine {
    /// Follows what the header says about the sender's role and slots. Tells whether the rest of the packet counts: an old
    /// packet of a node that has been demoted since does not.
    pub(crate) fn apply_role(&mut self, sender: NodeKey, header: &Header<'_>) -> bool {
        let was_replica = self.table.node(sender).is_replica();
        if header.replica_of().is_null() {
            if !self.table.node(sender).is_primary() {
                self.promote(sender);
            }
            self.peers[sender].demotion_doubted = None;
            let changed = was_replica || self.table.node(sender).slots().as_bytes() != header.slots();
            if changed {
                let claim = SlotSet::from_bytes(*header.slots());
                self.apply_claim(sender, header.config_epoch(), &claim);
                self.correct_claim(sender, header.config_epoch(), &claim);
            }
            return true;
        }
        let named = header.replica_of().id().and_then(|id| self.table.lookup(&id));
        // The name of a handshake is made up and not saved: nobody can follow it.
        let primary = named.filter(|key| *key != sender && !self.table.node(*key).handshake);
        if !was_replica && !self.demote(sender, primary, header) {
            return false;
        }
        // A circle of replicas would stand for ever. News of one of the others that are in it opens it, and then the next
        // packet of this sender counts [role-2].
        let new = primary.filter(|key| self.table.node(sender).primary_key() != Some(*key));
        if let Some(primary) = new.filter(|key| !self.table.is_below(*key, sender)) {
            self.attach(sender, primary);
        }
        true
    }

    pub(crate) fn promote(&mut self, key: NodeKey) {
        if key == self.table.my_key() {
            self.leave_primary();
            self.abort_handover();
            self.election.cancel();
            self.order(DataOrder::Lead { keep_data: true });
            self.state.due = true;
            return;
        }
        let had_primary = self.table.node(key).primary_key().is_some();
        self.table.make_primary(key);
        if had_primary {
            self.table.facts_mut(key).migrate_to = true;
        }
        let name = self.name(key);
        self.emit(Event::BecamePrimary(name));
        self.want_save(Durability::Lazy);
        self.state.due = true;
    }

    /// A primary says it is a replica now. Tells whether the packet is up to date.
    fn demote(&mut self, sender: NodeKey, primary: Option<NodeKey>, header: &Header<'_>) -> bool {
        let shard = self.table.node(sender).shard;
        match primary.filter(|key| self.table.node(*key).shard == shard) {
            Some(primary) => {
                let known = self.table.epoch_of(sender).max(self.table.epoch_of(primary));
                if known > header.config_epoch() && self.is_demotion_in_doubt(sender) {
                    return false;
                }
                if self.table.node(primary).is_replica() {
                    self.hand_over(sender, primary, header);
                } else {
                    // What is left was given to it here by an operator. Its primary claims what it has.
                    self.table.unbind_all(sender);
                }
            }
            None => self.table.unbind_all(sender),
        }
        self.peers[sender].demotion_doubted = None;
        self.table.make_replica(sender, None);
        self.table.facts_mut(sender).migrate_to = false;
        self.want_save(Durability::Synced);
        self.state.due = true;
        true
    }

    /// Whether a packet that shows a primary as a replica at an older epoch may be one from before its election. Such a
    /// packet comes by a connection that has held it up, and none is held up for longer than the node timeout: by then the
    /// node has said otherwise, or it is a replica, by an operator's word [role-3].
    fn is_demotion_in_doubt(&mut self, sender: NodeKey) -> bool {
        let now = self.now.mono;
        let since = *self.peers[sender].demotion_doubted.get_or_insert(now);
        now.since(since) <= self.config.node_timeout
    }

    /// A failover we have not heard of: the sender's former replica has its slots now.
    fn hand_over(&mut self, from: NodeKey, to: NodeKey, header: &Header<'_>) {
        for slot in self.table.node(from).slots().clone().iter() {
            self.table.bind(slot, to);
        }
        let repointed: Vec<_> = self.table.open_slots().filter(|(_, open)| open.peer() == from).collect();
        for (slot, open) in repointed {
            let open = match open {
                OpenSlot::Migrating(_) => OpenSlot::Migrating(to),
                OpenSlot::Importing(_) => OpenSlot::Importing(to),
            };
            self.table.set_open_slot(slot, Some(open));
        }
        self.promote(to);
        // The sender may know of an older epoch than this node does, most of all of this node's own.
        let epoch = self.table.node(to).config_epoch.max(header.config_epoch());
        self.table.facts_mut(to).config_epoch = epoch;
        if to == self.table.my_key() {
            // The others know, this node had forgotten: from here on the epoch is its own word.
            self.table.raise_current_epoch(epoch.as_current());
            self.want_save(Durability::Barrier);
        }
    }

    fn attach(&mut self, replica: NodeKey, primary: NodeKey) {
        self.attach_replica(replica, primary);
        self.leave_sub_replica();
        let shard = self.table.node(primary).shard;
        self.update_shard(replica, Some(shard));
        let (node, primary) = (self.name(replica), Some(self.name(primary)));
        self.emit(Event::BecameReplica { node, primary, shard });
        self.want_save(Durability::Lazy);
    }
}
