//! Epochs that the nodes disagree about.

use std::collections::BTreeMap;

use slotmesh_types::{CurrentEpoch, NodeId};

use super::{Finding, Severity};
use crate::view::{Cluster, Role, View};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let primaries = cluster.views.values().filter_map(View::myself).filter(|own| own.role == Role::Primary);
    let mut findings: Vec<Finding> = primaries.filter_map(|own| of_node(cluster, &own.id)).collect();
    findings.extend(of_cluster(cluster));
    findings
}

fn of_node(cluster: &Cluster, id: &NodeId) -> Option<Finding> {
    let own = cluster.best_entry(id)?.config_epoch;
    let wrong: Vec<_> = cluster.knowing(id).filter(|(_, entry)| entry.config_epoch != own).collect();
    let name = cluster.name(id);
    (!wrong.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        what: format!("not everybody knows the config epoch of {name}, {own}"),
        evidence: wrong
            .iter()
            .take(5)
            .map(|(view, entry)| format!("{}: {}", cluster.name(&view.me), entry.config_epoch))
            .collect(),
        remedy: APART.to_owned(),
        subject: name,
    })
}

fn of_cluster(cluster: &Cluster) -> Option<Finding> {
    let mut clocks: BTreeMap<CurrentEpoch, Vec<&NodeId>> = BTreeMap::new();
    for view in cluster.views.values() {
        clocks.entry(view.current_epoch).or_default().push(&view.me);
    }
    (clocks.len() > 1).then(|| Finding {
        severity: Severity::Warning,
        subject: "the cluster".to_owned(),
        what: format!("the nodes are at {} different current epochs", clocks.len()),
        evidence: clocks
            .iter()
            .map(|(epoch, ids)| format!("{epoch}: {}", cluster.names(ids.iter().copied())))
            .collect(),
        remedy: APART.to_owned(),
    })
}

const APART: &str = "it spreads with every ping; if it lasts, the nodes don't hear of each other";

#[cfg(test)]
mod tests {
    use slotmesh_types::ConfigEpoch;

    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn an_old_config_epoch_is_named() {
        let mut stage = Stage::of(3);
        stage.entry(0, 2).config_epoch = ConfigEpoch(1);
        let finding = only(check(stage.cluster()));
        assert_eq!(finding.evidence, ["10.0.0.1:7000 (00000000): 1"]);
    }

    #[test]
    fn a_clock_that_is_behind_is_named() {
        let mut stage = Stage::of(3);
        stage.view(1).current_epoch = CurrentEpoch(2);
        assert_eq!(only(check(stage.cluster())).evidence[0], "2: 10.0.0.1:7001 (00000000)");
    }
}
