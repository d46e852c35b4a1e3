//! Members that don't run.

use slotmesh_types::NodeId;

use super::{Finding, Severity};
use crate::view::{Cluster, Entry};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let ids = cluster.ids().into_iter();
    ids.filter(|id| !cluster.is_alive(id) && cluster.not_knowing(id).next().is_none())
        .map(|id| finding(cluster, &id))
        .collect()
}

fn finding(cluster: &Cluster, id: &NodeId) -> Finding {
    let owns = cluster.knowing(id).any(|(_, entry)| !entry.slots.is_empty());
    Finding {
        severity: if owns { Severity::Error } else { Severity::Warning },
        subject: cluster.name(id),
        what: format!("{} does not run: nobody answers there, and no node has a link to or from it", cluster.name(id)),
        evidence: evidence(cluster, id),
        remedy: "start it again; if it is gone for good: slotmesh forget".to_owned(),
    }
}

/// What was heard at its addresses, and what the others think of it.
pub(super) fn evidence(cluster: &Cluster, id: &NodeId) -> Vec<String> {
    let mut targets: Vec<_> = cluster.knowing(id).filter_map(|(_, entry)| entry.place.target()).collect();
    targets.sort();
    targets.dedup();
    let heard = targets.iter().filter_map(|target| match cluster.answers.get(target)? {
        Err(reason) => Some(format!("{target}: {reason}")),
        Ok(other) => Some(format!("{target}: {} answers there", cluster.name(other))),
    });
    let think = |(view, entry): (_, &Entry)| {
        let view: &crate::view::View = view;
        format!("{} holds it for {}", cluster.name(&view.me), entry.health)
    };
    heard.chain(cluster.knowing(id).take(5).map(think)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn who_does_not_run_is_named_with_what_was_heard() {
        let mut stage = Stage::of(3);
        stage.kill(2);
        let finding = only(check(stage.cluster()));
        assert_eq!((finding.severity, finding.subject.as_str()), (Severity::Error, "10.0.0.1:7002 (00000000)"));
        assert_eq!(finding.evidence[0], "10.0.0.1:7002: can't connect: refused");
    }

    #[test]
    fn who_is_linked_with_somebody_runs() {
        let mut stage = Stage::of(3);
        stage.silence(2);
        assert!(check(stage.cluster()).is_empty());
    }
}
