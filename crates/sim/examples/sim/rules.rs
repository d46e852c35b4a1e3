//! Whose rules the nodes of a world follow.

use slotmesh_gossip::Config;
use slotmesh_sim::{Setup, World};

/// The two sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Rules {
    /// Ours: newcomers are told the whole table, and everything happens on its event.
    Slotmesh,
    /// Valkey's: three random nodes in a heartbeat, ticks of 100 ms.
    Valkey,
}

impl Rules {
    /// A world of fresh nodes that know nobody.
    pub(crate) fn world(self, seed: u64, count: usize) -> World {
        let config = Config { rules: self.of_engine(), ..Config::default() };
        World::with_setup(seed, Setup { config, slots: vec![None; count] })
    }

    /// The setting that makes an engine follow them.
    pub(crate) fn of_engine(self) -> slotmesh_gossip::Rules {
        match self {
            Self::Slotmesh => slotmesh_gossip::Rules::Slotmesh,
            Self::Valkey => slotmesh_gossip::Rules::Valkey,
        }
    }
}
