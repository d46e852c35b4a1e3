//! What is done with keys though no client asks for it, or for all keys of a slot at once.

use slotmesh_store::{Rank, SlotKeys};

use super::{Readers, Turn};
use crate::candidates::Candidate;
use crate::event::Classes;

impl Turn<'_> {
    /// Takes every key out. Those who hear of prefixes are told otherwise.
    pub(crate) fn flush(&mut self, readers: Readers) {
        self.end_readers(readers);
        let slot = self.slot;
        if self.group().peek(slot).is_none_or(SlotKeys::is_empty) {
            return;
        }
        for key in self.beside().observed_keys(slot) {
            if self.exists(&key) && self.beside().touch(slot, &key) {
                self.ready.get_or_insert_default().add(key);
            }
        }
        let count = self.group().slot(slot).len() as u64;
        let keys = self.group().slot(slot).take_all();
        self.server.stats.dirty.add(count);
        self.server.keyspace.expiring.note(slot, false);
        self.flushed = Some(Box::new(keys));
        self.settle();
    }

    /// Takes out some of what has expired. Tells whether more of it is left.
    pub(crate) fn expire(&mut self, max: usize) -> bool {
        let mut fields = Vec::new();
        let all = self.with_db(|db, _| db.expire(max) & db.expire_fields(max, |key, _| fields.push(Box::from(key))));
        self.server.stats.expired_fields.add(fields.len() as u64);
        fields.dedup();
        for key in fields {
            let is_gone = !self.exists(&key);
            self.tell(Classes::HASH, "hexpired", &key);
            if is_gone {
                self.tell(Classes::GENERIC, "del", &key);
            }
        }
        let slot = self.slot;
        let expires = self.group().peek(slot).is_some_and(SlotKeys::expires);
        self.server.keyspace.expiring.note(slot, expires);
        !all
    }

    /// The share of keys that have expired and are still there, among those that expire some day; about, if there are
    /// many.
    pub(crate) fn stale_share(&mut self) -> f64 {
        const MAX: usize = 1000;
        let (slot, now) = (self.slot, self.now.unix.0);
        let keys = self.group().slot(slot);
        keys.overdue(now, MAX) as f64 / keys.expiring().clamp(1, MAX) as f64
    }

    /// Takes a key out because memory is full, unless less speaks for that by now than when it was found, or it is on
    /// its way to another node, or there is a pause. Tells whether it is gone.
    pub(crate) fn evict(&mut self, found: &Candidate, rank: Rank, expiring: bool) -> bool {
        let (slot, now) = (self.slot, self.now.unix.0);
        !self.server.pause.is_on()
            && !self.beside().holds().has(slot, &found.key)
            && self.group().slot(slot).rank_of(&found.key, rank, expiring, now) >= Some(found.rank)
            && self.with_db(|db, _| db.evict(&found.key))
    }

    /// A key is on its way no longer: it has arrived, or it stays.
    pub(crate) fn end_transit(&mut self, key: &[u8], has_arrived: bool) {
        if has_arrived && self.with_db(|db, _| db.remove(key)) {
            self.tell(Classes::GENERIC, "del", key);
        }
        let slot = self.slot;
        let beside = self.beside();
        if beside.end_transit(slot, key) {
            for waiter in beside.waiters_in(slot) {
                waiter.wait.keys.iter().for_each(|key| self.ready.get_or_insert_default().add(key.clone()));
            }
        }
    }
}
