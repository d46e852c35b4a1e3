//! What the engine wants of the data side. There is no keyspace yet: nothing to pause, drop or hand over.

use slotmesh_gossip::DataOrder;

pub(crate) fn obey(order: &DataOrder) {
    match order {
        DataOrder::Follow { node, .. } => {
            tracing::warn!("This release does not replicate: as a replica of {node} this node stays without data");
        }
        DataOrder::Lead { .. } | DataOrder::DropKeys(_) | DataOrder::PauseWrites { .. } | DataOrder::ResumeWrites => {
            tracing::debug!("Nothing to do for an empty keyspace: {order:?}");
        }
    }
}
