//! Keys that are on their way to other nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::client::Client;

/// Keys of a group of slots that are on their way to other nodes. Meanwhile they may be read, but only time may change them.
#[derive(Debug, Default)]
pub(crate) struct Transits(BTreeMap<Box<[u8]>, Held>);

/// Who waits until a key has arrived or stays.
#[derive(Debug, Default)]
struct Held {
    clients: Vec<Arc<Client>>,
    /// A request that waits for another key was not served because of this one.
    passed_over: bool,
}

impl Transits {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is on its way.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    /// Whether any of these is on its way; then it is noted with the first that is that a request was not served because of it.
    pub(crate) fn pass_over<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) -> bool {
        for key in keys {
            if let Some(held) = self.0.get_mut(key) {
                held.passed_over = true;
                return true;
            }
        }
        false
    }

    pub(crate) fn begin(&mut self, key: &[u8]) {
        self.0.entry(key.into()).or_default();
    }

    /// Whether any of these is on its way; then the client is told when the first that was met is no longer.
    pub(crate) fn hold<'k>(&mut self, client: &Arc<Client>, keys: impl Iterator<Item = &'k [u8]>) -> bool {
        for key in keys {
            if let Some(Held { clients, .. }) = self.0.get_mut(key) {
                if !clients.iter().any(|other| Arc::ptr_eq(other, client)) {
                    clients.push(Arc::clone(client));
                }
                return true;
            }
        }
        false
    }

    /// A key has arrived, or stays. Tells whether a request was not served because of it.
    pub(crate) fn end(&mut self, key: &[u8]) -> bool {
        let Some(held) = self.0.remove(key) else { return false };
        held.clients.iter().for_each(|client| client.wake());
        held.passed_over
    }
}
