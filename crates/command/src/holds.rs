//! Writes that have to wait: to keys on their way to other nodes, and into slots that stand still.

use std::collections::BTreeMap;
use std::sync::Arc;

use slotmesh_types::Slot;

use crate::beside::{ByKey, bit, of_slot};
use crate::client::Client;

/// Those who wait, by the numbers of their clients.
type Waiting = BTreeMap<u64, Arc<Client>>;

/// A key on its way to another node.
#[derive(Debug, Default)]
struct Transit {
    /// Those who wait until it has arrived or stays.
    waiting: Waiting,
    /// A request that waits for another key was not served because of this one.
    passed_over: bool,
}

/// What writes of a group of slots wait for. Meanwhile everything may be read, but only time may change what is held.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// Keys on their way to other nodes.
    keys: ByKey<Transit>,
    /// Slots that stand still, a bit for each; once for everybody who wants that.
    still: Vec<u64>,
    /// Those who wait for slots to move on.
    waiting: Waiting,
}

impl Holds {
    /// The slots in which something is held, a bit for each.
    pub(crate) fn slots(&self) -> u64 {
        self.keys.keys().fold(self.still(), |slots, (slot, _)| slots | bit(*slot))
    }

    fn still(&self) -> u64 {
        self.still.iter().fold(0, |all, slots| all | slots)
    }

    /// A key is on its way.
    pub(crate) fn begin_key(&mut self, slot: Slot, key: &[u8]) {
        self.keys.entry((slot, key.into())).or_default();
    }

    /// A key has arrived, or stays. Tells whether a request was not served because of it.
    pub(crate) fn end_key(&mut self, slot: Slot, key: &[u8]) -> bool {
        let transit = self.keys.remove(&(slot, key.into())).unwrap_or_default();
        wake(transit.waiting);
        transit.passed_over
    }

    /// Whether this key is on its way.
    pub(crate) fn has(&self, slot: Slot, key: &[u8]) -> bool {
        !self.keys.is_empty() && self.keys.contains_key(&(slot, key.into()))
    }

    /// Whether any of these is on its way; then it is noted with the first that is that a request was not served
    /// because of it.
    pub(crate) fn pass_over<'k>(&mut self, slot: Slot, keys: impl IntoIterator<Item = &'k [u8]>) -> bool {
        if self.keys.is_empty() {
            return false;
        }
        for key in keys {
            if let Some(transit) = self.keys.get_mut(&(slot, key.into())) {
                transit.passed_over = true;
                return true;
            }
        }
        false
    }

    /// Nothing is written into these slots any more.
    pub(crate) fn begin_still(&mut self, slots: u64) {
        self.still.push(slots);
    }

    /// One who wanted that does no longer.
    pub(crate) fn end_still(&mut self, slots: u64) {
        if let Some(at) = self.still.iter().position(|still| *still == slots) {
            self.still.swap_remove(at);
        }
        wake(std::mem::take(&mut self.waiting));
    }

    /// Whether what would change these keys has to wait; then the client is told when to look again.
    pub(crate) fn hold<'k>(
        &mut self,
        client: &Arc<Client>,
        slot: Slot,
        keys: impl IntoIterator<Item = &'k [u8]>,
    ) -> bool {
        let waiting = if self.still() & bit(slot) != 0 {
            &mut self.waiting
        } else {
            let mut keys = keys.into_iter().map(|key| (slot, key.into()));
            let Some(key) = keys.find(|key| self.keys.contains_key(key)) else { return false };
            &mut self.keys.entry(key).or_default().waiting
        };
        waiting.insert(client.id, Arc::clone(client));
        true
    }

    /// A client waits no longer for what is held in a slot.
    pub(crate) fn forget(&mut self, client: &Client, slot: Slot) {
        self.waiting.remove(&client.id);
        let keys: Vec<_> = of_slot(&self.keys, slot).map(|(key, _)| key.clone()).collect();
        for key in keys {
            if let Some(transit) = self.keys.get_mut(&(slot, key)) {
                transit.waiting.remove(&client.id);
            }
        }
    }
}

fn wake(waiting: Waiting) {
    waiting.into_values().for_each(|client| client.wake());
}
