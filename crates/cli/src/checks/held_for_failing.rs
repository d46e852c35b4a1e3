//! Nodes that answer, and are held for failing.

use super::{Finding, Severity};
use crate::view::{Cluster, Health};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for id in cluster.views.keys() {
        let judges: Vec<_> = cluster.knowing(id).filter(|(_, entry)| entry.health != Health::Online).collect();
        if judges.is_empty() {
            continue;
        }
        let name = cluster.name(id);
        let failed = judges.iter().any(|(_, entry)| entry.health == Health::Failed);
        findings.push(Finding {
            severity: if failed { Severity::Error } else { Severity::Warning },
            what: format!("{name} answers us, and {} of {} others hold it for failing", judges.len(), cluster.views.len() - 1),
            evidence: judges.iter().take(5).map(|(view, entry)| format!("{}: {}", cluster.name(&view.me), entry.health)).collect(),
            remedy: format!(
                "see whether its bus port can be reached from them (client port and 10000 as a rule); slotmesh nodes tell why: \
                 SLOTMESH EXPLAIN {id}"
            ),
            subject: name,
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;

    #[test]
    fn the_judges_are_named() {
        let mut stage = Stage::of(3);
        stage.entry(0, 2).health = Health::Suspected;
        let finding = only(check(stage.cluster()));
        assert_eq!(
            (finding.severity, &*finding.evidence[0]),
            (Severity::Warning, "10.0.0.1:7000 (00000000): suspected")
        );
        stage.entry(1, 2).health = Health::Failed;
        assert_eq!(only(check(stage.cluster())).severity, Severity::Error);
    }
}
