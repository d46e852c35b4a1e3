//! Client tracking: clients that keep values are told which of them are no longer true.
//!
//! Who reads a key is noted beside it, under the lock of its slot, and told at the next change; then the note is gone.
//! Who wants to hear of all keys with a prefix instead is noted here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::GROUP_SLOTS;
use slotmesh_types::{Mono, Now, Slot};

use crate::client::Client;
use crate::random::Random;
use crate::server::Server;
use crate::turn::Turn;

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

/// Prefixes that are heard of.
#[derive(Debug, Default)]
struct Prefixes {
    /// The clients that hear of each, by their numbers.
    clients: BTreeMap<Vec<u8>, BTreeMap<u64, Arc<Client>>>,
    /// How many have each length: those of a key are looked up, however many there are.
    lengths: BTreeMap<usize, usize>,
}

impl Prefixes {
    fn add(&mut self, prefix: &[u8], client: &Arc<Client>) {
        if !self.clients.contains_key(prefix) {
            *self.lengths.entry(prefix.len()).or_default() += 1;
        }
        self.clients.entry(prefix.to_vec()).or_default().insert(client.id, Arc::clone(client));
    }

    fn remove(&mut self, prefix: &[u8], client: &Client) {
        let Some(clients) = self.clients.get_mut(prefix) else { return };
        clients.remove(&client.id);
        if clients.is_empty() {
            self.clients.remove(prefix);
            if let Some(count) = self.lengths.get_mut(&prefix.len()) {
                *count -= 1;
                if *count == 0 {
                    self.lengths.remove(&prefix.len());
                }
            }
        }
    }
}

/// A number for each group of slots.
#[derive(Debug)]
struct Groups(Box<[AtomicU32]>);

impl Default for Groups {
    fn default() -> Self {
        Self((0..usize::from(Slot::COUNT) / GROUP_SLOTS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Deref for Groups {
    type Target = [AtomicU32];

    fn deref(&self) -> &[AtomicU32] {
        &self.0
    }
}

/// Who is tracked, and how much is noted.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    clients: AtomicUsize,
    /// Keys that are noted.
    pub(crate) keys: AtomicUsize,
    /// Clients that are noted, all keys together.
    pub(crate) items: AtomicUsize,
    /// How many of the keys of each group of slots are noted.
    groups: Groups,
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

    /// A client is noted with a key of that slot: a new key, or a new client with one. Most that is read is noted
    /// already, and then no line of memory moves between threads.
    pub(crate) fn noted(&self, slot: Slot, new_key: bool, new_item: bool) {
        if new_key {
            self.keys.fetch_add(1, Relaxed);
            self.groups[slot.index() / GROUP_SLOTS].fetch_add(1, Relaxed);
        }
        if new_item {
            self.items.fetch_add(1, Relaxed);
        }
    }

    /// Notes of a key of that slot are gone, which named so many clients.
    pub(crate) fn forgot(&self, slot: Slot, items: usize) {
        self.keys.fetch_sub(1, Relaxed);
        self.groups[slot.index() / GROUP_SLOTS].fetch_sub(1, Relaxed);
        self.items.fetch_sub(items, Relaxed);
    }

    /// A slot by chance, each group of slots the likelier the more of its keys are noted.
    fn draw(&self, random: &mut Random) -> Option<Slot> {
        let counts = || self.groups.iter().map(|count| u64::from(count.load(Relaxed)));
        let mut place = random.next().checked_rem(counts().sum())?;
        let group = counts().position(|count| {
            let is_here = place < count;
            place = place.saturating_sub(count);
            is_here
        })?;
        let slot = group * GROUP_SLOTS + random.next() as usize % GROUP_SLOTS;
        u16::try_from(slot).ok().and_then(Slot::new)
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
        self.by_prefix().clients.len()
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
                by_prefix.add(prefix, client);
            }
            prefixes.extend(before.take().and_then(|mode| mode.prefixes).into_iter().flatten());
        }
        *before = Some(mode);
        self.broadcasts.store(!by_prefix.clients.is_empty(), Relaxed);
    }

    /// Tracks a client no longer. What is noted of it goes with the next change of the key.
    pub(crate) fn end(&self, client: &Client) {
        let mut by_prefix = self.by_prefix();
        let Some(mode) = client.tracking().take() else { return };
        self.clients.fetch_sub(1, Relaxed);
        for prefix in mode.prefixes.into_iter().flatten() {
            by_prefix.remove(&prefix, client);
        }
        self.broadcasts.store(!by_prefix.clients.is_empty(), Relaxed);
    }

    fn by_prefix(&self) -> MutexGuard<'_, Prefixes> {
        self.prefixes.lock()
    }
}

impl Server {
    /// Gives up keys by chance while more are noted than may be: what was read once and never changes makes room for
    /// what is read now. No lock may be held.
    pub(crate) fn give_up_read_keys(&self, now: Now) {
        let mut random = self.memory.random();
        while self.tracking.is_full()
            && let Some(slot) = self.tracking.draw(&mut random)
        {
            Turn::new(self, slot, now).give_up_read_key();
        }
    }

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

    /// Tells those who hear of a prefix which keys with it have changed. Each key is given with the number of the client that
    /// did it; 0 for none.
    pub(crate) fn broadcast(&self, keys: &BTreeMap<Box<[u8]>, u64>, now: Mono) {
        let by_prefix = self.tracking.by_prefix();
        let mut changed: BTreeMap<&[u8], Vec<(&[u8], u64)>> = BTreeMap::new();
        for (key, author) in keys {
            for length in by_prefix.lengths.keys() {
                if let Some((prefix, _)) = key.get(..*length).and_then(|start| by_prefix.clients.get_key_value(start)) {
                    changed.entry(prefix).or_default().push((key, *author));
                }
            }
        }
        for (prefix, keys) in changed {
            for client in by_prefix.clients[prefix].values() {
                let noloop = client.tracking().as_ref().is_some_and(|mode| mode.noloop);
                let others = keys.iter().filter(|(_, author)| !(noloop && client.id == *author));
                let keys: Vec<&[u8]> = others.map(|(key, _)| *key).collect();
                if !keys.is_empty() {
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
