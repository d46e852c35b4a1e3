//! An immutable picture of the table for readers on other threads.

use std::sync::Arc;

use slotmesh_types::{ConfigEpoch, CurrentEpoch, NodeId, Now, ReplOffset, Slot, UnixMillis};

use crate::facts::NodeFacts;
use crate::node::NodeKey;
use crate::slots::{OpenSlot, owner_in};
use crate::table::Table;

/// One node as it was when the view was taken.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// Its key in the table at that moment; relations between nodes of one view use it.
    pub key: NodeKey,
    /// What changes seldom.
    pub facts: Arc<NodeFacts>,
    /// When the pending ping was sent; 0 for none.
    pub ping_sent: UnixMillis,
    /// When it was last known to be alive; 0 for never.
    pub pong_received: UnixMillis,
    /// Its replication offset.
    pub offset: ReplOffset,
}

/// Messages of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindCount {
    /// Name of the type in CLUSTER INFO.
    pub name: &'static str,
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
}

/// Figures of the bus since start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusStats {
    /// Messages by type, in the order of CLUSTER INFO.
    pub messages: [KindCount; 11],
    /// Bytes sent, all types.
    pub bytes_sent: u64,
    /// Bytes received, all types.
    pub bytes_received: u64,
    /// Bytes sent in publish messages.
    pub pubsub_bytes_sent: u64,
    /// Bytes received in publish messages.
    pub pubsub_bytes_received: u64,
    /// Bytes sent in module messages.
    pub module_bytes_sent: u64,
    /// Bytes received in module messages.
    pub module_bytes_received: u64,
    /// Gossip entries of members that were looked at.
    pub gossip_entries: u64,
    /// Links closed because of `cluster-link-sendbuf-limit`.
    pub links_over_limit: u64,
}

/// How a node stands to its cluster beyond what its table shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Nodes that it was told to forget and whose term is not over.
    pub forgotten: usize,
    /// Members that said they have forgotten it.
    pub forgotten_by: usize,
    /// Whether it looks for its cluster at its seeds.
    pub seeking: bool,
}

/// An immutable picture of a cluster, as one node knows it.
#[derive(Clone, Debug)]
pub struct ClusterView {
    /// Equal versions show equal topologies (times and figures aside).
    pub version: u64,
    /// When it was taken.
    pub taken: Now,
    /// Every node, those in handshake included, ordered by id.
    pub nodes: Vec<NodeView>,
    /// Slots of this node that are on the move, in ascending order.
    pub open_slots: Vec<(Slot, OpenSlot)>,
    /// Whether the cluster serves keys.
    pub state_ok: bool,
    /// Primaries that own a slot.
    pub size: usize,
    /// The cluster's clock.
    pub current_epoch: CurrentEpoch,
    /// Config epoch that counts for this node: a replica's is its primary's.
    pub my_epoch: ConfigEpoch,
    /// Figures of the bus.
    pub stats: BusStats,
    /// How the node stands to its cluster; the engine fills it in.
    pub standing: Standing,
    me: usize,
    by_key: Vec<u16>,
    owners: Arc<[u16; Slot::COUNT as usize]>,
}

impl ClusterView {
    /// Takes a picture of `table`; state, size and figures are the engine's.
    #[must_use]
    pub fn new(table: &Table, now: Now, state_ok: bool, size: usize, stats: BusStats) -> Self {
        let unix = |then: Option<_>| then.map_or(UnixMillis(0), |then| now.to_unix(then));
        let mut nodes: Vec<NodeView> = table
            .nodes()
            .map(|(key, node)| NodeView {
                key,
                facts: Arc::clone(&node.facts),
                ping_sent: unix(node.liveness.ping_sent),
                pong_received: unix(node.liveness.pong_received),
                offset: node.liveness.offset,
            })
            .collect();
        nodes.sort_unstable_by_key(|node| *node.facts.id());
        let mut by_key = vec![u16::MAX; table.key_bound()];
        for (index, node) in nodes.iter().enumerate() {
            by_key[node.key.index()] = index as u16;
        }
        let me = usize::from(by_key[table.my_key().index()]);
        Self {
            version: table.version(),
            taken: now,
            nodes,
            open_slots: table.open_slots().collect(),
            state_ok,
            size,
            current_epoch: table.current_epoch,
            my_epoch: table.epoch_of(table.my_key()),
            stats,
            standing: Standing::default(),
            me,
            by_key,
            owners: Arc::clone(&table.owners.by_slot),
        }
    }

    /// The node whose view it is.
    #[must_use]
    pub fn me(&self) -> &NodeView {
        &self.nodes[self.me]
    }

    /// Where a slot is on its way to or from, if it is on the move.
    #[must_use]
    pub fn open_slot(&self, slot: Slot) -> Option<OpenSlot> {
        self.open_slots.binary_search_by_key(&slot, |(slot, _)| *slot).ok().map(|index| self.open_slots[index].1)
    }

    /// Whether `node` is the one whose view it is.
    #[must_use]
    pub fn is_me(&self, node: &NodeView) -> bool {
        node.key == self.me().key
    }

    /// The node with this key.
    #[must_use]
    pub fn node(&self, key: NodeKey) -> Option<&NodeView> {
        self.nodes.get(usize::from(*self.by_key.get(key.index())?))
    }

    /// The node with this name.
    #[must_use]
    pub fn lookup(&self, id: &NodeId) -> Option<&NodeView> {
        let index = self.nodes.binary_search_by_key(id, |node| *node.facts.id()).ok()?;
        self.nodes.get(index)
    }

    /// The owner of a slot.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<&NodeView> {
        self.node(owner_in(&self.owners, slot)?)
    }

    /// Config epoch that counts for a node: a replica's is its primary's.
    #[must_use]
    pub fn epoch_of(&self, node: &NodeView) -> ConfigEpoch {
        let primary = node.facts.primary_key().and_then(|key| self.node(key));
        primary.unwrap_or(node).facts.config_epoch
    }
}
