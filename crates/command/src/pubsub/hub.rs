//! Who listens to what.

use std::array;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use slotmesh_config::{OutputLimits, glob};
use slotmesh_sync::atomic::{AtomicUsize, Ordering::Relaxed};
use slotmesh_sync::{Mutex, RwLock};
use slotmesh_types::{Mono, Slot, crc16, key_slot};

use super::subscriptions::Change;
use super::{Frames, Kind};
use crate::client::Client;
use crate::routing::ShardOwner;

/// Locks that channels are spread over, so that publishers seldom meet.
const GROUPS: usize = if cfg!(slotmesh_model) { 1 } else { 64 };

/// Bytes of a channel's name that decide about its lock. Names differ at their ends more than at their beginnings.
const HASHED_BYTES: usize = 32;

/// Subscribers of each name, by the number of the client.
type Topics = BTreeMap<Bytes, BTreeMap<u64, Arc<Client>>>;

/// Who listens to what on this node. Cheap to clone; clones share it.
///
/// What is published to one channel reaches everybody in one order: the channel's lock is held until all have their
/// frame. No socket is touched under it.
#[derive(Clone)]
pub struct PubSub(Arc<Hub>);

struct Hub {
    channels: [Mutex<Topics>; GROUPS],
    /// Taken after the lock of a channel, never before.
    patterns: RwLock<Topics>,
    /// Shard channels by slot, since slots leave.
    slots: [Mutex<BTreeMap<Slot, SlotTopics>>; GROUPS],
    counts: [AtomicUsize; 3],
    /// Clients that listen to anything.
    clients: AtomicUsize,
    limits: RwLock<OutputLimits>,
}

/// The shard channels of a slot.
struct SlotTopics {
    /// Who owned the slot when its subscribers came. They go when it has another owner.
    owner: Option<ShardOwner>,
    topics: Topics,
}

impl SlotTopics {
    /// Whether its subscribers stay when the slot has this owner; then it is theirs.
    fn stays_with(&mut self, owner: Option<ShardOwner>) -> bool {
        let stays = self.owner.zip(owner).is_some_and(|(before, now)| before.is_followed_by(now));
        if stays {
            self.owner = owner;
        }
        stays
    }
}

impl fmt::Debug for PubSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSub").field("clients", &self.clients()).finish_non_exhaustive()
    }
}

impl PubSub {
    /// Nobody listens to anything; `limits` are those of `client-output-buffer-limit`.
    #[must_use]
    pub fn new(limits: OutputLimits) -> Self {
        Self(Arc::new(Hub {
            channels: array::from_fn(|_| Mutex::default()),
            patterns: RwLock::default(),
            slots: array::from_fn(|_| Mutex::default()),
            counts: array::from_fn(|_| AtomicUsize::new(0)),
            clients: AtomicUsize::new(0),
            limits: RwLock::new(limits),
        }))
    }

    /// Changes the limits on what may wait for a client.
    pub fn set_limits(&self, limits: OutputLimits) {
        *self.0.limits.write() = limits;
    }

    /// The limits on what may wait for a client.
    #[must_use]
    pub fn limits(&self) -> OutputLimits {
        *self.0.limits.read()
    }

    /// Whether anybody listens to a channel or pattern, or to a shard channel. A publisher that must copy the message
    /// first asks this.
    #[must_use]
    pub fn has_listeners(&self, shard: bool) -> bool {
        if shard { self.count(Kind::Shard) > 0 } else { self.count(Kind::Channel) + self.count(Kind::Pattern) > 0 }
    }

    /// Gives a message to everybody who listens to its channel, and once more for each pattern that matches. Tells how
    /// many times it was given.
    pub fn publish(&self, now: Mono, channel: &[u8], message: &[u8]) -> usize {
        if !self.has_listeners(false) {
            return 0;
        }
        let limits = self.limits();
        let topics = self.0.channels[group_of(channel)].lock();
        let words: [&[u8]; 3] = [b"message", channel, message];
        let mut receivers = topics.get(channel).map_or(0, |to| give(to, &words, limits, now));
        if self.count(Kind::Pattern) > 0 {
            let patterns = self.0.patterns.read();
            for (pattern, to) in patterns.iter().filter(|(pattern, _)| glob::matches(pattern, channel)) {
                let words: [&[u8]; 4] = [b"pmessage", pattern, channel, message];
                receivers += give(to, &words, limits, now);
            }
        }
        receivers
    }

    /// Gives a message to everybody who listens to a shard channel. Tells how many those are.
    pub fn publish_shard(&self, now: Mono, channel: &[u8], message: &[u8]) -> usize {
        if !self.has_listeners(true) {
            return 0;
        }
        let slot = key_slot(channel);
        let slots = self.0.slots[slot.index() % GROUPS].lock();
        let to = slots.get(&slot).and_then(|of_slot| of_slot.topics.get(channel));
        let words: [&[u8]; 3] = [b"smessage", channel, message];
        to.map_or(0, |to| give(to, &words, self.limits(), now))
    }

    /// Ends every subscription to a shard channel whose slot is not served here any more, or belongs to somebody else
    /// than when the subscription began. The subscribers are told. `owner` gives that of a slot that is served here by
    /// the latest view there is at that moment: who came under a newer view than the caller's must not go by an older
    /// one. Every lock is taken: whoever joins by the view before holds it now and is seen, or comes to it later and finds
    /// the new view.
    pub fn keep_slots(&self, now: Mono, owner: impl Fn(Slot) -> Option<ShardOwner>) {
        for group in &self.0.slots {
            let mut slots = group.lock();
            let gone: Vec<Slot> = slots
                .iter_mut()
                .filter_map(|(slot, of_slot)| (!of_slot.stays_with(owner(*slot))).then_some(*slot))
                .collect();
            for of_slot in gone.iter().filter_map(|slot| slots.remove(slot)) {
                self.expel_all(now, of_slot.topics);
            }
        }
    }

    fn expel_all(&self, now: Mono, topics: Topics) {
        for (name, subscribers) in topics {
            self.0.counts[Kind::Shard as usize].fetch_sub(1, Relaxed);
            subscribers.values().for_each(|client| self.expel(now, &name, client));
        }
    }

    fn expel(&self, now: Mono, name: &Bytes, client: &Client) {
        let change = client.subscriptions.remove(Kind::Shard, name);
        self.count_client(change);
        client.push_left(Kind::Shard, name, change.told, self.limits(), now);
    }

    /// Adds a subscription to a channel or pattern, unless there is one; gives the number to confirm it with.
    pub(crate) fn join(&self, kind: Kind, name: &[u8], client: &Arc<Client>) -> usize {
        self.with_topics(kind, name, |topics| self.enter(topics, kind, name, client))
    }

    /// The same for a shard channel; gives the owner of its slot as well, who is asked for when nobody else can join
    /// any more: an older answer would send those away who came by a newer one. Who came while it belonged to somebody
    /// else goes.
    pub(crate) fn join_shard(
        &self,
        now: Mono,
        name: &[u8],
        owner: impl Fn(Slot) -> Option<ShardOwner>,
        client: &Arc<Client>,
    ) -> (usize, Option<ShardOwner>) {
        let slot = key_slot(name);
        let mut slots = self.0.slots[slot.index() % GROUPS].lock();
        let owner = owner(slot);
        if slots.get_mut(&slot).is_some_and(|of_slot| of_slot.owner != owner && !of_slot.stays_with(owner))
            && let Some(of_slot) = slots.remove(&slot)
        {
            self.expel_all(now, of_slot.topics);
        }
        let of_slot = slots.entry(slot).or_insert_with(|| SlotTopics { owner, topics: Topics::new() });
        (self.enter(&mut of_slot.topics, Kind::Shard, name, client), owner)
    }

    fn enter(&self, topics: &mut Topics, kind: Kind, name: &[u8], client: &Arc<Client>) -> usize {
        let known = topics.get_key_value(name).map(|(name, _)| name.clone());
        if known.is_none() {
            self.0.counts[kind as usize].fetch_add(1, Relaxed);
        }
        let name = known.unwrap_or_else(|| Bytes::copy_from_slice(name));
        topics.entry(name.clone()).or_default().insert(client.id, Arc::clone(client));
        let change = client.subscriptions.add(kind, name);
        self.count_client(change);
        change.told
    }

    /// Ends a subscription, if there is one; gives the number to confirm it with.
    pub(crate) fn leave(&self, kind: Kind, name: &[u8], client: &Client) -> usize {
        self.with_topics(kind, name, |topics| {
            if let Some(subscribers) = topics.get_mut(name)
                && subscribers.remove(&client.id).is_some()
                && subscribers.is_empty()
            {
                topics.remove(name);
                self.0.counts[kind as usize].fetch_sub(1, Relaxed);
            }
            let change = client.subscriptions.remove(kind, name);
            self.count_client(change);
            change.told
        })
    }

    /// Ends every subscription of a client. It is not told.
    pub(crate) fn leave_all(&self, client: &Client) {
        if !client.subscriptions.any() {
            return;
        }
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            for name in client.subscriptions.all(kind) {
                self.leave(kind, &name, client);
            }
        }
    }

    /// Names with a subscriber that match a pattern, in order.
    pub(crate) fn names(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Bytes> {
        let matches = |name: &Bytes| pattern.is_none_or(|pattern| glob::matches(pattern, name));
        let mut names: Vec<Bytes> = Vec::new();
        let mut add = |topics: &Topics| names.extend(topics.keys().filter(|name| matches(name)).cloned());
        match kind {
            Kind::Channel => self.0.channels.iter().for_each(|group| add(&group.lock())),
            Kind::Pattern => add(&self.0.patterns.read()),
            Kind::Shard => {
                self.0.slots.iter().for_each(|group| group.lock().values().for_each(|of_slot| add(&of_slot.topics)));
            }
        }
        names.sort_unstable();
        names
    }

    /// How many listen to a name; patterns do not count for channels.
    pub(crate) fn listeners(&self, kind: Kind, name: &[u8]) -> usize {
        self.with_topics(kind, name, |topics| topics.get(name).map_or(0, BTreeMap::len))
    }

    /// How many names have a subscriber.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.0.counts[kind as usize].load(Relaxed)
    }

    /// How many clients listen to anything.
    pub(crate) fn clients(&self) -> usize {
        self.0.clients.load(Relaxed)
    }

    /// The names of a kind that share the lock of this one.
    fn with_topics<T>(&self, kind: Kind, name: &[u8], act: impl FnOnce(&mut Topics) -> T) -> T {
        match kind {
            Kind::Channel => act(&mut self.0.channels[group_of(name)].lock()),
            Kind::Pattern => act(&mut self.0.patterns.write()),
            Kind::Shard => {
                let slot = key_slot(name);
                let mut slots = self.0.slots[slot.index() % GROUPS].lock();
                let Some(of_slot) = slots.get_mut(&slot) else { return act(&mut Topics::new()) };
                let result = act(&mut of_slot.topics);
                if of_slot.topics.is_empty() {
                    slots.remove(&slot);
                }
                result
            }
        }
    }

    fn count_client(&self, change: Change) {
        if change.first {
            self.0.clients.fetch_add(1, Relaxed);
        } else if change.last {
            self.0.clients.fetch_sub(1, Relaxed);
        }
    }
}

fn group_of(channel: &[u8]) -> usize {
    usize::from(crc16(&channel[channel.len().saturating_sub(HASHED_BYTES)..])) % GROUPS
}

fn give(to: &BTreeMap<u64, Arc<Client>>, words: &[&[u8]], limits: OutputLimits, now: Mono) -> usize {
    let mut frames = Frames::new(words);
    to.values().for_each(|client| client.push(frames.of(client.protocol()), limits, now));
    to.len()
}
