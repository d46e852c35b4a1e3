//! Links that stand in one direction only.

use std::collections::BTreeMap;

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::output::counted;
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let ids: Vec<NodeId> = cluster.ids().into_iter().collect();
    // Who does not reach the node, though the node reaches them.
    let mut unreached: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for (index, a) in ids.iter().enumerate() {
        for b in &ids[index + 1..] {
            match (cluster.link(a, b), cluster.link(b, a)) {
                (Some(false), Some(true)) => unreached.entry(*b).or_default().push(*a),
                (Some(true), Some(false)) => unreached.entry(*a).or_default().push(*b),
                _ => {}
            }
        }
    }
    unreached.into_iter().map(|(id, by)| finding(cluster, &id, &by)).collect()
}

fn finding(cluster: &Cluster, id: &NodeId, by: &[NodeId]) -> Finding {
    let name = cluster.name(id);
    // As it is known to one that does not reach it: others may know better.
    let places = by.iter().filter_map(|by| Some(&cluster.views.get(by)?.entry(id)?.place));
    let bus = places
        .into_iter()
        .next()
        .map_or_else(String::new, |place| format!(" at bus port {} of {}", place.bus_port, place.host));
    Finding {
        severity: Severity::Error,
        subject: name.clone(),
        what: format!("{name} has a link to {}, and is not reached from there", counted(by.len(), "node")),
        evidence: vec![format!("not reached by {}", cluster.names(by))],
        remedy: format!(
            "see whether they get through to it{bus}: a firewall that lets only one direction pass, or a wrong \
             cluster-announce-ip, -port or -bus-port"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, id, only};
    use super::*;

    #[test]
    fn the_node_that_is_not_reached_is_named() {
        let mut stage = Stage::of(3);
        stage.entry(0, 2).connected = false;
        stage.entry(1, 2).connected = false;
        let finding = only(check(stage.cluster()));
        assert!(finding.subject.starts_with("10.0.0.1:7002"), "{finding:?}");
        assert!(
            finding.what.contains("2 nodes") && finding.remedy.contains("bus port 17002 of 10.0.0.1"),
            "{finding:?}"
        );
    }

    #[test]
    fn a_node_that_does_not_answer_is_seen_by_its_links_to_others() {
        let mut stage = Stage::of(3);
        stage.silence(2);
        assert!(check(stage.cluster()).is_empty());
        stage.entry(0, 2).connected = false;
        assert!(only(check(stage.cluster())).subject.starts_with("10.0.0.1:7002"));
        stage.view(0).inbound.as_mut().unwrap().remove(&id(2));
        assert!(check(stage.cluster()).is_empty(), "no link in either direction is not one-sided");
    }
}
