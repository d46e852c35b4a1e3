//! What happens while the lock of a group of slots is held.

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

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
use crate::keyed::{Keyed, KeyedHandler};
use crate::keyspace::{Locked, group_of};
use crate::random::Random;
use crate::routing::{self, Access, Asker, Presence};
use crate::server::Server;
use crate::settings::Settings;
use crate::table::{Flag, Known, Touches};
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
}

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
        }
    }

    /// Whether what wants this of the slot runs here and now. `presence` looks at the keys; it is asked only where a slot on the
    /// move makes it matter.
    pub(crate) fn admit(
        &mut self,
        asker: Asker,
        family: Family,
        access: Access,
        presence: impl FnOnce(&mut Db<'_>) -> Presence,
    ) -> Result<(), ErrorReply> {
        let (server, slot) = (self.server, self.slot);
        let version = server.surroundings.view_version();
        if self.beside().is_open(slot, version) {
            return Ok(());
        }
        let view = server.view();
        self.beside().follow(group_of(slot).iter(), &view, version);
        self.with_db(|db, _| routing::route(&view, slot, access, server.rules(), asker, || presence(db)))
            .map_err(|error| error.reply(server.audience(family)))
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

    /// Whether what would change these keys of the slot has to wait; then the client is told when to try again.
    pub(crate) fn hold<'k>(&mut self, client: &Arc<Client>, keys: impl IntoIterator<Item = &'k [u8]>) -> bool {
        let slot = self.slot;
        self.beside().holds().hold(client, slot, keys)
    }

    /// Whether anything is held back.
    pub(crate) fn has_holds(&mut self) -> bool {
        !self.beside().holds().is_empty()
    }

    /// A key is on its way no longer: it has arrived, or it stays.
    pub(crate) fn end_transit(&mut self, key: &[u8], has_arrived: bool) {
        if has_arrived && self.with_db(|db, _| db.remove(key)) {
            self.tell(Classes::GENERIC, "del", key);
        }
        let slot = self.slot;
        let beside = self.beside();
        beside.end_transit(slot, key);
        // Somebody may wait for other keys and have found this one held back.
        for waiter in beside.waiters_in(slot) {
            waiter.wait.keys.iter().for_each(|key| self.ready.add(key.clone()));
        }
    }

    pub(crate) fn server(&self) -> &'s Server {
        self.server
    }

    /// Whether it is counted what requests cost their slots.
    pub(crate) fn bills(&self) -> bool {
        self.settings.slot_stats
    }

    /// Bytes of a reply that a client is not sent: it is closed instead.
    pub(crate) fn reply_bytes(&self) -> usize {
        self.settings.reply_bytes
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
    pub(crate) fn run(&mut self, request: &Request<'_>, out: &mut Vec<u8>) -> Result<Option<Wait>, ErrorReply> {
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
            reply: ReplyWriter::new(out, request.protocol).bounded(self.settings.reply_bytes),
            settings: &self.settings,
            random: &mut beside.random,
            command: request.command,
            events: &mut self.events,
            may_wait: request.may_wait,
            wait: None,
        };
        let handled = (request.handler)(&mut call);
        let wait = call.wait.take();
        if handled.is_err() {
            out.truncate(start);
        }
        self.settle();
        handled.map(|()| wait)
    }

    /// Notes that the client of a request has read its keys, to be told when they change.
    pub(crate) fn track(&mut self, request: &Request<'_>) {
        let (server, slot) = (self.server, self.slot);
        for place in request.command.spec.key_places(request.args) {
            let key = request.args[place.word];
            if key_slot(key) == slot {
                let (new_key, new_item) = self.beside().add_reader(slot, key, request.client);
                server.tracking.keys.fetch_add(usize::from(new_key), Relaxed);
                server.tracking.items.fetch_add(usize::from(new_item), Relaxed);
                self.make_room_beside(key);
            }
        }
    }

    /// Where more keys are noted than may be, some of these that share the lock are given up: their readers are told that they have
    /// changed.
    fn make_room_beside(&mut self, key: &[u8]) {
        while self.server.tracking.is_full()
            && let (slot, beside) = (self.slot, self.beside())
            && let Some((slot, other)) = beside.read_key_beside(slot, key)
        {
            self.tell_readers(slot, &other);
        }
    }

    /// Tells those who have read a key that it has changed.
    fn tell_readers(&mut self, slot: Slot, key: &[u8]) {
        if let Some(readers) = self.beside().take_readers(slot, key) {
            self.server.tracking.forgot(readers.len());
            self.server.invalidate(&readers, key, 0, self.now.mono);
        }
    }

    /// Tells all who have read keys of the slot that it is served elsewhere.
    pub(crate) fn tell_all_readers(&mut self) {
        let slot = self.slot;
        for key in self.beside().read_keys(slot) {
            self.tell_readers(slot, &key);
        }
    }

    /// Forgets who has read keys of the slot; they are told otherwise.
    pub(crate) fn forget_readers(&mut self) {
        let slot = self.slot;
        for key in self.beside().read_keys(slot) {
            if let Some(readers) = self.beside().take_readers(slot, &key) {
                self.server.tracking.forgot(readers.len());
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

    /// Takes every key out.
    pub(crate) fn flush(&mut self) {
        let slot = self.slot;
        if self.group().slot(slot).is_empty() {
            return;
        }
        for key in self.beside().observed_keys(slot) {
            if self.exists(&key) && self.beside().touch(slot, &key) {
                self.ready.add(key);
            }
        }
        let keys = self.group().slot(slot).take_all();
        self.server.stats.dirty.add(keys.len() as u64);
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

    /// Takes a key out because memory is full, unless less speaks for that by now than when it was found.
    pub(crate) fn evict(&mut self, found: &Candidate, rank: Rank, expiring: bool) {
        let (slot, now) = (self.slot, self.now.unix.0);
        if self.group().slot(slot).rank_of(&found.key, rank, expiring, now) >= Some(found.rank) {
            self.with_db(|db, _| db.evict(&found.key));
        }
    }

    /// Sends those away who wait for keys that are served elsewhere now. Who was let in by ASKING stays while the slot arrives, and
    /// who reads from a replica while that has the slot's primary. The view is taken under the lock: who has begun to wait was judged
    /// by one that may be newer than what the caller has looked at.
    pub(crate) fn redirect_waiters(&mut self) {
        let (slot, view) = (self.slot, self.server.view());
        for waiter in self.beside().waiters_in(slot) {
            let access = waiter.command.spec.access();
            if let Err(redirection) = routing::route_waiter(&view, slot, access, waiter.asker) {
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
                server.tracking.forgot(readers.len());
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
                if self.with_db(|db, _| waiter.wait.has_come(&key, db)) {
                    self.try_to_serve(&waiter);
                }
            }
        }
    }

    /// Whether a request may change a key that is on its way to another node.
    fn is_held(&mut self, command: &Known, args: &[&[u8]]) -> bool {
        let slot = self.slot;
        command.spec.access() == Access::Write
            && self.beside().holds().has_any(slot, command.spec.key_places(args).iter().map(|place| args[place.word]))
    }

    fn try_to_serve(&mut self, waiter: &Arc<Waiter>) {
        let args: Vec<&[u8]> = waiter.args.iter().map(Vec::as_slice).collect();
        let Some(handler) = waiter.command.spec.keyed_handler() else { return };
        if self.is_held(waiter.command, &args) {
            return;
        }
        let (command, protocol) = (waiter.command, waiter.protocol);
        let (touches, client) = (waiter.touches, waiter.client.id);
        let request = Request { command, handler, args: &args, protocol, may_wait: true, touches, client };
        let mut reply = Vec::new();
        let needs_memory = command.spec.flags.contains(&Flag::Denyoom);
        // No key can go while the lock is held.
        let ran = if needs_memory && self.server.is_full() { Err(no_room()) } else { self.run(&request, &mut reply) };
        if waiter.tracks {
            self.track(&request);
        }
        match ran {
            Ok(None) => {}
            Ok(Some(_)) => return,
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
    }
}

const STILL_LOCKED: &str = "the lock is released at the end only";
