//! Slots that nobody serves.

use slotmesh_types::SlotSet;

use super::{Finding, Severity, slots_text};
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut missing = SlotSet::full();
    let mut findings = Vec::new();
    for (id, owner) in cluster.owners() {
        let mut slots = SlotSet::new();
        owner.slots.iter().for_each(|range| slots.insert_range(*range));
        for slot in slots.iter() {
            missing.remove(slot);
        }
        if !cluster.is_alive(&id) {
            let name = cluster.name(&id);
            findings.push(Finding {
                severity: Severity::Error,
                subject: format!("slots of {name}"),
                what: format!("{name} does not run, and owns {}", slots_text(&slots)),
                evidence: Vec::new(),
                remedy: "start the node again, or let a replica of it take over".to_owned(),
            });
        }
    }
    if !missing.is_empty() {
        findings.push(Finding {
            severity: Severity::Error,
            subject: "slots without an owner".to_owned(),
            what: format!("nobody owns {}", slots_text(&missing)),
            evidence: vec!["no node says of itself that it owns them".to_owned()],
            remedy:
                "give them to a primary: CLUSTER ADDSLOTS there (first CLUSTER DELSLOTS on nodes that name an owner), \
                     or valkey-cli --cluster fix"
                    .to_owned(),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, id, only, range};
    use super::*;

    #[test]
    fn slots_that_no_node_claims_for_itself_are_uncovered_whatever_others_say() {
        let mut stage = Stage::of(2);
        stage.entry(0, 0).slots = vec![range(0, 99), range(101, 8191)];
        assert_eq!(only(check(stage.cluster())).what, "nobody owns slot 100");
    }

    #[test]
    fn slots_of_the_dead_are_uncovered_and_those_of_the_silent_are_not() {
        let mut stage = Stage::of(2);
        stage.silence(1);
        assert!(check(stage.cluster()).is_empty());
        stage.kill(1);
        let finding = only(check(stage.cluster()));
        assert!(finding.what.ends_with("does not run, and owns slots 8192-16383"), "{finding:?}");
        assert!(finding.subject.contains(&id(1).as_str()[..8]));
    }
}
