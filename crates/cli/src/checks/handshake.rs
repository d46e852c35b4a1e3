//! Handshakes that don't end.

use super::{Finding, Severity};
use crate::view::Cluster;

/// One look can't tell how long a handshake has lasted. `doctor` looks twice and keeps what it has seen both times.
pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for view in cluster.views.values() {
        for entry in view.entries.iter().filter(|entry| entry.handshake) {
            let name = cluster.name(&view.me);
            findings.push(Finding {
                severity: Severity::Warning,
                subject: format!("{name} with {}", entry.place),
                what: format!("{name} is in handshake with {}", entry.place),
                evidence: vec![format!("bus port {}, made-up id {}", entry.place.bus_port, &entry.id.as_str()[..8])],
                remedy: "see whether a cluster bus listens at that bus port; it is given up after cluster-node-timeout, and \
                         somebody's gossip or seeds begin it anew"
                    .to_owned(),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn both_ends_are_named_and_the_made_up_id_is_not() {
        let mut stage = Stage::of(2);
        let mut stranger = stage.entry(0, 1).clone();
        stranger.id = "f".repeat(40).parse().unwrap();
        (stranger.handshake, stranger.place.port) = (true, 7009);
        stage.view(0).entries.push(stranger);
        assert_eq!(only(check(stage.cluster())).subject, "10.0.0.1:7000 (00000000) with 10.0.0.1:7009");
        assert_eq!(stage.cluster().ids().len(), 2, "no member");
    }
}
