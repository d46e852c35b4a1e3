//! Every connection there is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slotmesh_types::Now;

use crate::client::{Client, Driver, Peer};

/// Every connection there is. Cheap to clone; clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Clients(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    clients: BTreeMap<u64, Arc<Client>>,
    last_id: u64,
}

impl Clients {
    /// Adds a connection unless there are `max` already.
    pub(crate) fn add(
        &self,
        peer: &Peer,
        fd: i64,
        now: Now,
        max: usize,
        driver: Box<dyn Driver>,
    ) -> Option<Arc<Client>> {
        let mut list = self.list();
        if list.clients.len() >= max {
            return None;
        }
        list.last_id += 1;
        let client = Arc::new(Client::new(list.last_id, peer, fd, now, driver));
        list.clients.insert(client.id, Arc::clone(&client));
        Some(client)
    }

    pub(crate) fn remove(&self, id: u64) {
        self.list().clients.remove(&id);
    }

    /// The one with this id.
    pub(crate) fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.list().clients.get(&id).cloned()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list().clients.len()
    }

    /// All of them, ordered by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Client>> {
        self.list().clients.values().cloned().collect()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
