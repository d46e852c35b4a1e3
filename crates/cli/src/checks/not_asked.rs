//! Nodes that were named to us and gave no answer.

use super::{Finding, Severity};
use crate::view::Cluster;

pub(super) fn check(cluster: &Cluster) -> Vec<Finding> {
    let finding = |target| {
        let reason = cluster.answers.get(target)?.as_ref().err()?;
        Some(Finding {
            severity: Severity::Warning,
            subject: format!("{target}"),
            what: format!("{target} was to be asked, and gave no answer"),
            evidence: vec![reason.clone()],
            remedy: "see whether a node runs there; what it knows is not in this report".to_owned(),
        })
    };
    cluster.silent_starts.iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stage, only};
    use super::*;
    use crate::talk::Target;

    #[test]
    fn whoever_was_to_be_asked_and_did_not_answer_is_named_also_if_nobody_knows_it() {
        let mut stage = Stage::of(3);
        let target = Target::new("10.0.0.9", 7000);
        stage.answer(target.clone(), Err("can't connect: refused".to_owned()));
        assert!(check(stage.cluster()).is_empty(), "it was not to be asked");
        stage.start_at(target);
        let finding = only(check(stage.cluster()));
        assert_eq!((finding.severity, finding.subject.as_str()), (Severity::Warning, "10.0.0.9:7000"));
        assert_eq!(finding.evidence, ["can't connect: refused"]);
    }
}
