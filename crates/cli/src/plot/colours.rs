//! A colour for each shard.

use std::collections::BTreeMap;

use slotmesh_types::NodeId;

use crate::view::{Cluster, Role};

/// Who does not run.
pub(super) const DEAD: &str = "#bbbbbb";

/// Colours of primaries; a replica has that of its primary.
pub(super) struct Colours(BTreeMap<NodeId, String>);

impl Colours {
    /// Primaries get hues that are as far apart as they can be, in the order of `nodes`.
    pub(super) fn of(cluster: &Cluster, nodes: &[NodeId]) -> Self {
        let role = |id: &NodeId| cluster.best_entry(id).map(|entry| entry.role);
        let primaries: Vec<&NodeId> = nodes.iter().filter(|id| role(id) == Some(Role::Primary)).collect();
        let hue = |index: usize| 360 * index / primaries.len().max(1);
        let mut colours: BTreeMap<NodeId, String> =
            primaries.iter().enumerate().map(|(index, id)| (**id, format!("hsl({}, 65%, 55%)", hue(index)))).collect();
        for id in nodes {
            if let Some(Role::Replica(Some(primary))) = role(id)
                && let Some(colour) = colours.get(&primary).cloned()
            {
                colours.insert(*id, colour);
            }
        }
        Self(colours)
    }

    pub(super) fn of_node(&self, id: &NodeId) -> String {
        self.0.get(id).map_or_else(|| DEAD.to_owned(), Clone::clone)
    }
}
