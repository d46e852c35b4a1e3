//! A server without sockets, and clients that give it requests.

use std::io::IoSlice;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slotmesh_command::{
    Answer, Driver, ErrorReply, Executed, Keyspace, Outcome, Output, Peer, Process, PubSub, Question, Server, Session,
    Surroundings, Usage, answer, end_wait, execute, resume, shard_owner, table,
};
use slotmesh_config::Config;
use slotmesh_resp::Value;
use slotmesh_table::{Address, BusStats, ClusterView, NodeFacts, OpenSlot, Table as Nodes};
use slotmesh_types::{NodeId, Now, ShardId, Slot};

/// What the node knows of the cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Table {
    /// It owns every slot.
    Alone,
    /// The node at 127.0.0.1:7001 owns this slot, which is being imported.
    Importing(u16),
    /// The same, but nothing is imported.
    Foreign(u16),
    /// This slot is on its way to the node at 127.0.0.1:7001.
    Migrating(u16),
    /// The node at 127.0.0.1:7001 is its primary and owns every slot.
    Replica,
    /// It owns every slot, in a cluster that is down.
    Down,
}

impl Table {
    fn view(self) -> ClusterView {
        let mut nodes = Nodes::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([1; 20]));
        let mut facts = NodeFacts::primary(NodeId::from_entropy([2; 20]), ShardId::from_entropy([2; 20]));
        facts.address = Address { host: "127.0.0.1".parse().expect("an address"), port: 7001, ..Address::default() };
        let (me, other) = (nodes.my_key(), nodes.add(facts, Now::default().mono).expect("room"));
        let foreign = match self {
            Self::Importing(raw) | Self::Foreign(raw) => Slot::new(raw),
            Self::Alone | Self::Migrating(_) | Self::Replica | Self::Down => None,
        };
        for slot in Slot::all() {
            let owner = if matches!(self, Self::Replica) || foreign == Some(slot) { other } else { me };
            nodes.bind(slot, owner);
        }
        match self {
            Self::Importing(raw) => {
                nodes.set_open_slot(Slot::new(raw).expect("a slot"), Some(OpenSlot::Importing(other)));
            }
            Self::Migrating(raw) => {
                nodes.set_open_slot(Slot::new(raw).expect("a slot"), Some(OpenSlot::Migrating(other)));
            }
            Self::Replica => nodes.make_replica(me, Some(other)),
            Self::Alone | Self::Foreign(_) | Self::Down => {}
        }
        ClusterView::new(&nodes, Now::default(), !matches!(self, Self::Down), 2, BusStats::default())
    }
}

#[derive(Debug)]
struct World {
    view: Mutex<Arc<ClusterView>>,
    version: AtomicU64,
    published: AtomicUsize,
}

struct Shared(Arc<World>);

impl Surroundings for Shared {
    fn view(&self) -> Arc<ClusterView> {
        Arc::clone(&self.0.view.lock().expect("no panic"))
    }

    fn view_version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn now(&self) -> Now {
        Now::default()
    }

    fn unix_micros(&self) -> u64 {
        1_795_000_000_123_456
    }

    fn publish(&self, _shard: bool, _channel: &[u8], _message: &[u8]) {
        self.0.published.fetch_add(1, Ordering::Relaxed);
    }
}

struct Ignore;

impl Driver for Ignore {
    fn killed(&self) {}

    fn pushed(&self) {}
}

/// A server.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) server: Server,
    world: Arc<World>,
}

impl Fixture {
    pub(crate) fn new(table: Table) -> Self {
        Self::with_config(table, Config::default())
    }

    /// One that was started with this configuration.
    pub(crate) fn with_config(table: Table, config: Config) -> Self {
        let view = Mutex::new(Arc::new(table.view()));
        let world = Arc::new(World { view, version: AtomicU64::new(0), published: AtomicUsize::new(0) });
        let pubsub = PubSub::new(config.output_limits());
        let surroundings = Box::new(Shared(Arc::clone(&world)));
        let server = Server::new(Now::default(), Process::default(), config, Keyspace::new(1), surroundings, pubsub);
        server.follow_topology(Now::default());
        Self { server, world }
    }

    /// The node learns something else about its cluster.
    pub(crate) fn become_(&self, table: Table) {
        self.learn(table);
        self.server.follow_topology(Now::default());
    }

    /// The same, before its keys have followed.
    pub(crate) fn learn(&self, table: Table) {
        *self.world.view.lock().expect("no panic") = Arc::new(table.view());
        self.world.version.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn configure(&self, name: &str, value: &str) {
        self.server.change_config(|config| config.set(&[(name, value)])).expect("a value that may be set");
    }

    /// Ends subscriptions to shard channels that are not served any more.
    pub(crate) fn keep_slots(&self) {
        let view = Arc::clone(&self.world.view.lock().expect("no panic"));
        self.server.pubsub.keep_slots(Now::default().mono, |slot| shard_owner(&view, slot));
    }

    pub(crate) fn connect_from(&self, ip: [u8; 4]) -> Result<Session, ErrorReply> {
        let peer = Peer::Tcp { remote: (ip, 5000).into(), local: ([127, 0, 0, 1], 7000).into() };
        self.server.connect(Now::default(), &peer, 0, Box::new(Ignore))
    }

    pub(crate) fn client(&self) -> Client<'_> {
        let session = self.connect_from([127, 0, 0, 1]).expect("room");
        Client {
            server: &self.server,
            session,
            now: Now::default(),
            takes: Duration::from_micros(1),
            outcome: Outcome::Continue,
            follows: true,
        }
    }

    /// How many messages were handed to the bus.
    pub(crate) fn published(&self) -> usize {
        self.world.published.load(Ordering::Relaxed)
    }

    pub(crate) fn limit_output(&self, hard_bytes: u64) {
        self.configure("client-output-buffer-limit", &format!("normal {hard_bytes} 0 0"));
        self.server.pubsub.set_limits(self.server.config().output_limits());
    }

    /// How often a command ran, and how often it failed.
    pub(crate) fn calls(&self, name: &str) -> (u64, u64) {
        let counters = self.server.stats.of(table::find(name.as_bytes()).expect("a command"));
        (counters.calls, counters.failed)
    }

    pub(crate) fn micros(&self, name: &str) -> u64 {
        self.server.stats.of(table::find(name.as_bytes()).expect("a command")).micros
    }
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client<'a> {
    server: &'a Server,
    pub(crate) session: Session,
    /// When it says what it says.
    pub(crate) now: Now,
    /// How long each of its requests takes.
    pub(crate) takes: Duration,
    /// What the last request led to.
    pub(crate) outcome: Outcome,
    /// Whether what was held up goes on at once.
    pub(crate) follows: bool,
}

impl Client<'_> {
    /// Sends words separated by spaces; gives the reply.
    pub(crate) fn say(&mut self, request: &str) -> String {
        self.say_words(&request.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    /// The same with words that are no texts.
    pub(crate) fn say_words(&mut self, words: &[&[u8]]) -> String {
        let mut out = Output::default();
        self.outcome = execute(self.server, &mut self.session, self.now, words, None, &mut out);
        let bytes_in = words.iter().map(|word| word.len() as u64 + 1).sum::<u64>().saturating_sub(1);
        let ended = self.now.mono.after(self.takes);
        let request = Executed { args: words, begun: self.now, ended, bytes_in };
        self.server.note_request(&mut self.session, &request);
        let mut sent = String::new();
        while self.follows && matches!(self.outcome, Outcome::Published | Outcome::Flush | Outcome::Walk) {
            sent += &text(&out);
            out.clear(0);
            self.go_on(&mut out);
        }
        self.server.settle(&mut self.session);
        sent + &text(&out)
    }

    /// The same, giving the bytes of the reply.
    pub(crate) fn bytes(&mut self, words: &[&[u8]]) -> Vec<u8> {
        let mut out = Output::default();
        self.outcome = execute(self.server, &mut self.session, self.now, words, None, &mut out);
        out.own().clone()
    }

    pub(crate) fn say_all(&mut self, requests: &[&str]) -> String {
        requests.iter().map(|request| self.say(request)).collect()
    }

    /// Goes on with what was held up.
    pub(crate) fn resume(&mut self) -> String {
        let mut out = Output::default();
        self.go_on(&mut out);
        text(&out)
    }

    fn go_on(&mut self, out: &mut Output) {
        self.outcome = resume(self.server, &mut self.session, self.now, out);
        self.server.note_time(&mut self.session, self.takes.as_micros() as u64);
    }

    pub(crate) fn answer(&mut self, question: &Question, given: &Answer) -> String {
        let mut out = Output::default();
        self.outcome = answer(self.server, &mut self.session, Now::default(), question, given, &mut out);
        text(&out)
    }

    /// The request that waits for keys ends.
    pub(crate) fn end_wait(&mut self) -> String {
        let mut out = Output::default();
        let Outcome::Wait(waiter) = &self.outcome else { panic!("it does not wait: {:?}", self.outcome) };
        let waiter = Arc::clone(waiter);
        self.outcome = end_wait(self.server, &mut self.session, self.now, &waiter, &mut out);
        text(&out)
    }

    /// It goes.
    pub(crate) fn leave(mut self) {
        self.server.disconnect(&mut self.session, self.now);
    }

    /// What it was told of events: their names with the keys.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let told = self.pushes();
        let lines: Vec<&str> = told.split("\r\n").collect();
        let name = |line: &str| line.strip_prefix("__keyevent@0__:").map(str::to_owned);
        lines.windows(3).filter_map(|lines| name(lines[0]).map(|name| format!("{name} {}", lines[2]))).collect()
    }

    /// What came without having been asked for.
    pub(crate) fn pushes(&mut self) -> String {
        let mut out = Output::default();
        self.session.client().take_pushes(&mut out, usize::MAX);
        text(&out)
    }
}

fn text(out: &Output) -> String {
    let mut pieces = [IoSlice::new(&[]); 8];
    let used = out.pieces(0, &mut pieces);
    let bytes: Vec<u8> = pieces[..used].iter().flat_map(|piece| piece.iter().copied()).collect();
    assert_eq!(bytes.len(), out.len(), "a reply of more pieces");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How many values there are.
pub(crate) fn frames(mut bytes: &str) -> usize {
    let mut count = 0;
    while let Some((_, length)) = Value::parse(bytes.as_bytes()).expect("values") {
        bytes = &bytes[length..];
        count += 1;
    }
    count
}
