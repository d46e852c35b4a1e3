//! What happens while the lock of a group of slots is held.

use std::mem;
use std::sync::Arc;

use arc_swap::Guard;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_store::{Changes, Db, KeyChange, SlotKeys};
use slotmesh_types::{Now, Slot, key_slot};

use crate::beside::Beside;
use crate::cluster::Audience;
use crate::error_reply::ErrorReply;
use crate::event::{Classes, Event};
use crate::keyed::{Keyed, KeyedHandler};
use crate::keyspace::Locked;
use crate::routing::{self, Access, Asker, Presence};
use crate::server::Server;
use crate::settings::Settings;
use crate::table::{Group, Known};
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
    /// Keys that have changed and are waited for.
    ready: Vec<Box<[u8]>>,
    /// All that was there, if it was taken out.
    flushed: Option<SlotKeys>,
}

/// One request of a turn.
pub(crate) struct Request<'a> {
    pub(crate) command: &'static Known,
    pub(crate) handler: KeyedHandler,
    pub(crate) args: &'a [&'a [u8]],
    pub(crate) protocol: Protocol,
    /// Whether it may wait for keys.
    pub(crate) may_wait: bool,
}

impl<'s> Turn<'s> {
    /// Waits for the lock.
    pub(crate) fn new(server: &'s Server, slot: Slot, now: Now) -> Self {
        Self {
            server,
            settings: server.settings.load(),
            slot,
            now,
            group: Some(server.keyspace.lock(slot)),
            changes: Changes::default(),
            events: Vec::new(),
            ready: Vec::new(),
            flushed: None,
        }
    }

    /// Whether what wants this of the slot runs here and now. `presence` looks at the keys; it is asked only where a slot on the
    /// move makes it matter.
    pub(crate) fn admit(
        &mut self,
        asker: Asker,
        audience: Audience,
        access: Access,
        presence: impl FnOnce(&mut Db<'_>) -> Presence,
    ) -> Result<(), ErrorReply> {
        let (server, slot) = (self.server, self.slot);
        if self.group().beside.is_open(slot) {
            return Ok(());
        }
        let view = server.view();
        routing::route(&view, slot, access, server.rules(), asker, || presence(&mut self.db()))
            .map_err(|error| error.reply(audience))
    }

    pub(crate) fn server(&self) -> &'s Server {
        self.server
    }

    /// Whether it is counted what requests cost their slots.
    pub(crate) fn bills(&self) -> bool {
        self.settings.slot_stats
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

    fn db(&mut self) -> Db<'_> {
        let group = self.group.as_mut().expect(STILL_LOCKED);
        Db::new(group.slot(self.slot), &mut self.changes, self.now.unix.0, self.server.keyspace.leads())
    }

    /// Whether the key is there.
    pub(crate) fn exists(&mut self, key: &[u8]) -> bool {
        let exists = self.db().exists(key);
        // It may have expired just now.
        self.settle();
        exists
    }

    /// A key of the slot by chance.
    pub(crate) fn random_key(&mut self) -> Option<Box<[u8]>> {
        let group = self.group.as_mut().expect(STILL_LOCKED);
        let (keys, beside) = group.parts(self.slot);
        let mut db = Db::new(keys, &mut self.changes, self.now.unix.0, self.server.keyspace.leads());
        let key = db.random_key(|| beside.random.next());
        self.settle();
        key
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
        self.changes.observed = beside.is_observed();
        let mut call = Keyed {
            args: request.args,
            db: Db::new(keys, &mut self.changes, self.now.unix.0, self.server.keyspace.leads()),
            reply: ReplyWriter::new(out, request.protocol),
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
            Some(error) => error.write(&mut reply),
            None => waiter.wait.end.write(&mut ReplyWriter::new(&mut reply, waiter.protocol)),
        }
        waiter.serve(reply);
        true
    }

    /// Takes every key out.
    pub(crate) fn flush(&mut self) {
        let slot = self.slot;
        for key in self.beside().observed_keys() {
            if key_slot(&key) == slot && self.db().exists(&key) && self.beside().touch(&key) {
                self.ready.push(key);
            }
        }
        let keys = mem::take(self.group().slot(slot));
        self.server.stats.dirty.add(keys.len() as u64);
        self.flushed = Some(keys);
        self.settle();
    }

    /// Takes out some of what has expired. Tells whether more of it is left.
    pub(crate) fn expire(&mut self, max: usize) -> bool {
        let mut db = self.db();
        let mut fields = Vec::new();
        let all = db.expire(max) & db.expire_fields(max, |key, _| fields.push(Box::from(key)));
        fields.dedup();
        let events = fields.into_iter().map(|key| Event { name: "hexpired", key });
        if self.settings.events.has(Classes::HASH) {
            self.events.extend(events);
        }
        self.settle();
        !all
    }

    /// Sends those away who wait for keys that are served elsewhere now. The view is taken under the lock: who has begun to wait was
    /// judged by one that may be newer than what the caller has looked at.
    pub(crate) fn redirect_waiters(&mut self) {
        let (slot, rules, view) = (self.slot, self.server.rules(), self.server.view());
        for waiter in self.beside().waiters_in(slot) {
            let access = waiter.command.spec.access();
            let routed = routing::route(&view, slot, access, rules, Asker::default(), Presence::default);
            if let Err(redirection) = routed {
                self.end_wait(&waiter, Some(&redirection.reply(waiter.audience)));
            }
        }
    }

    /// Tells all who want to know what the last request has done.
    fn settle(&mut self) {
        let Self { server, slot, group, changes, events, ready, now, .. } = self;
        let (keys, beside) = group.as_mut().expect(STILL_LOCKED).parts(*slot);
        if changes.count > 0 {
            server.stats.dirty.add(mem::take(&mut changes.count));
            beside.set_expires(*slot, keys.expires());
        }
        for (key, change) in changes.keys.drain(..) {
            if change == KeyChange::Expired {
                server.stats.expired_keys.add(1);
                server.tell(*now, Classes::EXPIRED, "expired", &key);
            }
            if beside.touch(&key) {
                ready.push(key);
            }
        }
        for event in events.drain(..) {
            server.tell_event(*now, event.name, &event.key);
        }
    }

    /// Serves those who wait for keys that have changed, and who came first at first; what they do may serve others.
    fn serve_waiters(&mut self) {
        while let Some(key) = (!self.ready.is_empty()).then(|| self.ready.remove(0)) {
            for waiter in self.beside().waiters_of(&key) {
                if self.is_waited_for(&key, &waiter) {
                    self.try_to_serve(&waiter);
                }
            }
        }
    }

    /// Whether a key holds what a request waits for. Groups of consumers are gone when their stream is: that ends a wait too.
    fn is_waited_for(&mut self, key: &[u8], waiter: &Waiter) -> bool {
        let held = self.db().get(key).map(|value| value.type_name());
        self.settle();
        let spec = waiter.command.spec;
        match spec.group {
            Group::List => held == Some("list"),
            Group::SortedSet => held == Some("zset"),
            _ => held == Some("stream") || waiter.wait.ends_without_key,
        }
    }

    fn try_to_serve(&mut self, waiter: &Arc<Waiter>) {
        let args: Vec<&[u8]> = waiter.args.iter().map(Vec::as_slice).collect();
        let Some(handler) = waiter.command.spec.keyed_handler() else { return };
        let (command, protocol) = (waiter.command, waiter.protocol);
        let request = Request { command, handler, args: &args, protocol, may_wait: true };
        let mut reply = Vec::new();
        match self.run(&request, &mut reply) {
            Ok(None) => {}
            Ok(Some(_)) => return,
            // Another of its keys, or the one to write to, is of the wrong type, or what it reads from is gone.
            Err(error) => {
                self.server.stats.of(command).failed.add(1);
                self.server.stats.add_error(&error);
                error.write(&mut reply);
            }
        }
        self.beside().remove_waiter(waiter);
        waiter.serve(reply);
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
