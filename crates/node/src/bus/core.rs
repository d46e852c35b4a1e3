//! The bus thread itself.

use std::cell::{Cell, Ref, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use slotmesh_config::Seed;
use slotmesh_gossip::{Action, Engine, Event, HandshakeId, LeaveEnd, LinkId, SplitMix};
use slotmesh_table::Table;
use slotmesh_types::{Mono, Now};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::LocalSet;

use super::command::{BusReply, Envelope};
use super::connection::Connection;
use super::data;
use super::handle::BusOptions;
use super::log;
use super::observer::Observer;
use super::partials::Partials;
use super::publisher::{self, Publications};
use super::saver::{Files, Saved, Saver};
use super::saves::Saves;
use super::seeds::{self, Lookups};
use super::sockets::{accept, connect};
use crate::clock::Clock;
use crate::ending::{Ending, TellPanic};
use crate::keeper::Chores;
use crate::messages::Message;
use crate::own_facts::OwnFacts;
use crate::topology::Topology;
use crate::watchdog::Watchdog;

/// What SLOTMESH LEAVE replies when it has asked in vain.
const NO_ANSWER: &str = "no member has said in time that it has forgotten this node; it is a member still";

/// Host names of members that are resolved at a time. One that takes too long goes on although nobody waits for it.
const RESOLVERS_MAX: usize = 16;

/// How long the end of the node waits for a resolver.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// Size of the buffer that all links read into, at first and at most. It doubles when a read fills it.
const SCRATCH_BYTES: usize = 8 * 1024;
const SCRATCH_BYTES_MAX: usize = 64 * 1024;

/// Views may take one part in so many of the thread's time. Of a few nodes one is taken in microseconds; a view of
/// thousands after each packet of a flood would leave no time for those who wait.
const VIEW_SHARE: u32 = 8;

/// What the tasks of the bus thread share. Borrowed only between awaits.
pub(crate) struct Core {
    pub(super) engine: RefCell<Engine>,
    pub(super) clock: Clock,
    pub(super) connections: RefCell<BTreeMap<LinkId, Rc<Connection>>>,
    scratch: RefCell<Option<Vec<u8>>>,
    pub(super) saves: RefCell<Saves>,
    /// Actions that wait for a save to reach the disk.
    pub(super) held: RefCell<VecDeque<Action>>,
    pub(super) waiting: RefCell<BTreeMap<HandshakeId, Vec<oneshot::Sender<BusReply>>>>,
    pub(super) topology: Arc<Topology>,
    /// The next view is not taken before.
    publish_after: Cell<Mono>,
    pub(super) rearm: Notify,
    pub(super) stopped: Notify,
    endings: mpsc::UnboundedSender<Ending>,
    watchdog: Arc<Watchdog>,
    publications: Arc<Publications>,
    chores: Chores,
    pub(super) observer: Option<Box<dyn Observer>>,
    /// Bytes have left on a link, or actions are held no more.
    pub(super) progress: Notify,
    /// Messages of members are being lost.
    overrun: Cell<bool>,
    /// Packets are collected, to leave together.
    corked: Cell<bool>,
    /// Links with packets that were collected.
    unsent: RefCell<Vec<(LinkId, Rc<Connection>)>>,
    /// Who waits for the end of leaving.
    pub(super) leaving: RefCell<Vec<oneshot::Sender<BusReply>>>,
    partials: RefCell<Partials>,
    pub(super) seeds: RefCell<Vec<Seed>>,
    lookups: Lookups,
    /// Where links come from.
    pub(super) source: Cell<Option<IpAddr>>,
}

/// What the node starts from.
pub(crate) struct Origin {
    pub(crate) table: Table,
    /// What stands beside nodes.conf.
    pub(crate) facts: OwnFacts,
    /// The generator that named it.
    pub(crate) rng: SplitMix,
}

/// Runs the bus until it is told to stop.
pub(crate) fn run(
    options: BusOptions,
    files: Files,
    origin: Origin,
    inbox: mpsc::UnboundedReceiver<Envelope>,
    topology: &Arc<Topology>,
) {
    let endings = options.endings;
    let fatal = |reason: String| drop(endings.send(Ending::Fatal(reason)));
    let runtime =
        match tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS_MAX).build() {
            Ok(runtime) => runtime,
            Err(error) => return fatal(format!("can't start the bus: {error}")),
        };
    let (saver, results) = match Saver::start(files) {
        Ok(started) => started,
        Err(error) => return fatal(format!("can't start the thread that saves nodes.conf: {error}")),
    };
    let clock = options.clock;
    let settings = options.settings;
    let mut engine = Engine::new(clock.now(), origin.table, settings.engine, origin.rng);
    engine.recall(clock.now(), &origin.facts.memory);
    let core = Rc::new(Core {
        engine: RefCell::new(engine),
        clock,
        connections: RefCell::default(),
        scratch: RefCell::new(None),
        saves: RefCell::new(Saves::new(saver, settings.save_best_effort, origin.facts.cluster_name)),
        held: RefCell::default(),
        waiting: RefCell::default(),
        topology: Arc::clone(topology),
        publish_after: Cell::default(),
        rearm: Notify::new(),
        stopped: Notify::new(),
        endings,
        watchdog: options.watchdog,
        observer: options.observer,
        publications: options.publications,
        chores: options.chores,
        progress: Notify::new(),
        overrun: Cell::new(false),
        corked: Cell::new(false),
        unsent: RefCell::default(),
        leaving: RefCell::default(),
        partials: RefCell::default(),
        seeds: RefCell::new(settings.seeds),
        lookups: Lookups::default(),
        source: Cell::new(settings.source),
    });
    LocalSet::new().block_on(&runtime, Rc::clone(&core).serve(options.listeners, inbox, results));
    drop(core);
    // A resolver that hangs must not keep the node from ending.
    runtime.shutdown_timeout(STOP_TIMEOUT);
}

impl Core {
    async fn serve(
        self: Rc<Self>,
        listeners: Vec<StdListener>,
        inbox: mpsc::UnboundedReceiver<Envelope>,
        results: mpsc::UnboundedReceiver<Saved>,
    ) {
        self.drive();
        for listener in listeners {
            match TcpListener::from_std(listener) {
                Ok(listener) => self.spawn(accept(Rc::clone(&self), listener)),
                Err(error) => return self.fatal(format!("can't listen on the bus port: {error}")),
            }
        }
        self.spawn(Rc::clone(&self).watch_saves(results));
        self.spawn(Rc::clone(&self).watch_clock());
        let watchdog = Arc::clone(&self.watchdog);
        self.spawn(async move { watchdog.watch().await });
        self.spawn(publisher::run(Rc::clone(&self)));
        self.spawn(Rc::clone(&self).answer(inbox));
        self.stopped.notified().await;
    }

    /// Starts a task of the bus. Its panic ends the bus, and so the node: nobody would do its work.
    pub(super) fn spawn(self: &Rc<Self>, task: impl Future<Output = ()> + 'static) {
        let (tell, stop) = (TellPanic::new(&self.endings, "the bus"), StopOnPanic(Rc::clone(self)));
        tokio::task::spawn_local(async move {
            let _stop = stop;
            tell.watch(task).await;
        });
    }

    pub(super) fn fatal(&self, reason: String) {
        // Nobody listens any more: the node is ending already.
        let _ = self.endings.send(Ending::Fatal(reason));
    }

    /// Gives the engine an input and carries out what follows.
    pub(super) fn feed(self: &Rc<Self>, input: impl FnOnce(&mut Engine, Now)) {
        input(&mut self.engine.borrow_mut(), self.clock.now());
        self.drive();
    }

    pub(super) fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    pub(crate) fn packet(self: &Rc<Self>, id: LinkId, bytes: &[u8]) {
        let delivery = {
            let mut engine = self.engine.borrow_mut();
            engine.handle_packet(self.clock.now(), id, bytes);
            engine.poll_delivery()
        };
        if let Some(delivery) = delivery {
            let taken = self.publications.receive(&delivery, bytes);
            if !taken && !self.overrun.get() {
                tracing::warn!("Messages of other nodes are lost: clients are slower than they come");
            }
            self.overrun.set(!taken);
        }
        self.drive();
    }

    pub(crate) fn takes_messages(&self, id: LinkId) -> bool {
        self.engine.borrow().takes_messages(id)
    }

    /// A link has so many bytes of a packet that is not complete. Those of members are not counted.
    pub(crate) fn note_partial(self: &Rc<Self>, id: LinkId, bytes: usize) {
        let counted = if bytes > 0 && self.takes_messages(id) { 0 } else { bytes };
        let greedy = self.partials.borrow_mut().note(id, counted);
        let Some(greedy) = greedy else { return };
        tracing::warn!(
            "Strangers send too many unfinished packets on the Cluster bus: closing the link of the longest"
        );
        let connection = self.connections.borrow().get(&greedy).cloned();
        self.closed(greedy, true);
        connection.into_iter().for_each(|connection| connection.close());
    }

    /// Tells members what clients have published.
    pub(super) fn spread(self: &Rc<Self>, messages: &[Message]) {
        let now = self.clock.now();
        for message in messages {
            let (channel, text) = message.parts();
            let mut engine = self.engine.borrow_mut();
            if message.shard { engine.publish_shard(now, channel, text) } else { engine.publish(now, channel, text) }
        }
        self.corked.set(true);
        self.drive();
        self.corked.set(false);
        for (link, connection) in self.unsent.take() {
            self.flushed(link, connection.send_now());
        }
    }

    /// Waits until something holds that changes when bytes leave or actions are let go.
    pub(super) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            self.progress.notified().await;
        }
    }

    /// Whether actions wait for the disk.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.borrow().is_empty()
    }

    /// Connections that stand.
    pub(super) fn connections(&self) -> Ref<'_, BTreeMap<LinkId, Rc<Connection>>> {
        self.connections.borrow()
    }

    pub(super) fn publications(&self) -> &Arc<Publications> {
        &self.publications
    }

    pub(crate) fn closed(self: &Rc<Self>, id: LinkId, garbage: bool) {
        self.connections.borrow_mut().remove(&id);
        self.engine.borrow_mut().handle_closed(self.clock.now(), id, garbage);
        self.drive();
    }

    pub(crate) fn flushed(&self, id: LinkId, bytes: u64) {
        self.engine.borrow_mut().handle_flushed(id, bytes);
        self.progress.notify_one();
    }

    pub(crate) fn take_scratch(&self) -> Vec<u8> {
        self.scratch.borrow_mut().take().unwrap_or_else(|| vec![0; SCRATCH_BYTES])
    }

    /// Takes it back after a read. Only what is used is resident, so a small mesh must not start with much.
    pub(crate) fn give_scratch(&self, mut scratch: Vec<u8>, was_full: bool) {
        if was_full && scratch.len() < SCRATCH_BYTES_MAX {
            scratch = vec![0; 2 * scratch.len()];
        }
        *self.scratch.borrow_mut() = Some(scratch);
    }

    /// Carries out what the engine wants after an input.
    pub(super) fn drive(self: &Rc<Self>) {
        loop {
            let action = self.engine.borrow_mut().poll_action();
            let Some(action) = action else { break };
            if self.is_barred() { self.hold(action) } else { self.carry_out(action) }
        }
        loop {
            let event = self.engine.borrow_mut().poll_event();
            let Some(event) = event else { break };
            self.observe(&event);
        }
        self.publish();
        self.rearm.notify_one();
    }

    /// A save is never held: a later barrier must be able to move on.
    fn hold(self: &Rc<Self>, action: Action) {
        match action {
            Action::Persist(durability) => self.persist_for_engine(durability),
            // Nothing will leave any more.
            _ if self.is_doomed() => {}
            other => self.held.borrow_mut().push_back(other),
        }
    }

    pub(super) fn carry_out(self: &Rc<Self>, action: Action) {
        match action {
            Action::Connect { link, host, port } => {
                self.spawn(connect(Rc::clone(self), link, host, port));
            }
            Action::Send { link, bytes } | Action::SendPromise { link, bytes } => {
                let connection = self.connections.borrow().get(&link).cloned();
                if let Some(connection) = connection {
                    let first = connection.enqueue(bytes);
                    if first && !self.corked.get() {
                        self.flushed(link, connection.send_now());
                    } else if first {
                        self.unsent.borrow_mut().push((link, connection));
                    }
                }
            }
            Action::Close { link } => {
                if let Some(connection) = self.connections.borrow_mut().remove(&link) {
                    connection.close();
                }
            }
            Action::Persist(durability) => self.persist_for_engine(durability),
            Action::Data(order) => {
                // What has to be done to the keys is decided by the view that shows why.
                if self.is_view_old() {
                    self.publish_now();
                }
                data::obey(&order, &self.chores);
            }
            Action::ResolveSeeds => {
                let seeds = self.seeds.borrow().clone();
                self.spawn(seeds::resolve(Rc::clone(self), seeds));
            }
        }
    }

    fn observe(&self, event: &Event) {
        log::event(event);
        if let Some(observer) = &self.observer {
            observer.event(self.clock.now(), event);
        }
        if let Event::HandshakeEnded(record) = event
            && let Some(waiting) = self.waiting.borrow_mut().remove(&record.handshake.id)
        {
            // Whoever reads the topology after the answer sees the effect.
            self.publish_now();
            for reply in waiting {
                let _ = reply.send(BusReply::Ended(record.end));
            }
        }
        if let Event::LeaveEnded(end) = event {
            for reply in self.leaving.take() {
                match end {
                    LeaveEnd::Left => self.reply_when_kept(reply, BusReply::Done),
                    // The connection may be gone.
                    LeaveEnd::NoAnswer => drop(reply.send(BusReply::Refused(NO_ANSWER.into()))),
                }
            }
        }
    }

    /// Shows readers what has changed, now or when it is time again.
    fn publish(&self) {
        if self.is_view_old() && self.clock.now().mono >= self.publish_after.get() {
            self.publish_now();
        }
    }

    pub(super) fn is_view_old(&self) -> bool {
        self.engine.borrow().table().version() != self.topology.version()
    }

    pub(super) fn publish_now(&self) {
        let begun = self.clock.now();
        let view = self.engine.borrow().view(begun);
        if let Some(observer) = &self.observer {
            observer.published(begun, &view);
        }
        if self.topology.publish(view) {
            self.chores.follow_topology();
        }
        let ended = self.clock.now().mono;
        self.publish_after.set(ended.after(ended.since(begun.mono) * VIEW_SHARE));
        self.publications.note_topology();
    }

    async fn watch_clock(self: Rc<Self>) {
        loop {
            let now = self.clock.now();
            let view_due = self.is_view_old().then(|| self.publish_after.get());
            let due = view_due.into_iter().chain(self.save_due());
            let wake = self.engine.borrow().poll_timeout().into_iter().chain(due).min();
            let pause = wake.map_or(Duration::from_secs(1), |wake| wake.since(now.mono));
            tokio::select! {
                () = tokio::time::sleep(pause) => {
                    self.watchdog.bus_fired(now.mono.after(pause));
                    self.engine.borrow_mut().handle_timeout(self.clock.now());
                    self.drive();
                    let waiting = self.engine.borrow().queued_bytes();
                    self.topology.note_link_bytes(waiting);
                    self.start_save();
                }
                () = self.rearm.notified() => {}
            }
        }
    }
}

/// Lets the thread end when a task panics: it may have been the one that takes requests to stop.
struct StopOnPanic(Rc<Core>);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stopped.notify_one();
        }
    }
}
