//! Nodes that don't run and that only some remember.

use slotmesh_types::NodeId;

use super::{Finding, Severity, dead_node};
use crate::view::{Cluster, Role};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let ids = cluster.ids().into_iter();
    ids.filter(|id| !cluster.is_alive(id) && cluster.not_knowing(id).next().is_some())
        .map(|id| finding(cluster, &id))
        .collect()
}

fn finding(cluster: &Cluster, id: &NodeId) -> Finding {
    let (known, unknown): (Vec<_>, Vec<_>) = (
        cluster.knowing(id).map(|(view, _)| &view.me).collect(),
        cluster.not_knowing(id).map(|view| &view.me).collect(),
    );
    let mut evidence = vec![
        format!("known to {}", cluster.names(known.iter().copied())),
        format!("not known to {}", cluster.names(unknown)),
    ];
    evidence.extend(dead_node::evidence(cluster, id));
    Finding {
        severity: Severity::Warning,
        subject: cluster.name(id),
        what: format!(
            "{} is a ghost: it does not run, and {} of the nodes list it still",
            cluster.name(id),
            known.len()
        ),
        evidence,
        remedy: remedy(cluster, id),
    }
}

/// A replica refuses to forget its primary, and does not listen to others who have.
fn remedy(cluster: &Cluster, id: &NodeId) -> String {
    let replicas =
        cluster.views.values().filter(|view| view.myself().is_some_and(|own| own.role == Role::Replica(Some(*id))));
    let replicas: Vec<&NodeId> = replicas.map(|view| &view.me).collect();
    let forget =
        format!("have it forgotten everywhere, before those that list it tell the others: slotmesh forget {id}");
    if replicas.is_empty() {
        return forget;
    }
    format!(
        "let {} follow another primary (CLUSTER REPLICATE), else it keeps this one; then {forget}",
        cluster.names(replicas)
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, id, only};
    use super::*;

    #[test]
    fn who_lists_it_and_who_does_not_is_told() {
        let mut stage = Stage::of(4);
        stage.kill(3);
        assert!(check(stage.cluster()).is_empty(), "known to all: it is dead, not a ghost");
        stage.forget(0, 3);
        stage.forget(1, 3);
        let finding = only(check(stage.cluster()));
        assert_eq!(finding.evidence[0], "known to 10.0.0.1:7002 (00000000)");
        assert!(finding.remedy.ends_with(id(3).as_str()));
    }

    #[test]
    fn its_replica_has_to_follow_another_first() {
        let mut stage = Stage::with_replicas(2);
        stage.kill(1);
        stage.forget(0, 1);
        stage.forget(2, 1);
        let finding = only(check(stage.cluster()));
        assert!(finding.remedy.starts_with("let 10.0.0.1:7003 (00000000) follow another"), "{finding:?}");
    }

    #[test]
    fn who_runs_is_no_ghost() {
        let mut stage = Stage::of(4);
        stage.forget(0, 3);
        stage.silence(3);
        assert!(check(stage.cluster()).is_empty());
    }
}
