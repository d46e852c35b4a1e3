//! Nodes of clusters with different names among each other.

use std::collections::BTreeMap;

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut names: BTreeMap<&str, Vec<&NodeId>> = BTreeMap::new();
    for view in cluster.views.values().filter(|view| !view.cluster_name.is_empty()) {
        names.entry(&view.cluster_name).or_default().push(&view.me);
    }
    if names.len() < 2 {
        return Vec::new();
    }
    vec![Finding {
        severity: Severity::Error,
        subject: "the cluster".to_owned(),
        what: format!("nodes of {} clusters know of each other, and ignore each other", names.len()),
        evidence: names.iter().map(|(name, ids)| format!("'{name}': {}", cluster.names(ids.iter().copied()))).collect(),
        remedy: "a node without a name, or a real server, was met by both sides: have one side forget it (slotmesh forget), \
                 then CLUSTER RESET on nodes that joined by mistake"
            .to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn two_names_are_too_many_and_none_is_no_name() {
        let mut stage = Stage::of(3);
        "blue".clone_into(&mut stage.view(0).cluster_name);
        assert!(check(stage.cluster()).is_empty());
        "green".clone_into(&mut stage.view(1).cluster_name);
        let finding = only(check(stage.cluster()));
        assert_eq!(finding.evidence[1], "'green': 10.0.0.1:7001 (00000000)");
    }
}
