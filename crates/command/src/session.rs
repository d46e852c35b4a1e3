//! One client connection, as the thread that serves it sees it.

use std::mem;
use std::sync::Arc;

use slotmesh_resp::Protocol;
use slotmesh_types::{Now, Slot};

use crate::admit::Hold;
use crate::client::{Client, Settings};
use crate::clients::Clients;
use crate::cluster::Family;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::pubsub::PubSub;
use crate::routing::Asker;
use crate::server::Server;
use crate::table::Known;
use crate::tally::Tally;
use crate::transactions::{Transaction, Watched};
use crate::turn::Turn;
use crate::walk::Walk;

/// Whether the client wants replies (CLIENT REPLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Replies {
    #[default]
    On,
    Off,
    /// The request being executed asked that the next one is not answered.
    SkipNext,
    /// The request being executed is not answered.
    Skip,
}

/// What a request costs its slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bill {
    pub(crate) slot: Slot,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// One client connection. Dropping it takes the client off the list.
#[derive(Debug)]
pub struct Session {
    client: Arc<Client>,
    clients: Clients,
    pubsub: PubSub,
    family: Family,
    pub(crate) replies: Replies,
    /// It has shown the password, or came when there was none.
    pub(crate) authenticated: bool,
    /// The keys it reads are noted, so that it is told when they change.
    pub(crate) tracks: bool,
    /// It is shown every request.
    pub(crate) monitors: bool,
    /// What its request was held back by.
    held: Option<Hold>,
    protocol: Protocol,
    readonly: bool,
    no_touch: bool,
    asking: bool,
    transaction: Option<Transaction>,
    /// What it watches for its next transaction.
    pub(crate) watched: Option<Watched>,
    /// The command of the current request, once it runs: EXEC for all that it executes.
    pub(crate) ran: Option<&'static Known>,
    /// What the current request costs its slot, where that is counted.
    pub(crate) bill: Option<Bill>,
    /// The current request, while it walks over all keys.
    pub(crate) walk: Option<Box<Walk>>,
    /// How many microseconds the current request took before it began to wait for keys.
    pub(crate) spent_micros: u64,
    /// What its requests have cost and is not among the figures of the server yet.
    pub(crate) tally: Tally,
    /// Bytes that were written for the current request.
    pub(crate) bytes_out: u64,
    /// What the request wrote are pushes, which CLIENT REPLY does not hold back.
    pub(crate) replied_by_push: bool,
}

impl Session {
    pub(crate) fn new(
        client: Arc<Client>,
        clients: Clients,
        pubsub: PubSub,
        family: Family,
        authenticated: bool,
    ) -> Self {
        Self {
            client,
            clients,
            pubsub,
            family,
            replies: Replies::On,
            authenticated,
            tracks: false,
            monitors: false,
            held: None,
            protocol: Protocol::Resp2,
            readonly: false,
            no_touch: false,
            asking: false,
            transaction: None,
            watched: None,
            ran: None,
            bill: None,
            walk: None,
            spent_micros: 0,
            tally: Tally::default(),
            bytes_out: 0,
            replied_by_push: false,
        }
    }

    /// What others see of it.
    #[must_use]
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Version of the protocol it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether it has to show a password before anything else.
    #[must_use]
    pub fn is_locked_out(&self, server: &Server) -> bool {
        !self.authenticated && server.has_password()
    }

    /// Address family it came over.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Whether reads of a replica's slots may run here (READONLY).
    #[must_use]
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// Whether this request may use a slot that is being imported (ASKING was the one before).
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.asking
    }

    /// Whether the keys that it looks up count as used (CLIENT NO-TOUCH).
    pub(crate) fn touches(&self) -> bool {
        !self.no_touch
    }

    /// What it has said that decides where its requests run.
    pub(crate) fn asker(&self) -> Asker {
        Asker { readonly: self.readonly, asking: self.asking }
    }

    /// Watches no key any more. No lock of keys may be held.
    pub(crate) fn unwatch(&mut self, server: &Server, now: Now) {
        if let Some(watched) = self.watched.take() {
            watched.give_up(server, now);
            self.show_transaction();
        }
    }

    /// Whether EXEC is in the middle of its reply: what nobody asked for has to wait.
    #[must_use]
    pub fn is_executing(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.running)
    }

    /// What waits for EXEC.
    pub(crate) fn kept(&self) -> Option<&Transaction> {
        self.transaction.as_ref()
    }

    /// The same, to change it.
    pub(crate) fn transaction(&mut self) -> Option<&mut Transaction> {
        self.transaction.as_mut()
    }

    /// Begins or ends a transaction.
    pub(crate) fn set_transaction(&mut self, transaction: Option<Transaction>) {
        self.transaction = transaction;
        self.show_transaction();
    }

    /// Ends the transaction, if there is one, and watches no key any more. No lock of keys may be held.
    pub(crate) fn end_transaction(&mut self, server: &Server, now: Now) {
        self.set_transaction(None);
        self.unwatch(server, now);
    }

    /// Lets others see how many requests wait for EXEC, and how long they are.
    pub(crate) fn show_transaction(&mut self) {
        let waiting = self.transaction.as_ref();
        let mut settings = self.client.settings();
        settings.watched = self.watched.as_ref().map_or(0, Watched::len);
        settings.transaction = waiting.map(Transaction::len);
        settings.transaction_bytes = waiting.map_or(0, Transaction::bytes);
    }

    pub(crate) fn set_asking(&mut self, asking: bool) {
        self.asking = asking;
    }

    /// Changes what the client has set.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.client.settings();
        change(&mut settings);
        self.client.set_protocol(settings.protocol);
        self.protocol = settings.protocol;
        self.readonly = settings.readonly;
        self.no_touch = settings.no_touch;
    }

    /// Back to the state of a new connection (RESET). Id, addresses and the names of its library stay.
    pub(crate) fn reset(&mut self, server: &Server) {
        self.authenticated = !server.has_password();
        if mem::take(&mut self.monitors) {
            server.monitors.leave(&self.client);
        }
        self.tracks = false;
        server.tracking.end(&self.client);
        self.transaction = None;
        self.pubsub.leave_all(&self.client);
        self.replies = Replies::On;
        self.asking = false;
        self.change(|settings| {
            let Settings { lib_name, lib_ver, capa_redirect, .. } = mem::take(settings);
            *settings = Settings { lib_name, lib_ver, capa_redirect, ..Settings::default() };
        });
    }

    /// Its request waits for what it is held back by, which tells the client when it ends.
    pub(crate) fn hold_back(&mut self, hold: Hold) -> Outcome {
        self.held = Some(hold);
        match hold {
            Hold::Pause(time) => Outcome::Held(Some(time)),
            Hold::Slot(_) => Outcome::Held(None),
        }
    }

    /// Whether its request was held back.
    pub(crate) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Its request waits no longer for what it was held back by. No lock of keys may be held.
    pub(crate) fn end_hold(&mut self, server: &Server, now: Now) {
        match self.held.take() {
            None => {}
            Some(Hold::Pause(_)) => server.pause.remove(&self.client),
            Some(Hold::Slot(slot)) => Turn::new(server, slot, now).beside().holds().forget(&self.client, slot),
        }
    }

    /// Whether more is written for it than may wait; then its connection is ending, and the rest is in vain.
    pub(crate) fn is_too_much(&self, server: &Server, now: Now, out: &Output) -> bool {
        self.client.set_buffered(out.len());
        self.client.check_limits(server.pubsub.limits(), now.mono)
    }

    /// Whether what was written for the current request is to be sent.
    pub(crate) fn wants_reply(&self) -> bool {
        self.replied_by_push || matches!(self.replies, Replies::On | Replies::SkipNext)
    }

    /// CLIENT CACHING is for the one request after it, or for a transaction.
    pub(crate) fn end_caching(&self) {
        if let Some(mode) = &mut *self.client.tracking() {
            mode.caching = false;
        }
    }

    /// Moves on from the current request.
    pub(crate) fn end_request(&mut self) {
        self.replied_by_push = false;
        self.replies = match self.replies {
            Replies::SkipNext => Replies::Skip,
            Replies::Skip => Replies::On,
            other => other,
        };
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.pubsub.leave_all(&self.client);
        self.clients.remove(self.client.id);
    }
}
