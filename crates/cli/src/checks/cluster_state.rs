//! Nodes that would not serve keys.

use super::{Finding, Severity};
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let failing: Vec<_> = cluster.views.values().filter(|view| !view.state_ok).map(|view| &view.me).collect();
    if failing.is_empty() {
        return Vec::new();
    }
    vec![Finding {
        severity: Severity::Error,
        subject: "the cluster".to_owned(),
        what: format!("{} of {} nodes say cluster_state:fail, and serve no keys", failing.len(), cluster.views.len()),
        evidence: vec![cluster.names(failing)],
        remedy: "see the other findings: slots without a living owner, or a minority of the primaries".to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn a_node_that_does_not_serve_is_named() {
        let mut stage = Stage::of(3);
        stage.view(1).state_ok = false;
        let finding = only(check(stage.cluster()));
        assert!(finding.what.starts_with("1 of 3 nodes") && finding.evidence[0].starts_with("10.0.0.1:7001"));
    }
}
