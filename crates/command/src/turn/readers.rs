//! Clients that keep what they have read are told when it changes.

use std::sync::atomic::Ordering::Relaxed;

use slotmesh_types::{Slot, key_slot};

use super::{Request, Turn};

impl Turn<'_> {
    /// Notes that the client of a request has read its keys, to be told when they change.
    pub(crate) fn track(&mut self, request: &Request<'_>) {
        let (server, slot) = (self.server, self.slot);
        for place in request.command.spec.key_places(request.args) {
            let key = request.args[place.word];
            if key_slot(key) == slot {
                let (new_key, new_item) = self.beside().add_reader(slot, key, request.client);
                server.tracking.keys.fetch_add(usize::from(new_key), Relaxed);
                server.tracking.items.fetch_add(usize::from(new_item), Relaxed);
                self.make_room_beside(key);
            }
        }
    }

    /// Where more keys are noted than may be, some of these that share the lock are given up: their readers are told
    /// that they have changed.
    fn make_room_beside(&mut self, key: &[u8]) {
        while self.server.tracking.is_full()
            && let (slot, beside) = (self.slot, self.beside())
            && let Some((slot, other)) = beside.read_key_beside(slot, key)
        {
            self.tell_readers(slot, &other);
        }
    }

    /// Tells those who have read a key that it has changed.
    fn tell_readers(&mut self, slot: Slot, key: &[u8]) {
        if let Some(readers) = self.beside().take_readers(slot, key) {
            self.server.tracking.forgot(readers.len());
            self.server.invalidate(&readers, key, 0, self.now.mono);
        }
    }

    /// Tells all who have read keys of the slot that it is served elsewhere.
    pub(crate) fn tell_all_readers(&mut self) {
        let slot = self.slot;
        for key in self.beside().read_keys(slot) {
            self.tell_readers(slot, &key);
        }
    }

    /// Forgets who has read keys of the slot; they are told otherwise.
    pub(crate) fn forget_readers(&mut self) {
        let slot = self.slot;
        for key in self.beside().read_keys(slot) {
            if let Some(readers) = self.beside().take_readers(slot, &key) {
                self.server.tracking.forgot(readers.len());
            }
        }
    }
}
