//! Different software among the nodes.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::view::{Cluster, Software};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut software: BTreeMap<&Software, Vec<&NodeId>> = BTreeMap::new();
    for view in cluster.views.values().filter(|view| !view.software.name.is_empty()) {
        software.entry(&view.software).or_default().push(&view.me);
    }
    if software.len() < 2 {
        return Vec::new();
    }
    let names: BTreeSet<&str> = software.keys().map(|software| software.name).collect();
    let half_upgraded = software.len() > names.len();
    vec![Finding {
        severity: if half_upgraded { Severity::Warning } else { Severity::Note },
        subject: "the cluster".to_owned(),
        what: if half_upgraded {
            "the nodes run different versions of one software".to_owned()
        } else {
            format!("the nodes run {}", names.into_iter().collect::<Vec<_>>().join(" and "))
        },
        evidence: software
            .iter()
            .map(|(software, ids)| format!("{software}: {}", cluster.names(ids.iter().copied())))
            .collect(),
        remedy: if half_upgraded {
            "bring the upgrade to its end".to_owned()
        } else {
            "nothing if it is meant so; a replica should run no older software than its primary".to_owned()
        },
    }]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn a_mix_is_worth_a_note_and_a_half_upgrade_a_warning() {
        let mut stage = Stage::of(3);
        stage.view(0).software = Software { name: "Valkey", version: "9.1.2".to_owned() };
        let finding = only(check(stage.cluster()));
        assert_eq!((finding.severity, &*finding.what), (Severity::Note, "the nodes run Valkey and slotmesh"));
        stage.view(1).software = Software { name: "Valkey", version: "8.1.8".to_owned() };
        let finding = only(check(stage.cluster()));
        assert_eq!((finding.severity, finding.evidence.len()), (Severity::Warning, 3));
    }
}
