//! What is done for the keys though no client asks for it.

use slotmesh_types::{Now, Slot, SlotSet};

use crate::keyspace::groups;
use crate::server::Server;
use crate::turn::Turn;

/// Keys, and fields, that are taken out while others wait for the lock.
const EXPIRED_AT_ONCE: usize = 64;

impl Server {
    /// Has the keys follow the latest view of the cluster: which slots are served without asking, and who waits here for
    /// keys that are served elsewhere. To be called after each change of the view, from any thread but the one of the bus:
    /// it waits for commands that run.
    pub fn follow_topology(&self, now: Now) {
        let standing = self.keyspace.standing();
        // Taken while others can't: an older one never comes after a newer.
        let view = self.view();
        let mut open = SlotSet::new();
        if view.state_ok && view.me().facts.is_primary() {
            open = view.me().facts.slots().clone();
            for (slot, _) in &view.open_slots {
                open.remove(*slot);
            }
        }
        let left = self.keyspace.stand(view.me().facts.is_primary(), &open);
        for slot in left {
            Turn::new(self, slot, now).redirect_waiters();
        }
        drop(standing);
    }

    /// Takes out the keys of slots that are not served here any more.
    pub fn drop_keys(&self, slots: &SlotSet, now: Now) {
        for slot in slots.iter() {
            let mut turn = Turn::new(self, slot, now);
            // It may have come back meanwhile.
            if !turn.beside().is_open(slot) {
                turn.flush();
            }
        }
    }

    /// Takes out what has expired, for at most so many microseconds. Source: `activeExpireCycle`.
    pub fn expire(&self, now: Now, micros_max: u64) {
        if !self.keyspace.leads() || !self.keyspace.expires() {
            return;
        }
        let end = self.surroundings.unix_micros() + micros_max;
        for slots in groups() {
            let expiring: Vec<Slot> = {
                let group = self.keyspace.lock(slots.start);
                slots.iter().filter(|slot| group.beside.expires(*slot)).collect()
            };
            for slot in expiring {
                while Turn::new(self, slot, now).expire(EXPIRED_AT_ONCE) && self.surroundings.unix_micros() < end {}
            }
            if self.surroundings.unix_micros() >= end {
                return;
            }
        }
    }
}
