//! Failed primaries whose replicas have not taken over, and replicas that could not.

use super::{Finding, Severity};
use crate::view::{Cluster, Role, View};

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let replicas = cluster.views.values().filter_map(View::myself);
    let findings = replicas.filter_map(|own| match own.role {
        Role::Replica(primary) => Some((own, primary)),
        _ => None,
    });
    findings
        .filter_map(|(own, primary)| {
            let name = cluster.name(&own.id);
            let (severity, what, remedy) = match primary {
                None => (Severity::Error, format!("{name} is a replica of nobody"), FOLLOW),
                Some(id) if !cluster.is_alive(&id) => (
                    Severity::Error,
                    format!("{name} follows {}, which does not run, and has not taken its place", cluster.name(&id)),
                    "CLUSTER FAILOVER FORCE on the replica; see its log for why it does not stand for election",
                ),
                Some(id) => match cluster.best_entry(&id)?.role {
                    Role::Replica(_) => (
                        Severity::Warning,
                        format!("{name} follows {}, which is a replica itself", cluster.name(&id)),
                        FOLLOW,
                    ),
                    _ => return None,
                },
            };
            Some(Finding { severity, subject: name, what, evidence: Vec::new(), remedy: remedy.to_owned() })
        })
        .collect()
}

const FOLLOW: &str = "CLUSTER REPLICATE id on it, with the id of a primary";

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, id, only};
    use super::*;

    #[test]
    fn a_replica_whose_primary_does_not_run_is_named() {
        let mut stage = Stage::with_replicas(3);
        assert!(check(stage.cluster()).is_empty());
        stage.kill(1);
        let finding = only(check(stage.cluster()));
        assert!(finding.subject.starts_with("10.0.0.1:7004") && finding.what.contains("10.0.0.1:7001"), "{finding:?}");
    }

    #[test]
    fn a_replica_follows_a_primary() {
        let mut stage = Stage::with_replicas(3);
        stage.entry(4, 4).role = Role::Replica(Some(id(5)));
        assert!(only(check(stage.cluster())).what.contains("10.0.0.1:7005 (00000000), which is a replica itself"));
        stage.entry(4, 4).role = Role::Replica(None);
        assert!(only(check(stage.cluster())).what.ends_with("replica of nobody"));
    }
}
