//! Keys that go to another node while others are served: what MIGRATE does at this end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_types::{Now, Slot, key_slot};

use crate::client::Client;
use crate::server::Server;
use crate::turn::Turn;

/// What MIGRATE asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// Address or name of the target.
    pub host: String,
    /// Its client port, as it was said.
    pub port: String,
    /// The keys, all of one slot.
    pub keys: Vec<Vec<u8>>,
    /// Where they go there.
    pub database: i64,
    /// How long each step may take.
    pub timeout: Duration,
    /// Whether the keys stay here as well.
    pub copies: bool,
    /// Whether what is at the target is replaced.
    pub replaces: bool,
    /// Whom the target takes this node for.
    pub credentials: Option<Credentials>,
}

/// A password, for a user that has a name or for the one that has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credentials {
    /// The user.
    pub user: Option<Vec<u8>>,
    /// The password.
    pub password: Vec<u8>,
}

/// How a migration begins.
#[derive(Debug)]
pub enum Departure<'s> {
    /// None of the keys is here.
    NoKeys,
    /// Some of them are on their way already, or there is a pause. The client is told by
    /// [`Driver::served`](crate::Driver::served) when that is over.
    Held,
    /// These are here.
    Begun(Transit<'s>),
}

/// Keys on their way to another node. Whoever wants to change one waits until it is [handed over](Transit::hand_over)
/// or this is dropped: then the keys that are left stay.
///
/// They expire as ever, here and where they come, and FLUSHALL and the loss of their slot take them from here as ever:
/// the migration came before that.
#[derive(Debug)]
pub struct Transit<'s> {
    server: &'s Server,
    slot: Slot,
    now: Now,
    /// Those that were here when it began.
    keys: Vec<Vec<u8>>,
    /// Which of these were handed over.
    handed_over: Vec<bool>,
    /// Whether the keys stay: then nobody waits for them.
    copies: bool,
}

impl Server {
    /// Begins to send keys away.
    pub fn depart(&self, migration: &Migration, client: &Arc<Client>, now: Now) -> Departure<'_> {
        let Some(slot) = migration.keys.first().map(|key| key_slot(key)) else { return Departure::NoKeys };
        // A key may be named twice.
        let mut named = BTreeSet::new();
        let mut keys: Vec<Vec<u8>> = migration.keys.iter().filter(|key| named.insert(*key)).cloned().collect();
        let mut turn = Turn::new(self, slot, now);
        if turn.hold(client, keys.iter().map(Vec::as_slice)) || self.pause.hold(client, || true, now.mono).is_some() {
            return Departure::Held;
        }
        keys.retain(|key| turn.exists(key));
        if keys.is_empty() {
            return Departure::NoKeys;
        }
        if !migration.copies {
            keys.iter().for_each(|key| turn.beside().begin_transit(slot, key));
        }
        let handed_over = vec![false; keys.len()];
        Departure::Begun(Transit { server: self, slot, now, keys, handed_over, copies: migration.copies })
    }
}

impl Transit<'_> {
    /// The keys that were here when it began, each once.
    #[must_use]
    pub fn keys(&self) -> &[Vec<u8>] {
        &self.keys
    }

    /// Whether any key was handed over.
    #[must_use]
    pub fn has_handed_over(&self) -> bool {
        self.handed_over.contains(&true)
    }

    /// What the key at that place holds, as a payload of DUMP, and the milliseconds until it expires, 0 for never;
    /// `None` once it is gone.
    pub fn payload(&mut self, at: usize, now: Now) -> Option<(u64, Vec<u8>)> {
        self.now = now;
        // A copy is made faster than a payload, and others wait for the lock.
        let copy = Turn::new(self.server, self.slot, now).copied(&self.keys[at])?;
        // What has not expired has a while left.
        let left = copy.deadline().map_or(0, |deadline| deadline.saturating_sub(now.unix.0).max(1));
        Some((left, slotmesh_rdb::dump(copy.value())))
    }

    /// The key at that place has arrived: it goes from here, unless it was to be copied. In a pause as well, since it
    /// was to go before that began, and is not to live at both ends.
    pub fn hand_over(&mut self, at: usize, now: Now) {
        self.now = now;
        self.handed_over[at] = true;
        if !self.copies {
            Turn::new(self.server, self.slot, now).end_transit(&self.keys[at], true);
        }
    }
}

impl Drop for Transit<'_> {
    fn drop(&mut self) {
        if !self.copies {
            for (key, _) in self.keys.iter().zip(&self.handed_over).filter(|(_, handed_over)| !**handed_over) {
                Turn::new(self.server, self.slot, self.now).end_transit(key, false);
            }
        }
    }
}
