//! What operators and accidents do to a world.

use std::time::Duration;

use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{FailoverError, FailoverMode, ForgetError, LeaveError, ReplicateError};
use slotmesh_gossip::{MeetTarget, Rules};
use slotmesh_types::{Host, NodeId};

use crate::world::{World, address};

/// How a node ends without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process ends: its system closes the connections and keeps what was written.
    Process,
    /// The machine loses power: nobody is told, and only what had reached the disk is left.
    Power,
}

impl World {
    /// Where a node is.
    pub(crate) fn target(&self, node: usize) -> MeetTarget {
        let config = &self.nodes[node].config;
        MeetTarget { ip: self.host(node), port: config.port, bus_port: config.bus_port }
    }

    /// CLUSTER MEET on node `from` with the address of node `to`.
    pub fn meet(&mut self, from: usize, to: usize) {
        self.tell(from, format_args!("MEET node {to}"));
        let target = self.target(to);
        self.checks.met(from, to, self.now);
        self.input(from, |engine, now| engine.meet(now, target)).expect("a handshake can start");
    }

    /// From now on every node follows these rules, also after a restart.
    pub fn set_rules(&mut self, rules: Rules) {
        for node in 0..self.count() {
            self.nodes[node].config.rules = rules;
            let config = self.nodes[node].config.clone();
            self.input(node, |engine, now| engine.configure(now, config));
        }
    }

    /// CLUSTER FORGET on node `from` about node `about`, which it knows.
    pub fn forget(&mut self, from: usize, about: usize) {
        let id = self.id(about);
        self.forget_id(from, &id).expect("a known node that is not its primary");
    }

    /// CLUSTER FORGET on node `from` about the node with this id.
    ///
    /// # Errors
    /// See [`ForgetError`].
    pub fn forget_id(&mut self, from: usize, id: &NodeId) -> Result<(), ForgetError> {
        self.tell(from, format_args!("FORGET {id}"));
        self.input(from, |engine, now| engine.forget(now, id))
    }

    /// CLUSTER REPLICATE on a node that owns no slots; from then on primaries write and replicas copy.
    ///
    /// # Errors
    /// See [`ReplicateError`].
    pub fn replicate(&mut self, replica: usize, primary: usize) -> Result<(), ReplicateError> {
        self.tell(replica, format_args!("REPLICATE node {primary}"));
        self.start_writing();
        let id = self.id(primary);
        self.input(replica, |engine, now| engine.replicate(now, &id, false))
    }

    /// CLUSTER FAILOVER.
    ///
    /// # Errors
    /// See [`FailoverError`].
    pub fn failover(&mut self, replica: usize, mode: FailoverMode) -> Result<(), FailoverError> {
        self.tell(replica, format_args!("FAILOVER {mode:?}"));
        self.input(replica, |engine, now| engine.failover(now, mode))
    }

    /// CLUSTER RESET.
    pub fn reset(&mut self, node: usize, hard: bool) {
        self.tell(node, format_args!("RESET, hard: {hard}"));
        let before = self.id(node);
        self.checks.reset(node, hard);
        self.input(node, |engine, now| engine.reset(now, hard));
        let sound = crate::checks::reset_leaves_nothing::check(self.running(node), before, hard);
        self.require(node, sound);
    }

    /// The seeds of a node resolve to wherever these nodes are when it asks.
    pub fn set_seeds(&mut self, node: usize, seeds: &[usize]) {
        self.tell(node, format_args!("has the seeds {seeds:?}"));
        self.nodes[node].seeds = seeds.to_vec();
    }

    /// SLOTMESH LEAVE.
    ///
    /// # Errors
    /// See [`LeaveError`].
    pub fn leave(&mut self, node: usize, force: bool) -> Result<(), LeaveError> {
        self.tell(node, format_args!("LEAVE, force: {force}"));
        self.input(node, |engine, now| engine.leave(now, force))
    }

    /// Ends a node's process at once.
    pub fn kill(&mut self, node: usize) {
        self.crash(node, Crash::Process);
    }

    /// Stops a node at once: what it had not saved is lost, its connections break.
    pub fn crash(&mut self, node: usize, crash: Crash) {
        self.tell(node, format_args!("crashes: {crash:?}"));
        self.nodes[node].engine = None;
        self.nodes[node].busy_until = self.now;
        self.nodes[node].late = Duration::ZERO;
        self.timers.set(node, None);
        self.nodes[node].powered = crash == Crash::Process;
        let lucky = self.rng.next_u64().is_multiple_of(2);
        self.nodes[node].disk.crash(crash == Crash::Power, lucky);
        for end in self.network.ends_of(node) {
            match crash {
                Crash::Process => self.network.close(self.now, end),
                Crash::Power => self.network.vanish(end),
            }
        }
    }

    /// Starts a stopped node again, at another address if `moved`.
    pub fn restart(&mut self, node: usize, moved: bool) {
        if moved {
            self.moves += 1;
            self.move_to(node, address(node, self.moves));
        }
        self.tell(node, format_args!("starts, moved: {moved}"));
        let (now, seed) = (self.nodes[node].clock(self.now), self.rng.next_u64());
        self.nodes[node].restart(now, seed);
        self.has_started(node);
    }

    /// A node has started, from what was on its disk.
    pub(crate) fn has_started(&mut self, node: usize) {
        let now = self.nodes[node].clock(self.now);
        let engine = self.nodes[node].engine.as_ref().expect("just started");
        let sound = self.checks.restarted(node, engine, now);
        self.require(node, sound);
        self.drain(node);
    }

    /// Two stopped nodes get each other's addresses.
    pub fn swap_addresses(&mut self, a: usize, b: usize) {
        self.tell(a, format_args!("swaps addresses with node {b}"));
        let (host, port, bus_port) = {
            let node = &self.nodes[a];
            (node.host, node.config.port, node.config.bus_port)
        };
        let other = &self.nodes[b];
        let theirs = (other.host, other.config.port, other.config.bus_port);
        for (index, (host, port, bus_port)) in [(a, theirs), (b, (host, port, bus_port))] {
            let node = &mut self.nodes[index];
            (node.host, node.config.port, node.config.bus_port) = (host, port, bus_port);
            self.listeners.insert((host, bus_port), index);
        }
    }

    fn move_to(&mut self, node: usize, host: Host) {
        let bus_port = self.nodes[node].config.bus_port;
        self.listeners.remove(&(self.nodes[node].host, bus_port));
        self.nodes[node].host = host;
        self.listeners.insert((host, bus_port), node);
    }

    /// Lets nothing through from `from` to `to` until [`World::heal`]; connections stand as if nothing had happened, and
    /// what was sent arrives then.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.tell(from, format_args!("gets nothing through to node {to}"));
        self.network.cut(from, to);
    }

    /// From now on nothing gets through from `from` to `to` for a `period`, then everything, and so on until
    /// [`World::heal`].
    pub fn flap(&mut self, from: usize, to: usize, period: Duration) {
        self.tell(from, format_args!("now and then gets nothing through to node {to}, each time for {period:?}"));
        self.network.flap(self.now, from, to, period);
    }

    /// Cuts some nodes off from all others, both ways, until [`World::heal`].
    pub fn split(&mut self, side: &[usize]) {
        let others: Vec<usize> = (0..self.count()).filter(|node| !side.contains(node)).collect();
        for (a, b) in side.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))) {
            self.cut(a, b);
            self.cut(b, a);
        }
    }

    /// Makes a node work this long on everything that happens to it; what happens meanwhile waits.
    pub fn slow_down(&mut self, node: usize, work: Duration) {
        self.tell(node, format_args!("works {work:?} on each input"));
        self.nodes[node].work = work;
    }

    /// Stops a node for a while, as a paused virtual machine: what happens meanwhile waits.
    pub fn pause(&mut self, node: usize, pause: Duration) {
        self.tell(node, format_args!("is paused for {pause:?}"));
        let state = &mut self.nodes[node];
        state.busy_until = state.busy_until.max(self.now.after(pause));
        // One pause may begin within another.
        state.late += pause;
    }

    /// Ends the connections between two nodes and refuses new ones until [`World::heal`]: a bad path, at whose ends both
    /// nodes are well.
    pub fn bar(&mut self, one: usize, other: usize) {
        self.tell(one, format_args!("is barred from node {other}"));
        self.network.bar(self.now, one, other);
    }

    /// Ends every cut and every bar.
    pub fn heal(&mut self) {
        self.tell(0, "every cut heals");
        self.network.heal(self.now);
    }

    /// Sets a node's wall clock this much off, in milliseconds.
    pub fn set_clock_error(&mut self, node: usize, millis: i64) {
        self.nodes[node].clock_error = millis;
    }
}
