//! Every connection there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use slotmesh_types::Now;

use crate::client::{Client, Driver, Peer};

/// Every connection there is. Cheap to clone; clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Clients(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    clients: BTreeMap<u64, Arc<Client>>,
    /// How many of them are from this machine.
    local: usize,
    last_id: u64,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) all: usize,
    /// Those from other machines.
    pub(crate) remote: usize,
}

impl Clients {
    /// Adds a connection if there is room.
    pub(crate) fn add(
        &self,
        peer: &Peer,
        fd: i64,
        now: Now,
        room: Room,
        driver: Box<dyn Driver>,
    ) -> Option<Arc<Client>> {
        let mut list = self.list();
        let (count, local) = (list.clients.len(), usize::from(peer.is_local()));
        if count >= room.all || (local == 0 && count - list.local >= room.remote) {
            return None;
        }
        list.local += local;
        list.last_id += 1;
        let client = Arc::new(Client::new(list.last_id, peer, fd, now, driver));
        list.clients.insert(client.id, Arc::clone(&client));
        Some(client)
    }

    pub(crate) fn remove(&self, id: u64) {
        let mut list = self.list();
        if list.clients.remove(&id).is_some_and(|client| client.is_local) {
            list.local -= 1;
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list().clients.len()
    }

    /// The one of that number, if it is still there.
    pub(crate) fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.list().clients.get(&id).cloned()
    }

    /// All of them, ordered by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Client>> {
        self.list().clients.values().cloned().collect()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock()
    }
}
