//! Worlds that begin as a cluster.

use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{Config, Memory};
use slotmesh_table::Table;
use slotmesh_table::conf::{ConfFile, Flags, NodeRecord, Role};
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Now, Slot, SlotRange};

use crate::disk::{Disk, File};
use crate::world::{Setup, World};

/// What a node of a world that begins as a cluster is.
#[derive(Clone, Copy, Debug)]
pub enum Member {
    /// A primary with these slots.
    Primary(SlotRange),
    /// A replica of the node with this index, a primary.
    Replica(usize),
}

impl Member {
    /// Primaries that share all slots, then a replica of each.
    ///
    /// # Panics
    /// When there are more of them than slots.
    #[must_use]
    pub fn pairs(primaries: usize) -> Vec<Self> {
        let slot = |raw: usize| Slot::new(raw as u16).expect("below the number of slots");
        let share = |node: usize| node * usize::from(Slot::COUNT) / primaries;
        let range =
            |node: usize| SlotRange::new(slot(share(node)), slot(share(node + 1) - 1)).expect("a slot for each");
        (0..primaries).map(|node| Self::Primary(range(node))).chain((0..primaries).map(Self::Replica)).collect()
    }
}

impl World {
    /// Nodes that start with a nodes.conf that names all the others, as after the restart of a whole cluster: to get a big
    /// one without the work of its forming. Primaries write, and replicas copy.
    ///
    /// # Panics
    /// When a replica's primary is none.
    #[must_use]
    pub fn founded(seed: u64, config: Config, members: &[Member]) -> Self {
        let slots = members.iter().map(|member| match member {
            Member::Primary(slots) => Some(*slots),
            Member::Replica(_) => None,
        });
        let mut world = Self::with_setup(seed, Setup { config, slots: slots.collect() });
        let now = world.clocks(0);
        let mut file = ConfFile {
            nodes: (0..members.len()).map(|node| world.record(node, members, now)).collect(),
            current_epoch: CurrentEpoch(members.len() as u64),
            last_vote_epoch: CurrentEpoch(0),
        };
        if let Some(first) = file.nodes.first_mut() {
            first.flags.myself = true;
            // All have what they know from one table, and so share it until it changes: that of two thousand nodes, read
            // from two thousand files, would not fit into memory.
            let table = file.into_table(now.mono).expect("there is a node itself, and not too many");
            // Keys follow the order of the file.
            for (node, key) in table.keys().into_iter().enumerate() {
                world.put_on_disk(node, table.as_seen_by(key), now);
                world.kill(node);
            }
            for (node, key) in table.keys().into_iter().enumerate() {
                let seed = world.rng.next_u64();
                world.nodes[node].start(now, table.as_seen_by(key), seed);
                world.has_started(node);
            }
        }
        world.start_writing();
        world
    }

    /// What every file says of a node.
    fn record(&self, node: usize, members: &[Member], now: Now) -> NodeRecord {
        let me = self.running(node).table().me();
        let (role, primary) = match members[node] {
            Member::Primary(_) => (Role::Primary, None),
            Member::Replica(primary) => {
                assert!(matches!(members[primary], Member::Primary(_)), "node {primary} is a primary");
                (Role::Replica, Some(primary))
            }
        };
        let head = primary.unwrap_or(node);
        NodeRecord {
            host: self.nodes[node].host,
            port: self.nodes[node].config.port,
            bus_port: self.nodes[node].config.bus_port,
            tls_port: Some(0),
            shard: Some(self.running(head).table().me().shard),
            flags: Flags { role, ..Flags::default() },
            primary: primary.map(|primary| self.id(primary)),
            pong_received: now.unix,
            config_epoch: ConfigEpoch(head as u64 + 1),
            slots: me.slots().clone(),
            ..NodeRecord::new(self.id(node))
        }
    }

    fn put_on_disk(&mut self, node: usize, table: Table, now: Now) {
        self.nodes[node].disk = Disk::new(File::new(table, now, Memory::default()));
        self.checks.saved(node, self.nodes[node].disk.safe());
    }
}
