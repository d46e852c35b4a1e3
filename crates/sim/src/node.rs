//! One node of a world.

use slotmesh_gossip::{Config, Engine, SplitMix};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Host, NodeId, Now, ShardId};

/// A node: its engine while it runs, and its disk.
pub(crate) struct SimNode {
    /// `None` while it is down.
    pub(crate) engine: Option<Engine>,
    pub(crate) host: Host,
    /// nodes.conf as it is on disk.
    pub(crate) disk: Vec<u8>,
    pub(crate) config: Config,
}

impl SimNode {
    pub(crate) fn new(now: Now, host: Host, seed: u64, config: Config) -> Self {
        let mut entropy = [0; 20];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        let table = Table::new(NodeId::from_entropy(entropy), ShardId::from_entropy(entropy));
        let disk = ConfFile::from_table(&table, now).to_text();
        let engine = Engine::new(now, table, config.clone(), SplitMix::new(seed));
        Self { engine: Some(engine), host, disk, config }
    }

    /// Starts again from what is on disk.
    pub(crate) fn restart(&mut self, now: Now, seed: u64) {
        let conf = ConfFile::parse(&self.disk).expect("what was saved can be read");
        let table = conf.into_table(now.mono).expect("what was saved makes a table");
        self.engine = Some(Engine::new(now, table, self.config.clone(), SplitMix::new(seed)));
    }
}
