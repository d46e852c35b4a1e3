//! Primaries whose slots are lost when they are.

use super::{Finding, Severity};
use crate::view::{Cluster, Role};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let ids = cluster.ids();
    let followed: Vec<_> = ids
        .iter()
        .filter(|id| cluster.is_alive(id))
        .filter_map(|id| match cluster.best_entry(id)?.role {
            Role::Replica(primary) => primary,
            _ => None,
        })
        .collect();
    let bare: Vec<_> = cluster.owners().map(|(id, _)| id).filter(|id| !followed.contains(id)).collect();
    if bare.is_empty() {
        return Vec::new();
    }
    // No replica anywhere is a choice; one that is missing is not.
    let chosen = followed.is_empty();
    let slots: usize = cluster.owners().filter(|(id, _)| bare.contains(id)).map(|(_, owner)| owner.slot_count()).sum();
    vec![Finding {
        severity: if chosen { Severity::Note } else { Severity::Warning },
        subject: "primaries without a replica".to_owned(),
        what: format!("{slots} slots have no running replica: they are gone when their primary fails"),
        evidence: vec![cluster.names(&bare)],
        remedy: "add nodes (slotmesh meet) and CLUSTER REPLICATE id on them".to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn a_missing_replica_is_worse_than_none_at_all() {
        assert_eq!(only(check(Stage::of(3).cluster())).severity, Severity::Note);
        let mut stage = Stage::with_replicas(3);
        assert!(check(stage.cluster()).is_empty());
        stage.kill(4);
        let finding = only(check(stage.cluster()));
        assert_eq!((finding.severity, &*finding.evidence[0]), (Severity::Warning, "10.0.0.1:7001 (00000000)"));
    }
}
