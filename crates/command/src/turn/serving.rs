//! Requests that wait for keys are served by whoever has brought what they wait for.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use slotmesh_resp::ReplyWriter;

use super::{Ran, Request, Turn};
use crate::error_reply::ErrorReply;
use crate::eviction::no_room;
use crate::routing::{self, Access};
use crate::table::{Flag, Known};
use crate::waiting::Waiter;

/// Keys, each once, in the order in which they came.
#[derive(Default)]
pub(super) struct Ready {
    queue: VecDeque<Box<[u8]>>,
    queued: BTreeSet<Box<[u8]>>,
}

impl Ready {
    pub(super) fn add(&mut self, key: Box<[u8]>) {
        if self.queued.insert(key.clone()) {
            self.queue.push_back(key);
        }
    }

    pub(super) fn next(&mut self) -> Option<Box<[u8]>> {
        let key = self.queue.pop_front()?;
        self.queued.remove(&key);
        Some(key)
    }
}

impl Turn<'_> {
    /// Has a request wait, which [`run`](Self::run) has found nothing for.
    pub(crate) fn add_waiter(&mut self, waiter: &Arc<Waiter>) {
        self.beside().add_waiter(waiter);
    }

    /// Ends the wait of a request with an error, or as if it had waited for too long. Tells whether it was still
    /// waiting.
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

    /// Sends those away who wait for keys that are served elsewhere now. Who was let in by ASKING stays while the slot
    /// arrives, and who reads from a replica while that has the slot's primary. The view is taken under the lock: who
    /// has begun to wait was judged by one that may be newer than what the caller has looked at.
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

    /// Serves those who wait for keys that have changed, and who came first at first; what they do may serve others.
    pub(super) fn serve_waiters(&mut self) {
        let slot = self.slot;
        while let Some(key) = self.ready.as_mut().and_then(|ready| ready.next()) {
            for waiter in self.beside().waiters_of(slot, &key) {
                if self.with_db(|db, _| waiter.wait.has_come(&key, db)) {
                    self.try_to_serve(&waiter);
                }
            }
        }
    }

    /// Whether a request that waits may change a key that is on its way to another node; then it is looked at again
    /// when that has arrived, or stays.
    fn is_held(&mut self, command: &Known, args: &[&[u8]]) -> bool {
        let slot = self.slot;
        command.spec.access() == Access::Write && self.beside().holds().pass_over(slot, command.spec.keys_of(args))
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
