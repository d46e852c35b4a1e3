//! Client tracking: clients that keep values are told which of them are no longer true.
//!
//! Who reads a key is noted beside it, under the lock of its slot, and told at the next change; then the note is gone.
//! Who wants to hear of all keys with a prefix instead is noted here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_types::Mono;

use crate::client::Client;
use crate::server::Server;

/// The channel of those who are told in RESP2.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// When the keys that a client reads are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Always.
    #[default]
    All,
    /// If CLIENT CACHING YES comes before.
    OptIn,
    /// Unless CLIENT CACHING NO comes before.
    OptOut,
}

/// How a client is tracked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    /// It hears of all keys with one of these prefixes, whatever it has read.
    pub(crate) prefixes: Option<BTreeSet<Vec<u8>>>,
    pub(crate) choice: Choice,
    /// CLIENT CACHING was said: the other choice is for the next request.
    pub(crate) caching: bool,
    /// It is not told of its own changes.
    pub(crate) noloop: bool,
    /// The client that is told in its place.
    pub(crate) redirect: Option<u64>,
    /// That client is gone.
    pub(crate) broken: bool,
}

impl Mode {
    /// Whether keys that are read now are noted.
    pub(crate) fn remembers(&self) -> bool {
        let chosen = match self.choice {
            Choice::All => true,
            Choice::OptIn => self.caching,
            Choice::OptOut => !self.caching,
        };
        chosen && self.prefixes.is_none()
    }
}

/// The clients that hear of each prefix, by their numbers.
type Prefixes = BTreeMap<Vec<u8>, BTreeMap<u64, Arc<Client>>>;

/// Who is tracked, and how much is noted.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    clients: AtomicUsize,
    /// Keys that are noted.
    pub(crate) keys: AtomicUsize,
    /// Clients that are noted, all keys together.
    pub(crate) items: AtomicUsize,
    /// How many keys may be noted (`tracking-table-max-keys`); 0 for any number.
    keys_max: AtomicUsize,
    /// Whether anybody hears of a prefix: what every request on keys looks at.
    broadcasts: AtomicBool,
    prefixes: Mutex<Prefixes>,
}

impl Tracking {
    pub(crate) fn set_keys_max(&self, max: usize) {
        self.keys_max.store(max, Relaxed);
    }

    /// Whether more keys are noted than may be.
    pub(crate) fn is_full(&self) -> bool {
        let max = self.keys_max.load(Relaxed);
        max > 0 && self.keys.load(Relaxed) > max
    }

    /// Notes of a key are gone, which named so many clients.
    pub(crate) fn forgot(&self, items: usize) {
        self.keys.fetch_sub(1, Relaxed);
        self.items.fetch_sub(items, Relaxed);
    }

    pub(crate) fn broadcasts(&self) -> bool {
        self.broadcasts.load(Relaxed)
    }

    /// How many clients are tracked.
    pub(crate) fn clients(&self) -> usize {
        self.clients.load(Relaxed)
    }

    /// How many prefixes are heard of.
    pub(crate) fn prefixes(&self) -> usize {
        self.by_prefix().len()
    }

    /// Tracks a client in this way. It keeps the prefixes it had.
    pub(crate) fn begin(&self, client: &Arc<Client>, mut mode: Mode) {
        let mut by_prefix = self.by_prefix();
        let mut before = client.tracking();
        if before.is_none() {
            self.clients.fetch_add(1, Relaxed);
        }
        if let Some(prefixes) = &mut mode.prefixes {
            for prefix in prefixes.iter() {
                by_prefix.entry(prefix.clone()).or_default().insert(client.id, Arc::clone(client));
            }
            prefixes.extend(before.take().and_then(|mode| mode.prefixes).into_iter().flatten());
        }
        *before = Some(mode);
        self.broadcasts.store(!by_prefix.is_empty(), Relaxed);
    }

    /// Tracks a client no longer. What is noted of it goes with the next change of the key.
    pub(crate) fn end(&self, client: &Client) {
        let mut by_prefix = self.by_prefix();
        let Some(mode) = client.tracking().take() else { return };
        self.clients.fetch_sub(1, Relaxed);
        for prefix in mode.prefixes.into_iter().flatten() {
            if let Some(clients) = by_prefix.get_mut(&prefix) {
                clients.remove(&client.id);
                if clients.is_empty() {
                    by_prefix.remove(&prefix);
                }
            }
        }
        self.broadcasts.store(!by_prefix.is_empty(), Relaxed);
    }

    fn by_prefix(&self) -> MutexGuard<'_, Prefixes> {
        self.prefixes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Tells clients that had read a key that it has changed. `author` is the number of the client that did it; 0 for
    /// none.
    pub(crate) fn invalidate(&self, clients: &BTreeSet<u64>, key: &[u8], author: u64, now: Mono) {
        for client in clients.iter().filter_map(|id| self.clients.get(*id)) {
            let wants = |mode: &Mode| mode.prefixes.is_none() && !(mode.noloop && client.id == author);
            if client.tracking().as_ref().is_some_and(wants) {
                self.tell_invalid(&client, Some(&[key]), now);
            }
        }
    }

    /// Tells those who hear of a prefix which keys with it have changed.
    pub(crate) fn broadcast(&self, keys: &BTreeSet<Box<[u8]>>, author: u64, now: Mono) {
        for (prefix, clients) in &*self.tracking.by_prefix() {
            let keys: Vec<&[u8]> = keys.iter().map(|key| &**key).filter(|key| key.starts_with(prefix)).collect();
            if keys.is_empty() {
                continue;
            }
            for client in clients.values() {
                let noloop = client.tracking().as_ref().is_some_and(|mode| mode.noloop);
                if !(noloop && client.id == author) {
                    self.tell_invalid(client, Some(&keys), now);
                }
            }
        }
    }

    /// Tells every client that is tracked that nothing is true any more; with `only_broadcast` those alone who hear of
    /// prefixes.
    pub(crate) fn invalidate_all(&self, only_broadcast: bool, now: Mono) {
        if self.tracking.clients() == 0 {
            return;
        }
        for client in self.clients.all() {
            let wants = |mode: &Mode| !only_broadcast || mode.prefixes.is_some();
            if client.tracking().as_ref().is_some_and(wants) {
                self.tell_invalid(&client, None, now);
            }
        }
    }

    fn tell_invalid(&self, client: &Client, keys: Option<&[&[u8]]>, now: Mono) {
        let redirect = client.tracking().as_ref().and_then(|mode| mode.redirect);
        let limits = self.pubsub.limits();
        let Some(id) = redirect else {
            // In RESP2 there is no way to tell what nobody asked for.
            if client.protocol() == Protocol::Resp3 {
                client.push(&invalid(Protocol::Resp3, keys), limits, now);
            }
            return;
        };
        match self.clients.get(id) {
            Some(other) if other.protocol() == Protocol::Resp3 || other.is_subscribed() => {
                other.push(&invalid(other.protocol(), keys), limits, now);
            }
            Some(_) => {}
            None => {
                if let Some(mode) = &mut *client.tracking() {
                    mode.broken = true;
                }
                if client.protocol() == Protocol::Resp3 {
                    client.push(&broken(id), limits, now);
                }
            }
        }
    }
}

/// The message that these keys, or all, are not what they were: a push, or in RESP2 one of a channel.
fn invalid(protocol: Protocol, keys: Option<&[&[u8]]>) -> Bytes {
    let mut frame = Vec::new();
    let mut reply = ReplyWriter::new(&mut frame, protocol);
    if protocol == Protocol::Resp3 {
        reply.push(2);
        reply.bulk(b"invalidate");
    } else {
        reply.array(3);
        reply.bulk(b"message");
        reply.bulk(CHANNEL);
    }
    match keys {
        Some(keys) => {
            reply.array(keys.len());
            keys.iter().for_each(|key| reply.bulk(key));
        }
        None => reply.null(),
    }
    frame.into()
}

fn broken(id: u64) -> Bytes {
    let mut frame = Vec::new();
    let mut reply = ReplyWriter::new(&mut frame, Protocol::Resp3);
    reply.push(2);
    reply.bulk(b"tracking-redir-broken");
    reply.integer(i64::try_from(id).unwrap_or(i64::MAX));
    frame.into()
}
