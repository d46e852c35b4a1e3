//! Clients that keep what they have read are told when it changes.

use slotmesh_types::{Slot, key_slot};

use super::{Request, Turn};

/// What becomes of those who have read keys that are all taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// They are told of each.
    Told,
    /// They are told of all at once.
    Forgotten,
}

impl Turn<'_> {
    /// Notes that the client of a request has read its keys, to be told when they change.
    pub(crate) fn track(&mut self, request: &Request<'_>) {
        let (server, slot) = (self.server, self.slot);
        for place in request.command.spec.key_places(request.args) {
            let key = request.args[place.word];
            if key_slot(key) == slot {
                let (new_key, new_item) = self.beside().add_reader(slot, key, request.client);
                server.tracking.noted(slot, new_key, new_item);
                self.reads |= new_key;
            }
        }
    }

    /// Gives up a key that was read, of the slot or one that shares its lock: its readers are told that it has changed.
    pub(crate) fn give_up_read_key(&mut self) {
        let slot = self.slot;
        if let Some((slot, key)) = self.beside().read_key_from(slot) {
            self.tell_readers(slot, &key);
        }
    }

    /// Tells those who have read a key that it has changed.
    fn tell_readers(&mut self, slot: Slot, key: &[u8]) {
        if let Some(readers) = self.beside().take_readers(slot, key) {
            self.server.tracking.forgot(slot, readers.len());
            self.server.invalidate(&readers, key, 0, self.now.mono);
        }
    }

    pub(super) fn end_readers(&mut self, readers: Readers) {
        let slot = self.slot;
        for key in self.beside().read_keys(slot) {
            match readers {
                Readers::Told => self.tell_readers(slot, &key),
                Readers::Forgotten => {
                    if let Some(readers) = self.beside().take_readers(slot, &key) {
                        self.server.tracking.forgot(slot, readers.len());
                    }
                }
            }
        }
    }
}
