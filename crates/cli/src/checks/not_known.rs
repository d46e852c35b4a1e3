//! Nodes that run and that not all know.

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::output::counted;
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let alive: Vec<NodeId> = cluster.ids().into_iter().filter(|id| cluster.is_alive(id)).collect();
    let outsiders: Vec<NodeId> = alive.iter().copied().filter(|id| is_outsider(cluster, id)).collect();
    let mut findings: Vec<Finding> = outsiders.iter().map(|id| outsider(cluster, id)).collect();
    for id in alive.iter().filter(|id| !outsiders.contains(id)) {
        // That outsiders don't know it follows from what is said of them.
        let strangers = cluster.not_knowing(id).map(|view| &view.me).filter(|me| !outsiders.contains(me));
        let strangers: Vec<&NodeId> = strangers.collect();
        if !strangers.is_empty() {
            findings.push(half_known(cluster, id, &strangers));
        }
    }
    findings
}

/// None of the others knows it.
fn is_outsider(cluster: &Cluster, id: &NodeId) -> bool {
    let others = cluster.views.values().filter(|view| view.me != *id).count();
    others > 0 && cluster.not_knowing(id).count() == others
}

fn outsider(cluster: &Cluster, id: &NodeId) -> Finding {
    let name = cluster.name(id);
    Finding {
        severity: Severity::Error,
        what: format!("{name} is known to none of the others: it was forgotten, or belongs to another cluster"),
        evidence: vec![format!("not known to {}", cluster.names(cluster.not_knowing(id).map(|view| &view.me)))],
        remedy: "CLUSTER RESET on it if it is to stay out, slotmesh meet if it is to come back".to_owned(),
        subject: name,
    }
}

fn half_known(cluster: &Cluster, id: &NodeId, strangers: &[&NodeId]) -> Finding {
    let name = cluster.name(id);
    Finding {
        severity: Severity::Error,
        what: format!("{name} is known to some and not to {}", counted(strangers.len(), "other")),
        evidence: vec![format!("not known to {}", cluster.names(strangers.iter().copied()))],
        remedy: "wait until it has spread, or slotmesh meet; if it was forgotten on purpose: slotmesh forget, which asks all \
                 nodes"
            .to_owned(),
        subject: name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn who_does_not_know_it_is_told() {
        let mut stage = Stage::of(3);
        stage.forget(0, 2);
        let finding = only(check(stage.cluster()));
        assert!(finding.what.ends_with("is known to some and not to 1 other"), "{finding:?}");
    }

    #[test]
    fn an_outsider_is_one_finding_whether_it_knows_the_others_or_not() {
        let mut stage = Stage::of(3);
        stage.forget(0, 2);
        stage.forget(1, 2);
        assert!(only(check(stage.cluster())).what.contains("known to none of the others"));
        stage.forget(2, 0);
        stage.forget(2, 1);
        assert!(only(check(stage.cluster())).subject.starts_with("10.0.0.1:7002"));
    }
}
