//! What is done for the keys though no client asks for it.

use std::time::Duration;

use slotmesh_table::OpenSlot;
use slotmesh_types::{Now, Slot, SlotSet};

use crate::keyspace::groups;
use crate::server::Server;
use crate::turn::Turn;

/// Keys, and fields, that are taken out while others wait for the lock.
const EXPIRED_AT_ONCE: usize = 64;

impl Server {
    /// Has the keys follow the latest view of the cluster, to be called after each change of it, from any thread but the one of the
    /// bus: it waits for commands that run. Commands judge by the latest view without it; here those who wait for keys are told
    /// that these are served elsewhere.
    pub fn follow_topology(&self, now: Now) {
        let version = self.surroundings.view_version();
        let view = self.view();
        self.keyspace.set_leads(view.me().facts.is_primary());
        for slots in groups() {
            let waited = {
                let mut group = self.keyspace.lock(slots.start);
                group.beside.follow(slots.iter(), &view, version);
                group.beside.waited_slots()
            };
            for slot in waited {
                Turn::new(self, slot, now).redirect_waiters(&view);
            }
        }
    }

    /// Takes out the keys of slots that belong to others. Slots that have come back, or are on their way here, keep theirs.
    pub fn drop_keys(&self, slots: &SlotSet, now: Now) {
        for slot in slots.iter() {
            let mut turn = Turn::new(self, slot, now);
            let view = self.view();
            let is_mine = view.owner(slot).is_none_or(|owner| view.is_me(owner));
            if !is_mine && !matches!(view.open_slot(slot), Some(OpenSlot::Importing(_))) {
                turn.flush();
            }
        }
    }

    /// Takes out every key if this node is a replica: nothing is replicated, and what it has is not what its primary has.
    pub fn drop_keys_of_replica(&self, now: Now) {
        for slot in Slot::all() {
            let mut turn = Turn::new(self, slot, now);
            if self.view().me().facts.is_replica() {
                turn.flush();
            }
        }
    }

    /// Takes out what has expired, for about so long, and goes on another time where it stopped. Source: `activeExpireCycle`.
    pub fn expire(&self, now: Now, most: Duration) {
        if !self.keyspace.leads() || !self.keyspace.expires() {
            return;
        }
        let end = now.mono.after(most);
        for slots in self.keyspace.expiring_groups() {
            let expiring: Vec<Slot> = {
                let group = self.keyspace.lock(slots.start);
                slots.iter().filter(|slot| group.beside.expires(*slot)).collect()
            };
            for slot in expiring {
                while Turn::new(self, slot, now).expire(EXPIRED_AT_ONCE) {
                    if self.surroundings.now().mono >= end {
                        return self.keyspace.set_expired_until(&slots);
                    }
                }
            }
        }
    }
}
