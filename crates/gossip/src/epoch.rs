//! Epochs of others, and what happens when two primaries have one. Source: spec of the bus, 5.3 (P3) and 5.11.

use std::time::Duration;

use rand_core::Rng;
use slotmesh_table::NodeKey;
use slotmesh_wire::Header;

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

/// A primary without slots lives with a collision at least this long,
const EPOCH_PAUSE: Duration = Duration::from_millis(50);
/// and up to this much longer for each known node.
const EPOCH_SPREAD_MICROS: u64 = 10_000;

impl Engine {
    /// Takes over what the header of a member says about epochs and offset.
    pub(crate) fn note_epochs(&mut self, sender: NodeKey, header: &Header<'_>) {
        self.table.raise_current_epoch(header.current_epoch());
        let claims_primary = header.replica_of().is_null();
        if claims_primary && header.config_epoch() > self.table.node(sender).config_epoch {
            self.table.facts_mut(sender).config_epoch = header.config_epoch();
            self.want_save(Durability::Synced);
        }
        self.table.liveness_mut(sender).offset = header.offset();
    }

    /// Two primaries have one config epoch: the one with the smaller name takes a new one.
    ///
    /// Fresh nodes all have epoch 0, so a new mesh is full of collisions, and nodes that act at once choose the same next
    /// epoch again and tell everybody each time. A primary without slots has nothing to lose by the collision: it waits a
    /// moment, the longer the more nodes there are, and mostly finds its next epoch free.
    pub(crate) fn resolve_collision(&mut self, sender: NodeKey) {
        if !self.must_yield_to(sender) {
            return;
        }
        if self.table.me().slot_count() > 0 {
            return self.take_new_epoch(sender);
        }
        if self.clock.collision.is_none() {
            let spread = EPOCH_SPREAD_MICROS * self.table.len() as u64;
            let pause = EPOCH_PAUSE + Duration::from_micros(self.rng.next_u64() % spread);
            let due = self.now.mono.after(pause);
            self.clock.collision = Some(due);
            self.clock.wake = self.clock.wake.min(due);
        }
    }

    /// The pause is over: if the collision still stands, it ends now.
    pub(crate) fn end_collision(&mut self) {
        let standing = self.table.keys().into_iter().find(|key| self.must_yield_to(*key));
        if let Some(other) = standing {
            self.take_new_epoch(other);
        }
    }

    fn must_yield_to(&self, key: NodeKey) -> bool {
        let (me, other) = (self.table.me(), self.table.node(key));
        let collides = me.is_primary() && other.is_primary() && me.config_epoch == other.config_epoch;
        collides && !other.handshake && me.id() < other.id()
    }

    fn take_new_epoch(&mut self, other: NodeKey) {
        let next = self.table.current_epoch.next();
        self.table.raise_current_epoch(next);
        let me = self.table.my_key();
        self.table.facts_mut(me).config_epoch = next.as_config();
        let node = self.name(other);
        self.emit(Event::EpochCollision { node, epoch: next.as_config() });
        self.want_save(Durability::Barrier);
        self.broadcast = true;
    }
}
