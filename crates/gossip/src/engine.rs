//! The engine: its state, its inputs and its outputs.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use rand_core::Rng;
use slotmesh_table::{ClusterView, NodeFacts, NodeKey, Table, TableFull};
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId};
use slotmesh_wire::{HeaderTemplate, Kind};

use crate::action::{Action, Durability};
use crate::config::Config;
use crate::event::{Event, NodeName};
use crate::handshake::Handshakes;
use crate::link::{ConnectError, Direction, Link, LinkId, LinkInfo, Links};
use crate::peer::Peers;
use crate::schedule::Clock;
use crate::state::ClusterState;
use crate::stats::Counters;

/// The membership engine of one node. See the crate's page for its life cycle.
pub struct Engine {
    pub(crate) table: Table,
    pub(crate) config: Config,
    pub(crate) rng: Box<dyn Rng + Send>,
    pub(crate) now: Now,
    pub(crate) links: Links,
    pub(crate) peers: Peers,
    pub(crate) handshakes: Handshakes,
    pub(crate) state: ClusterState,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    /// What the present input wants sent; moved behind a pending save when the input is done.
    outbox: Vec<Action>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    save: Option<Durability>,
    pub(crate) broadcast: bool,
    /// The own header as last laid out, and the table version it shows.
    pub(crate) header: Option<(u64, HeaderTemplate)>,
    /// The last position given out in the order of proof.
    pub(crate) proven: u64,
    /// Nodes by that position: what is passed on to those who have not been told.
    pub(crate) roll: BTreeMap<u64, NodeKey>,
}

impl Engine {
    /// Events kept for a driver that does not drain them; older ones are dropped.
    pub const EVENTS_MAX: usize = 65_536;
    /// Inbound links on which nobody has been identified; past it the oldest one makes room.
    pub const STRANGERS_MAX: usize = 4096;

    /// The engine of the node that `table` describes.
    ///
    /// `rng` decides every random choice. Its own address is what the configuration announces, else what the table
    /// (nodes.conf) says until a peer shows a better one.
    #[must_use]
    pub fn new(now: Now, table: Table, config: Config, rng: impl Rng + Send + 'static) -> Self {
        let mut peers = Peers::default();
        for key in table.keys() {
            peers.add(key, now.mono);
        }
        let mut engine = Self {
            table,
            config,
            rng: Box::new(rng),
            now,
            links: Links::default(),
            peers,
            handshakes: Handshakes::default(),
            state: ClusterState::new(now.mono),
            clock: Clock::new(now.mono),
            counters: Counters::new(),
            outbox: Vec::new(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
            save: None,
            broadcast: false,
            header: None,
            proven: 0,
            roll: BTreeMap::new(),
        };
        engine.announce_myself();
        engine.settle();
        engine
    }

    /// A connection that the engine asked for stands. `local` is this node's end of it.
    pub fn handle_connected(&mut self, now: Now, id: LinkId, local: IpAddr) {
        self.now = now;
        let Some(link) = self.links.get_mut(id) else { return };
        link.connected = true;
        link.local = local.into();
        let Some(key) = link.node else { return };
        self.peers[key].failures = 0;
        self.greet(key, id);
        if !self.table.node(key).handshake {
            self.table.facts_mut(key).connected = true;
            let name = self.name(key);
            self.emit(Event::LinkUp(name));
        }
        self.settle();
    }

    /// A connection that the engine asked for could not be opened.
    pub fn handle_connect_failed(&mut self, now: Now, id: LinkId, error: ConnectError) {
        self.now = now;
        let Some(link) = self.links.remove(id) else { return };
        if let Some(key) = link.node {
            self.peers[key].outbound = None;
            self.note_connect_failure(key, error);
        }
        self.settle();
    }

    /// A peer opened a connection.
    pub fn handle_accepted(&mut self, now: Now, peer: IpAddr, local: IpAddr) -> LinkId {
        self.now = now;
        if self.links.strangers() >= Self::STRANGERS_MAX {
            let oldest = self.links.iter().find(|(_, link)| link.node.is_none()).map(|(id, _)| id);
            if let Some(oldest) = oldest {
                self.close_link(oldest);
            }
        }
        let id = self.links.add(Link {
            direction: Direction::Inbound,
            node: None,
            created: now.mono,
            heard: now.mono,
            connected: true,
            extensible: false,
            peer: peer.into(),
            local: local.into(),
            queued: 0,
            received: 0,
        });
        self.settle();
        id
    }

    /// A connection ended, or what came on it was not the bus protocol (`garbage`).
    pub fn handle_closed(&mut self, now: Now, id: LinkId, garbage: bool) {
        self.now = now;
        self.lose_link(id, garbage);
        self.settle();
    }

    /// Bytes handed out as [`Action::Send`] have left.
    pub fn handle_flushed(&mut self, id: LinkId, bytes: u64) {
        if let Some(link) = self.links.get_mut(id) {
            link.queued = link.queued.saturating_sub(bytes);
        }
    }

    /// A complete packet came in. What is not worth a reaction has none; the engine never panics on it and never keeps
    /// more than a bounded part of it.
    pub fn handle_packet(&mut self, now: Now, id: LinkId, bytes: &[u8]) {
        self.now = now;
        self.receive(id, bytes);
        self.settle();
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        self.run_schedule();
        self.settle();
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Engine::handle_timeout`] next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        Some(if self.actions.is_empty() { self.clock.wake } else { self.now.mono })
    }

    /// Changes settings while running.
    pub fn configure(&mut self, now: Now, config: Config) {
        self.now = now;
        self.config = config;
        self.announce_myself();
        self.clock.wake = now.mono;
        self.state.due = true;
        self.settle();
    }

    /// What this node knows.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A picture for readers on other threads.
    #[must_use]
    pub fn view(&self, now: Now) -> ClusterView {
        ClusterView::new(&self.table, now, self.state.ok, self.state.size, self.counters.0.clone())
    }

    /// Whether the engine still wants this connection.
    #[must_use]
    pub fn has_link(&self, id: LinkId) -> bool {
        self.links.get(id).is_some()
    }

    /// How many members report a node as unreachable; `None` if nobody of that name is known.
    pub fn failure_reports(&mut self, now: Now, id: &NodeId) -> Option<usize> {
        let key = self.table.lookup(id)?;
        let validity = self.config.report_validity();
        Some(self.table.count_reports(key, now.mono, validity))
    }

    /// The links with an identified node at the other end.
    #[must_use]
    pub fn links(&self) -> Vec<LinkInfo> {
        let members = self.links.iter().filter_map(|(_, link)| Some((link, link.node?)));
        members
            .map(|(link, key)| LinkInfo {
                direction: link.direction,
                node: *self.table.node(key).id(),
                created: link.created,
                connected: link.connected,
                queued: link.queued,
            })
            .collect()
    }

    /// How a node is named in logs.
    pub(crate) fn name(&self, key: NodeKey) -> NodeName {
        let node = self.table.node(key);
        let human = node.announcements.human_nodename.as_str();
        let name =
            if human.is_empty() { format!("{}:{}", node.address.host, node.address.port) } else { human.to_owned() };
        NodeName { id: *node.id(), name }
    }

    pub(crate) fn emit(&mut self, event: Event) {
        if self.events.len() == Self::EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Asks for a save; the strongest wish of an input counts.
    pub(crate) fn want_save(&mut self, durability: Durability) {
        self.save = self.save.max(Some(durability));
    }

    pub(crate) fn transmit(&mut self, link: LinkId, kind: Kind, bytes: Vec<u8>) {
        if let Some(state) = self.links.get_mut(link) {
            state.queued += bytes.len() as u64;
            self.counters.sent(kind, bytes.len());
            self.outbox.push(Action::Send { link, bytes });
        }
    }

    pub(crate) fn connect(&mut self, key: NodeKey) {
        let address = self.table.node(key).address;
        let id = self.links.add(Link {
            direction: Direction::Outbound,
            node: Some(key),
            created: self.now.mono,
            heard: self.now.mono,
            connected: false,
            extensible: false,
            peer: address.host,
            local: Host::UNKNOWN,
            queued: 0,
            received: 0,
        });
        self.peers[key].outbound = Some(id);
        self.outbox.push(Action::Connect { link: id, host: address.host, port: address.bus_port });
    }

    /// Closes a link by our own decision.
    pub(crate) fn close_link(&mut self, id: LinkId) {
        if self.links.get(id).is_some() {
            self.outbox.push(Action::Close { link: id });
            self.detach_link(id);
        }
    }

    /// Adds a node to the table and gives it a place here.
    pub(crate) fn add_node(&mut self, facts: NodeFacts) -> Result<NodeKey, TableFull> {
        let key = self.table.add(facts, self.now.mono)?;
        self.peers.add(key, self.now.mono);
        self.clock.wake = self.now.mono;
        Ok(key)
    }

    /// Removes a node with its links, wherever it stands.
    pub(crate) fn drop_node(&mut self, key: NodeKey) {
        let ids = [self.peers[key].outbound, self.peers[key].inbound];
        for id in ids.into_iter().flatten() {
            self.close_link(id);
        }
        self.handshakes.open.remove(&key);
        self.roll.remove(&self.peers[key].proven);
        self.table.remove(key);
        self.state.due = true;
    }

    pub(crate) fn random_node_id(&mut self) -> NodeId {
        loop {
            let id = NodeId::from_entropy(self.entropy());
            // Generators of tests are small, and a name that is taken would bring the table out of step.
            if self.table.lookup(&id).is_none() {
                return id;
            }
        }
    }

    pub(crate) fn random_shard_id(&mut self) -> ShardId {
        ShardId::from_entropy(self.entropy())
    }

    fn entropy(&mut self) -> [u8; 20] {
        let mut bytes = [0; 20];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// A link is gone: whoever it belonged to has it no more.
    fn detach_link(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(id) else { return };
        let Some(key) = link.node else { return };
        let now = self.now.mono;
        let peer = &mut self.peers[key];
        if peer.outbound == Some(id) {
            peer.outbound = None;
            if self.table.node(key).connected {
                self.table.facts_mut(key).connected = false;
                let name = self.name(key);
                self.emit(Event::LinkDown(name));
            }
        } else if peer.inbound == Some(id) {
            peer.inbound = None;
            peer.inbound_lost = now;
        }
        self.clock.wake = self.clock.wake.min(now);
    }

    fn lose_link(&mut self, id: LinkId, garbage: bool) {
        let Some(link) = self.links.get(id) else { return };
        let outbound = link.direction == Direction::Outbound;
        let Some(key) = link.node.filter(|_| outbound) else {
            self.detach_link(id);
            return;
        };
        self.detach_link(id);
        self.end_of_outbound(key, garbage);
    }

    /// Does what the input has made due, then lets the packets out behind the save that they rely on.
    fn settle(&mut self) {
        if std::mem::take(&mut self.state.due) {
            self.evaluate_state();
        }
        if std::mem::take(&mut self.broadcast) {
            self.broadcast_pong();
        }
        if let Some(durability) = self.save.take() {
            self.actions.push_back(Action::Persist(durability));
        }
        self.actions.extend(self.outbox.drain(..));
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("me", self.table.me().id()).field("nodes", &self.table.len()).finish()
    }
}
