//! Nodes that tell others an address at which they are not.

use std::collections::BTreeSet;

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::talk::Target;
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let alive = cluster.ids().into_iter().filter(|id| cluster.is_alive(id));
    alive
        .flat_map(|id| announced(cluster, &id).into_iter().filter_map(move |target| finding(cluster, &id, &target)))
        .collect()
}

/// Where the node says that it is, and where others say so.
fn announced(cluster: &Cluster, id: &NodeId) -> BTreeSet<Target> {
    let entries = cluster.views.values().filter_map(|view| view.entry(id)).filter(|entry| !entry.handshake);
    entries.filter_map(|entry| entry.place.target()).collect()
}

fn finding(cluster: &Cluster, id: &NodeId, target: &Target) -> Option<Finding> {
    let short = &id.as_str()[..8];
    let answer = cluster.answers.get(target)?;
    let what = match answer {
        Ok(who) if who == id => return None,
        Ok(other) => format!("node {short} is known at {target}, where node {} answers", &other.as_str()[..8]),
        Err(_) => format!("node {short} runs, and can't be asked at {target}, where it is known"),
    };
    let tells =
        |view: &&crate::view::View| view.entry(id).and_then(|entry| entry.place.target()).as_ref() == Some(target);
    let by: Vec<&NodeId> = cluster.views.values().filter(tells).map(|view| &view.me).collect();
    let mut evidence = vec![format!("told by {}", cluster.names(by))];
    evidence.extend(answer.as_ref().err().map(|reason| format!("{target}: {reason}")));
    evidence.extend(cluster.views.get(id).map(|view| format!("it was asked at {}", view.asked)));
    let linked: Vec<&NodeId> = cluster.linked_with(id).collect();
    evidence.extend((!linked.is_empty()).then(|| format!("linked with {}", cluster.names(linked))));
    Some(Finding {
        severity: Severity::Error,
        subject: format!("node {short} at {target}"),
        what,
        evidence,
        remedy: "CONFIG SET cluster-announce-ip (-port, -bus-port) on it to what clients and nodes reach, or to nothing (\"\") \
                 to let it find its address; if only we can't reach it (firewall, password), look from one of the nodes"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, id, only, target};
    use super::*;

    #[test]
    fn a_node_that_runs_and_is_not_where_it_says_is_found_from_any_side() {
        let elsewhere = Target::new("10.9.9.9", 7002);
        let mut stage = Stage::of(3);
        stage.entries(2).for_each(|entry| "10.9.9.9".clone_into(&mut entry.place.host));
        stage.answer(elsewhere.clone(), Err("no answer within 5s".to_owned()));
        let asked_itself = only(check(stage.cluster()));
        assert!(asked_itself.evidence.contains(&"it was asked at 10.0.0.1:7002".to_owned()), "{asked_itself:?}");
        stage.silence(2);
        let asked_others = only(check(stage.cluster()));
        assert_eq!(asked_others.subject, format!("node 00000000 at {elsewhere}"));
        stage.kill(2);
        assert!(check(stage.cluster()).is_empty(), "it may be right and not run");
    }

    #[test]
    fn somebody_else_at_its_address_is_named() {
        let mut stage = Stage::of(3);
        stage.entries(2).for_each(|entry| entry.place.port = 7001);
        let finding = only(check(stage.cluster()));
        assert!(finding.what.contains("is known at 10.0.0.1:7001, where node"), "{finding:?}");
        assert_eq!(stage.cluster().answers[&target(1)], Ok(id(1)));
    }
}
