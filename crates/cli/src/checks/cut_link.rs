//! Pairs of running nodes without a link in either direction.

use std::collections::BTreeMap;

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let ids: Vec<NodeId> = cluster.views.keys().copied().collect();
    let mut cut: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for a in &ids {
        for b in ids.iter().filter(|b| *b != a) {
            if (cluster.link(a, b), cluster.link(b, a)) == (Some(false), Some(false)) {
                cut.entry(*a).or_default().push(*b);
            }
        }
    }
    let mut findings = Vec::new();
    // Whoever lacks most is told of first; what it lacks is not told again.
    while let Some(worst) = cut.iter().max_by_key(|(_, from)| from.len()).map(|(id, _)| *id) {
        let from = cut.remove(&worst).unwrap_or_default();
        if !from.is_empty() {
            findings.push(finding(cluster, &worst, &from));
        }
        cut.values_mut().for_each(|others| others.retain(|other| *other != worst));
    }
    findings
}

fn finding(cluster: &Cluster, id: &NodeId, from: &[NodeId]) -> Finding {
    let name = cluster.name(id);
    Finding {
        severity: Severity::Error,
        what: format!("{name} and {} other nodes run, and have no link to each other in either direction", from.len()),
        evidence: vec![format!("cut off from {}", cluster.names(from))],
        remedy:
            "see whether their bus ports can be reached from each other (client port and 10000 as a rule), and whether \
                 their slotmesh-cluster-name is the same"
                .to_owned(),
        subject: name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn a_node_that_is_cut_off_from_all_is_one_finding() {
        let mut stage = Stage::of(4);
        stage.unlink(3);
        let finding = only(check(stage.cluster()));
        assert!(finding.what.starts_with("10.0.0.1:7003 (00000000) and 3 other nodes"), "{finding:?}");
    }

    #[test]
    fn a_node_that_does_not_run_is_not_cut_off() {
        let mut stage = Stage::of(4);
        stage.kill(3);
        assert!(check(stage.cluster()).is_empty());
    }
}
