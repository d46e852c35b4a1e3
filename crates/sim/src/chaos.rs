//! A whole run from one seed: trouble, then quiet, then order.

use std::time::Duration;

use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{Config, FailoverMode, SlotChange, SplitMix};
use slotmesh_types::{Slot, SlotRange};

use crate::faults::{Dice, Faults};
use crate::operate::Crash;
use crate::world::{Setup, World};

/// Order is looked for this often.
const LOOK: Duration = Duration::from_millis(500);
/// Order that was found must last this long.
const LAST: Duration = Duration::from_secs(5);

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// A digest of everything that happened.
    pub digest: u64,
    /// How long after the last fault order returned.
    pub settled: Duration,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// Packets that the nodes sent.
    pub packets: u64,
}

/// A run from one seed. It panics, with the seed, when something does not hold that must.
#[derive(Debug)]
pub struct Chaos {
    world: World,
    dice: Dice,
    node_timeout: Duration,
    forget_ttl: Duration,
    /// Whether operators make replicas and let them take over.
    replicas: bool,
    /// Whether operators deal out slots and epochs.
    dealing: bool,
}

impl Chaos {
    /// The run of this seed, not started yet: 5 to 9 nodes, some with slots, with settings drawn from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_nodes(seed, None)
    }

    /// The same with another number of nodes than the seed would choose.
    #[must_use]
    pub fn with_nodes(seed: u64, nodes: Option<usize>) -> Self {
        let mut dice = Dice(SplitMix::new(seed ^ 0x5107_3e54));
        let node_timeout = Duration::from_millis([500, 1000, 2000, 5000][dice.below(4) as usize]);
        let forget_ttl = Duration::from_secs(2 + dice.below(10));
        let link_sendbuf_limit = [0, 0, 20_000, 100_000][dice.below(4) as usize];
        let config = Config { node_timeout, forget_ttl, link_sendbuf_limit, ..Config::default() };
        let slots = slots(&mut dice, nodes);
        let world = World::with_setup(seed, Setup { config, slots });
        let replicas = dice.hits(5000);
        let dealing = dice.hits(5000);
        Self { world, dice, node_timeout, forget_ttl, replicas, dealing }
    }

    /// Prints what happens.
    #[must_use]
    pub fn verbose(mut self) -> Self {
        self.world.set_verbose(true);
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When a property does not hold, or order does not return.
    pub fn run(mut self) -> Outcome {
        if self.dice.hits(5000) {
            self.draw_faults();
        }
        self.form();
        if self.replicas {
            self.world.start_writing();
        }
        for _ in 0..20 + self.dice.below(40) {
            let pause = self.dice.up_to(Duration::from_secs(2));
            self.world.run_for(pause);
            self.trouble();
        }
        self.calm();
        let settled = self.settle();
        Outcome {
            digest: self.world.trace(),
            settled,
            elapsed: self.world.elapsed(),
            packets: self.world.packets_sent(),
        }
    }

    fn draw_faults(&mut self) {
        let faults = Faults::draw(&mut self.dice.0);
        self.world.tell(0, format_args!("from here on {faults:?}"));
        self.world.set_faults(faults);
    }

    /// Brings the nodes together in one of several ways.
    fn form(&mut self) {
        let count = self.world.count();
        let shape = self.dice.below(3);
        for node in 1..count {
            let other = match shape {
                0 => 0,
                1 => node - 1,
                _ => self.dice.below(node as u64) as usize,
            };
            let (from, to) = if self.dice.hits(5000) { (node, other) } else { (other, node) };
            self.world.meet(from, to);
            if self.dice.hits(3000) {
                self.world.run_for(Duration::from_millis(50));
            }
        }
    }

    /// One accident, or one act of an operator.
    fn trouble(&mut self) {
        let node = self.dice.below(self.world.count() as u64) as usize;
        let other = self.dice.below(self.world.count() as u64) as usize;
        let kind = self.dice.below(100);
        if !self.world.is_up(node) {
            let moved = self.dice.hits(3000);
            if self.dice.hits(6000) {
                self.world.restart(node, moved);
            }
            return;
        }
        if self.replicas && self.dice.hits(2500) {
            return self.change_roles(node, other);
        }
        if self.dealing && self.world.is_up(other) && self.dice.hits(2000) {
            return self.deal(node, other);
        }
        match kind {
            0..10 => self.draw_faults(),
            10..25 => {
                self.world.meet(node, other);
            }
            25..32 => self.forget_somebody(node),
            32..34 => self.world.reset(node, false),
            34..36 => self.world.reset(node, true),
            36..50 => self.crash(node, other),
            50..62 => self.world.cut(node, other),
            62..66 => self.flap(node, other),
            66..70 => self.split(),
            70..80 => self.world.heal(),
            80..85 => self.delay(node),
            85..92 => self.step_clock(node),
            _ => self.world.set_faults(Faults::NONE),
        }
    }

    fn crash(&mut self, node: usize, other: usize) {
        let crash = if self.dice.hits(5000) { Crash::Power } else { Crash::Process };
        self.world.crash(node, crash);
        if node != other && self.dice.hits(1000) {
            if self.world.is_up(other) {
                self.world.crash(other, crash);
            }
            self.world.swap_addresses(node, other);
        }
        if self.dice.hits(3000) {
            let moved = self.dice.hits(3000);
            self.world.restart(node, moved);
        }
    }

    /// REPLICATE or FAILOVER, whether it makes sense or not: what a node refuses, it refuses.
    fn change_roles(&mut self, node: usize, other: usize) {
        let modes = [FailoverMode::Coordinated, FailoverMode::Force, FailoverMode::Takeover];
        let mode = modes[self.dice.below(3) as usize];
        if self.dice.hits(6000) && self.world.is_up(other) {
            let refused = self.world.replicate(node, other).err();
            self.world.tell(node, format_args!("refused: {refused:?}"));
        } else {
            let refused = self.world.failover(node, mode).err();
            self.world.tell(node, format_args!("refused: {refused:?}"));
        }
    }

    /// Commands about slots and epochs, whether they make sense or not.
    fn deal(&mut self, node: usize, other: usize) {
        let slot = Slot::from_hash(self.dice.below(u64::from(Slot::COUNT)) as u16);
        let last = Slot::from_hash(slot.get().saturating_add(self.dice.below(200) as u16).min(Slot::COUNT - 1));
        let range = SlotRange::new(slot, last).expect("in order");
        let (here, there) = (self.world.id(node), self.world.id(other));
        let refused = match self.dice.below(8) {
            0 => self.world.add_slots(node, range).err().map(|error| error.to_string()),
            1 => self.world.del_slots(node, range).err().map(|error| error.to_string()),
            2 => {
                self.world.bump_epoch(node);
                None
            }
            3 => self.set_slot(node, slot, SlotChange::Migrating(there)),
            4 => self.set_slot(node, slot, SlotChange::Stable),
            5 => self.set_slot(node, slot, SlotChange::Owner(there)),
            // A slot is moved as the book says: both ends open it, the new owner is told first.
            _ => {
                self.set_slot(node, slot, SlotChange::Importing(there));
                self.set_slot(other, slot, SlotChange::Migrating(here));
                self.set_slot(node, slot, SlotChange::Owner(here));
                self.set_slot(other, slot, SlotChange::Owner(here))
            }
        };
        self.world.tell(node, format_args!("refused: {refused:?}"));
    }

    fn set_slot(&mut self, node: usize, slot: Slot, change: SlotChange) -> Option<String> {
        self.world.set_slot(node, slot, change).err().map(|error| error.to_string())
    }

    fn flap(&mut self, node: usize, other: usize) {
        let period = Duration::from_millis(20 + self.dice.below(5_000));
        self.world.flap(node, other, period);
    }

    fn split(&mut self) {
        let side: Vec<usize> = (0..self.world.count()).filter(|_| self.dice.hits(5000)).collect();
        self.world.split(&side);
    }

    /// Makes a node slow, for a while or from here on.
    fn delay(&mut self, node: usize) {
        if self.dice.hits(5000) {
            let pause = self.dice.up_to(4 * self.node_timeout);
            self.world.pause(node, pause);
        } else {
            let work = self.dice.up_to(Duration::from_millis(5));
            self.world.slow_down(node, work);
        }
    }

    fn forget_somebody(&mut self, node: usize) {
        let table = self.world.running(node).table();
        let me = *table.me().id();
        let ids: Vec<_> = table.nodes().map(|(_, node)| *node.id()).filter(|id| *id != me).collect();
        if !ids.is_empty() {
            let id = ids[self.dice.below(ids.len() as u64) as usize];
            let refused = self.world.forget_id(node, &id).err();
            self.world.tell(node, format_args!("refused: {refused:?}"));
        }
    }

    fn step_clock(&mut self, node: usize) {
        let most = [100, 5_000, 86_400_000][self.dice.below(3) as usize];
        let off = self.dice.below(2 * most).cast_signed() - most.cast_signed();
        self.world.set_clock_error(node, off);
    }

    /// Ends all trouble: whoever is down comes back, whatever waited arrives.
    fn calm(&mut self) {
        self.world.set_faults(Faults::NONE);
        self.world.heal();
        for node in 0..self.world.count() {
            self.world.slow_down(node, Duration::ZERO);
            if !self.world.is_up(node) {
                self.world.restart(node, false);
            }
        }
    }

    /// Waits for order, and for it to last.
    fn settle(&mut self) -> Duration {
        // Packets that were held up may still arrive, terms of forgotten nodes end, failed primaries are trusted again
        // after two node timeouts, and a last misunderstanding takes a handshake to clear up.
        let limit = Duration::from_secs(30) + self.forget_ttl + 10 * self.node_timeout;
        let start = self.world.elapsed();
        let end = start + limit;
        let mut since = None;
        loop {
            let disorder = self.world.disorder();
            let now = self.world.elapsed();
            match (&disorder, since) {
                (None, None) => since = Some(now),
                (None, Some(from)) if now - from >= LAST => return from - start,
                (Some(what), _) => {
                    assert!(now < end, "seed {}, {limit:?} after the last fault: {what}", self.world.seed());
                    since = None;
                }
                _ => {}
            }
            self.world.run_for(LOOK);
        }
    }
}

/// Five to nine nodes, or as many as asked for. Some own slots, in a third of the runs the same ones as others.
fn slots(dice: &mut Dice, nodes: Option<usize>) -> Vec<Option<SlotRange>> {
    let drawn = 5 + dice.below(5);
    let count = nodes.map_or(drawn, |nodes| nodes as u64);
    let owners = dice.below(count + 1);
    let overlap = if dice.hits(3333) { 100 } else { 0 };
    let share = u64::from(Slot::COUNT) / owners.max(1);
    let slot = |raw: u64| Slot::new(raw.min(u64::from(Slot::COUNT) - 1) as u16);
    let range = |owner: u64| SlotRange::new(slot(owner * share)?, slot((owner + 1) * share - 1 + overlap)?);
    let mut slots: Vec<_> = (0..count).map(|node| (node < owners).then(|| range(node)).flatten()).collect();
    let turn = dice.0.next_u64() as usize % slots.len();
    slots.rotate_left(turn);
    slots
}
