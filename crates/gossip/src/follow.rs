//! This node changes its place: replica of somebody, or a primary of its own. Source: spec of the bus, 5.9 and 10.1.

use slotmesh_table::{NodeKey, OpenSlot};
use slotmesh_types::{NodeId, Now};

use crate::action::{DataOrder, Durability, Resync};
use crate::engine::Engine;
use crate::event::Event;

/// Why this node did not become a replica; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicateError {
    /// Nobody of that name is known.
    #[error("Unknown node {0}")]
    Unknown(NodeId),
    /// It is this node.
    #[error("Can't replicate myself")]
    Myself,
    /// It is a replica itself.
    #[error("I can only replicate a master, not a replica.")]
    NotPrimary,
    /// This node is a primary that has something to lose.
    #[error("To set a master the node must be empty and without assigned slots.")]
    NotEmpty,
}

impl Engine {
    /// CLUSTER REPLICATE. `holds_data` tells whether this node has keys of its own.
    ///
    /// # Errors
    /// See [`ReplicateError`].
    pub fn replicate(&mut self, now: Now, id: &NodeId, holds_data: bool) -> Result<(), ReplicateError> {
        self.now = now;
        // The name of a handshake is made up: nobody can follow it.
        let known = self.table.lookup(id).filter(|key| !self.table.node(*key).handshake);
        let key = known.ok_or(ReplicateError::Unknown(*id))?;
        if key == self.table.my_key() {
            return Err(ReplicateError::Myself);
        }
        if self.table.node(key).is_replica() {
            return Err(ReplicateError::NotPrimary);
        }
        let me = self.table.me();
        if me.primary_key() == Some(key) {
            return Ok(());
        }
        if me.is_primary() && (me.slot_count() > 0 || holds_data) {
            return Err(ReplicateError::NotEmpty);
        }
        self.follow(key, Resync::Full);
        self.want_save(Durability::Lazy);
        self.broadcast = true;
        self.settle();
        Ok(())
    }

    /// CLUSTER REPLICATE NO ONE: a replica becomes an empty primary in a shard of its own. A primary stays what it is.
    pub fn replicate_no_one(&mut self, now: Now) {
        self.now = now;
        if self.table.me().is_primary() {
            return;
        }
        self.close_slots();
        self.stand_alone();
        self.want_save(Durability::Lazy);
        self.broadcast = true;
        self.settle();
    }

    /// Becomes a replica of `primary`.
    pub(crate) fn follow(&mut self, primary: NodeKey, resync: Resync) {
        let me = self.table.my_key();
        // A replica may own slots that an operator gave it; it can't take them along.
        self.table.unbind_all(me);
        if resync == Resync::Full {
            self.close_slots();
        }
        self.abort_handover();
        self.election.cancel();
        self.attach_replica(me, primary);
        let shard = self.table.node(primary).shard;
        let fails = self.table.node(primary).health == slotmesh_table::Health::Fail;
        let facts = self.table.facts_mut(me);
        facts.migrate_to = false;
        facts.shard = shard;
        facts.capabilities.my_primary_fail = fails;
        self.order(DataOrder::Follow {
            node: *self.table.node(primary).id(),
            address: self.table.node(primary).address,
            resync,
        });
        let primary = self.name(primary);
        self.emit(Event::Following { primary, resync });
        self.state.due = true;
    }

    /// A node that starts as a replica takes up where it was.
    pub(crate) fn resume_role(&mut self) {
        if let Some(primary) = self.table.me().primary_key() {
            self.follow_to_new_address(primary);
            if self.table.node(primary).health == slotmesh_table::Health::Fail {
                self.note_primary_failed();
            }
        }
    }

    /// My primary has moved: replication goes there.
    pub(crate) fn follow_to_new_address(&mut self, primary: NodeKey) {
        let node = self.table.node(primary);
        let (node, address) = (*node.id(), node.address);
        self.order(DataOrder::Follow { node, address, resync: Resync::Partial });
    }

    /// Becomes a primary without slots and without data, in a shard of its own.
    pub(crate) fn stand_alone(&mut self) {
        let me = self.table.my_key();
        let was_replica = self.table.me().is_replica();
        self.abort_handover();
        self.election.cancel();
        self.leave_primary();
        let shard = self.random_shard_id();
        self.table.facts_mut(me).shard = shard;
        if was_replica {
            self.order(DataOrder::Lead { keep_data: false });
        }
        self.state.due = true;
    }

    /// Becomes a primary; what else that means is the caller's affair.
    pub(crate) fn leave_primary(&mut self) {
        let me = self.table.my_key();
        let old = self.table.me().primary_key();
        self.table.make_primary(me);
        self.table.facts_mut(me).capabilities.my_primary_fail = false;
        if let Some(old) = old {
            self.forget_target(old);
        }
    }

    /// A replica that has found out that its primary is a replica follows that one's primary.
    pub(crate) fn leave_sub_replica(&mut self) {
        let me = self.table.my_key();
        let Some(primary) = self.table.me().primary_key() else { return };
        let Some(above) = self.table.node(primary).primary_key().filter(|key| *key != me) else { return };
        let resync = self.resync_with(above);
        let (from, to) = (self.name(primary), self.name(above));
        self.emit(Event::SubReplica { from, to });
        self.follow(above, resync);
        self.want_save(Durability::Synced);
        self.broadcast = true;
    }

    /// Data of one shard have one history; those of another do not fit.
    pub(crate) fn resync_with(&self, primary: NodeKey) -> Resync {
        if self.table.node(primary).shard == self.table.me().shard { Resync::Partial } else { Resync::Full }
    }

    /// Puts a node among the replicas of `primary`, with the marks that say which primaries may be given replicas.
    pub(crate) fn attach_replica(&mut self, replica: NodeKey, primary: NodeKey) {
        let old = self.table.node(replica).primary_key().filter(|key| *key != primary);
        self.table.make_replica(replica, Some(primary));
        if let Some(old) = old {
            self.forget_target(old);
        }
        if self.table.node(primary).is_primary() && !self.table.node(primary).migrate_to {
            self.table.facts_mut(primary).migrate_to = true;
        }
    }

    /// A primary that has lost its last replica is no target for others.
    fn forget_target(&mut self, primary: NodeKey) {
        if self.table.node(primary).replicas().is_empty() && self.table.node(primary).migrate_to {
            self.table.facts_mut(primary).migrate_to = false;
        }
    }

    /// Drops every mark of a slot on the move.
    pub(crate) fn close_slots(&mut self) {
        for (slot, _) in self.table.open_slots().collect::<Vec<(_, OpenSlot)>>() {
            self.table.set_open_slot(slot, None);
        }
    }

    /// Whether this node is a replica of that one.
    pub(crate) fn is_my_primary(&self, key: NodeKey) -> bool {
        self.table.me().primary_key() == Some(key)
    }
}
