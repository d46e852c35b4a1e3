//! Slots that were opened to be moved, and not closed.

use std::collections::BTreeMap;

use slotmesh_types::{NodeId, SlotSet};

use super::{Finding, Severity, slots_text};
use crate::view::Cluster;

/// From whom to whom, and who knows of it: the source, the target.
type Move = (NodeId, NodeId, bool, bool);

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut moves: BTreeMap<(u16, NodeId, NodeId), (bool, bool)> = BTreeMap::new();
    for view in cluster.views.values() {
        for open in &view.open_slots {
            let (from, to) = if open.importing { (open.peer, view.me) } else { (view.me, open.peer) };
            let known = moves.entry((open.slot.get(), from, to)).or_default();
            if open.importing { known.1 = true } else { known.0 = true }
        }
    }
    let mut grouped: BTreeMap<Move, SlotSet> = BTreeMap::new();
    for ((slot, from, to), (source, target)) in moves {
        let slot = slotmesh_types::Slot::new(slot).expect("it was a slot");
        grouped.entry((from, to, source, target)).or_default().insert(slot);
    }
    grouped.into_iter().map(|(of, slots)| finding(cluster, of, &slots)).collect()
}

fn finding(cluster: &Cluster, (from, to, source, target): Move, slots: &SlotSet) -> Finding {
    let (from, to) = (cluster.name(&from), cluster.name(&to));
    let half = match (source, target) {
        (true, true) => "both ends know",
        (true, false) => "only the source knows",
        _ => "only the target knows",
    };
    Finding {
        severity: Severity::Warning,
        subject: format!("{} from {from} to {to}", slots_text(slots)),
        what: format!("on the way from {from} to {to}, and not there: {}; {half}", slots_text(slots)),
        evidence: Vec::new(),
        remedy: "if nothing moves them now: valkey-cli --cluster fix, or CLUSTER SETSLOT slot STABLE on both ends once no keys \
                 are left on the way"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, id, only, slot};
    use super::*;
    use crate::view::OpenSlot;

    #[test]
    fn a_move_is_one_finding_and_tells_which_end_knows() {
        let mut stage = Stage::of(2);
        stage.view(0).open_slots = vec![OpenSlot { slot: slot(7), importing: false, peer: id(1) }];
        assert!(only(check(stage.cluster())).what.ends_with("only the source knows"));
        stage.view(1).open_slots = vec![OpenSlot { slot: slot(7), importing: true, peer: id(0) }];
        assert!(only(check(stage.cluster())).what.ends_with("both ends know"));
        stage.view(0).open_slots.clear();
        assert!(only(check(stage.cluster())).what.ends_with("only the target knows"));
    }
}
