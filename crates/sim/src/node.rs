//! One node of a world.

use std::time::Duration;

use slotmesh_gossip::{Config, Engine, LinkId, Memory, Rules, SplitMix};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId, SlotRange, UnixMillis};

use crate::data::Data;
use crate::disk::{Disk, File};
use crate::network::End;

/// A node that is neither slow nor paused is called within this time.
const PUNCTUAL: Duration = Duration::from_millis(1);

/// A node that follows Valkey's rules does everything at its next tick.
const TICK: Duration = Duration::from_millis(100);

/// A node: its engine while it runs, its machine, and its disk.
pub(crate) struct SimNode {
    /// `None` while it is down.
    pub(crate) engine: Option<Engine>,
    /// Whether its machine runs: one that is off does not even refuse connections.
    pub(crate) powered: bool,
    /// How often it was started.
    pub(crate) life: u32,
    pub(crate) host: Host,
    pub(crate) disk: Disk,
    pub(crate) config: Config,
    /// Whom its seeds lead to.
    pub(crate) seeds: Vec<usize>,
    /// How far its wall clock is from the true one, in milliseconds.
    pub(crate) clock_error: i64,
    pub(crate) data: Data,
    /// How long it works on each input.
    pub(crate) work: Duration,
    /// Until then it does not look at anything.
    pub(crate) busy_until: Mono,
    /// How late it may be with what is due, since it was paused.
    pub(crate) late: Duration,
}

impl SimNode {
    /// A fresh node that owns these slots. It has saved who it is before it does anything else.
    pub(crate) fn new(now: Now, host: Host, seed: u64, config: Config, slots: Option<SlotRange>) -> Self {
        let mut entropy = [0; 20];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        let mut table = Table::new(NodeId::from_entropy(entropy), ShardId::from_entropy(entropy));
        let me = table.my_key();
        for slot in slots.into_iter().flat_map(SlotRange::iter) {
            table.bind(slot, me);
        }
        let disk = Disk::new(File::new(table.for_file(), now, Memory::default()));
        let engine = Engine::new(now, table, config.clone(), SplitMix::new(seed));
        Self {
            engine: Some(engine),
            powered: true,
            life: 0,
            host,
            disk,
            config,
            seeds: Vec::new(),
            clock_error: 0,
            data: Data::default(),
            work: Duration::ZERO,
            busy_until: now.mono,
            late: Duration::ZERO,
        }
    }

    /// Starts again from what is on disk.
    pub(crate) fn restart(&mut self, now: Now, seed: u64) {
        let conf = ConfFile::parse(&self.disk.text()).expect("what was saved can be read");
        let table = conf.into_table(now.mono).expect("what was saved makes a table");
        self.start(now, table, seed);
    }

    /// Starts from a table, which is the one on disk.
    pub(crate) fn start(&mut self, now: Now, table: Table, seed: u64) {
        let mut engine = Engine::new(now, table, self.config.clone(), SplitMix::new(seed));
        engine.recall(now, self.disk.memory());
        self.engine = Some(engine);
        self.data.restart(now.mono);
        self.powered = true;
        self.life += 1;
    }

    /// Both clocks as this node reads them.
    pub(crate) fn clock(&self, mono: Mono) -> Now {
        let unix = (mono.as_micros() / 1000).saturating_add_signed(self.clock_error);
        Now { mono, unix: UnixMillis(unix) }
    }

    /// How much later than asked for it may be called.
    pub(crate) fn lateness(&self) -> Duration {
        let tick = if self.config.rules == Rules::Valkey { TICK } else { Duration::ZERO };
        PUNCTUAL + tick + 2 * self.work + self.late
    }

    /// The end that a link of this life is.
    pub(crate) fn end(&self, node: usize, link: LinkId) -> End {
        End { node, life: self.life, link }
    }
}
