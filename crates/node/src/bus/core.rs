//! The bus thread itself.

use std::cell::{Cell, Ref, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_config::Seed;
use slotmesh_gossip::{
    Action, ConnectError, Durability, Engine, Event, HandshakeEnd, HandshakeId, LeaveEnd, LinkId, MeetStart, SplitMix,
};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Host, Mono, Now};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::LocalSet;

use super::command::{BusReply, BusRequest, Envelope};
use super::connection::{self, Connection};
use super::data;
#[cfg(feature = "admin")]
use super::diagnosis::Diagnosis;
use super::handle::BusOptions;
use super::log;
use super::misbehave::misbehave;
use super::observer::Observer;
use super::operate::operate;
use super::publisher::{self, Publications};
use super::saver::{Files, Job, Saved, Saver};
use super::seeds::{self, Lookups};
use crate::clock::Clock;
use crate::ending::Ending;
use crate::messages::Message;
use crate::own_facts::OwnFacts;
use crate::topology::Topology;
use crate::watchdog::Watchdog;

/// What SLOTMESH LEAVE replies when it has asked in vain.
const NO_ANSWER: &str = "no member has said in time that it has forgotten this node; it is a member still";

/// Size of the buffer that all links read into, at first and at most. It doubles when a read fills it.
const SCRATCH_BYTES: usize = 8 * 1024;
const SCRATCH_BYTES_MAX: usize = 64 * 1024;

/// Views may take one part in so many of the thread's time. Of a few nodes one is taken in microseconds; a view of
/// thousands after each packet of a flood would leave no time for those who wait.
const VIEW_SHARE: u32 = 8;

/// What the tasks of the bus thread share. Borrowed only between awaits.
pub(crate) struct Core {
    engine: RefCell<Engine>,
    clock: Clock,
    connections: RefCell<BTreeMap<LinkId, Rc<Connection>>>,
    scratch: RefCell<Option<Vec<u8>>>,
    saves: RefCell<Saves>,
    /// Actions that wait for a save to reach the disk.
    held: RefCell<VecDeque<Action>>,
    waiting: RefCell<BTreeMap<HandshakeId, Vec<oneshot::Sender<BusReply>>>>,
    topology: Arc<Topology>,
    /// The next view is not taken before.
    publish_after: Cell<Mono>,
    rearm: Notify,
    stopped: Notify,
    endings: mpsc::UnboundedSender<Ending>,
    watchdog: Arc<Watchdog>,
    save_best_effort: bool,
    saving_fails: Cell<bool>,
    /// A promise could not be put on disk: nothing more leaves, and the node ends.
    doomed: Cell<bool>,
    publications: Arc<Publications>,
    observer: Option<Box<dyn Observer>>,
    /// Bytes have left on a link, or actions are held no more.
    progress: Notify,
    /// Messages of members are being lost.
    overrun: Cell<bool>,
    /// Packets are collected, to leave together.
    corked: Cell<bool>,
    /// Links with packets that were collected.
    unsent: RefCell<Vec<(LinkId, Rc<Connection>)>>,
    /// Who waits for the end of leaving.
    leaving: RefCell<Vec<oneshot::Sender<BusReply>>>,
    seeds: RefCell<Vec<Seed>>,
    lookups: Lookups,
    /// Where links come from.
    source: Cell<Option<IpAddr>>,
    cluster_name: String,
    /// The text beside nodes.conf as it was last handed to be saved.
    own_text: RefCell<Option<String>>,
}

struct Saves {
    saver: Saver,
    /// The strongest wish that no running save covers.
    wanted: Option<Durability>,
    running: bool,
    /// Whether the engine is among those who want it: it can't go on without, an operator can.
    wanted_by_engine: bool,
    running_for_engine: bool,
    /// Number of the last save that was asked for, started, and found on disk.
    asked: u64,
    done: u64,
    /// Actions are held until this one is done.
    barrier: u64,
    /// Who wants to know that a save is done.
    watchers: Vec<(u64, oneshot::Sender<BusReply>)>,
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
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
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
    let saves = Saves {
        saver,
        wanted: None,
        running: false,
        wanted_by_engine: false,
        running_for_engine: false,
        asked: 0,
        done: 0,
        barrier: 0,
        watchers: Vec::new(),
    };
    let core = Rc::new(Core {
        engine: RefCell::new(engine),
        clock,
        connections: RefCell::default(),
        scratch: RefCell::new(None),
        saves: RefCell::new(saves),
        held: RefCell::default(),
        waiting: RefCell::default(),
        topology: Arc::clone(topology),
        publish_after: Cell::default(),
        rearm: Notify::new(),
        stopped: Notify::new(),
        endings,
        watchdog: options.watchdog,
        save_best_effort: options.save_best_effort,
        saving_fails: Cell::new(false),
        doomed: Cell::new(false),
        observer: options.observer,
        publications: options.publications,
        progress: Notify::new(),
        overrun: Cell::new(false),
        corked: Cell::new(false),
        unsent: RefCell::default(),
        leaving: RefCell::default(),
        seeds: RefCell::new(settings.seeds),
        lookups: Lookups::default(),
        source: Cell::new(settings.source),
        own_text: RefCell::new(None),
        cluster_name: origin.facts.cluster_name,
    });
    LocalSet::new().block_on(&runtime, Rc::clone(&core).serve(options.listeners, inbox, results));
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
                Ok(listener) => drop(tokio::task::spawn_local(accept(Rc::clone(&self), listener))),
                Err(error) => return self.fatal(format!("can't listen on the bus port: {error}")),
            }
        }
        tokio::task::spawn_local(Rc::clone(&self).watch_saves(results));
        tokio::task::spawn_local(Rc::clone(&self).watch_clock());
        let watchdog = Arc::clone(&self.watchdog);
        tokio::task::spawn_local(async move { watchdog.watch().await });
        tokio::task::spawn_local(publisher::run(Rc::clone(&self)));
        tokio::task::spawn_local(Rc::clone(&self).answer(inbox));
        self.stopped.notified().await;
    }

    fn fatal(&self, reason: String) {
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
    fn drive(self: &Rc<Self>) {
        loop {
            let action = self.engine.borrow_mut().poll_action();
            let Some(action) = action else { break };
            let holding = {
                let saves = self.saves.borrow();
                saves.barrier > saves.done || self.doomed.get()
            };
            if holding { self.hold(action) } else { self.carry_out(action) }
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
            other => self.held.borrow_mut().push_back(other),
        }
    }

    fn carry_out(self: &Rc<Self>, action: Action) {
        match action {
            Action::Connect { link, host, port } => {
                tokio::task::spawn_local(connect(Rc::clone(self), link, host, port));
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
            Action::Data(order) => data::obey(&order),
            Action::ResolveSeeds => {
                let seeds = self.seeds.borrow().clone();
                tokio::task::spawn_local(seeds::resolve(Rc::clone(self), seeds));
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
            for reply in self.leaving.borrow_mut().drain(..) {
                let _ = reply.send(match end {
                    LeaveEnd::Left => BusReply::Done,
                    LeaveEnd::NoAnswer => BusReply::Refused(NO_ANSWER.into()),
                });
            }
        }
    }

    /// Shows readers what has changed, now or when it is time again.
    fn publish(&self) {
        if self.is_view_old() && self.clock.now().mono >= self.publish_after.get() {
            self.publish_now();
        }
    }

    fn is_view_old(&self) -> bool {
        self.engine.borrow().table().version() != self.topology.version()
    }

    fn publish_now(&self) {
        let begun = self.clock.now();
        let view = self.engine.borrow().view(begun);
        if let Some(observer) = &self.observer {
            observer.published(begun, &view);
        }
        self.topology.publish(view);
        let ended = self.clock.now().mono;
        self.publish_after.set(ended.after(ended.since(begun.mono) * VIEW_SHARE));
        self.publications.note_topology();
    }

    fn persist_for_engine(&self, durability: Durability) {
        self.saves.borrow_mut().wanted_by_engine = true;
        self.persist(durability);
    }

    fn persist(&self, durability: Durability) {
        let mut saves = self.saves.borrow_mut();
        saves.asked += 1;
        saves.wanted = saves.wanted.max(Some(durability));
        if durability == Durability::Barrier {
            saves.barrier = saves.asked;
        }
        drop(saves);
        self.start_save();
    }

    /// Starts a save that covers every wish so far, unless one is running: its end starts the next.
    fn start_save(&self) {
        let mut saves = self.saves.borrow_mut();
        if saves.running {
            return;
        }
        let Some(durability) = saves.wanted.take() else { return };
        saves.running = true;
        saves.running_for_engine = std::mem::take(&mut saves.wanted_by_engine);
        let text = ConfFile::from_table(self.engine.borrow().table(), self.clock.now()).to_text();
        let job =
            Job { number: saves.asked, text, own: self.changed_own_text(), sync: durability >= Durability::Synced };
        saves.saver.save(job);
    }

    /// The text beside nodes.conf, unless it was handed over before.
    fn changed_own_text(&self) -> Option<String> {
        let memory = self.engine.borrow().memory(self.clock.now());
        let text = OwnFacts { cluster_name: self.cluster_name.clone(), memory }.to_text();
        let mut last = self.own_text.borrow_mut();
        if last.as_ref() == Some(&text) {
            return None;
        }
        *last = Some(text.clone());
        Some(text)
    }

    async fn watch_saves(self: Rc<Self>, mut results: mpsc::UnboundedReceiver<Saved>) {
        while let Some(saved) = results.recv().await {
            if let Err(error) = &saved.result {
                *self.own_text.borrow_mut() = None;
                self.note_failed_save(error);
            }
            if let Some(observer) = &self.observer {
                observer.saved(self.clock.now(), &saved.result);
            }
            self.saving_fails.set(saved.result.is_err());
            self.note_saved(&saved);
            self.start_save();
            self.release();
        }
    }

    fn note_failed_save(&self, error: &std::io::Error) {
        if !self.save_best_effort && self.saves.borrow().running_for_engine {
            if !self.doomed.replace(true) {
                self.fatal(format!("Fatal: can't update cluster config file: {error}"));
            }
        } else {
            self.break_promises();
        }
        if !self.doomed.get() && !self.saving_fails.get() {
            tracing::warn!("Cluster config file can't be saved, going on without: {error}");
        }
    }

    /// Votes that could not be put on disk are never sent: the node might vote again after a restart.
    fn break_promises(&self) {
        let mut held = self.held.borrow_mut();
        let before = held.len();
        held.retain(|action| !matches!(action, Action::SendPromise { .. }));
        if held.len() < before {
            tracing::warn!("Votes were not sent: they could not be saved first");
        }
    }

    fn note_saved(&self, saved: &Saved) {
        let mut saves = self.saves.borrow_mut();
        saves.running = false;
        saves.done = saved.number;
        let watchers = std::mem::take(&mut saves.watchers);
        for (number, reply) in watchers {
            if number > saved.number {
                saves.watchers.push((number, reply));
                continue;
            }
            let _ = reply.send(match &saved.result {
                Ok(()) => BusReply::Done,
                Err(error) => BusReply::Refused(error.to_string()),
            });
        }
    }

    /// Lets go what waited for the disk.
    fn release(self: &Rc<Self>) {
        loop {
            {
                let saves = self.saves.borrow();
                if saves.barrier > saves.done || self.doomed.get() {
                    return;
                }
            }
            let Some(action) = self.held.borrow_mut().pop_front() else { return self.progress.notify_one() };
            self.carry_out(action);
        }
    }

    async fn watch_clock(self: Rc<Self>) {
        loop {
            let now = self.clock.now();
            let view_due = self.is_view_old().then(|| self.publish_after.get());
            let wake = self.engine.borrow().poll_timeout().into_iter().chain(view_due).min();
            let pause = wake.map_or(Duration::from_secs(1), |wake| wake.since(now.mono));
            tokio::select! {
                () = tokio::time::sleep(pause) => {
                    self.watchdog.bus_fired(now.mono.after(pause));
                    self.engine.borrow_mut().handle_timeout(self.clock.now());
                    self.drive();
                }
                () = self.rearm.notified() => {}
            }
        }
    }

    async fn answer(self: Rc<Self>, mut inbox: mpsc::UnboundedReceiver<Envelope>) {
        while let Some(Envelope { request, reply }) = inbox.recv().await {
            #[cfg(feature = "admin")]
            let Some(request) = self.in_time(request) else {
                let _ = reply.send(BusReply::Moved);
                continue;
            };
            match request {
                BusRequest::Stop => return self.finish(reply),
                BusRequest::Meet(target, wait) => self.meet(target, wait, reply),
                BusRequest::Leave { force } => self.leave(force, reply),
                BusRequest::SaveConfig => {
                    self.persist(Durability::Synced);
                    let mut saves = self.saves.borrow_mut();
                    let number = saves.asked;
                    saves.watchers.push((number, reply));
                    continue;
                }
                other => drop(reply.send(self.answer_at_once(other))),
            }
            self.drive();
        }
        // Nobody is left to ask: the node was dropped without a word.
        self.stopped.notify_one();
    }

    /// What is to be done, unless it is too late for it.
    #[cfg(feature = "admin")]
    fn in_time(&self, request: BusRequest) -> Option<BusRequest> {
        match request {
            BusRequest::At(version, inner) => (self.engine.borrow().table().version() == version).then_some(*inner),
            other => Some(other),
        }
    }

    fn answer_at_once(self: &Rc<Self>, request: BusRequest) -> BusReply {
        let now = self.clock.now();
        let refresh = matches!(request, BusRequest::Refresh);
        let mut engine = self.engine.borrow_mut();
        let reply = match request {
            BusRequest::Forget(id) => match engine.forget(now, &id) {
                Ok(()) => BusReply::Done,
                Err(slotmesh_gossip::ForgetError::Unknown) => BusReply::UnknownNode,
                Err(error) => BusReply::Refused(error.to_string()),
            },
            BusRequest::Reset { hard } => {
                engine.reset(now, hard);
                BusReply::Done
            }
            BusRequest::Change(order) => operate(&mut engine, now, &order),
            BusRequest::CountFailureReports(id) => {
                engine.failure_reports(now, &id).map_or(BusReply::UnknownNode, BusReply::Count)
            }
            BusRequest::Links => BusReply::Links(engine.links(), now),
            #[cfg(feature = "admin")]
            BusRequest::Handshakes => {
                let (open, ended) = (engine.handshakes().cloned(), engine.ended_handshakes().cloned());
                BusReply::Handshakes(open.collect(), ended.collect(), now)
            }
            #[cfg(feature = "admin")]
            BusRequest::Diagnose => BusReply::Diagnosis(Box::new(Diagnosis::of(&engine, now))),
            #[cfg(feature = "admin")]
            BusRequest::At(..) => unreachable!("unwrapped by the caller"),
            BusRequest::Explain(id) => match engine.explain(now, &id) {
                Some(explanation) => BusReply::Explanation(Box::new(explanation), now),
                None => BusReply::UnknownNode,
            },
            BusRequest::Configure(settings) => {
                self.source.set(settings.source);
                engine.configure(now, settings.engine);
                if *self.seeds.borrow() != settings.seeds {
                    *self.seeds.borrow_mut() = settings.seeds;
                    engine.renew_seeds(now);
                }
                BusReply::Done
            }
            BusRequest::Debug(how) => misbehave(&mut engine, now, &how),
            BusRequest::Refresh => BusReply::Done,
            BusRequest::Meet(..) | BusRequest::Leave { .. } | BusRequest::SaveConfig | BusRequest::Stop => {
                unreachable!("answered by the caller")
            }
        };
        drop(engine);
        self.drive();
        // Whoever reads the topology after the answer sees the effect.
        if refresh || self.is_view_old() {
            self.publish_now();
        }
        reply
    }

    fn leave(self: &Rc<Self>, force: bool, reply: oneshot::Sender<BusReply>) {
        let started = self.engine.borrow_mut().leave(self.clock.now(), force);
        match started {
            Ok(()) => self.leaving.borrow_mut().push(reply),
            // The connection may be gone.
            Err(error) => drop(reply.send(BusReply::Refused(error.to_string()))),
        }
    }

    fn meet(
        self: &Rc<Self>,
        target: slotmesh_gossip::MeetTarget,
        wait: Option<Duration>,
        reply: oneshot::Sender<BusReply>,
    ) {
        let started = self.engine.borrow_mut().meet(self.clock.now(), target);
        let id = match started {
            Ok(MeetStart::Started(id) | MeetStart::UnderWay(id)) => id,
            Err(error) => return drop(reply.send(BusReply::Refused(error.to_string()))),
        };
        let Some(wait) = wait else {
            self.drive();
            self.publish_now();
            return drop(reply.send(BusReply::Done));
        };
        let (ended, outcome) = oneshot::channel();
        self.waiting.borrow_mut().entry(id).or_default().push(ended);
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let outcome = tokio::time::timeout(wait, outcome).await;
            let answer = match outcome {
                Ok(Ok(ended)) => ended,
                Ok(Err(_)) => BusReply::Ended(HandshakeEnd::Cancelled),
                Err(_) => BusReply::StillUnderWay(core.last_error(id)),
            };
            let _ = reply.send(answer);
        });
    }

    /// What went wrong last with a handshake that is under way, if anything did.
    fn last_error(&self, id: HandshakeId) -> Option<ConnectError> {
        self.engine.borrow().handshakes().find(|handshake| handshake.id == id)?.last_error
    }

    /// Saves for the last time, then lets the thread end. The lock on the file goes with it.
    fn finish(self: Rc<Self>, reply: oneshot::Sender<BusReply>) {
        let (saved, done) = oneshot::channel();
        self.persist(Durability::Synced);
        {
            let mut saves = self.saves.borrow_mut();
            let number = saves.asked;
            saves.watchers.push((number, saved));
        }
        tokio::task::spawn_local(async move {
            let _ = reply.send(done.await.unwrap_or(BusReply::Done));
            self.stopped.notify_one();
        });
    }
}

async fn accept(core: Rc<Core>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let local = stream.local_addr().map_or(peer.ip(), |address| address.ip());
                keep_alive(&stream, core.engine.borrow().config().node_timeout);
                let id = core.engine.borrow_mut().handle_accepted(core.clock.now(), peer.ip(), local);
                attach(&core, id, stream);
                core.drive();
            }
            Err(error) => {
                // Out of descriptors, most likely: links that end give some back.
                tracing::warn!("Error accepting cluster node: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn keep_alive(stream: &TcpStream, node_timeout: Duration) {
    let idle = Duration::from_secs((node_timeout.as_secs() * 2).max(1));
    let interval = Duration::from_secs((idle.as_secs() / 3).max(1));
    let settings = socket2::TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(3);
    // A link without keepalive works; its end is noticed by heartbeats.
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&settings);
}

fn attach(core: &Rc<Core>, id: LinkId, stream: TcpStream) {
    let connection = Connection::new(stream);
    core.connections.borrow_mut().insert(id, Rc::clone(&connection));
    tokio::task::spawn_local(connection::run(Rc::clone(core), id, connection));
}

async fn connect(core: Rc<Core>, id: LinkId, host: Host, port: u16) {
    let patience = core.engine.borrow().config().node_timeout.max(Duration::from_secs(1));
    let attempt = tokio::time::timeout(patience, open(host, port, core.source.get())).await;
    let result = attempt.unwrap_or(Err(ConnectError::TimedOut));
    match result {
        Ok(stream) => {
            let local = stream.local_addr().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip());
            attach(&core, id, stream);
            core.engine.borrow_mut().handle_connected(core.clock.now(), id, local);
            // The engine may have given the link up meanwhile.
            if !core.engine.borrow().has_link(id)
                && let Some(connection) = core.connections.borrow_mut().remove(&id)
            {
                connection.close();
            }
        }
        Err(error) => core.engine.borrow_mut().handle_connect_failed(core.clock.now(), id, error),
    }
    core.drive();
}

/// Where this machine does not have the address any more, any will do, as in real servers: better a link than none.
async fn connect_from(source: IpAddr, target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    match socket.bind(SocketAddr::new(source, 0)) {
        Ok(()) => socket.connect(target).await,
        Err(_) => TcpStream::connect(target).await,
    }
}

async fn open(host: Host, port: u16, source: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
    let result = match (host.ip(), source) {
        (Some(ip), Some(source)) if ip.is_ipv4() == source.is_ipv4() => {
            connect_from(source, SocketAddr::new(ip, port)).await
        }
        (Some(ip), _) => TcpStream::connect(SocketAddr::new(ip, port)).await,
        (None, _) => TcpStream::connect((host.as_str(), port)).await,
    };
    result.map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => ConnectError::Refused,
        std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => ConnectError::Unreachable,
        std::io::ErrorKind::TimedOut => ConnectError::TimedOut,
        std::io::ErrorKind::AddrNotAvailable | std::io::ErrorKind::InvalidInput => ConnectError::Address,
        _ => ConnectError::Other,
    })
}
