//! Nodes, their names and their relations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use slotmesh_types::{CurrentEpoch, Mono, NodeId, ShardId, Slot};

use crate::facts::{NodeFacts, Role};
use crate::forgotten::Forgotten;
use crate::ids::Ids;
use crate::node::{Liveness, Node, NodeKey};
use crate::slots::{OpenSlot, Owners};

/// The table holds [`Table::NODES_MAX`] nodes already; nothing was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node table is full ({} nodes)", Table::NODES_MAX)]
pub struct TableFull;

/// Everything a node knows of its cluster.
///
/// Changes go through methods, so that indices agree and [`Table::version`] moves whenever a reader could see a
/// difference. Life cycle: made by [`Table::new`] or from nodes.conf, then changed for as long as the node runs.
#[derive(Clone, Debug)]
pub struct Table {
    nodes: Vec<Option<Node>>,
    /// The places in `nodes` that are free. The lowest is taken first, so that equal runs give equal keys.
    free: BTreeSet<usize>,
    by_id: Arc<Ids>,
    me: NodeKey,
    pub(crate) owners: Owners,
    pub(crate) open_slots: BTreeMap<Slot, OpenSlot>,
    /// The cluster's clock as known here.
    pub current_epoch: CurrentEpoch,
    /// The last epoch this node voted in.
    pub last_vote_epoch: CurrentEpoch,
    /// Nodes that gossip may not bring back.
    pub forgotten: Forgotten,
    voting: usize,
    version: u64,
}

impl Table {
    /// Most nodes a table holds: one for each slot, since no cluster can use more primaries. A bound on what made-up
    /// nodes can cost.
    pub const NODES_MAX: usize = 16_384;

    /// The table of a node that knows nobody.
    #[must_use]
    pub fn new(me: NodeId, shard: ShardId) -> Self {
        Self::with_nodes(vec![NodeFacts::primary(me, shard)], 0, Mono::default()).expect("one node fits")
    }

    /// The table of these nodes, of which the one at index `me` is the node itself; keys follow their order. The ids
    /// are distinct.
    pub(crate) fn with_nodes(nodes: Vec<NodeFacts>, me: usize, now: Mono) -> Result<Self, TableFull> {
        if nodes.len() > Self::NODES_MAX {
            return Err(TableFull);
        }
        let me = NodeKey(u16::try_from(me).expect("fewer than NODES_MAX nodes"));
        let nodes: Vec<_> = nodes.into_iter().map(|facts| Some(Node::new(facts, now))).collect();
        Ok(Self {
            by_id: Arc::new(Ids::of(&nodes)),
            nodes,
            free: BTreeSet::new(),
            me,
            owners: Owners::new(),
            open_slots: BTreeMap::new(),
            current_epoch: CurrentEpoch(0),
            last_vote_epoch: CurrentEpoch(0),
            forgotten: Forgotten::default(),
            voting: 0,
            version: 0,
        })
    }

    /// Adds a node.
    ///
    /// # Errors
    /// When the table is full.
    ///
    /// # Panics
    /// When a node with that id exists: callers look it up first.
    pub fn add(&mut self, facts: NodeFacts, now: Mono) -> Result<NodeKey, TableFull> {
        if self.by_id.len() >= Self::NODES_MAX {
            return Err(TableFull);
        }
        let free = self.free.first().copied().unwrap_or(self.nodes.len());
        let key = NodeKey(u16::try_from(free).expect("fewer than NODES_MAX nodes"));
        if !self.free.remove(&free) {
            self.nodes.push(None);
        }
        self.nodes[free] = Some(Node::new(facts, now));
        Arc::make_mut(&mut self.by_id).insert(&self.nodes, key);
        self.version += 1;
        Ok(key)
    }

    /// Removes a node: its slots become unowned, open slots to it are closed, its reports withdrawn, its replicas left
    /// without a known primary.
    ///
    /// # Panics
    /// When asked to remove the node itself.
    pub fn remove(&mut self, key: NodeKey) {
        assert_ne!(key, self.me, "a node never removes itself");
        self.unbind_all(key);
        self.open_slots.retain(|_, open| open.peer() != key);
        self.leave_primary(key);
        for replica in self.node(key).replicas.clone() {
            self.facts_mut(replica).role = Role::Replica(None);
        }
        self.drop_reports_of(key);
        Arc::make_mut(&mut self.by_id).remove(&self.nodes, key);
        self.nodes[key.index()] = None;
        self.free.insert(key.index());
        self.version += 1;
    }

    /// Readers see a new version, although no fact has changed: something else did that the topology shows.
    pub fn touch(&mut self) {
        self.version += 1;
    }

    /// Gives a node its real name (or this node a new one).
    ///
    /// # Panics
    /// When the name is taken.
    pub fn rename(&mut self, key: NodeKey, id: NodeId) {
        Arc::make_mut(&mut self.by_id).remove(&self.nodes, key);
        self.facts_mut(key).id = id;
        Arc::make_mut(&mut self.by_id).insert(&self.nodes, key);
        if let Some(primary) = self.node(key).primary_key() {
            self.sort_replicas(primary);
        }
    }

    /// The node with this name.
    #[must_use]
    pub fn lookup(&self, id: &NodeId) -> Option<NodeKey> {
        self.by_id.get(&self.nodes, id)
    }

    /// What nodes.conf says of this table: all but the failure reports. Most of it stays shared with the one it is made from.
    #[must_use]
    pub fn for_file(&self) -> Self {
        self.as_seen_by(self.me)
    }

    /// The same as another of the nodes would have it.
    ///
    /// # Panics
    /// When that node has been removed.
    #[must_use]
    pub fn as_seen_by(&self, key: NodeKey) -> Self {
        assert!(self.get(key).is_some(), "the key of a node in the table");
        Self {
            nodes: self.nodes.iter().map(|node| node.as_ref().map(Node::without_reports)).collect(),
            free: self.free.clone(),
            by_id: Arc::clone(&self.by_id),
            me: key,
            owners: self.owners.clone(),
            open_slots: self.open_slots.clone(),
            current_epoch: self.current_epoch,
            last_vote_epoch: self.last_vote_epoch,
            forgotten: self.forgotten.clone(),
            voting: self.voting,
            version: self.version,
        }
    }

    /// This node's own key.
    #[must_use]
    pub fn my_key(&self) -> NodeKey {
        self.me
    }

    /// This node itself.
    #[must_use]
    pub fn me(&self) -> &Node {
        self.node(self.me)
    }

    /// A node.
    ///
    /// # Panics
    /// When it has been removed.
    #[must_use]
    pub fn node(&self, key: NodeKey) -> &Node {
        self.nodes[key.index()].as_ref().expect("the key of a node in the table")
    }

    /// A node, unless it has been removed.
    #[must_use]
    pub fn get(&self, key: NodeKey) -> Option<&Node> {
        self.nodes.get(key.index())?.as_ref()
    }

    /// What changes with every heartbeat of a node; readers are not told.
    pub fn liveness_mut(&mut self, key: NodeKey) -> &mut Liveness {
        &mut self.node_mut(key).liveness
    }

    /// The facts about a node, to change them: readers will see a new version.
    pub fn facts_mut(&mut self, key: NodeKey) -> &mut NodeFacts {
        self.version += 1;
        Arc::make_mut(&mut self.node_mut(key).facts)
    }

    /// Every node with its key, in the order of keys.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeKey, &Node)> {
        self.nodes.iter().enumerate().filter_map(|(index, node)| Some((NodeKey(index as u16), node.as_ref()?)))
    }

    /// Every node with its key, in the order of keys, from the first at or after `start` on, and around.
    pub fn nodes_from(&self, start: usize) -> impl Iterator<Item = (NodeKey, &Node)> {
        let around = (start..self.nodes.len()).chain(0..start.min(self.nodes.len()));
        around.filter_map(|index| Some((NodeKey(index as u16), self.nodes[index].as_ref()?)))
    }

    /// Every key in order. Taken as a list, so that the table may change meanwhile; check with [`Table::get`] then.
    #[must_use]
    pub fn keys(&self) -> Vec<NodeKey> {
        self.nodes().map(|(key, _)| key).collect()
    }

    /// How many nodes are in the table, this one and those in handshake included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many nodes are primaries that own a slot. Kept, not counted: it is asked for with each failure report.
    #[must_use]
    pub fn voting(&self) -> usize {
        self.voting
    }

    /// Never: the table always holds this node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Upper bound of [`NodeKey::index`].
    #[must_use]
    pub fn key_bound(&self) -> usize {
        self.nodes.len()
    }

    /// Moves whenever a reader could see a difference (heartbeat times aside).
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Makes a node a primary; it leaves its primary's replicas.
    pub fn make_primary(&mut self, key: NodeKey) {
        self.leave_primary(key);
        self.set_role(key, Role::Primary);
    }

    /// Makes a node a replica of `primary`, or of a primary that is not known. A primary that is itself below the node
    /// would close a circle: nobody could tell whom a replica in it follows in the end.
    pub fn make_replica(&mut self, key: NodeKey, primary: Option<NodeKey>) {
        debug_assert!(primary.is_none_or(|primary| !self.is_below(primary, key)), "chains of primaries end");
        self.leave_primary(key);
        self.set_role(key, Role::Replica(primary));
        if let Some(primary) = primary {
            self.facts_mut(primary).replicas.push(key);
            self.sort_replicas(primary);
        }
    }

    /// Whether the chain of primaries that begins with `key` comes to `other`.
    #[must_use]
    pub fn is_below(&self, key: NodeKey, other: NodeKey) -> bool {
        std::iter::successors(Some(key), |key| self.node(*key).primary_key()).any(|key| key == other)
    }

    /// Config epoch that counts for a node: its primary's, if it has a known one.
    #[must_use]
    pub fn epoch_of(&self, key: NodeKey) -> slotmesh_types::ConfigEpoch {
        let node = self.node(key);
        node.primary_key().map_or(node.config_epoch, |primary| self.node(primary).config_epoch)
    }

    /// Raises the cluster's clock, never lowers it; tells whether it moved.
    pub fn raise_current_epoch(&mut self, epoch: CurrentEpoch) -> bool {
        let raised = epoch > self.current_epoch;
        if raised {
            self.current_epoch = epoch;
            self.version += 1;
        }
        raised
    }

    /// Gives a node a slot or takes it away. Counts along: to count the whole set each time would cost milliseconds for
    /// a node that claims all of them.
    pub(crate) fn set_slot(&mut self, key: NodeKey, slot: Slot, owned: bool) {
        self.change_vote(key, |facts| {
            let mut slots = facts.slots.take().unwrap_or_default();
            let set = Arc::make_mut(&mut slots);
            if owned {
                facts.slot_count += u16::from(set.insert(slot));
            } else {
                facts.slot_count -= u16::from(set.remove(slot));
            }
            facts.slots = (facts.slot_count > 0).then_some(slots);
        });
    }

    fn set_role(&mut self, key: NodeKey, role: Role) {
        self.change_vote(key, |facts| facts.role = role);
    }

    /// A change of role or slots, after which a node may have a vote that it had not, or the other way round.
    fn change_vote(&mut self, key: NodeKey, change: impl FnOnce(&mut NodeFacts)) {
        let facts = self.facts_mut(key);
        let before = facts.is_voting();
        change(facts);
        let after = facts.is_voting();
        self.voting = self.voting + usize::from(after) - usize::from(before);
    }

    pub(crate) fn node_mut(&mut self, key: NodeKey) -> &mut Node {
        self.nodes[key.index()].as_mut().expect("the key of a node in the table")
    }

    fn leave_primary(&mut self, key: NodeKey) {
        if let Some(primary) = self.node(key).primary_key() {
            self.facts_mut(primary).replicas.retain(|replica| *replica != key);
        }
    }

    fn sort_replicas(&mut self, primary: NodeKey) {
        let mut replicas = self.node(primary).replicas.clone();
        replicas.sort_by_key(|replica| self.node(*replica).id);
        self.facts_mut(primary).replicas = replicas;
    }
}
