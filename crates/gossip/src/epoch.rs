//! Epochs of others, and what happens when two primaries have one. Source: spec of the bus, 5.3 (P3) and 5.11.

use slotmesh_table::NodeKey;
use slotmesh_types::ConfigEpoch;
use slotmesh_wire::Header;

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;

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
    pub(crate) fn resolve_collision(&mut self, sender: NodeKey, epoch: ConfigEpoch) {
        let (me, other) = (self.table.me(), self.table.node(sender));
        let collides = me.is_primary() && other.is_primary() && epoch == me.config_epoch && epoch == other.config_epoch;
        if !collides || me.id() > other.id() {
            return;
        }
        let next = self.table.current_epoch.next();
        self.table.raise_current_epoch(next);
        let me = self.table.my_key();
        self.table.facts_mut(me).config_epoch = next.as_config();
        let node = self.name(sender);
        self.emit(Event::EpochCollision { node, epoch: next.as_config() });
        self.want_save(Durability::Barrier);
        self.broadcast = true;
    }
}
