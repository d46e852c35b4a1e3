//! Primaries with slots that share a config epoch.

use std::collections::BTreeMap;

use slotmesh_types::{ConfigEpoch, NodeId};

use super::{Finding, Severity};
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut epochs: BTreeMap<ConfigEpoch, Vec<NodeId>> = BTreeMap::new();
    for (id, owner) in cluster.owners() {
        epochs.entry(owner.config_epoch).or_default().push(id);
    }
    let shared = epochs.into_iter().filter(|(_, ids)| ids.len() > 1);
    shared
        .map(|(epoch, ids)| Finding {
            severity: Severity::Error,
            subject: format!("config epoch {epoch}"),
            what: format!("{} primaries share config epoch {epoch}: which claim to a slot is newer can't be told", ids.len()),
            evidence: vec![cluster.names(&ids)],
            remedy: "they end it by themselves within seconds if they reach each other; else CLUSTER BUMPEPOCH on all but one"
                .to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn only_owners_of_slots_collide() {
        let mut stage = Stage::of(3);
        stage.entries(2).for_each(|entry| entry.config_epoch = ConfigEpoch(1));
        assert_eq!(only(check(stage.cluster())).subject, "config epoch 1");
        stage.entries(2).for_each(|entry| entry.slots.clear());
        assert!(check(stage.cluster()).is_empty());
    }
}
