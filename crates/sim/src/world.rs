//! Nodes, network and time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{Config, Engine, Event, SplitMix};
use slotmesh_table::{Health, Node};
use slotmesh_types::{Host, Mono, NodeId, Now, SlotRange};

use crate::checks::Checks;
use crate::faults::{Dice, Faults};
use crate::network::Network;
use crate::node::SimNode;
use crate::timers::Timers;
use crate::trace::Trace;

pub(crate) const START_MICROS: u64 = 1_795_000_000_000_000;

/// What the nodes of a world are at first.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Settings of every node; its ports are added.
    pub config: Config,
    /// A node for each entry, with the slots it owns.
    pub slots: Vec<Option<SlotRange>>,
}

/// A cluster in virtual time.
pub struct World {
    pub(crate) nodes: Vec<SimNode>,
    pub(crate) network: Network,
    pub(crate) timers: Timers,
    /// Who listens where.
    pub(crate) listeners: BTreeMap<(Host, u16), usize>,
    pub(crate) now: Mono,
    pub(crate) rng: SplitMix,
    pub(crate) checks: Checks,
    pub(crate) trace: Trace,
    /// Addresses given out so far, beyond the first of each node.
    pub(crate) moves: u8,
    /// Whether everything that happens is printed.
    pub(crate) verbose: bool,
    /// The node whose events are kept, and the events.
    pub(crate) watching: Option<usize>,
    pub(crate) watched: Vec<Event>,
    /// Whether replication streams move.
    pub(crate) writing: bool,
    /// Whether what nodes save can be read again.
    pub(crate) keeps_files: bool,
    /// The node that was found not to know everybody when it was last looked.
    unready: Cell<usize>,
    seed: u64,
}

impl World {
    /// `count` fresh nodes that know nobody, with default settings.
    #[must_use]
    pub fn new(seed: u64, count: usize) -> Self {
        Self::with_setup(seed, Setup { config: Config::default(), slots: vec![None; count] })
    }

    /// The same with another `cluster-node-timeout`.
    #[must_use]
    pub fn with_node_timeout(seed: u64, count: usize, node_timeout: Duration) -> Self {
        let config = Config { node_timeout, ..Config::default() };
        Self::with_setup(seed, Setup { config, slots: vec![None; count] })
    }

    /// Fresh nodes that know nobody.
    #[must_use]
    pub fn with_setup(seed: u64, setup: Setup) -> Self {
        let mut rng = SplitMix::new(seed);
        let mut world = Self {
            nodes: Vec::new(),
            network: Network::new(setup.slots.len(), Dice(SplitMix::new(rng.next_u64()))),
            timers: Timers::new(setup.slots.len()),
            listeners: BTreeMap::new(),
            now: Mono::from_micros(START_MICROS),
            checks: Checks::new(setup.slots.len(), Mono::from_micros(START_MICROS)),
            trace: Trace::default(),
            moves: 0,
            verbose: false,
            watching: None,
            watched: Vec::new(),
            writing: false,
            keeps_files: true,
            unready: Cell::new(0),
            rng,
            seed,
        };
        let now = Now { mono: world.now, unix: slotmesh_types::UnixMillis(START_MICROS / 1000) };
        for (index, slots) in setup.slots.into_iter().enumerate() {
            let port = 7000 + index as u16;
            let config = Config { port, bus_port: port + 10_000, ..setup.config.clone() };
            let seed = world.rng.next_u64();
            world.nodes.push(SimNode::new(now, address(index, 0), seed, config, slots));
            world.listeners.insert((address(index, 0), port + 10_000), index);
            let engine = world.nodes[index].engine.as_ref().expect("just made");
            world.timers.set(index, engine.poll_timeout());
            world.checks.saved(index, world.nodes[index].disk.safe());
        }
        world
    }

    /// The seed, to print when something is wrong.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// From now on what nodes save can't be read again: for a world in which no process begins any more. Saves take their time and
    /// what depends on them waits as before, but a copy of the table for each was half of the work where many vote.
    pub fn keep_no_files(&mut self) {
        self.keeps_files = false;
    }

    /// From now on the network and the disks misbehave like this.
    pub fn set_faults(&mut self, faults: Faults) {
        self.network.faults = faults;
    }

    /// Prints what happens from now on: to find out how a seed came to fail.
    pub fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
    }

    /// Keeps the events of this node from now on, instead of any other's.
    pub fn watch(&mut self, node: usize) {
        self.watching = Some(node);
        self.watched.clear();
    }

    /// The events of the watched node since then.
    #[must_use]
    pub fn watched(&self) -> &[Event] {
        &self.watched
    }

    /// The true time.
    #[must_use]
    pub fn now(&self) -> Mono {
        self.now
    }

    /// Both clocks as a node reads them.
    #[must_use]
    pub fn clocks(&self, node: usize) -> Now {
        self.nodes[node].clock(self.now)
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

    /// How many nodes there are, running or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Whether a node runs.
    #[must_use]
    pub fn is_up(&self, node: usize) -> bool {
        self.nodes[node].engine.is_some()
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
        let up: Vec<usize> = (0..self.nodes.len()).filter(|node| self.is_up(*node)).collect();
        // Asked again and again while a mesh forms: whoever was not ready the last time is most likely not ready yet.
        let first = self.unready.get() % up.len().max(1);
        let not_ready =
            (0..up.len()).map(|step| (first + step) % up.len()).find(|node| !self.reaches_all(up[*node], &up));
        self.unready.set(not_ready.unwrap_or(0));
        not_ready.is_none()
    }

    /// How many of the links of a full mesh of all nodes stand, one in each direction between any two nodes.
    #[must_use]
    pub fn links_standing(&self) -> usize {
        let up = (0..self.nodes.len()).filter(|node| self.is_up(*node));
        let standing = up.map(|node| {
            let table = self.running(node).table();
            table.nodes().filter(|(key, node)| *key != table.my_key() && node.connected && !node.handshake).count()
        });
        standing.sum()
    }

    fn reaches_all(&self, node: usize, up: &[usize]) -> bool {
        let table = self.running(node).table();
        table.len() == up.len()
            && up.iter().all(|other| {
                let known = table.lookup(&self.id(*other)).map(|key| table.node(key));
                known.is_some_and(|known| !known.handshake && known.connected && known.health == Health::Online)
            })
    }

    /// Bytes sent by all nodes so far.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.network.bytes
    }

    /// Packets sent by all nodes so far.
    #[must_use]
    pub fn packets_sent(&self) -> u64 {
        self.network.packets
    }

    /// A digest of everything that has happened: the same for every run of one seed.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.trace.digest()
    }

    /// Virtual time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now.since(Mono::from_micros(START_MICROS))
    }

    /// The engine of a running node.
    ///
    /// # Panics
    /// When it is down.
    #[must_use]
    pub fn running(&self, node: usize) -> &Engine {
        self.nodes[node].engine.as_ref().expect("the node is up")
    }

    pub(crate) fn tell(&self, node: usize, what: impl std::fmt::Display) {
        if self.verbose {
            println!("{:>12.6} node {node}: {what}", self.elapsed().as_secs_f64());
        }
    }

    /// Where a node listens.
    pub(crate) fn host(&self, node: usize) -> IpAddr {
        self.nodes[node].host.ip().expect("nodes have IP addresses")
    }

    fn next_event(&self) -> Option<Mono> {
        self.timers.next_at().into_iter().chain(self.network.next_at()).min()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).field("nodes", &self.nodes.len()).finish()
    }
}

/// An address of the node with this index; each generation is one that it moved to.
pub(crate) fn address(index: usize, generation: u8) -> Host {
    let [.., high, low] = (index as u32).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, generation, high, low)).into()
}
