//! RESET. Source: spec of the bus, 10.1.

use slotmesh_types::{ConfigEpoch, CurrentEpoch, Now};

use crate::action::Durability;
use crate::engine::Engine;
use crate::event::Event;
use crate::handshake::HandshakeEnd;

impl Engine {
    /// Leaves the cluster: forgets everybody and every slot, and is a primary of a new shard. A hard reset also takes a
    /// new name and sets the epochs to 0.
    pub fn reset(&mut self, now: Now, hard: bool) {
        self.now = now;
        self.close_slots();
        let me = self.table.my_key();
        for key in self.table.keys() {
            if self.table.get(key).is_none() {
                continue; // It went with the handshake that it was told of in.
            }
            self.table.unbind_all(key);
            if key != me {
                self.conclude(key, HandshakeEnd::Cancelled);
                self.drop_node(key);
            }
        }
        self.table.forgotten.clear();
        self.leaving = None;
        self.header = None;
        // Whoever takes a node out of its cluster does not want it back by itself.
        self.seeds.left = true;
        self.restart_search();
        self.stand_alone();
        if hard {
            let id = self.random_node_id();
            self.table.rename(me, id);
            self.relist(me);
            self.table.current_epoch = CurrentEpoch(0);
            self.table.last_vote_epoch = CurrentEpoch(0);
            self.table.facts_mut(me).config_epoch = ConfigEpoch(0);
        }
        let id = *self.table.me().id();
        self.emit(Event::Reset { id, hard });
        self.want_save(Durability::Barrier);
        self.state.due = true;
        self.handle_timeout(now);
    }
}
