//! What changed between the views of a node, for those who watch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use slotmesh_table::{ClusterView, NodeFacts, NodeView};
use slotmesh_types::{Mono, NodeId};
use tokio::sync::watch;

use crate::{convert, proto};

/// The changes of one run of a node. Views go in, in any order and as often as one likes; readers take the changes after
/// the state they have, at their own pace. Nothing is kept for a reader: who is too slow is told so.
#[derive(Debug)]
pub struct Journal {
    run_id: String,
    cluster_name: String,
    state: Mutex<State>,
    head: watch::Sender<u64>,
}

/// What comes after a state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing yet.
    Nothing,
    /// This change.
    Delta(Arc<proto::TopologyDelta>),
    /// It is not remembered any more.
    Lost,
}

/// Where the journal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The latest revision.
    pub(crate) revision: u64,
    /// The last one at which members, roles, slots or epochs changed.
    pub(crate) settled: u64,
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<NodeId, Entry>,
    cluster: proto::ClusterState,
    noted: Option<u64>,
    settled: u64,
    changed: Mono,
    deltas: VecDeque<Arc<proto::TopologyDelta>>,
    /// Nodes in all deltas together.
    weight: usize,
}

#[derive(Debug)]
struct Entry {
    facts: Arc<NodeFacts>,
    primary: Option<Arc<NodeFacts>>,
    shown: proto::Node,
}

impl Journal {
    /// Most changes that are remembered.
    pub const DELTAS_MAX: usize = 4096;
    /// Most nodes in all remembered changes together: bounds the memory of a big mesh.
    pub const NODES_MAX: usize = 65_536;

    /// An empty journal; the first view gives it a state.
    #[must_use]
    pub fn new(run_id: String, cluster_name: String) -> Self {
        Self { run_id, cluster_name, state: Mutex::default(), head: watch::Sender::new(0) }
    }

    /// Takes a view; an older one than the last, or the same, changes nothing.
    pub fn note(&self, view: &ClusterView) {
        let mut state = self.lock();
        if state.noted.is_some_and(|noted| view.version < noted || (view.version == noted && !state.is_early())) {
            return;
        }
        state.take(view, &self.cluster_name, &self.run_id);
        drop(state);
        self.head.send_replace(view.version);
    }

    /// Name of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(crate) fn revision(&self, number: u64) -> proto::Revision {
        proto::Revision { run_id: self.run_id.clone(), number }
    }

    pub(crate) fn standing(&self) -> Standing {
        let state = self.lock();
        Standing { revision: state.noted.unwrap_or(0), settled: state.settled }
    }

    /// When the table changed last.
    pub(crate) fn changed(&self) -> Mono {
        self.lock().changed
    }

    /// Tells about new revisions; the value itself may be behind what [`Journal::after`] gives.
    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// The first change after a revision.
    pub(crate) fn after(&self, number: u64) -> Step {
        let state = self.lock();
        let noted = state.noted.unwrap_or(0);
        if number == noted {
            return Step::Nothing;
        }
        let next = state.deltas.partition_point(|delta| revision_of(delta) <= number);
        match state.deltas.get(next) {
            Some(delta) if number < noted && delta.from_number <= number => Step::Delta(Arc::clone(delta)),
            _ => Step::Lost,
        }
    }

    /// Everything, as of the latest revision. `view` gives the times only.
    pub(crate) fn snapshot(&self, view: &ClusterView) -> proto::Topology {
        let state = self.lock();
        let nodes: Vec<proto::Node> = state.nodes.values().map(|entry| entry.shown.clone()).collect();
        let my_id = nodes.iter().find(|node| node.flags.is_some_and(|flags| flags.myself));
        proto::Topology {
            revision: Some(self.revision(state.noted.unwrap_or(0))),
            my_id: my_id.map(|node| node.id.clone()).unwrap_or_default(),
            state: Some(state.cluster.clone()),
            shards: shards(&nodes),
            nodes,
            taken: convert::timestamp(view.taken.unix),
            unchanged_for: Some(convert::milliseconds(view.taken.mono.since(state.changed))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Whether all there is comes from a view that was taken before the node ran.
    fn is_early(&self) -> bool {
        self.changed == Mono::default()
    }

    fn take(&mut self, view: &ClusterView, cluster_name: &str, run_id: &str) {
        let first = self.noted.is_none() || self.is_early();
        let mut settles = first;
        let mut changed = Vec::new();
        for node in &view.nodes {
            let before = self.nodes.get(node.facts.id());
            if before.is_some_and(|entry| entry.is_same(view, node)) {
                continue;
            }
            let shown = convert::node(view, node);
            settles |= before.map_or(is_member(&shown), |entry| !is_settled(&entry.shown, &shown));
            if before.is_none_or(|entry| entry.shown != shown) {
                changed.push(shown.clone());
            }
            self.nodes.insert(*node.facts.id(), Entry::new(view, node, shown));
        }
        let removed = self.remove_missing(view, &mut settles);
        let cluster = convert::cluster_state(view, cluster_name);
        settles |= cluster.current_epoch != self.cluster.current_epoch || cluster.open_slots != self.cluster.open_slots;
        let state = (cluster != self.cluster).then(|| cluster.clone());
        self.cluster = cluster;
        let from_number = self.noted.replace(view.version).unwrap_or(0);
        self.changed = view.taken.mono;
        if settles {
            self.settled = view.version;
        }
        if !first {
            let revision = Some(proto::Revision { run_id: run_id.to_owned(), number: view.version });
            self.remember(proto::TopologyDelta { revision, from_number, changed, removed, state });
        }
    }

    fn remove_missing(&mut self, view: &ClusterView, settles: &mut bool) -> Vec<String> {
        if self.nodes.len() == view.nodes.len() {
            return Vec::new();
        }
        let mut removed = Vec::new();
        self.nodes.retain(|id, entry| {
            let stays = view.lookup(id).is_some();
            if !stays {
                *settles |= is_member(&entry.shown);
                removed.push(id.to_string());
            }
            stays
        });
        removed
    }

    fn remember(&mut self, delta: proto::TopologyDelta) {
        self.weight += weight(&delta);
        self.deltas.push_back(Arc::new(delta));
        while self.deltas.len() > Journal::DELTAS_MAX || (self.weight > Journal::NODES_MAX && self.deltas.len() > 1) {
            if let Some(oldest) = self.deltas.pop_front() {
                self.weight -= weight(&oldest);
            }
        }
    }
}

impl Entry {
    fn new(view: &ClusterView, node: &NodeView, shown: proto::Node) -> Self {
        Self { facts: Arc::clone(&node.facts), primary: primary(view, node).cloned(), shown }
    }

    /// Facts are copied when they change, so one place in memory is one state.
    fn is_same(&self, view: &ClusterView, node: &NodeView) -> bool {
        let primary = match (&self.primary, primary(view, node)) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        primary && Arc::ptr_eq(&self.facts, &node.facts)
    }
}

fn primary<'a>(view: &'a ClusterView, node: &NodeView) -> Option<&'a Arc<NodeFacts>> {
    Some(&view.node(node.facts.primary_key()?)?.facts)
}

fn revision_of(delta: &proto::TopologyDelta) -> u64 {
    delta.revision.as_ref().map_or(0, |revision| revision.number)
}

fn weight(delta: &proto::TopologyDelta) -> usize {
    1 + delta.changed.len() + delta.removed.len()
}

fn is_member(node: &proto::Node) -> bool {
    !node.flags.is_some_and(|flags| flags.handshake)
}

/// Whether two states of a node are one to whoever deals out slots.
fn is_settled(before: &proto::Node, now: &proto::Node) -> bool {
    is_member(before) == is_member(now)
        && before.role == now.role
        && before.primary_id == now.primary_id
        && before.shard_id == now.shard_id
        && before.config_epoch == now.config_epoch
        && before.slots == now.slots
}

/// The shards of these members, ordered by id.
fn shards(nodes: &[proto::Node]) -> Vec<proto::Shard> {
    let mut shards: BTreeMap<&str, proto::Shard> = BTreeMap::new();
    for node in nodes.iter().filter(|node| is_member(node)) {
        let shard = shards.entry(&node.shard_id).or_default();
        shard.id.clone_from(&node.shard_id);
        let ids = if node.role() == proto::Role::Replica { &mut shard.replica_ids } else { &mut shard.primary_ids };
        ids.push(node.id.clone());
        shard.slots.extend_from_slice(&node.slots);
    }
    let mut shards: Vec<proto::Shard> = shards.into_values().collect();
    for shard in &mut shards {
        shard.slots.sort_unstable_by_key(|range| range.first);
    }
    shards
}

#[cfg(test)]
mod tests {
    use slotmesh_table::{BusStats, Table};
    use slotmesh_types::{CurrentEpoch, Now, ShardId, UnixMillis};

    use super::*;

    fn table() -> Table {
        Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]))
    }

    fn view(table: &Table) -> ClusterView {
        let now = Now { mono: Mono::from_micros(5), unix: UnixMillis(5) };
        ClusterView::new(table, now, false, 0, BusStats::default())
    }

    fn raise(table: &mut Table, journal: &Journal) {
        table.raise_current_epoch(CurrentEpoch(table.current_epoch.0 + 1));
        journal.note(&view(table));
    }

    #[test]
    fn changes_are_remembered_up_to_a_bound_and_lost_ones_are_known_as_such() {
        let (mut table, journal) = (table(), Journal::new("run".into(), String::new()));
        journal.note(&view(&table));
        let first = table.version();
        assert_eq!(journal.after(first), Step::Nothing);
        for _ in 0..Journal::DELTAS_MAX {
            raise(&mut table, &journal);
        }
        assert!(matches!(journal.after(first), Step::Delta(delta) if delta.from_number == first));
        raise(&mut table, &journal);
        assert_eq!(journal.after(first), Step::Lost);
        assert!(matches!(journal.after(first + 1), Step::Delta(delta) if delta.from_number == first + 1));
        assert_eq!(journal.after(table.version() + 1), Step::Lost, "what has not been was never seen");
    }

    #[test]
    fn an_older_view_changes_nothing_and_links_do_not_count_as_a_change_of_the_layout() {
        let (mut table, journal) = (table(), Journal::new("run".into(), String::new()));
        let old = view(&table);
        raise(&mut table, &journal);
        let settled = journal.standing();
        journal.note(&old);
        assert_eq!(journal.standing(), settled);
        let me = table.my_key();
        table.facts_mut(me).connected = true;
        journal.note(&view(&table));
        let standing = journal.standing();
        assert_eq!((standing.revision, standing.settled), (table.version(), settled.revision));
        table.facts_mut(me).config_epoch = slotmesh_types::ConfigEpoch(9);
        journal.note(&view(&table));
        assert_eq!(journal.standing().settled, table.version());
    }
}
