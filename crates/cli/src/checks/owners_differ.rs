//! Slots whose owner the nodes disagree about.

use std::collections::BTreeMap;

use slotmesh_types::{NodeId, Slot, SlotSet};

use super::{Finding, Severity, slots_text, two_owners};
use crate::view::{Cluster, View};

/// Who owns a slot in whose view. Each node once.
type Opinions = BTreeMap<Option<NodeId>, Vec<NodeId>>;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let contested = two_owners::contested(cluster);
    let mut differing: BTreeMap<Opinions, SlotSet> = BTreeMap::new();
    let tables: Vec<(&View, Vec<u32>)> = cluster.views.values().map(|view| (view, table(view))).collect();
    for slot in Slot::all() {
        // Those are found by a check of their own.
        if contested.values().any(|slots| slots.contains(slot)) {
            continue;
        }
        let opinions = opinions(&tables, slot);
        if opinions.len() > 1 {
            differing.entry(opinions).or_default().insert(slot);
        }
    }
    differing.into_iter().map(|(opinions, slots)| finding(cluster, &opinions, &slots)).collect()
}

const NOBODY: u32 = u32::MAX;

/// The owner of each slot as an index into the entries of a view: ids would fill megabytes for each view.
fn table(view: &View) -> Vec<u32> {
    let mut table = vec![NOBODY; usize::from(Slot::COUNT)];
    for (index, entry) in view.entries.iter().enumerate() {
        for slot in entry.slots.iter().flat_map(|range| range.iter()) {
            table[slot.index()] = u32::try_from(index).unwrap_or(NOBODY);
        }
    }
    table
}

/// What the nodes say of one slot. A node that does not know the owner can't name it: that is another trouble.
fn opinions(tables: &[(&View, Vec<u32>)], slot: Slot) -> Opinions {
    let owner = |(view, table): &(&View, Vec<u32>)| Some(view.entries.get(table[slot.index()] as usize)?.id);
    let (mut opinions, mut silent) = (Opinions::new(), Vec::new());
    for table in tables {
        match owner(table) {
            Some(owner) => opinions.entry(Some(owner)).or_default().push(table.0.me),
            None => silent.push(table.0),
        }
    }
    let named: Vec<NodeId> = opinions.keys().copied().flatten().collect();
    silent.retain(|view| named.iter().all(|owner| view.entry(owner).is_some()));
    if !silent.is_empty() {
        opinions.insert(None, silent.iter().map(|view| view.me).collect());
    }
    opinions
}

fn finding(cluster: &Cluster, opinions: &Opinions, slots: &SlotSet) -> Finding {
    let told = |(owner, by): (&Option<NodeId>, &Vec<NodeId>)| {
        let owner = owner.map_or_else(|| "nobody".to_owned(), |id| cluster.name(&id));
        format!("{owner} owns them, say {}", cluster.names(by))
    };
    Finding {
        severity: Severity::Error,
        subject: slots_text(slots),
        what: format!("the nodes disagree about who owns {}", slots_text(slots)),
        evidence: opinions.iter().map(told).collect(),
        remedy: "if it lasts: CLUSTER SETSLOT slot NODE id on the owner and on those that are wrong, then CLUSTER BUMPEPOCH \
                 on the owner"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only, range};
    use super::*;

    #[test]
    fn who_says_what_is_told() {
        let mut stage = Stage::of(2);
        stage.entry(1, 0).slots = vec![range(0, 8190)];
        let finding = only(check(stage.cluster()));
        assert_eq!(finding.subject, "slot 8191");
        assert!(finding.evidence[0].starts_with("nobody owns them, say 10.0.0.1:7001"), "{finding:?}");
        assert!(finding.evidence[1].ends_with("say 10.0.0.1:7000 (00000000)"), "{finding:?}");
    }

    #[test]
    fn whoever_does_not_know_the_owner_disagrees_with_nobody() {
        let mut stage = Stage::of(3);
        stage.forget(1, 0);
        assert!(check(stage.cluster()).is_empty());
    }

    #[test]
    fn two_claims_are_another_finding() {
        let mut stage = Stage::of(3);
        stage.entry(2, 2).slots.insert(0, range(5, 6));
        assert!(check(stage.cluster()).is_empty());
    }
}
