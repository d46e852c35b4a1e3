//! Keys that are on their way to other nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::client::Client;

/// Keys of a group of slots that are on their way to other nodes, each with those who wait until it has arrived or stays. Meanwhile
/// it may be read, but only time may change it.
#[derive(Debug, Default)]
pub(crate) struct Transits(BTreeMap<Box<[u8]>, Vec<Arc<Client>>>);

impl Transits {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of these is on its way.
    pub(crate) fn has_any<'k>(&self, mut keys: impl Iterator<Item = &'k [u8]>) -> bool {
        keys.any(|key| self.0.contains_key(key))
    }

    pub(crate) fn begin(&mut self, key: &[u8]) {
        self.0.entry(key.into()).or_default();
    }

    /// Whether any of these is on its way; then the client is told when the first that was met is no longer.
    pub(crate) fn hold<'k>(&mut self, client: &Arc<Client>, keys: impl Iterator<Item = &'k [u8]>) -> bool {
        for key in keys {
            if let Some(clients) = self.0.get_mut(key) {
                if !clients.iter().any(|other| Arc::ptr_eq(other, client)) {
                    clients.push(Arc::clone(client));
                }
                return true;
            }
        }
        false
    }

    /// A key has arrived, or stays.
    pub(crate) fn end(&mut self, key: &[u8]) {
        self.0.remove(key).into_iter().flatten().for_each(|client| client.wake());
    }
}
