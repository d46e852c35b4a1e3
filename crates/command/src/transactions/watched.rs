//! Keys that a client watches for its next transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use slotmesh_types::{Now, key_slot};

use crate::beside::Watch;
use crate::server::Server;
use crate::turn::Turn;

/// Keys that a client watches for its next transaction. To be given up with [`give_up`](Self::give_up).
#[derive(Debug, Default)]
pub(crate) struct Watched {
    watch: Arc<Watch>,
    keys: BTreeSet<Box<[u8]>>,
}

impl Watched {
    /// Watches a key, too, whose slot has its turn.
    pub(crate) fn add(&mut self, turn: &mut Turn<'_>, key: &[u8]) {
        // One that has expired is taken out first: later that would count as a change.
        turn.exists(key);
        if self.keys.insert(key.into()) {
            let slot = turn.slot();
            turn.beside().watch(slot, key, &self.watch);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Looks whether any has expired, which is a change. No lock may be held.
    pub(crate) fn look(&self, server: &Server, now: Now) {
        for key in &self.keys {
            Turn::new(server, key_slot(key), now).exists(key);
        }
    }

    /// Whether any was changed.
    pub(crate) fn is_broken(&self) -> bool {
        self.watch.is_broken()
    }

    /// Watches them no longer. No lock may be held.
    pub(crate) fn give_up(self, server: &Server, now: Now) {
        for key in &self.keys {
            let slot = key_slot(key);
            Turn::new(server, slot, now).beside().unwatch(slot, key, &self.watch);
        }
    }
}
