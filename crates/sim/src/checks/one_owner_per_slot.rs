//! In each view a slot has at most one owner, and owners and slots agree.

use slotmesh_gossip::Engine;
use slotmesh_types::SlotSet;

pub(super) fn check(engine: &Engine) -> Result<(), String> {
    let table = engine.table();
    let mut union = SlotSet::new();
    let mut counted = 0;
    for (key, node) in table.nodes().filter(|(_, node)| node.slot_count() > 0) {
        union = union.union(node.slots());
        counted += node.slot_count();
        let first = node.slots().iter().next();
        if first.and_then(|slot| table.owner(slot)) != Some(key) {
            return Err(format!("{} is not the owner of its own first slot", node.id()));
        }
    }
    // Fewer than are counted if two own the same.
    let (all, assigned) = (union.len(), table.slots_assigned());
    if all == counted && all == assigned {
        Ok(())
    } else {
        Err(format!("{all} slots are owned, {counted} are counted, {assigned} are assigned"))
    }
}
