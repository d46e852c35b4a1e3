//! Nodes, network and time.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{Action, Config, ConnectError, Engine, MeetTarget, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_table::{Health, Node};
use slotmesh_types::{Host, Mono, NodeId, Now, UnixMillis};

use crate::network::{Arrival, End, Network};
use crate::node::SimNode;

const START_MICROS: u64 = 1_795_000_000_000_000;
/// One way over the network, at least and at most.
const LATENCY_MICROS: (u64, u64) = (100, 1500);

/// A cluster in virtual time.
pub struct World {
    nodes: Vec<SimNode>,
    network: Network,
    now: Mono,
    rng: SplitMix,
    seed: u64,
}

impl World {
    /// `count` fresh nodes that know nobody, with default settings.
    #[must_use]
    pub fn new(seed: u64, count: usize) -> Self {
        Self::with_node_timeout(seed, count, Duration::from_secs(15))
    }

    /// The same with another `cluster-node-timeout`.
    #[must_use]
    pub fn with_node_timeout(seed: u64, count: usize, node_timeout: Duration) -> Self {
        let mut world = Self {
            nodes: Vec::new(),
            network: Network::default(),
            now: Mono::from_micros(START_MICROS),
            rng: SplitMix::new(seed),
            seed,
        };
        for index in 0..count {
            let port = 7000 + index as u16;
            let config = Config { node_timeout, port, bus_port: port + 10_000, ..Config::default() };
            let seed = world.rng.next_u64();
            let now = world.clock();
            world.nodes.push(SimNode::new(now, address(index, 0), seed, config));
        }
        world
    }

    /// The seed, to print when something is wrong.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// CLUSTER MEET on node `from` with the address of node `to`.
    pub fn meet(&mut self, from: usize, to: usize) {
        let target = MeetTarget {
            ip: self.nodes[to].host.ip().expect("nodes have IP addresses"),
            port: self.nodes[to].config.port,
            bus_port: self.nodes[to].config.bus_port,
        };
        let now = self.clock();
        self.engine(from).meet(now, target).expect("a handshake can start");
        self.drain(from);
    }

    /// CLUSTER FORGET on node `from` about node `about`.
    pub fn forget(&mut self, from: usize, about: usize) {
        let (id, now) = (self.id(about), self.clock());
        self.engine(from).forget(now, &id).expect("a known node");
        self.drain(from);
    }

    /// Stops a node at once: what it had not saved is lost, its connections break.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].engine = None;
        for end in self.network.ends_of(node) {
            if let Some(other) = self.network.leave(end) {
                let at = self.arrival_time();
                self.network.schedule(at, Arrival::Closed(other));
            }
        }
    }

    /// Starts a killed node again, at another address if `moved`.
    pub fn restart(&mut self, node: usize, moved: bool) {
        if moved {
            self.nodes[node].host = address(node, 1);
        }
        let (now, seed) = (self.clock(), self.rng.next_u64());
        self.nodes[node].restart(now, seed);
        self.drain(node);
    }

    /// Swallows everything from `from` to `to`; connections stand as if nothing had happened.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.network.cuts.insert((from, to));
    }

    /// Ends every cut.
    pub fn heal(&mut self) {
        self.network.cuts.clear();
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// Lets time pass until `done` holds, at most `limit`; tells how long it took, or `None`.
    pub fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> Option<Duration> {
        let (start, end) = (self.now, self.now.after(limit));
        loop {
            if done(self) {
                return Some(self.now.since(start));
            }
            let next = self.next_event().filter(|at| *at <= end);
            let Some(next) = next else {
                self.now = end;
                return None;
            };
            self.now = self.now.max(next);
            self.step();
        }
    }

    /// The id of a node.
    #[must_use]
    pub fn id(&self, node: usize) -> NodeId {
        *self.running(node).table().me().id()
    }

    /// What `node` knows of the node named `about`.
    #[must_use]
    pub fn sees(&self, node: usize, about: NodeId) -> Option<&Node> {
        let table = self.running(node).table();
        table.lookup(&about).map(|key| table.node(key))
    }

    /// How `node` judges the health of the node named `about`.
    #[must_use]
    pub fn health(&self, node: usize, about: NodeId) -> Option<Health> {
        self.sees(node, about).map(|node| node.health)
    }

    /// Whether every running node knows every other by name, is connected to it, and nothing else is in any table.
    #[must_use]
    pub fn is_full_mesh(&self) -> bool {
        let up: Vec<usize> = (0..self.nodes.len()).filter(|node| self.nodes[*node].engine.is_some()).collect();
        up.iter().all(|node| {
            let table = self.running(*node).table();
            table.len() == up.len()
                && up.iter().all(|other| {
                    let known = table.lookup(&self.id(*other)).map(|key| table.node(key));
                    known.is_some_and(|known| !known.handshake && known.connected && known.health == Health::Online)
                })
        })
    }

    /// Bytes sent by all nodes so far.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.network.bytes
    }

    /// The engine of a running node.
    ///
    /// # Panics
    /// When it is down.
    #[must_use]
    pub fn running(&self, node: usize) -> &Engine {
        self.nodes[node].engine.as_ref().expect("the node is up")
    }

    fn engine(&mut self, node: usize) -> &mut Engine {
        self.nodes[node].engine.as_mut().expect("the node is up")
    }

    fn clock(&self) -> Now {
        Now { mono: self.now, unix: UnixMillis(self.now.as_micros() / 1000) }
    }

    fn arrival_time(&mut self) -> Mono {
        let (least, most) = LATENCY_MICROS;
        self.now.after(Duration::from_micros(least + self.rng.next_u64() % (most - least)))
    }

    fn next_event(&self) -> Option<Mono> {
        let timers = self.nodes.iter().filter_map(|node| node.engine.as_ref()?.poll_timeout());
        timers.chain(self.network.next_at()).min()
    }

    fn step(&mut self) {
        while let Some(arrival) = self.network.pop(self.now) {
            self.arrive(arrival);
        }
        let now = self.clock();
        for index in 0..self.nodes.len() {
            let due = self.nodes[index].engine.as_ref().and_then(Engine::poll_timeout);
            if due.is_some_and(|due| due <= self.now) {
                self.engine(index).handle_timeout(now);
                self.drain(index);
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        let now = self.clock();
        match arrival {
            Arrival::Connect { from, to } => self.accept(from, to),
            Arrival::Connected(end) if self.network.peers.contains_key(&end) => {
                let local = self.nodes[end.node].host.ip().expect("nodes have IP addresses");
                self.engine(end.node).handle_connected(now, end.link, local);
                self.drain(end.node);
            }
            Arrival::Failed(end) if self.nodes[end.node].engine.is_some() => {
                self.engine(end.node).handle_connect_failed(now, end.link, ConnectError::Refused);
                self.drain(end.node);
            }
            Arrival::Packet(end, bytes) if self.network.peers.contains_key(&end) => {
                self.engine(end.node).handle_packet(now, end.link, &bytes);
                self.drain(end.node);
            }
            Arrival::Closed(end) if self.nodes[end.node].engine.is_some() => {
                self.engine(end.node).handle_closed(now, end.link, false);
                self.drain(end.node);
            }
            _ => {}
        }
    }

    fn accept(&mut self, from: End, to: usize) {
        let at = self.arrival_time();
        let now = self.clock();
        if self.nodes[from.node].engine.is_none() {
            return;
        }
        if self.nodes[to].engine.is_none() {
            return self.network.schedule(at, Arrival::Failed(from));
        }
        let ip = |host: Host| host.ip().expect("nodes have IP addresses");
        let (peer, local) = (ip(self.nodes[from.node].host), ip(self.nodes[to].host));
        let link = self.engine(to).handle_accepted(now, peer, local);
        self.network.join(from, End { node: to, link });
        self.network.send(End { node: to, link }, at, Arrival::Connected(from));
        self.drain(to);
    }

    /// Carries out what an engine wants.
    fn drain(&mut self, node: usize) {
        while let Some(action) = self.engine(node).poll_action() {
            let at = self.arrival_time();
            match action {
                Action::Connect { link, host, port } => {
                    let from = End { node, link };
                    let at_address = |n: &SimNode| n.host == host && n.config.bus_port == port;
                    let target = self.nodes.iter().position(at_address);
                    let arrival = match target.filter(|to| !self.network.cuts.contains(&(node, *to))) {
                        Some(to) => Arrival::Connect { from, to },
                        None => Arrival::Failed(from),
                    };
                    self.network.schedule(at, arrival);
                }
                Action::Send { link, bytes } => self.send(End { node, link }, at, bytes),
                Action::Close { link } => {
                    if let Some(other) = self.network.leave(End { node, link }) {
                        self.network.send(End { node, link }, at, Arrival::Closed(other));
                    }
                }
                Action::Persist(_) => {
                    let now = self.clock();
                    let text = ConfFile::from_table(self.running(node).table(), now).to_text();
                    self.nodes[node].disk = text;
                }
            }
        }
        while self.engine(node).poll_event().is_some() {}
    }

    fn send(&mut self, from: End, at: Mono, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        self.network.bytes += length;
        self.engine(from.node).handle_flushed(from.link, length);
        if let Some(to) = self.network.peers.get(&from).copied()
            && !self.network.cuts.contains(&(from.node, to.node))
        {
            self.network.send(from, at, Arrival::Packet(to, bytes));
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).field("nodes", &self.nodes.len()).finish()
    }
}

fn address(index: usize, generation: u8) -> Host {
    let [.., high, low] = (index as u32).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, generation, high, low)).into()
}
