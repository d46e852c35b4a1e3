//! Slots that several nodes claim for themselves.

use std::collections::BTreeMap;

use slotmesh_types::{NodeId, Slot, SlotSet};

use super::{Finding, Severity, slots_text};
use crate::view::{Cluster, Role, View};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let contested = contested(cluster).into_iter();
    contested.map(|(owners, slots)| finding(cluster, &owners, &slots)).collect()
}

/// The slots that more than one node claims, by who does.
pub(super) fn contested(cluster: &Cluster) -> BTreeMap<Vec<NodeId>, SlotSet> {
    let mut claims: Vec<Vec<NodeId>> = vec![Vec::new(); usize::from(Slot::COUNT)];
    for own in cluster.views.values().filter_map(View::myself).filter(|own| own.role == Role::Primary) {
        for slot in own.slots.iter().flat_map(|range| range.iter()) {
            claims[slot.index()].push(own.id);
        }
    }
    let mut contested: BTreeMap<Vec<NodeId>, SlotSet> = BTreeMap::new();
    for (slot, owners) in Slot::all().zip(claims).filter(|(_, owners)| owners.len() > 1) {
        contested.entry(owners).or_default().insert(slot);
    }
    contested
}

fn finding(cluster: &Cluster, owners: &[NodeId], slots: &SlotSet) -> Finding {
    let epoch = |id: &NodeId| cluster.best_entry(id).map_or(0, |entry| entry.config_epoch.0);
    let winner = owners.iter().max_by_key(|id| epoch(id)).map(|id| cluster.name(id)).unwrap_or_default();
    Finding {
        severity: Severity::Error,
        subject: slots_text(slots),
        what: format!("{} say each that they own {}", cluster.names(owners), slots_text(slots)),
        evidence: owners.iter().map(|id| format!("{} at config epoch {}", cluster.name(id), epoch(id))).collect(),
        remedy: format!(
            "the highest config epoch wins once they hear of each other: {winner}. If they do already, give the slots to one \
             of them with CLUSTER SETSLOT slot NODE id on both, and mend what keeps them apart"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only, range};
    use super::*;

    #[test]
    fn both_owners_and_their_epochs_are_named() {
        let mut stage = Stage::of(3);
        stage.entry(2, 2).slots.insert(0, range(5, 6));
        let finding = only(check(stage.cluster()));
        assert_eq!(finding.subject, "slots 5-6");
        assert!(finding.evidence[1].contains("7002") && finding.evidence[1].ends_with("config epoch 3"), "{finding:?}");
    }

    #[test]
    fn what_others_say_makes_no_second_owner() {
        let mut stage = Stage::of(3);
        stage.entry(0, 2).slots.insert(0, range(5, 6));
        assert!(check(stage.cluster()).is_empty());
    }
}
