//! Carrying out what engines want, and telling them what happened.

use std::time::Duration;

use bytes::Bytes;
use slotmesh_gossip::{Action, ConnectError, Engine, LinkId};
use slotmesh_types::{Mono, Now};

use crate::connections::ConnectionId;
use crate::disk::{File, Held};
use crate::network::{Due, End, Payload};
use crate::node::SimNode;
use crate::world::{START_MICROS, World};

/// A save takes this long, at least and at most.
const SAVE_MICROS: (u64, u64) = (200, 5000);
/// and this much longer for each node of the world. A real node with 2,000 in its table takes 2.5 ms for the text and 2 for
/// the disk, 0.1 and 0.9 with ten.
const SAVE_MICROS_PER_NODE: u64 = 2;
/// A resolver answers after this long.
const RESOLVING: Duration = Duration::from_millis(3);

impl World {
    /// Does everything that is due.
    pub(crate) fn step(&mut self) {
        while let Some(due) = self.network.pop(self.now) {
            let addressee = self.network.addressee(&due);
            if let Some(later) = addressee.and_then(|node| self.busy(node)) {
                self.network.schedule(later, due);
                continue;
            }
            if let Some(node) = addressee.filter(|node| self.is_slow_and_due(*node)) {
                self.wake(node);
            }
            self.happen(&due);
        }
        for node in self.timers.due(self.now) {
            match self.busy(node) {
                Some(later) => self.timers.set(node, Some(later)),
                None => self.wake(node),
            }
        }
    }

    /// When a node that runs will look at what happens, if that is later.
    fn busy(&self, node: usize) -> Option<Mono> {
        let until = self.nodes[node].busy_until;
        (until > self.now && self.is_up(node)).then_some(until)
    }

    fn wake(&mut self, node: usize) {
        let sound = self.checks.woken(node, self.now);
        self.require(node, sound);
        self.input(node, Engine::handle_timeout);
        self.nodes[node].late = Duration::ZERO;
    }

    /// Gives a running node an input and carries out what follows.
    pub(crate) fn input<T>(&mut self, node: usize, input: impl FnOnce(&mut Engine, Now) -> T) -> T {
        let state = &mut self.nodes[node];
        let now = state.clock(self.now);
        let given = input(state.engine.as_mut().expect("the node is up"), now);
        self.drain(node);
        self.nodes[node].busy_until = self.nodes[node].busy_until.max(self.now.after(self.nodes[node].work));
        given
    }

    fn happen(&mut self, due: &Due) {
        self.trace.note(self.now.as_micros());
        match *due {
            Due::Dial { connection, from, to, deadline } => {
                if self.network.dial_arrives(self.now, due) {
                    self.accept(connection, from, to, deadline);
                }
            }
            Due::Failed { connection, error } => {
                if let Some(caller) = self.network.fail(connection)
                    && self.lives(caller)
                {
                    self.input(caller.node, |engine, now| engine.handle_connect_failed(now, caller.link, error));
                }
            }
            Due::Arrive { connection, side } => self.arrive(connection, side),
            Due::Saved { node, life } if self.nodes[node].life == life && self.is_up(node) => {
                let rested = self.nodes[node].disk.finish(self.now);
                self.network.schedule(rested, Due::Rested { node, life });
                self.checks.saved(node, self.nodes[node].disk.safe());
                self.drain(node);
            }
            Due::Rested { node, life } if self.nodes[node].life == life && self.is_up(node) => self.drain(node),
            Due::Saved { .. } | Due::Rested { .. } => {}
            Due::Resolved { node, life } if self.nodes[node].life == life && self.is_up(node) => {
                let targets: Vec<_> = self.nodes[node].seeds.iter().map(|seed| self.target(*seed)).collect();
                self.input(node, |engine, now| engine.handle_seed_addresses(now, &targets));
                self.input(node, Engine::handle_seeds_resolved);
            }
            Due::Resolved { .. } => {}
            Due::Write => self.write(),
            Due::Flap { from, to, period } => self.network.turn(self.now, from, to, period),
        }
    }

    fn accept(&mut self, connection: ConnectionId, from: End, to: usize, deadline: Mono) {
        if !self.is_up(to) {
            let (at, error) = if self.nodes[to].powered {
                (self.now.after(self.network.latency()), ConnectError::Refused)
            } else {
                (deadline.max(self.now), ConnectError::TimedOut)
            };
            return self.network.schedule(at, Due::Failed { connection, error });
        }
        let (peer, local) = (self.host(from.node), self.host(to));
        let link = self.input(to, |engine, now| engine.handle_accepted(now, peer, local));
        self.network.accept(self.now, connection, self.nodes[to].end(to, link));
        if self.network.dice.hits(self.network.faults.twin_rate) {
            let link = self.input(to, |engine, now| engine.handle_accepted(now, peer, local));
            self.network.accept_twin(self.now, self.nodes[to].end(to, link));
        }
    }

    fn arrive(&mut self, connection: ConnectionId, side: usize) {
        let Some(arrival) = self.network.arrive(connection, side) else { return };
        let at = arrival.at;
        if let (Payload::Packet(bytes), Some(from)) = (&arrival.payload, arrival.from)
            && self.lives(from)
        {
            let engine = self.nodes[from.node].engine.as_mut().expect("a node that lives is up");
            engine.handle_flushed(from.link, bytes.len() as u64);
        }
        if !self.lives(at) {
            // The machine runs, but knows nothing of the connection any more.
            if let Some(from) = arrival.from.filter(|_| self.nodes[at.node].powered) {
                self.network.reject(self.now, from);
            }
            return;
        }
        self.trace.note(at.node as u64);
        self.trace.note(at.link.0);
        match arrival.payload {
            Payload::Established => {
                let local = self.host(at.node);
                self.input(at.node, |engine, now| engine.handle_connected(now, at.link, local));
            }
            Payload::Packet(bytes) => {
                self.trace.note_bytes(&bytes);
                self.checks.arrives(at.node, self.nodes[at.node].engine.as_ref().expect("the node is up"), &bytes);
                self.input(at.node, |engine, now| engine.handle_packet(now, at.link, &bytes));
                let engine = self.nodes[at.node].engine.as_ref().expect("the node is up");
                let sound = self.checks.received(at.node, engine, self.now, &bytes);
                self.require(at.node, sound);
            }
            Payload::Fin => self.input(at.node, |engine, now| engine.handle_closed(now, at.link, false)),
        }
    }

    /// Whether a node that works long on everything has come to its deadline: it would not get round to it otherwise, while much
    /// happens to it.
    fn is_slow_and_due(&self, node: usize) -> bool {
        let SimNode { engine, work, .. } = &self.nodes[node];
        let deadline = engine.as_ref().and_then(Engine::poll_timeout);
        !work.is_zero() && deadline.is_some_and(|at| at <= self.now)
    }

    /// Whether the life of a node that an end belongs to still lasts.
    fn lives(&self, end: End) -> bool {
        self.is_up(end.node) && self.nodes[end.node].life == end.life
    }

    /// Carries out what an engine wants, checks what it has become.
    pub(crate) fn drain(&mut self, node: usize) {
        while let Some(held) = self.nodes[node].disk.release() {
            match held {
                Held::Packet { link, parcel } => self.send(node, link, self.network.parcels.unfold(parcel)),
                Held::Other(action) => self.carry_out(node, action),
            }
        }
        while let Some(action) = self.nodes[node].engine.as_mut().and_then(Engine::poll_action) {
            match action {
                Action::Persist(durability) => self.nodes[node].disk.want(durability),
                other if self.nodes[node].disk.holds() => {
                    let held = self.held(node, other);
                    self.nodes[node].disk.hold(held);
                }
                other => self.carry_out(node, other),
            }
        }
        if self.nodes[node].disk.is_due(self.now) {
            self.start_save(node);
        }
        let state = &mut self.nodes[node];
        let now = state.clock(self.now);
        let engine = state.engine.as_mut().expect("the node is up");
        let events: Vec<_> = std::iter::from_fn(|| engine.poll_event()).collect();
        if self.verbose {
            for event in &events {
                println!(
                    "{:>12.6} node {node}: {event:?}",
                    self.now.since(Mono::from_micros(START_MICROS)).as_secs_f64()
                );
            }
        }
        if self.watching == Some(node) {
            self.watched.extend_from_slice(&events);
        }
        let engine = state.engine.as_ref().expect("the node is up");
        self.timers.set(node, engine.poll_timeout());
        let seen = self.checks.observe(node, engine, now, state.lateness(), &events);
        self.require(node, seen);
    }

    fn held(&mut self, node: usize, action: Action) -> Held {
        match action {
            Action::Send { link, bytes } | Action::SendPromise { link, bytes } => {
                // When one node votes, so do the others.
                let waiting = self.nodes[node].disk.held() * self.nodes.len();
                Held::Packet { link, parcel: self.network.pack(bytes, waiting) }
            }
            other => Held::Other(other),
        }
    }

    fn carry_out(&mut self, node: usize, action: Action) {
        match action {
            Action::Connect { link, host, port } => {
                let from = self.nodes[node].end(node, link);
                let target = self.listeners.get(&(host, port)).copied();
                let patience = self.nodes[node].config.node_timeout;
                self.network.dial(self.now, from, target, patience);
            }
            Action::Send { link, bytes } | Action::SendPromise { link, bytes } => self.send(node, link, bytes),
            Action::Close { link } => self.network.close(self.now, self.nodes[node].end(node, link)),
            Action::Persist(_) => {}
            Action::Data(order) => self.obey(node, &order),
            Action::ResolveSeeds => {
                let life = self.nodes[node].life;
                self.network.schedule(self.now.after(RESOLVING), Due::Resolved { node, life });
            }
        }
    }

    fn send(&mut self, node: usize, link: LinkId, bytes: Bytes) {
        let sound = self.checks.sent(node, &bytes);
        self.require(node, sound);
        let length = bytes.len() as u64;
        if !self.network.send(self.now, self.nodes[node].end(node, link), bytes)
            && let Some(engine) = self.nodes[node].engine.as_mut()
        {
            engine.handle_flushed(link, length);
        }
    }

    fn start_save(&mut self, node: usize) {
        let state = &mut self.nodes[node];
        let now = state.clock(self.now);
        let table = state.engine.as_ref().expect("the node is up").table();
        let sound = self.checks.saves(node, table, now);
        let file = if self.keeps_files {
            let memory = state.engine.as_ref().expect("the node is up").memory(now);
            File::new(table.for_file(), now, memory)
        } else {
            File::without_content(table)
        };
        state.disk.start(self.now, file);
        let slow = self.network.dice.hits(self.network.faults.slow_disk.0);
        let extra = self.network.dice.up_to(self.network.faults.slow_disk.1);
        let (least, most) = SAVE_MICROS;
        let writing = SAVE_MICROS_PER_NODE * self.nodes.len() as u64;
        let usual = Duration::from_micros(writing + least + self.network.dice.below(most - least));
        let at = self.now.after(if slow { usual + extra } else { usual });
        let life = self.nodes[node].life;
        self.network.schedule(at, Due::Saved { node, life });
        self.require(node, sound);
    }

    /// Ends the run when something does not hold that must.
    pub(crate) fn require(&self, node: usize, sound: Result<(), String>) {
        if let Err(what) = sound {
            panic!("seed {}, {:?} after the start, node {node}: {what}", self.seed(), self.elapsed());
        }
    }
}
