//! What is done for the keys though no client asks for it.

use std::time::Duration;

use slotmesh_table::OpenSlot;
use slotmesh_types::{Mono, Now, Slot, SlotSet};

use crate::keyspace::{Group64, groups};
use crate::server::Server;
use crate::turn::{Readers, Turn};

/// Keys, and fields, that are taken out while others wait for the lock.
const EXPIRED_AT_ONCE: usize = 64;

impl Server {
    /// Has those who wait for keys follow the latest view of the cluster, and what slots have cost. To be called after each
    /// change of it, from any thread but the one of the bus: it waits for commands that run. Commands judge
    /// by the latest view without it.
    pub fn follow_topology(&self, now: Now) {
        self.keyspace.set_leads(self.view().me().facts.is_primary());
        self.settle_slots();
        for slots in groups() {
            let waited = self.keyspace.lock(slots.start).beside.waited_slots();
            for slot in waited {
                Turn::new(self, slot, now).redirect_waiters();
            }
        }
    }

    /// Takes out the keys of slots that belong to others. Slots that have come back, or are on their way here, keep
    /// theirs.
    pub fn drop_keys(&self, slots: &SlotSet, now: Now) {
        for slot in slots.iter() {
            let mut turn = Turn::new(self, slot, now);
            let view = self.view();
            let is_mine = view.owner(slot).is_none_or(|owner| view.is_me(owner));
            if !is_mine && !matches!(view.open_slot(slot), Some(OpenSlot::Importing(_))) {
                turn.flush(Readers::Told);
            }
        }
        // Which keys those were is not told one by one: it may be millions.
        self.invalidate_all(true, now.mono);
    }

    /// Takes out every key if this node is a replica: nothing is replicated, and what it has is not what its primary
    /// has.
    pub fn drop_keys_of_replica(&self, now: Now) {
        for slot in Slot::all() {
            let mut turn = Turn::new(self, slot, now);
            if self.view().me().facts.is_replica() {
                turn.flush(Readers::Forgotten);
            }
        }
        self.invalidate_all(false, now.mono);
    }

    /// Takes out what has expired, for about so long, and goes on another time where it stopped. Source:
    /// `activeExpireCycle`.
    pub fn expire(&self, now: Now, most: Duration) {
        self.pause.look(now.mono);
        if !self.takes_out_expired() || !self.keyspace.expires() {
            return;
        }
        let begun = self.surroundings.now().mono;
        let stale = self.keyspace.expiring.groups().find_map(|slots| self.expire_group(&slots, now, begun.after(most)));
        self.stats.expire_caps.add(u64::from(stale.is_some()));
        self.stats.note_stale(stale.unwrap_or(0.0));
        let took = self.surroundings.now().mono.micros_since(begun);
        self.stats.expire_micros.add(took);
        if self.spikes.wants(took) {
            self.spikes.add("expire-cycle", now.unix.0 / 1000, took);
        }
    }

    /// Gives the share of what is left in the slot where time was over.
    fn expire_group(&self, slots: &Group64, now: Now, end: Mono) -> Option<f64> {
        for slot in self.keyspace.expiring.slots_of(slots) {
            while Turn::new(self, slot, now).expire(EXPIRED_AT_ONCE) {
                if self.surroundings.now().mono >= end {
                    self.keyspace.expiring.set_looked_at(slots);
                    return Some(Turn::new(self, slot, now).stale_share());
                }
            }
        }
        None
    }
}
