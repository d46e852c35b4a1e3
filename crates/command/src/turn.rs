//! What happens while the lock of a group of slots is held.

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;

use arc_swap::Guard;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::{Changes, Db, KeyChange, Lookups, Rank, SlotKeys, ValueRef};
use slotmesh_types::{Now, Slot, key_slot};

use crate::beside::Beside;
use crate::candidates::Candidate;
use crate::client::Client;
use crate::cluster::Family;
use crate::error_reply::ErrorReply;
use crate::event::{Classes, Event};
use crate::eviction::no_room;
use crate::keyed::{Keyed, KeyedHandler, Prepared};
use crate::keyspace::{Locked, group_of};
use crate::random::Random;
use crate::routing::{self, Access, Asker, Presence};
use crate::server::Server;
use crate::settings::Settings;
use crate::table::{Flag, Group, Known, Touches};
use crate::waiting::{Wait, Waiter};

/// A group of slots that is locked for commands on one of them, and what these leave behind.
///
/// When it ends, those who wait for what has come are served, the lock is released, and what is big is freed after that.
pub(crate) struct Turn<'s> {
    server: &'s Server,
    settings: Guard<Arc<Settings>>,
    slot: Slot,
    now: Now,
    /// `None` once it is released.
    group: Option<Locked<'s>>,
    changes: Changes,
    events: Vec<Event>,
    /// The number of the client whose request is executed; 0 for none.
    author: u64,
    /// Keys that have changed and are waited for.
    ready: Ready,
    /// All that was there, if it was taken out.
    flushed: Option<SlotKeys>,
    /// Whether more keys are noted for those who have read them.
    reads: bool,
    /// What was done for the request before the lock was had. What is left of it is freed when the lock is released.
    prepared: Option<Prepared>,
}

/// What becomes of those who have read keys that are all taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// They are told of each.
    Told,
    /// They are told of all at once.
    Forgotten,
}

/// Tells of a key whether it is here.
pub(crate) type IsHere<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// Keys, each once, in the order in which they came.
#[derive(Default)]
struct Ready {
    queue: VecDeque<Box<[u8]>>,
    queued: BTreeSet<Box<[u8]>>,
}

impl Ready {
    fn add(&mut self, key: Box<[u8]>) {
        if self.queued.insert(key.clone()) {
            self.queue.push_back(key);
        }
    }

    fn next(&mut self) -> Option<Box<[u8]>> {
        let key = self.queue.pop_front()?;
        self.queued.remove(&key);
        Some(key)
    }
}

/// One request of a turn.
pub(crate) struct Request<'a> {
    pub(crate) command: &'static Known,
    pub(crate) handler: KeyedHandler,
    pub(crate) args: &'a [&'a [u8]],
    pub(crate) protocol: Protocol,
    /// Whether it may wait for keys.
    pub(crate) may_wait: bool,
    /// Whether the keys that it looks up count as used, as far as the client says.
    pub(crate) touches: bool,
    /// The number of its client.
    pub(crate) client: u64,
    /// Bytes of a reply that its client is not sent.
    pub(crate) reply_bytes: usize,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Ran {
    /// Its reply is written.
    Replied,
    /// Its reply is longer than its client may have waiting, and was not written to its end.
    TooLong,
    /// It waits.
    Waits(Wait),
}

impl<'s> Turn<'s> {
    /// Waits for the lock: as long as whoever holds it works on a slot of the same group. What has expired is judged when it is
    /// had.
    pub(crate) fn new(server: &'s Server, slot: Slot, now: Now) -> Self {
        let (group, now) = match server.keyspace.try_lock(slot) {
            Some(group) => (group, now),
            None => (server.keyspace.lock(slot), server.surroundings.now()),
        };
        Self {
            server,
            settings: server.settings.load(),
            slot,
            now,
            group: Some(group),
            changes: Changes::default(),
            events: Vec::new(),
            author: 0,
            ready: Ready::default(),
            flushed: None,
            reads: false,
            prepared: None,
        }
    }

    /// Whether what wants this of the slot runs here and now. `presence` looks at the keys by what it is given; it is asked only
    /// where a slot on the move makes it matter. A key on its way to another node counts as here until it has arrived, even if it
    /// has expired meanwhile: a request that were sent after it could come there first.
    pub(crate) fn admit(
        &mut self,
        asker: Asker,
        family: Family,
        access: Access,
        presence: impl FnOnce(IsHere<'_>) -> Presence,
    ) -> Result<(), ErrorReply> {
        let (server, slot) = (self.server, self.slot);
        let version = server.surroundings.view_version();
        if self.beside().is_open(slot, version) {
            return Ok(());
        }
        let view = server.view();
        self.beside().follow(group_of(slot).iter(), &view, version);
        let look = |db: &mut Db<'_>, beside: &mut Beside| {
            let is_here = &mut |key: &[u8]| db.is_there(key) || beside.transits.has(key);
            routing::route(&view, slot, access, server.rules(), asker, || presence(is_here))
        };
        self.with_db(look).map_err(|error| error.reply(server.audience(family)))
    }

    /// Acts on the keys, and tells what came of it.
    fn with_db<R>(&mut self, act: impl FnOnce(&mut Db<'_>, &mut Beside) -> R) -> R {
        let (keys, beside) = self.group.as_mut().expect(STILL_LOCKED).parts(self.slot);
        self.changes.observed = beside.is_observed() || self.server.tracking.broadcasts();
        let mut db = Db::new(keys, &mut self.changes, self.now.unix.0, self.server.takes_out_expired());
        let result = act(&mut db, beside);
        self.settle();
        result
    }

    /// Whether any of these keys is on its way to another node, so that a request which may change it has to wait; then the client is
    /// told when to try again.
    pub(crate) fn hold<'k>(&mut self, client: &Arc<Client>, keys: impl Iterator<Item = &'k [u8]>) -> bool {
        self.beside().transits.hold(client, keys)
    }

    /// Whether any key is on its way to another node.
    pub(crate) fn has_transits(&mut self) -> bool {
        !self.beside().transits.is_empty()
    }

    /// A key is on its way no longer: it has arrived, or it stays.
    pub(crate) fn end_transit(&mut self, key: &[u8], has_arrived: bool) {
        if has_arrived && self.with_db(|db, _| db.remove(key)) {
            self.tell(Classes::GENERIC, "del", key);
        }
        let slot = self.slot;
        let beside = self.beside();
        if beside.transits.end(key) {
            for waiter in beside.waiters_in(slot) {
                waiter.wait.keys.iter().for_each(|key| self.ready.add(key.clone()));
            }
        }
    }

    /// Takes what was done for the next request before the lock was had.
    pub(crate) fn prepare(&mut self, prepared: Option<Prepared>) {
        self.prepared = prepared;
    }

    pub(crate) fn server(&self) -> &'s Server {
        self.server
    }

    /// Whether it is counted what requests cost their slots.
    pub(crate) fn bills(&self) -> bool {
        self.settings.slot_stats
    }

    /// Bytes of a reply that a client is not sent: it is closed instead.
    pub(crate) fn reply_bytes(&self, client: &Client) -> usize {
        self.settings.reply_bytes.of(client)
    }

    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    pub(crate) fn now(&self) -> Now {
        self.now
    }

    fn group(&mut self) -> &mut Locked<'s> {
        self.group.as_mut().expect(STILL_LOCKED)
    }

    /// Whether the key is there.
    pub(crate) fn exists(&mut self, key: &[u8]) -> bool {
        self.with_db(|db, _| db.is_there(key))
    }

    /// Looks at what a key holds, and when it expires.
    pub(crate) fn look<R>(&mut self, key: &[u8], look: impl FnOnce(ValueRef<'_>, Option<u64>) -> R) -> Option<R> {
        self.with_db(|db, _| {
            let deadline = db.deadline(key).flatten();
            db.get(key).map(|value| look(value, deadline))
        })
    }

    /// A key of the slot by chance.
    pub(crate) fn random_key(&mut self) -> Option<Box<[u8]>> {
        self.with_db(|db, beside| db.random_key(|| beside.random.next()))
    }

    /// What is kept beside the keys.
    pub(crate) fn beside(&mut self) -> &mut Beside {
        &mut self.group().beside
    }

    /// Executes a request. What it replies goes to the end of `out`; nothing of it when it fails or has to wait.
    pub(crate) fn run(&mut self, request: &Request<'_>, out: &mut Vec<u8>) -> Result<Ran, ErrorReply> {
        let start = out.len();
        let group = self.group.as_mut().expect(STILL_LOCKED);
        let (keys, beside) = group.parts(self.slot);
        self.changes.observed = beside.is_observed() || self.server.tracking.broadcasts();
        self.author = request.client;
        let lookups = lookups(request, &self.settings, &mut beside.random);
        let db = Db::new(keys, &mut self.changes, self.now.unix.0, self.server.takes_out_expired());
        let mut call = Keyed {
            args: request.args,
            db: db.with_lookups(lookups),
            reply: ReplyWriter::new(out, request.protocol).bounded(request.reply_bytes),
            settings: &self.settings,
            prepared: &mut self.prepared,
            random: &mut beside.random,
            command: request.command,
            events: &mut self.events,
            may_wait: request.may_wait,
            wait: None,
        };
        let handled = (request.handler)(&mut call);
        let ran = match call.wait.take() {
            _ if call.reply.is_cut() => Ran::TooLong,
            Some(wait) => Ran::Waits(wait),
            None => Ran::Replied,
        };
        if handled.is_err() {
            out.truncate(start);
        }
        self.settle();
        handled.map(|()| ran)
    }

    /// Notes that the client of a request has read its keys, to be told when they change.
    pub(crate) fn track(&mut self, request: &Request<'_>) {
        let (server, slot) = (self.server, self.slot);
        for place in request.command.spec.key_places(request.args) {
            let key = request.args[place.word];
            if key_slot(key) == slot {
                let (new_key, new_item) = self.beside().add_reader(slot, key, request.client);
                server.tracking.noted(slot, new_key, new_item);
                self.reads |= new_key;
            }
        }
    }

    /// Gives up a key that was read, of the slot or one that shares its lock: its readers are told that it has changed.
    pub(crate) fn give_up_read_key(&mut self) {
        let slot = self.slot;
        if let Some((slot, key)) = self.beside().read_key_from(slot) {
            self.tell_readers(slot, &key);
        }
    }

    /// Tells those who have read a key that it has changed.
    fn tell_readers(&mut self, slot: Slot, key: &[u8]) {
        if let Some(readers) = self.beside().take_readers(slot, key) {
            self.server.tracking.forgot(slot, readers.len());
            self.server.invalidate(&readers, key, 0, self.now.mono);
        }
    }

    fn end_readers(&mut self, readers: Readers) {
        let slot = self.slot;
        for key in self.beside().read_keys(slot) {
            match readers {
                Readers::Told => self.tell_readers(slot, &key),
                Readers::Forgotten => {
                    if let Some(readers) = self.beside().take_readers(slot, &key) {
                        self.server.tracking.forgot(slot, readers.len());
                    }
                }
            }
        }
    }

    /// Has a request wait, which [`run`](Self::run) has found nothing for.
    pub(crate) fn add_waiter(&mut self, waiter: &Arc<Waiter>) {
        self.beside().add_waiter(waiter);
    }

    /// Ends the wait of a request with an error, or as if it had waited for too long. Tells whether it was still waiting.
    pub(crate) fn end_wait(&mut self, waiter: &Waiter, error: Option<&ErrorReply>) -> bool {
        if !self.beside().remove_waiter(waiter) {
            return false;
        }
        let mut reply = Vec::new();
        match error {
            Some(error) => {
                self.server.stats.add_failed(waiter.command);
                self.server.stats.add_error(error);
                error.write(&mut reply);
            }
            None => waiter.wait.end.write(&mut ReplyWriter::new(&mut reply, waiter.protocol)),
        }
        waiter.serve(reply);
        true
    }

    /// Takes every key out. Those who hear of prefixes are told otherwise.
    pub(crate) fn flush(&mut self, readers: Readers) {
        self.end_readers(readers);
        let slot = self.slot;
        if self.group().slot(slot).is_empty() {
            return;
        }
        for key in self.beside().observed_keys(slot) {
            if self.exists(&key) && self.beside().touch(slot, &key) {
                self.ready.add(key);
            }
        }
        let count = self.group().slot(slot).len() as u64;
        let keys = self.group().slot(slot).take_all();
        self.server.stats.dirty.add(count);
        self.beside().set_expires(slot, false);
        self.flushed = Some(keys);
        self.settle();
    }

    /// Takes out some of what has expired. Tells whether more of it is left.
    pub(crate) fn expire(&mut self, max: usize) -> bool {
        let mut fields = Vec::new();
        let all = self.with_db(|db, _| db.expire(max) & db.expire_fields(max, |key, _| fields.push(Box::from(key))));
        self.server.stats.expired_fields.add(fields.len() as u64);
        fields.dedup();
        for key in fields {
            let is_gone = !self.exists(&key);
            self.tell(Classes::HASH, "hexpired", &key);
            if is_gone {
                self.tell(Classes::GENERIC, "del", &key);
            }
        }
        let slot = self.slot;
        let expires = self.group().slot(slot).expires();
        self.beside().set_expires(slot, expires);
        !all
    }

    fn tell(&self, class: Classes, event: &str, key: &[u8]) {
        if self.settings.events.has(class) {
            self.server.tell_event(self.now, event, key);
        }
    }

    /// The share of keys that have expired and are still there, among those that expire some day; about, if there are many.
    pub(crate) fn stale_share(&mut self) -> f64 {
        const MAX: usize = 1000;
        let (slot, now) = (self.slot, self.now.unix.0);
        let keys = self.group().slot(slot);
        keys.overdue(now, MAX) as f64 / keys.expiring().clamp(1, MAX) as f64
    }

    /// Takes a key out because memory is full, unless less speaks for that by now than when it was found, or it is on its way to
    /// another node, or there is a pause. Tells whether it is gone.
    pub(crate) fn evict(&mut self, found: &Candidate, rank: Rank, expiring: bool) -> bool {
        let (slot, now) = (self.slot, self.now.unix.0);
        !self.server.pause.is_on()
            && !self.beside().transits.has(&found.key)
            && self.group().slot(slot).rank_of(&found.key, rank, expiring, now) >= Some(found.rank)
            && self.with_db(|db, _| db.evict(&found.key))
    }

    /// Sends those away who wait for keys that are served elsewhere now. Who was let in by ASKING stays while the slot arrives, and
    /// who reads from a replica while that has the slot's primary. The view is taken under the lock: who has begun to wait was judged
    /// by one that may be newer than what the caller has looked at.
    pub(crate) fn redirect_waiters(&mut self) {
        let (slot, rules, view) = (self.slot, self.server.rules(), self.server.view());
        for waiter in self.beside().waiters_in(slot) {
            let access = waiter.command.spec.access();
            if let Err(redirection) = routing::route(&view, slot, access, rules, waiter.asker, Presence::default) {
                let error = redirection.reply(self.server.audience(waiter.family));
                self.end_wait(&waiter, Some(&error));
            }
        }
    }

    /// Tells all who want to know what the last request has done.
    fn settle(&mut self) {
        let Self { server, slot, group, changes, events, author, ready, now, .. } = self;
        let (keys, beside) = group.as_mut().expect(STILL_LOCKED).parts(*slot);
        if changes.count > 0 {
            server.stats.dirty.add(mem::take(&mut changes.count));
            beside.set_expires(*slot, keys.expires());
        }
        if server.memory.limit() > 0 {
            beside.book(*slot, keys, &server.memory);
        }
        let mut told = BTreeSet::new();
        for (key, change) in changes.keys.drain(..) {
            match change {
                KeyChange::Expired => {
                    server.stats.expired_keys.add(1);
                    server.tell(*now, Classes::EXPIRED, "expired", &key);
                }
                KeyChange::Evicted => {
                    server.stats.evicted_keys.add(1);
                    server.tell(*now, Classes::EVICTED, "evicted", &key);
                }
                KeyChange::Changed | KeyChange::Removed => {}
            }
            if let Some(readers) = beside.take_readers(*slot, &key) {
                server.tracking.forgot(*slot, readers.len());
                server.invalidate(&readers, &key, *author, now.mono);
            }
            if server.tracking.broadcasts() {
                told.insert(key.clone());
            }
            if beside.touch(*slot, &key) {
                ready.add(key);
            }
        }
        if !told.is_empty() {
            server.broadcast(&told, *author, now.mono);
        }
        beside.count_lookups(mem::take(&mut changes.hits), mem::take(&mut changes.misses));
        events.extend(changes.notes.drain(..).map(Event::from));
        for event in events.drain(..) {
            server.tell_event(*now, event.name, &event.key);
        }
    }

    /// Serves those who wait for keys that have changed, and who came first at first; what they do may serve others.
    fn serve_waiters(&mut self) {
        let slot = self.slot;
        while let Some(key) = self.ready.next() {
            for waiter in self.beside().waiters_of(slot, &key) {
                if self.is_waited_for(&key, &waiter) {
                    self.try_to_serve(&waiter);
                }
            }
        }
    }

    /// Whether a key holds what a request waits for. Groups of consumers are gone when their stream is: that ends a wait too.
    fn is_waited_for(&mut self, key: &[u8], waiter: &Waiter) -> bool {
        let held = self.with_db(|db, _| db.type_name(key));
        match waiter.command.spec.group {
            Group::List => held == Some("list"),
            Group::SortedSet => held == Some("zset"),
            _ => held == Some("stream") || waiter.wait.ends_without_key,
        }
    }

    /// Whether a request that waits may change a key that is on its way to another node; then it is looked at again when that has
    /// arrived, or stays.
    fn is_held(&mut self, command: &Known, args: &[&[u8]]) -> bool {
        self.has_transits()
            && command.spec.access() == Access::Write
            && self.beside().transits.pass_over(command.spec.key_places(args).iter().map(|place| args[place.word]))
    }

    fn try_to_serve(&mut self, waiter: &Arc<Waiter>) {
        let args: Vec<&[u8]> = waiter.args.iter().map(Vec::as_slice).collect();
        let Some(handler) = waiter.command.spec.keyed_handler() else { return };
        if self.is_held(waiter.command, &args) {
            return;
        }
        let (command, protocol) = (waiter.command, waiter.protocol);
        let (touches, client) = (waiter.touches, waiter.client.id);
        let reply_bytes = self.reply_bytes(&waiter.client);
        let request = Request { command, handler, args: &args, protocol, may_wait: true, touches, client, reply_bytes };
        let mut reply = Vec::new();
        let needs_memory = command.spec.flags.contains(&Flag::Denyoom);
        // No key can go while the lock is held.
        let ran = if needs_memory && self.server.is_full() { Err(no_room()) } else { self.run(&request, &mut reply) };
        if waiter.tracks {
            self.track(&request);
        }
        match ran {
            Ok(Ran::Replied) => {}
            Ok(Ran::Waits(_)) => return,
            Ok(Ran::TooLong) => {
                waiter.client.end_over_limit();
                reply.clear();
            }
            // Another of its keys, or the one to write to, is of the wrong type, or what it reads from is gone.
            Err(error) => {
                self.server.stats.add_failed(command);
                self.server.stats.add_error(&error);
                error.write(&mut reply);
            }
        }
        self.beside().remove_waiter(waiter);
        waiter.serve(reply);
    }
}

/// What it means that a request looks a key up.
fn lookups(request: &Request<'_>, settings: &Settings, random: &mut Random) -> Lookups {
    let touches = match request.command.spec.touches {
        Touches::AsWanted => request.touches,
        Touches::Never => false,
        Touches::Always => true,
    };
    let told = |class| settings.events.any() && settings.events.has(class);
    Lookups {
        usage: settings.usage,
        touches,
        counts: request.command.spec.counts_lookups,
        tells_missing: told(Classes::KEY_MISS),
        tells_new: told(Classes::NEW),
        random: if settings.counts_uses() { random.next() } else { 0 },
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.serve_waiters();
        self.group = None;
        let garbage = mem::take(&mut self.changes.garbage);
        if !garbage.is_empty() || self.flushed.is_some() {
            self.server.surroundings.discard(Box::new((garbage, self.flushed.take())));
        }
        if self.reads {
            self.server.give_up_read_keys(self.now);
        }
    }
}

const STILL_LOCKED: &str = "the lock is released at the end only";
