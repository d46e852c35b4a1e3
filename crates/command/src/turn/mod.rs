//! What happens while the lock of a group of slots is held.

mod readers;
mod serving;
mod upkeep;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

pub(crate) use readers::Readers;
use serving::Ready;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::{Changes, Copied, Db, KeyChange, Lookups, SlotKeys};
use slotmesh_types::{Now, Slot};

use crate::admit::{Demand, Hold, Refusal};
use crate::beside::Beside;
use crate::client::Client;
use crate::error_reply::ErrorReply;
use crate::event::{Classes, Event};
use crate::garbage::Garbage;
use crate::keyed::{Keyed, KeyedHandler, Prepared};
use crate::keyspace::{Locked, group_of};
use crate::random::Random;
use crate::routing;
use crate::server::Server;
use crate::session::Session;
use crate::settings::Settings;
use crate::table::{Flag, Known, Touches};
use crate::waiting::Wait;

/// A group of slots that is locked for commands on one of them, and what these leave behind.
///
/// When it ends, those who wait for what has come are served, the lock is released, and what is big is freed after
/// that.
pub(crate) struct Turn<'s> {
    server: &'s Server,
    slot: Slot,
    now: Now,
    /// `None` once it is released.
    group: Option<Locked<'s>>,
    changes: Changes,
    events: Vec<Event>,
    /// The number of the client whose request is executed; 0 for none.
    author: u64,
    /// Keys that have changed and are waited for, if there are any.
    ready: Option<Box<Ready>>,
    /// Keys that have changed, for those who hear of prefixes, and who has changed each first.
    told: BTreeMap<Box<[u8]>, u64>,
    /// All that was there, if it was taken out.
    flushed: Option<Box<SlotKeys>>,
    /// Whether more keys are noted for those who have read them.
    reads: bool,
    /// What was done for the request before the lock was had. What is left of it is freed when the lock is released.
    prepared: Option<Prepared>,
}

/// Tells of a key whether it is here.
pub(crate) type IsHere<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

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
    /// Waits for the lock: as long as whoever holds it works on a slot of the same group. What has expired is judged
    /// when it is had.
    #[inline]
    pub(crate) fn new(server: &'s Server, slot: Slot, now: Now) -> Self {
        let (mut group, now) = match server.keyspace.try_lock(slot) {
            Some(group) => (group, now),
            None => (server.keyspace.lock(slot), server.surroundings.now()),
        };
        group.beside.settings.look(&server.settings);
        Self {
            server,
            slot,
            now,
            group: Some(group),
            changes: Changes::default(),
            events: Vec::new(),
            author: 0,
            ready: None,
            told: BTreeMap::new(),
            flushed: None,
            reads: false,
            prepared: None,
        }
    }

    /// Whether what wants something of the slot runs here and now.
    pub(crate) fn admit(&mut self, session: &Session, demand: &Demand<'_>) -> Result<(), Refusal> {
        let (slot, version) = (self.slot, self.server.surroundings.view_version());
        if self.beside().is_open(slot, version) {
            return Ok(());
        }
        self.route(session, demand)?;
        if demand.changes_keys() && self.hold(session.client(), demand.keys()) {
            return Err(Refusal::Held(Hold::Slot(slot)));
        }
        Ok(())
    }

    /// Whether it runs here, by the view of the cluster. A key on its way to another node counts as here until it has
    /// arrived, even if it has expired meanwhile: a request that were sent after it could come there first.
    pub(crate) fn route(&mut self, session: &Session, demand: &Demand<'_>) -> Result<(), ErrorReply> {
        let (server, slot) = (self.server, self.slot);
        let version = server.surroundings.view_version();
        let view = server.view();
        self.beside().follow(group_of(slot).iter(), &view, version);
        let mut asker = session.asker();
        asker.asking |= demand.command.spec.flags.contains(&Flag::Asking);
        let (access, rules) = (demand.access(), server.rules());
        let look = |db: &mut Db<'_>, beside: &mut Beside| {
            let is_here = &mut |key: &[u8]| db.is_there(key) || beside.holds().has(slot, key);
            routing::route(&view, slot, access, rules, asker, || demand.presence(is_here))
        };
        self.with_db(look).map_err(|error| error.reply(server.audience(session.family())))
    }

    /// Whether what would change these keys of the slot has to wait; then the client is told when to try again.
    pub(crate) fn hold<'k>(&mut self, client: &Arc<Client>, keys: impl IntoIterator<Item = &'k [u8]>) -> bool {
        let slot = self.slot;
        self.beside().holds().hold(client, slot, keys)
    }

    /// Takes what was done for the next request before the lock was had.
    pub(crate) fn prepare(&mut self, prepared: Option<Prepared>) {
        self.prepared = prepared;
    }

    /// Acts on the keys as somebody who does not use them, and tells what came of it.
    pub(crate) fn with_keys<R>(&mut self, act: impl FnOnce(&mut Db<'_>) -> R) -> R {
        self.with_db(|db, _| act(db))
    }

    /// The same, with what is kept beside the keys.
    fn with_db<R>(&mut self, act: impl FnOnce(&mut Db<'_>, &mut Beside) -> R) -> R {
        let (keys, beside) = self.group.as_mut().expect(STILL_LOCKED).parts(self.slot);
        self.changes.observed = beside.is_observed() || self.server.tracking.broadcasts();
        let lookups = Lookups { usage: beside.settings.get().usage, touches: false, ..Lookups::default() };
        let db = Db::new(keys, &mut self.changes, self.now.unix.0, self.server.takes_out_expired());
        let result = act(&mut db.with_lookups(lookups), beside);
        self.settle();
        result
    }

    /// Whether it is counted what requests cost their slots.
    pub(crate) fn bills(&self) -> bool {
        self.settings().slot_stats
    }

    /// Bytes of a reply that a client is not sent: it is closed instead.
    pub(crate) fn reply_bytes(&self, client: &Client) -> usize {
        self.settings().reply_bytes.of(client)
    }

    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    pub(crate) fn now(&self) -> Now {
        self.now
    }

    fn settings(&self) -> &Settings {
        self.group.as_ref().expect(STILL_LOCKED).beside.settings.get()
    }

    fn group(&mut self) -> &mut Locked<'s> {
        self.group.as_mut().expect(STILL_LOCKED)
    }

    /// Whether the key is there.
    pub(crate) fn exists(&mut self, key: &[u8]) -> bool {
        self.with_db(|db, _| db.is_there(key))
    }

    /// A copy of a key and what it holds.
    pub(crate) fn copied(&mut self, key: &[u8]) -> Option<Copied> {
        self.with_db(|db, _| db.copied(key))
    }

    /// A key of the slot by chance.
    pub(crate) fn random_key(&mut self) -> Option<Box<[u8]>> {
        self.with_db(|db, beside| db.random_key(|| beside.random.next()))
    }

    fn tell(&self, class: Classes, event: &str, key: &[u8]) {
        if self.settings().events.has(class) {
            self.server.tell_event(self.now, event, key);
        }
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
        let Beside { settings, random, .. } = beside;
        let settings = settings.get();
        let lookups = lookups(request, settings, random);
        let db = Db::new(keys, &mut self.changes, self.now.unix.0, self.server.takes_out_expired());
        let mut call = Keyed {
            args: request.args,
            db: db.with_lookups(lookups),
            reply: ReplyWriter::new(out, request.protocol).bounded(request.reply_bytes),
            settings,
            prepared: &mut self.prepared,
            random,
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

    /// Tells all who want to know what the last request has done.
    fn settle(&mut self) {
        let Self { server, slot, group, changes, .. } = self;
        let (keys, beside) = group.as_mut().expect(STILL_LOCKED).parts(*slot);
        if changes.count > 0 {
            server.stats.dirty.add(mem::take(&mut changes.count));
            server.keyspace.expiring.note(*slot, keys.expires());
        }
        if server.memory.limit() > 0 {
            beside.book(*slot, keys, &server.memory);
        }
        beside.count_lookups(mem::take(&mut changes.hits), mem::take(&mut changes.misses));
        if !changes.keys.is_empty() {
            self.tell_changes();
        }
        self.events.extend(self.changes.notes.drain(..).map(Event::from));
        for event in self.events.drain(..) {
            self.server.tell_event(self.now, event.name, &event.key);
        }
    }

    /// The same of each key that has changed.
    fn tell_changes(&mut self) {
        let Self { server, slot, group, changes, author, ready, told, now, .. } = self;
        let beside = &mut group.as_mut().expect(STILL_LOCKED).beside;
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
                told.entry(key.clone()).or_insert(*author);
            }
            if beside.touch(*slot, &key) {
                ready.get_or_insert_default().add(key);
            }
        }
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
        if !self.told.is_empty() {
            self.server.broadcast(&self.told, self.now.mono);
        }
        self.group = None;
        if !self.changes.garbage.is_empty() || self.flushed.is_some() {
            let garbage = mem::take(&mut self.changes.garbage);
            let garbage = Garbage::new(garbage, self.flushed.take().map(|keys| *keys), &self.server.disposal);
            self.server.surroundings.discard(Box::new(garbage));
        }
        if self.reads {
            self.server.give_up_read_keys(self.now);
        }
    }
}

const STILL_LOCKED: &str = "the lock is released at the end only";
