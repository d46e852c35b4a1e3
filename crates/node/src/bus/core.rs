//! The bus thread itself.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_gossip::{
    Action, ConnectError, Durability, Engine, Event, HandshakeEnd, HandshakeId, LinkId, MeetStart, SplitMix,
};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::Host;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::LocalSet;

use super::command::{BusReply, BusRequest, Envelope};
use super::connection::{self, Connection};
use super::handle::BusOptions;
use super::log;
use super::saver::{Job, Saved, Saver};
use crate::clock::Clock;
use crate::conf_file::NodesConf;
use crate::topology::Topology;

/// Size of the buffer all links read into.
const SCRATCH_BYTES: usize = 64 * 1024;

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
    rearm: Notify,
    stopped: Notify,
    on_fatal: fn(String),
    save_best_effort: bool,
    saving_fails: Cell<bool>,
}

struct Saves {
    saver: Saver,
    /// The strongest wish that no running save covers.
    wanted: Option<Durability>,
    running: bool,
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
    /// The node has just got its name; it is not on disk yet.
    pub(crate) fresh: bool,
    /// The generator that named it.
    pub(crate) rng: SplitMix,
}

/// Runs the bus until it is told to stop.
pub(crate) fn run(
    options: BusOptions,
    conf: NodesConf,
    origin: Origin,
    listeners: Vec<StdListener>,
    inbox: mpsc::UnboundedReceiver<Envelope>,
    topology: &Arc<Topology>,
) {
    let on_fatal = options.on_fatal;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return on_fatal(format!("can't start the bus: {error}")),
    };
    let (saver, results) = match Saver::start(conf) {
        Ok(started) => started,
        Err(error) => return on_fatal(format!("can't start the thread that saves nodes.conf: {error}")),
    };
    let clock = Clock::new();
    let engine = Engine::new(clock.now(), origin.table, options.engine, origin.rng);
    let saves = Saves { saver, wanted: None, running: false, asked: 0, done: 0, barrier: 0, watchers: Vec::new() };
    let core = Rc::new(Core {
        engine: RefCell::new(engine),
        clock,
        connections: RefCell::default(),
        scratch: RefCell::new(None),
        saves: RefCell::new(saves),
        held: RefCell::default(),
        waiting: RefCell::default(),
        topology: Arc::clone(topology),
        rearm: Notify::new(),
        stopped: Notify::new(),
        on_fatal,
        save_best_effort: options.save_best_effort,
        saving_fails: Cell::new(false),
    });
    LocalSet::new().block_on(&runtime, Rc::clone(&core).serve(origin.fresh, listeners, inbox, results));
}

impl Core {
    async fn serve(
        self: Rc<Self>,
        fresh: bool,
        listeners: Vec<StdListener>,
        inbox: mpsc::UnboundedReceiver<Envelope>,
        results: mpsc::UnboundedReceiver<Saved>,
    ) {
        if fresh {
            self.persist(Durability::Barrier);
        }
        self.drive();
        for listener in listeners {
            match TcpListener::from_std(listener) {
                Ok(listener) => drop(tokio::task::spawn_local(accept(Rc::clone(&self), listener))),
                Err(error) => return (self.on_fatal)(format!("can't listen on the bus port: {error}")),
            }
        }
        tokio::task::spawn_local(Rc::clone(&self).watch_saves(results));
        tokio::task::spawn_local(Rc::clone(&self).watch_clock());
        tokio::task::spawn_local(Rc::clone(&self).answer(inbox));
        self.stopped.notified().await;
    }

    pub(crate) fn packet(self: &Rc<Self>, id: LinkId, bytes: &[u8]) {
        self.engine.borrow_mut().handle_packet(self.clock.now(), id, bytes);
        self.drive();
    }

    pub(crate) fn closed(self: &Rc<Self>, id: LinkId, garbage: bool) {
        self.connections.borrow_mut().remove(&id);
        self.engine.borrow_mut().handle_closed(self.clock.now(), id, garbage);
        self.drive();
    }

    pub(crate) fn flushed(&self, id: LinkId, bytes: u64) {
        self.engine.borrow_mut().handle_flushed(id, bytes);
    }

    pub(crate) fn take_scratch(&self) -> Vec<u8> {
        self.scratch.borrow_mut().take().unwrap_or_else(|| vec![0; SCRATCH_BYTES])
    }

    pub(crate) fn give_scratch(&self, scratch: Vec<u8>) {
        *self.scratch.borrow_mut() = Some(scratch);
    }

    /// Carries out what the engine wants after an input.
    fn drive(self: &Rc<Self>) {
        loop {
            let action = self.engine.borrow_mut().poll_action();
            let Some(action) = action else { break };
            let holding = {
                let saves = self.saves.borrow();
                saves.barrier > saves.done
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
            Action::Persist(durability) => self.persist(durability),
            other => self.held.borrow_mut().push_back(other),
        }
    }

    fn carry_out(self: &Rc<Self>, action: Action) {
        match action {
            Action::Connect { link, host, port } => {
                tokio::task::spawn_local(connect(Rc::clone(self), link, host, port));
            }
            Action::Send { link, bytes } => {
                let connection = self.connections.borrow().get(&link).cloned();
                if let Some(connection) = connection {
                    let left = connection.send(bytes);
                    self.flushed(link, left);
                }
            }
            Action::Close { link } => {
                if let Some(connection) = self.connections.borrow_mut().remove(&link) {
                    connection.close();
                }
            }
            Action::Persist(durability) => self.persist(durability),
        }
    }

    fn observe(&self, event: &Event) {
        log::event(event);
        if let Event::HandshakeEnded(record) = event
            && let Some(waiting) = self.waiting.borrow_mut().remove(&record.handshake.id)
        {
            for reply in waiting {
                let _ = reply.send(BusReply::Ended(record.end));
            }
        }
    }

    fn publish(&self) {
        let engine = self.engine.borrow();
        if engine.table().version() != self.topology.version() {
            self.topology.publish(engine.view(self.clock.now()));
        }
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
        let text = ConfFile::from_table(self.engine.borrow().table(), self.clock.now()).to_text();
        let job = Job { number: saves.asked, text, sync: durability >= Durability::Synced };
        saves.saver.save(job);
    }

    async fn watch_saves(self: Rc<Self>, mut results: mpsc::UnboundedReceiver<Saved>) {
        while let Some(saved) = results.recv().await {
            if let Err(error) = &saved.result
                && !self.note_failed_save(error)
            {
                return;
            }
            self.saving_fails.set(saved.result.is_err());
            self.note_saved(&saved);
            self.start_save();
            self.release();
        }
    }

    /// Tells whether to go on.
    fn note_failed_save(&self, error: &std::io::Error) -> bool {
        if !self.save_best_effort {
            (self.on_fatal)(format!("Fatal: can't update cluster config file: {error}"));
            return false;
        }
        if !self.saving_fails.get() {
            tracing::warn!("Cluster config file can't be saved, going on without: {error}");
        }
        true
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
                if saves.barrier > saves.done {
                    return;
                }
            }
            let Some(action) = self.held.borrow_mut().pop_front() else { return };
            self.carry_out(action);
        }
    }

    async fn watch_clock(self: Rc<Self>) {
        loop {
            let now = self.clock.now();
            let wake = self.engine.borrow().poll_timeout();
            let pause = wake.map_or(Duration::from_secs(1), |wake| wake.since(now.mono));
            tokio::select! {
                () = tokio::time::sleep(pause) => {
                    self.engine.borrow_mut().handle_timeout(self.clock.now());
                    self.drive();
                }
                () = self.rearm.notified() => {}
            }
        }
    }

    async fn answer(self: Rc<Self>, mut inbox: mpsc::UnboundedReceiver<Envelope>) {
        while let Some(Envelope { request, reply }) = inbox.recv().await {
            match request {
                BusRequest::Stop => return self.finish(reply),
                BusRequest::Meet(target, wait) => self.meet(target, wait, reply),
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

    fn answer_at_once(self: &Rc<Self>, request: BusRequest) -> BusReply {
        let now = self.clock.now();
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
            BusRequest::CountFailureReports(id) => {
                engine.failure_reports(now, &id).map_or(BusReply::UnknownNode, BusReply::Count)
            }
            BusRequest::Links => BusReply::Links(engine.links(), now),
            BusRequest::Configure(config) => {
                engine.configure(now, *config);
                BusReply::Done
            }
            BusRequest::Refresh => {
                self.topology.publish(engine.view(now));
                BusReply::Done
            }
            BusRequest::Meet(..) | BusRequest::SaveConfig | BusRequest::Stop => {
                unreachable!("answered by the caller")
            }
        };
        drop(engine);
        // Whoever reads the topology after the answer sees the effect.
        self.drive();
        reply
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
            return drop(reply.send(BusReply::Done));
        };
        let (ended, outcome) = oneshot::channel();
        self.waiting.borrow_mut().entry(id).or_default().push(ended);
        tokio::task::spawn_local(async move {
            let outcome = tokio::time::timeout(wait, outcome).await;
            let answer = match outcome {
                Ok(Ok(ended)) => ended,
                Ok(Err(_)) => BusReply::Ended(HandshakeEnd::Cancelled),
                Err(_) => BusReply::StillUnderWay,
            };
            let _ = reply.send(answer);
        });
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
    let attempt = tokio::time::timeout(patience, open(host, port)).await;
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

async fn open(host: Host, port: u16) -> Result<TcpStream, ConnectError> {
    let result = match host.ip() {
        Some(ip) => TcpStream::connect(SocketAddr::new(ip, port)).await,
        None => TcpStream::connect((host.as_str(), port)).await,
    };
    result.map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => ConnectError::Refused,
        std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => ConnectError::Unreachable,
        std::io::ErrorKind::TimedOut => ConnectError::TimedOut,
        std::io::ErrorKind::AddrNotAvailable | std::io::ErrorKind::InvalidInput => ConnectError::Address,
        _ => ConnectError::Other,
    })
}
