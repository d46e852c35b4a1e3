//! The engine: its state, its inputs and its outputs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use bytes::Bytes;
use rand_core::Rng;
use slotmesh_table::{ClusterView, NodeFacts, NodeKey, Standing, Table, TableFull};
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId};
use slotmesh_wire::{HeaderTemplate, Kind};

use crate::action::{Action, DataOrder, Durability};
use crate::config::{Config, Rules};
use crate::debug::Mischief;
use crate::election::Election;
use crate::event::{Event, NodeName};
use crate::handover::Handover;
use crate::handshake::Handshakes;
use crate::link::{ConnectError, Direction, Link, LinkId, LinkInfo, Links};
use crate::peer::Peers;
use crate::publish::Delivery;
use crate::replication::Replication;
use crate::roster::Roster;
use crate::schedule::Clock;
use crate::seeds::Seeds;
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
    pub(crate) replication: Replication,
    pub(crate) election: Election,
    pub(crate) handover: Handover,
    pub(crate) seeds: Seeds,
    pub(crate) roster: Roster,
    /// Until when this node waits to be forgotten, if it leaves.
    pub(crate) leaving: Option<Mono>,
    /// Whether a peer has shown this node its own address since the start: what nodes.conf says may be of another place.
    pub(crate) own_address_shown: bool,
    /// How this node misbehaves, for a test.
    pub(crate) mischief: Mischief,
    pub(crate) counters: Counters,
    /// What the present input wants sent; moved behind a pending save when the input is done.
    outbox: Vec<Action>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    save: Option<Durability>,
    pub(crate) broadcast: bool,
    /// What the packet at hand brought for subscribers.
    pub(crate) delivery: Option<Delivery>,
    /// This node has come to suspect somebody: others are told without waiting for a heartbeat.
    pub(crate) alarm: bool,
    /// The own header as last laid out, and the table version it shows.
    pub(crate) header: Option<(u64, HeaderTemplate)>,
    /// The nodes in PFAIL: every heartbeat tells of them.
    pub(crate) suspects: BTreeSet<NodeKey>,
    /// Nodes in FAIL.
    pub(crate) failed: BTreeSet<NodeKey>,
    /// The last position given out in the order of proof.
    pub(crate) proven: u64,
    /// Nodes by that position: what is passed on to those who have not been told.
    pub(crate) roll: BTreeMap<u64, NodeKey>,
}

impl Engine {
    /// Events kept for a driver that does not drain them; older ones are dropped.
    pub const EVENTS_MAX: usize = 65_536;
    /// The highest [`Config::strangers_max`].
    pub const STRANGERS_MAX: usize = 4096;
    /// Most bytes that may wait on the link of somebody who is no member when a packet is put there; past it the link is
    /// closed.
    pub const STRANGER_QUEUE_MAX: u64 = 1 << 20;
    /// Most bytes that may wait on a link when a member's packet is answered there, with a PONG or an UPDATE. It gets no
    /// answer past it: it may ask as often as it likes, and take nothing.
    pub const ANSWERS_QUEUE_MAX: u64 = 8 << 20;

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
        let clock = Clock::new(now.mono, table.me().id());
        let mut engine = Self {
            table,
            config,
            rng: Box::new(rng),
            now,
            links: Links::default(),
            peers,
            handshakes: Handshakes::default(),
            state: ClusterState::new(now.mono),
            clock,
            replication: Replication::default(),
            election: Election::default(),
            handover: Handover::default(),
            seeds: Seeds::default(),
            roster: Roster::default(),
            leaving: None,
            own_address_shown: false,
            mischief: Mischief::default(),
            counters: Counters::new(),
            outbox: Vec::new(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
            save: None,
            broadcast: false,
            delivery: None,
            alarm: false,
            header: None,
            suspects: BTreeSet::new(),
            failed: BTreeSet::new(),
            proven: 0,
            roll: BTreeMap::new(),
        };
        for key in engine.table.keys() {
            engine.relist(key);
            engine.set_health(key, engine.table.node(key).health);
            engine.look_at(key, now.mono);
        }
        engine.announce_myself();
        engine.resume_role();
        engine.settle();
        engine
    }

    /// A connection that the engine asked for stands. `local` is this node's end of it.
    pub fn handle_connected(&mut self, now: Now, id: LinkId, local: IpAddr) {
        self.now = now;
        let Some(link) = self.links.get_mut(id) else { return };
        link.connected = true;
        link.local = local.into();
        let waiting = std::mem::take(&mut link.waiting);
        let Some(key) = link.node else {
            self.put_question(id);
            return self.settle();
        };
        self.peers[key].failures = 0;
        self.peers[key].gone = false;
        self.peers[key].case = None;
        if let Some(handshake) = self.handshakes.get_mut(key) {
            handshake.last_error = None;
        }
        self.greet(key);
        if waiting.iter().any(|action| matches!(action, Action::SendPromise { .. })) {
            // The save that it was given with may have failed meanwhile.
            self.want_save(Durability::Barrier);
        }
        self.outbox.extend(waiting);
        self.look_at(key, now.mono);
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
        match link.node {
            Some(key) => {
                self.peers[key].outbound = None;
                self.note_connect_failure(key, error);
            }
            None => self.emit(Event::SeedUnreachable { host: link.peer, bus_port: link.port, error }),
        }
        self.settle();
    }

    /// A peer opened a connection.
    pub fn handle_accepted(&mut self, now: Now, peer: IpAddr, local: IpAddr) -> LinkId {
        self.now = now;
        let max = self.config.strangers_max.clamp(1, Self::STRANGERS_MAX);
        if self.links.strangers(max) >= max {
            let oldest = self.links.iter().filter(|(_, link)| link.is_stranger()).map(|(id, _)| id).min();
            if let Some(oldest) = oldest {
                self.close_link(oldest);
            }
        }
        let mut link = Link::new(Direction::Inbound, None, peer.into(), now.mono);
        (link.connected, link.local) = (true, local.into());
        let id = self.links.add(link);
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
        self.delivery = None;
        if self.mischief.drops(bytes) {
            self.note_dropped(id, bytes);
        } else {
            self.receive(id, bytes);
        }
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
        if !self.actions.is_empty() {
            return Some(self.now.mono);
        }
        Some(match self.config.rules {
            Rules::Slotmesh => self.clock.wake,
            Rules::Valkey => self.clock.grid.from(self.clock.wake),
        })
    }

    /// Changes settings while running.
    pub fn configure(&mut self, now: Now, config: Config) {
        self.now = now;
        self.config = config;
        self.announce_myself();
        self.look_at_all();
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
        let mut view = ClusterView::new(&self.table, now, self.state.ok, self.table.voting(), self.counters.0.clone());
        view.standing = Standing {
            forgotten: self.table.forgotten.iter(now.mono).count(),
            forgotten_by: self.forgotten_by(),
            seeking: self.is_seeking(),
        };
        view
    }

    /// Whether the cluster serves keys, as this node sees it.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.state.ok
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
                heard: link.heard,
                traffic: link.traffic,
            })
            .collect()
    }

    /// Bytes that wait to be sent, on all links together.
    #[must_use]
    pub fn queued_bytes(&self) -> u64 {
        self.links.iter().map(|(_, link)| link.queued).sum()
    }

    /// How a node is named in logs.
    pub(crate) fn name(&self, key: NodeKey) -> NodeName {
        let node = self.table.node(key);
        let (human, address) = (node.announcements.human_nodename.clone(), node.address);
        NodeName { id: *node.id(), human, host: address.host, port: address.port }
    }

    pub(crate) fn emit(&mut self, event: Event) {
        if self.events.len() == Self::EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Asks the driver for something that stands behind no save.
    pub(crate) fn ask_driver(&mut self, action: Action) {
        self.outbox.push(action);
    }

    /// Has something done on the data side, behind the save that it relies on.
    pub(crate) fn order(&mut self, order: DataOrder) {
        self.outbox.push(Action::Data(order));
    }

    /// Asks for a save; the strongest wish of an input counts.
    pub(crate) fn want_save(&mut self, durability: Durability) {
        self.save = self.save.max(Some(durability));
    }

    /// Sends a packet. Tells whether it will leave, if the link lasts.
    pub(crate) fn transmit(&mut self, link: LinkId, kind: Kind, bytes: impl Into<Bytes>) -> bool {
        let bytes = bytes.into();
        self.send(link, kind, bytes.len(), Action::Send { link, bytes })
    }

    /// Sends what must not leave before the save of this input is on disk.
    pub(crate) fn promise(&mut self, link: LinkId, kind: Kind, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.send(link, kind, bytes.len(), Action::SendPromise { link, bytes });
    }

    /// Hands a packet out, or keeps it until the link stands: a driver has nowhere to put it before [link-2].
    fn send(&mut self, id: LinkId, kind: Kind, bytes: usize, action: Action) -> bool {
        if !self.takes(id, kind) {
            return false;
        }
        let Some(link) = self.links.get_mut(id) else { return false };
        if link.connected {
            self.outbox.push(action);
        } else {
            link.waiting.push(action);
        }
        self.note_sent(id, kind, bytes);
        true
    }

    /// Whether a link has room for a packet. Who is no member and takes nothing loses its link [trust-3].
    fn takes(&mut self, id: LinkId, kind: Kind) -> bool {
        let Some(link) = self.links.get(id) else { return false };
        if !link.connected {
            // A heartbeat does not wait: the greeting says the same, and says it newer.
            return !kind.is_heartbeat() && link.waiting.len() < Link::WAITING_MAX;
        }
        let queued = link.queued;
        if self.member_of(id).is_none() && queued > Self::STRANGER_QUEUE_MAX {
            self.counters.0.links_over_limit += 1;
            self.close_link(id);
            return false;
        }
        !matches!(kind, Kind::Pong | Kind::Update) || queued <= Self::ANSWERS_QUEUE_MAX
    }

    fn note_sent(&mut self, link: LinkId, kind: Kind, bytes: usize) {
        let Some(state) = self.links.get_mut(link) else { return };
        state.queued += bytes as u64;
        state.traffic.sent(kind, bytes);
        let (queued, node) = (state.queued, state.node);
        self.counters.sent(kind, bytes);
        let limit = self.config.link_sendbuf_limit;
        if let Some(key) = node.filter(|_| limit != 0 && queued > limit) {
            self.look_soon(key);
        }
    }

    pub(crate) fn connect(&mut self, key: NodeKey) {
        let address = self.table.node(key).address;
        let id = self.open_link(Some(key), address.host, address.bus_port);
        self.peers[key].outbound = Some(id);
    }

    /// Opens a connection to a node, or to whoever listens there.
    pub(crate) fn open_link(&mut self, node: Option<NodeKey>, host: Host, port: u16) -> LinkId {
        let mut link = Link::new(Direction::Outbound, node, host, self.now.mono);
        link.port = port;
        let id = self.links.add(link);
        self.outbox.push(Action::Connect { link: id, host, port });
        id
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
        self.look_at(key, self.now.mono);
        Ok(key)
    }

    /// Removes a node with its links, wherever it stands.
    pub(crate) fn drop_node(&mut self, key: NodeKey) {
        let ids = [self.peers[key].outbound, self.peers[key].inbound];
        for id in ids.into_iter().flatten() {
            self.close_link(id);
        }
        self.handshakes.remove(key);
        if self.is_handing_over_to(key) {
            self.abort_handover();
        }
        self.roll.remove(&self.peers[key].proven);
        self.unlist(key);
        self.suspects.remove(&key);
        self.failed.remove(&key);
        self.look_no_more(key);
        self.election.forget_voter(key);
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
        self.look_at(key, now);
    }

    /// Ends a link as if the network had done so.
    pub(crate) fn break_link(&mut self, id: LinkId) {
        if self.links.get(id).is_some() {
            self.outbox.push(Action::Close { link: id });
            self.lose_link(id, false);
        }
    }

    fn lose_link(&mut self, id: LinkId, garbage: bool) {
        let Some(link) = self.links.get(id) else { return };
        let outbound = link.direction == Direction::Outbound;
        let Some(key) = link.node.filter(|_| outbound) else {
            self.detach_link(id);
            return;
        };
        let stood = link.received > 0;
        self.detach_link(id);
        if stood && !garbage && !self.table.node(key).handshake {
            self.open_case(key);
        }
        self.end_of_outbound(key, garbage);
    }

    /// Does what the input has made due, then lets the packets out behind the save that they rely on.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.state.due) {
            self.evaluate_state();
            // Whoever has a vote may have changed with it.
            self.election.due |= self.election.is_under_way();
        }
        if std::mem::take(&mut self.election.due) {
            self.advance_handover();
            self.advance_election();
            self.clock.wake = self.clock.wake.min(self.election_deadline().unwrap_or(self.clock.wake));
            if std::mem::take(&mut self.state.due) {
                self.evaluate_state();
            }
        }
        if std::mem::take(&mut self.broadcast) {
            self.broadcast_pong();
        }
        if std::mem::take(&mut self.alarm) {
            self.raise_alarm();
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
