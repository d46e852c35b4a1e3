//! The part of a connection that others can see.

mod line;
mod peer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use slotmesh_config::OutputLimits;
use slotmesh_resp::{Protocol, ReplyWriter};
use slotmesh_types::{Mono, Now};

pub use peer::Peer;

use crate::commands::pubsub::write_confirmation;
use crate::output::Output;
use crate::pubsub::{Kind, Outbox, Subscriptions};
use crate::table::Known;
use crate::tracking::Mode;
use crate::waiting::Waiter;

/// Raises a figure that only the thread of the connection raises.
fn raise(figure: &AtomicU64, by: u64) {
    figure.store(figure.load(Relaxed) + by, Relaxed);
}

/// What a client has set for its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: Vec<u8>,
    pub(crate) lib_name: Vec<u8>,
    pub(crate) lib_ver: Vec<u8>,
    pub(crate) db: u32,
    pub(crate) protocol: Protocol,
    pub(crate) readonly: bool,
    /// Requests that wait for EXEC, in a transaction.
    pub(crate) transaction: Option<usize>,
    /// Their bytes.
    pub(crate) transaction_bytes: usize,
    /// Keys that it watches.
    pub(crate) watched: usize,
    pub(crate) no_evict: bool,
    pub(crate) no_touch: bool,
    /// It follows REDIRECT, which only a server outside of a cluster replies.
    pub(crate) capa_redirect: bool,
}

impl Settings {
    /// The letters of what it can do, as CLIENT LIST shows them.
    pub(crate) fn capabilities(&self) -> &'static str {
        if self.capa_redirect { "r" } else { "" }
    }
}

/// The part of a connection that others can see: what CLIENT LIST shows, and the way to end it.
pub struct Client {
    /// Unique for the life of the server, from 1.
    pub id: u64,
    /// The client's end, as CLIENT LIST shows it.
    pub addr: String,
    /// Our end, as CLIENT LIST shows it.
    pub laddr: String,
    /// The client's address alone.
    pub ip: String,
    /// Whether it came over a local socket.
    pub is_unix: bool,
    /// Whether it came from this machine.
    pub is_local: bool,
    /// Number of the socket; 0 when that means nothing.
    pub fd: i64,
    /// When it came.
    pub created: Mono,
    settings: Mutex<Settings>,
    last_interaction: AtomicU64,
    net_in: AtomicU64,
    net_out: AtomicU64,
    commands: AtomicU64,
    argument_bytes: AtomicUsize,
    /// Bytes of a request that has not come to its end.
    input: AtomicUsize,
    /// Index of the last command plus one; 0 for none.
    last_command: AtomicUsize,
    resp3: AtomicBool,
    waiting: AtomicBool,
    killed: AtomicBool,
    over_limit: AtomicBool,
    monitor: AtomicBool,
    tracking: Mutex<Option<Mode>>,
    /// What it waits for.
    waiter: Mutex<Option<Arc<Waiter>>>,
    driver: Box<dyn Driver>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) outbox: Outbox,
}

/// Whoever moves the bytes of a connection. Called from any thread; must not wait.
pub trait Driver: Send + Sync {
    /// The connection has to end. Called at most once.
    fn killed(&self);

    /// The request that waits for keys has been served: see [`Waiter`](crate::Waiter).
    fn served(&self) {}

    /// There is something to send that nobody asked for: see [`Client::take_pushes`].
    fn pushed(&self);
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(id: u64, peer: &Peer, fd: i64, now: Now, driver: Box<dyn Driver>) -> Self {
        Self {
            id,
            addr: peer.remote(),
            laddr: peer.local(),
            ip: peer.ip(),
            is_unix: matches!(peer, Peer::Unix { .. }),
            is_local: peer.is_local(),
            fd,
            created: now.mono,
            settings: Mutex::default(),
            last_interaction: AtomicU64::new(now.mono.as_micros()),
            net_in: AtomicU64::new(0),
            net_out: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            argument_bytes: AtomicUsize::new(0),
            input: AtomicUsize::new(0),
            last_command: AtomicUsize::new(0),
            resp3: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            over_limit: AtomicBool::new(false),
            monitor: AtomicBool::new(false),
            tracking: Mutex::default(),
            waiter: Mutex::default(),
            driver,
            subscriptions: Subscriptions::default(),
            outbox: Outbox::default(),
        }
    }

    /// Asks the connection to end. Its driver is told, once.
    pub fn kill(&self) {
        if !self.killed.swap(true, Relaxed) {
            self.driver.killed();
        }
    }

    /// Whether it was asked to end.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }

    /// Whether it listens to any channel, which makes it another class of client.
    #[must_use]
    pub fn is_subscribed(&self) -> bool {
        self.subscriptions.any()
    }

    /// Whether it is shown every request.
    pub(crate) fn is_monitor(&self) -> bool {
        self.monitor.load(Relaxed)
    }

    pub(crate) fn set_monitor(&self, monitor: bool) {
        self.monitor.store(monitor, Relaxed);
    }

    /// How it is tracked, if it is.
    pub(crate) fn tracking(&self) -> MutexGuard<'_, Option<Mode>> {
        self.tracking.lock()
    }

    /// It waits for an answer, or does no longer.
    pub fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Relaxed);
    }

    /// Whether it waits for an answer: then it is not silent because it has nothing to say.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    /// It waits for keys.
    pub(crate) fn begin_to_wait(&self, waiter: Arc<Waiter>) {
        *self.waiter() = Some(waiter);
        self.set_waiting(true);
    }

    /// It waits for keys no longer; gives what it has waited with.
    pub(crate) fn stop_waiting(&self) -> Option<Arc<Waiter>> {
        let waiter = self.waiter().take();
        if waiter.is_some() {
            self.set_waiting(false);
        }
        waiter
    }

    /// Has its driver look after the request that waits.
    pub(crate) fn wake(&self) {
        self.driver.served();
    }

    /// What it waits with for keys, if it does.
    pub(crate) fn waiter(&self) -> MutexGuard<'_, Option<Arc<Waiter>>> {
        self.waiter.lock()
    }

    /// Version of the protocol it speaks.
    pub(crate) fn protocol(&self) -> Protocol {
        if self.resp3.load(Relaxed) { Protocol::Resp3 } else { Protocol::Resp2 }
    }

    pub(crate) fn set_protocol(&self, protocol: Protocol) {
        self.resp3.store(protocol == Protocol::Resp3, Relaxed);
    }

    /// Hands it a frame, and ends it if then more waits than its limits allow.
    pub(crate) fn push(&self, frame: &Bytes, limits: OutputLimits, now: Mono) {
        if self.outbox.push(frame) {
            self.driver.pushed();
        }
        self.check_limits(limits, now);
    }

    /// Tells it that a subscription has ended.
    pub(crate) fn push_left(&self, kind: Kind, name: &[u8], told: usize, limits: OutputLimits, now: Mono) {
        let mut frame = Vec::with_capacity(64 + name.len());
        let mut reply = ReplyWriter::new(&mut frame, self.protocol());
        write_confirmation(&mut reply, kind.left(), Some(name), told);
        self.push(&frame.into(), limits, now);
    }

    /// Moves what nobody asked for to the end of `out` until that holds `enough` bytes.
    pub fn take_pushes(&self, out: &mut Output, enough: usize) {
        self.outbox.take(out, enough);
    }

    /// The driver holds so many bytes that it has not sent.
    pub fn set_buffered(&self, bytes: usize) {
        self.outbox.set_buffered(bytes);
    }

    /// Ends it if more waits to be sent to it than its class may have; tells whether it was ended for that, now or
    /// before. Time matters for the soft limit: to be called now and then.
    pub fn check_limits(&self, limits: OutputLimits, now: Mono) -> bool {
        let limit = if self.is_pubsub() { limits.pubsub } else { limits.normal };
        if self.outbox.exceeds(limit, now) {
            self.end_over_limit();
        }
        self.is_over_limit()
    }

    /// Ends it because too much waits to be sent to it.
    pub(crate) fn end_over_limit(&self) {
        if !self.over_limit.swap(true, Relaxed) {
            self.outbox.close();
            self.kill();
        }
    }

    /// Whether it is of the class of those who are sent what they did not ask for.
    pub(crate) fn is_pubsub(&self) -> bool {
        self.is_subscribed() || self.is_monitor()
    }

    /// Whether it was ended because too much waited to be sent to it.
    #[must_use]
    pub fn is_over_limit(&self) -> bool {
        self.over_limit.load(Relaxed)
    }

    /// Bytes were read from it.
    pub fn add_input(&self, bytes: u64, now: Now) {
        raise(&self.net_in, bytes);
        self.last_interaction.store(now.mono.as_micros(), Relaxed);
    }

    /// The driver holds so many bytes of a request that has not come to its end.
    pub fn set_input(&self, bytes: usize) {
        self.input.store(bytes, Relaxed);
    }

    /// Bytes were written to it.
    pub fn add_output(&self, bytes: u64, now: Now) {
        raise(&self.net_out, bytes);
        self.last_interaction.store(now.mono.as_micros(), Relaxed);
    }

    /// When bytes last went either way, or a command ran.
    #[must_use]
    pub fn last_interaction(&self) -> Mono {
        Mono::from_micros(self.last_interaction.load(Relaxed))
    }

    pub(crate) fn begin_command(&self, command: &Known, argument_bytes: usize, now: Now) {
        self.last_interaction.store(now.mono.as_micros(), Relaxed);
        self.note_command(command);
        self.argument_bytes.store(argument_bytes, Relaxed);
    }

    /// The command it has sent last.
    pub(crate) fn note_command(&self, command: &Known) {
        self.last_command.store(command.index + 1, Relaxed);
    }

    pub(crate) fn end_command(&self) {
        raise(&self.commands, 1);
        self.argument_bytes.store(0, Relaxed);
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock()
    }

    /// Bytes that it takes, with what waits on it.
    pub(crate) fn bytes(&self) -> u64 {
        let kept = self.input_bytes() + self.settings().transaction_bytes;
        self.output_bytes() + (size_of::<Self>() + kept) as u64
    }

    /// Bytes of requests that have come and were not executed.
    pub(crate) fn input_bytes(&self) -> usize {
        self.input.load(Relaxed)
    }

    /// Bytes that wait to be sent to it.
    pub(crate) fn output_bytes(&self) -> u64 {
        self.outbox.buffered_bytes() + self.outbox.queued_bytes()
    }

    /// The command that ran last, or was kept for EXEC.
    pub(crate) fn last_command(&self) -> Option<&'static Known> {
        let index = self.last_command.load(Relaxed).checked_sub(1)?;
        Some(crate::table::by_index(index))
    }
}
