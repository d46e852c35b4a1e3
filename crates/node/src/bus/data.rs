//! What the engine wants of the data side. Nothing is replicated yet: a replica has no keys, and there is nothing to
//! hand over.

use slotmesh_gossip::DataOrder;

use crate::keeper::Chores;

pub(crate) fn obey(order: &DataOrder, chores: &Chores) {
    match order {
        DataOrder::Follow { node, .. } => {
            tracing::warn!("This release does not replicate: as a replica of {node} this node is without data");
            chores.drop_keys_of_replica();
        }
        DataOrder::DropKeys(slots) => chores.drop_keys(slots.clone()),
        DataOrder::PauseWrites { until } => chores.pause_writes(Some(*until)),
        DataOrder::ResumeWrites => chores.pause_writes(None),
        DataOrder::Lead { .. } => {
            tracing::debug!("Nothing to do without replication: {order:?}");
        }
    }
}
