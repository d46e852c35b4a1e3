//! A slot goes from one owner to another only by a claim at a higher epoch, unless its owner has stopped claiming it.

use slotmesh_gossip::Engine;
use slotmesh_table::NodeKey;
use slotmesh_types::{ConfigEpoch, NodeId, SlotSet};
use slotmesh_wire::{Body, Header};

/// What the packet at hand claims in vain: for whom, and which slots.
pub(super) struct Claims(Vec<Option<(NodeId, SlotSet)>>);

impl Claims {
    pub(super) fn new(nodes: usize) -> Self {
        Self(vec![None; nodes])
    }

    /// A packet is about to be dealt with.
    pub(super) fn arrives(&mut self, node: usize, engine: &Engine, header: &Header<'_>, body: &Body<'_>) {
        self.0[node] = match body {
            Body::Heartbeat(_) if header.replica_of().is_null() => {
                header.sender().id().map(|id| (id, header.config_epoch(), header.slots()))
            }
            Body::Update(update) => update.node().id().map(|id| (id, update.config_epoch(), update.slots())),
            _ => None,
        }
        .and_then(|(id, epoch, slots)| {
            let key = engine.table().lookup(&id)?;
            Some((id, in_vain(engine, key, epoch, &SlotSet::from_bytes(*slots))))
        });
    }

    /// A node has dealt with the packet.
    pub(super) fn received(&mut self, node: usize, engine: &Engine) -> Result<(), String> {
        let Some((id, slots)) = self.0[node].take() else { return Ok(()) };
        let table = engine.table();
        let Some(key) = table.lookup(&id) else { return Ok(()) };
        match slots.intersection(table.node(key).slots()).iter().next() {
            Some(slot) => Err(format!("gives slot {slot} to {id} by a claim that is not newer than its owner's")),
            None => Ok(()),
        }
    }
}

/// The slots of a claim that belong to somebody else at the same epoch or a higher one.
fn in_vain(engine: &Engine, claimant: NodeKey, epoch: ConfigEpoch, claim: &SlotSet) -> SlotSet {
    let table = engine.table();
    let others = claim.without(table.node(claimant).slots());
    others
        .iter()
        .filter(|slot| {
            let owner = table.owner(*slot).filter(|_| !table.is_not_claiming(*slot));
            // Nobody listens to the claim of a replica.
            owner.is_some_and(|key| table.node(key).is_primary() && table.node(key).config_epoch >= epoch)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use slotmesh_types::Slot;

    use super::*;
    use crate::checks::samples::{engine_that_knows, id};

    #[test]
    fn an_owner_yields_to_higher_epochs_only() {
        let engine = engine_that_knows(2);
        let other = engine.table().lookup(&id(2)).expect("known");
        let claim: SlotSet = [7, 8].into_iter().filter_map(Slot::new).collect();
        let lost =
            |epoch| in_vain(&engine, other, ConfigEpoch(epoch), &claim).iter().map(Slot::get).collect::<Vec<_>>();
        assert_eq!(lost(1), [7], "8 is free");
        assert!(lost(2).is_empty());
    }
}
