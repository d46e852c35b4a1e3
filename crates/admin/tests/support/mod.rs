//! A node that exists only as a table, and clients of its API.

#![allow(dead_code, reason = "each test file uses a part")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slotmesh_admin::{
    AdminServer, CommandReply, Edit, EditError, Edited, Feed, Figures, Identity, MeetError, MeetReport, MeetTarget,
    Node, Options, PeerFigures, proto,
};
use slotmesh_table::{BusStats, ClusterView, NodeFacts, NodeKey, Table};
use slotmesh_types::{Mono, NodeId, Now, ShardId, Slot, UnixMillis};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

/// Longer than anything here takes, unless something hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The name of the only run.
pub(crate) const RUN: &str = "0123456789012345678901234567890123456789";

/// How other members answer a command.
pub(crate) type Members = Box<dyn FnMut(&FakeNode, NodeId, &str) -> Result<CommandReply, String> + Send>;

/// A node that exists only as a table.
pub(crate) struct FakeNode {
    table: Mutex<Table>,
    view: Mutex<Arc<ClusterView>>,
    versions: watch::Sender<u64>,
    events: mpsc::Sender<proto::Event>,
    ticks: AtomicU64,
    pub(crate) edits: Mutex<Vec<Edit>>,
    /// What other members were told.
    pub(crate) told: Mutex<Vec<(NodeId, String)>>,
    /// Without this, they have no keys and agree to everything.
    pub(crate) members: Mutex<Option<Members>>,
    /// The slot of this node that holds a key.
    pub(crate) own_key: Mutex<Option<Slot>>,
    /// How often they were asked.
    pub(crate) asked: AtomicU64,
    /// They answer nothing while this is held.
    pub(crate) silence: tokio::sync::Mutex<()>,
}

impl FakeNode {
    pub(crate) fn new() -> (Arc<Self>, Feed) {
        let table = Table::new(id(0), ShardId::from_entropy([0; 20]));
        let view = Arc::new(ClusterView::new(&table, now(1), false, 0, BusStats::default()));
        let versions = watch::Sender::new(view.version);
        let (events, queue) = mpsc::channel(64);
        let feed = Feed { versions: versions.subscribe(), events: Box::pin(ReceiverStream::new(queue)) };
        let (table, view, edits) = (Mutex::new(table), Mutex::new(view), Mutex::default());
        let (told, members, silence) = (Mutex::default(), Mutex::default(), tokio::sync::Mutex::default());
        let ticks = AtomicU64::new(1);
        (
            Arc::new(Self {
                table,
                view,
                versions,
                events,
                ticks,
                edits,
                told,
                own_key: Mutex::default(),
                members,
                asked: AtomicU64::new(0),
                silence,
            }),
            feed,
        )
    }

    /// Changes the table and publishes it, as a bus thread does.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table.lock().unwrap();
        let result = change(&mut table);
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        let view = Arc::new(ClusterView::new(&table, now(tick), false, table.voting(), BusStats::default()));
        let version = view.version;
        *self.view.lock().unwrap() = view;
        self.versions.send_replace(version);
        result
    }

    /// A member with this number.
    pub(crate) fn join(&self, number: u64) -> NodeKey {
        self.change(|table| table.add(NodeFacts::primary(id(number), shard(number)), now(1).mono).unwrap())
    }

    /// Says how other members answer.
    pub(crate) fn answer_with(
        &self,
        members: impl FnMut(&Self, NodeId, &str) -> Result<CommandReply, String> + Send + 'static,
    ) {
        *self.members.lock().unwrap() = Some(Box::new(members));
    }

    /// A replica of a member takes its place and its slots.
    pub(crate) fn promote(&self, number: u64) {
        self.change(|table| {
            let replica = table.lookup(&id(number)).unwrap();
            let primary = table.node(replica).primary_key().unwrap();
            let slots: Vec<Slot> = table.node(primary).slots().iter().collect();
            table.make_primary(replica);
            slots.into_iter().for_each(|slot| table.bind(slot, replica));
        });
    }

    pub(crate) async fn tell(&self, sequence: u64) {
        let cursor = Some(proto::EventCursor { run_id: String::new(), sequence });
        self.events.send(proto::Event { cursor, ..proto::Event::default() }).await.unwrap();
    }

    pub(crate) fn table<T>(&self, look: impl FnOnce(&Table) -> T) -> T {
        look(&self.table.lock().unwrap())
    }
}

pub(crate) fn id(number: u64) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..8].copy_from_slice(&number.to_be_bytes());
    NodeId::from_entropy(entropy)
}

pub(crate) fn shard(number: u64) -> ShardId {
    let mut entropy = [1; 20];
    entropy[..8].copy_from_slice(&number.to_be_bytes());
    ShardId::from_entropy(entropy)
}

pub(crate) fn slot(raw: u64) -> Slot {
    Slot::new((raw % u64::from(Slot::COUNT)) as u16).unwrap()
}

pub(crate) fn now(tick: u64) -> Now {
    Now { mono: Mono::from_micros(tick * 1000), unix: UnixMillis(1_795_000_000_000 + tick) }
}

#[slotmesh_admin::async_trait]
impl Node for FakeNode {
    fn view(&self) -> Arc<ClusterView> {
        Arc::clone(&self.view.lock().unwrap())
    }

    fn keys_in(&self, slot: Slot) -> u64 {
        u64::from(*self.own_key.lock().unwrap() == Some(slot))
    }

    async fn refresh(&self) {}

    async fn meet(&self, at: Option<u64>, target: MeetTarget, _: Option<Duration>) -> Result<MeetReport, MeetError> {
        if at.is_some_and(|at| at != self.view().version) {
            return Err(MeetError::Moved);
        }
        let number = u64::from(target.port);
        self.join(number);
        let (outcome, message) = (proto::MeetOutcome::Joined, "joined".into());
        Ok(MeetReport { handshake: number, outcome, peer: Some(id(number)), message })
    }

    async fn handshakes(&self) -> Vec<proto::Handshake> {
        Vec::new()
    }

    async fn edit(&self, at: Option<u64>, edit: Edit) -> Result<Edited, EditError> {
        if at.is_some_and(|at| at != self.view().version) {
            return Err(EditError::Moved);
        }
        self.edits.lock().unwrap().push(edit.clone());
        match edit {
            Edit::AddSlots(ranges) => self.change(|table| {
                let me = table.my_key();
                let slots: Vec<Slot> = ranges.iter().flat_map(|range| range.iter()).collect();
                if let Some(busy) = slots.iter().find(|slot| table.owner(**slot).is_some()) {
                    return Err(EditError::Refused(format!("Slot {busy} is already busy")));
                }
                slots.into_iter().for_each(|slot| table.bind(slot, me));
                Ok(Edited::Done)
            }),
            Edit::Forget(id) => self.change(|table| {
                let key = table.lookup(&id).ok_or(EditError::UnknownNode(id))?;
                table.remove(key);
                Ok(Edited::Done)
            }),
            Edit::Failover(_) => self.change(|table| {
                let me = table.my_key();
                let primary = table.me().primary_key().ok_or_else(|| EditError::Refused("a primary".into()))?;
                let slots: Vec<Slot> = table.node(primary).slots().iter().collect();
                table.make_primary(me);
                slots.into_iter().for_each(|slot| table.bind(slot, me));
                Ok(Edited::Done)
            }),
            _ => Ok(Edited::Done),
        }
    }

    async fn commands(&self, node: NodeId, commands: Vec<Vec<String>>) -> Result<Vec<CommandReply>, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        drop(self.silence.lock().await);
        let answer = |words: &Vec<String>| {
            let command = words.join(" ");
            self.told.lock().unwrap().push((node, command.clone()));
            match &mut *self.members.lock().unwrap() {
                Some(members) => members(self, node, &command),
                None => Ok(CommandReply::Integer(0)),
            }
        };
        commands.iter().map(answer).collect()
    }

    async fn peers(&self) -> Vec<PeerFigures> {
        Vec::new()
    }

    async fn figures(&self) -> Figures {
        Figures { now: now(self.ticks.load(Ordering::Relaxed)), ..Figures::default() }
    }

    fn settings(&self, pattern: &str) -> Vec<(String, String)> {
        vec![(pattern.to_owned(), "value".into())]
    }

    async fn configure(&self, settings: Vec<(String, String)>) -> Result<Vec<String>, String> {
        Ok(settings.into_iter().map(|(name, _)| name).collect())
    }
}

/// A running API on a port of its own.
pub(crate) struct Api {
    pub(crate) node: Arc<FakeNode>,
    pub(crate) address: SocketAddr,
    pub(crate) server: Option<AdminServer>,
}

impl Api {
    pub(crate) fn start(options: Options) -> Self {
        let (node, feed) = FakeNode::new();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let identity = Identity { run_id: RUN.into(), cluster_name: "blue".into(), version: "1.2.3".into() };
        let server = AdminServer::start(options, vec![listener], node.clone(), feed, identity).unwrap();
        Self { node, address, server: Some(server) }
    }

    pub(crate) fn open() -> Self {
        Self::start(Options::default())
    }

    pub(crate) fn endpoint(&self) -> tonic::transport::Endpoint {
        tonic::transport::Endpoint::from_shared(format!("http://{}", self.address)).unwrap()
    }

    pub(crate) async fn channel(&self) -> Channel {
        self.endpoint().connect().await.unwrap()
    }
}

/// A small generator whose output is the same for ever. Source: xorshift64*, Vigna.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
