//! What `slotmesh doctor` looks for. Each check is a pure function over what the nodes said, in a file of its own.

mod clock_skew;
mod cluster_names;
mod cluster_state;
mod cut_link;
mod dead_node;
mod epoch_collision;
mod epochs_differ;
mod ghost;
mod handshake;
mod held_for_failing;
mod no_failover;
mod no_replica;
mod not_asked;
mod not_known;
mod one_sided_link;
mod open_slot;
mod owners_differ;
#[cfg(test)]
pub(crate) mod testing;
mod two_owners;
mod uncovered;
mod versions;
mod wrong_address;

use std::fmt;

use slotmesh_types::SlotSet;

use crate::view::Cluster;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Something is broken: keys are not served, or the next failure breaks it.
    Error,
    /// Something is odd, or half done.
    Warning,
    /// Something to know. A cluster with nothing but notes is clean.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// What it is about: a node, slots, the cluster. One check finds one thing about one subject.
    pub(crate) subject: String,
    /// What is wrong, in a sentence.
    pub(crate) what: String,
    /// Who said what.
    pub(crate) evidence: Vec<String>,
    /// What to do.
    pub(crate) remedy: String,
}

/// Something to look for.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Cluster) -> Vec<Finding>,
}

/// Every check, in the order of the report.
pub(crate) const ALL: [Check; 21] = [
    Check { name: "cluster-state", run: cluster_state::check },
    Check { name: "uncovered-slot", run: uncovered::check },
    Check { name: "two-owners", run: two_owners::check },
    Check { name: "owners-differ", run: owners_differ::check },
    Check { name: "open-slot", run: open_slot::check },
    Check { name: "dead-node", run: dead_node::check },
    Check { name: "not-asked", run: not_asked::check },
    Check { name: "no-failover", run: no_failover::check },
    Check { name: "held-for-failing", run: held_for_failing::check },
    Check { name: "ghost", run: ghost::check },
    Check { name: "not-known", run: not_known::check },
    Check { name: "handshake", run: handshake::check },
    Check { name: "one-sided-link", run: one_sided_link::check },
    Check { name: "cut-link", run: cut_link::check },
    Check { name: "wrong-address", run: wrong_address::check },
    Check { name: "cluster-names", run: cluster_names::check },
    Check { name: "epoch-collision", run: epoch_collision::check },
    Check { name: "epochs-differ", run: epochs_differ::check },
    Check { name: "clock-skew", run: clock_skew::check },
    Check { name: "versions", run: versions::check },
    Check { name: "no-replica", run: no_replica::check },
];

/// What a check has found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) check: &'static str,
    pub(crate) finding: Finding,
}

impl Found {
    /// Whether both are the same trouble, seen at different times.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.check == other.check && self.finding.subject == other.finding.subject
    }
}

/// Runs every check; the worst findings come first.
pub(crate) fn run(cluster: &Cluster) -> Vec<Found> {
    let mut found: Vec<Found> = ALL
        .iter()
        .flat_map(|check| (check.run)(cluster).into_iter().map(|finding| Found { check: check.name, finding }))
        .collect();
    found.sort_by_key(|found| found.finding.severity);
    found
}

/// `slot 7`, `slots 0-99, 200`; ten ranges at most, then how many slots there are.
fn slots_text(slots: &SlotSet) -> String {
    const SHOWN: usize = 10;
    let word = if slots.len() == 1 { "slot" } else { "slots" };
    let shown: Vec<String> = slots.ranges().take(SHOWN).map(|range| range.to_string()).collect();
    let more =
        if slots.ranges().nth(SHOWN).is_some() { format!(", ... ({} in all)", slots.len()) } else { String::new() };
    format!("{word} {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::testing::Stage;
    use super::*;

    #[test]
    fn a_good_cluster_is_clean() {
        let found = run(Stage::with_replicas(3).cluster());
        assert!(found.is_empty(), "{found:#?}");
        let found = run(Stage::of(3).cluster());
        assert!(found.iter().all(|found| found.finding.severity == Severity::Note), "{found:#?}");
    }

    #[test]
    fn every_check_is_in_the_document_and_no_other() {
        let text = include_str!("../../../../docs/COMMAND_LINE.md");
        let (_, rest) = text.split_once("<!-- checks -->").expect("the table's start is marked");
        let (table, _) = rest.split_once("<!-- end of checks -->").expect("the table's end is marked");
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(rows.collect::<Vec<_>>(), ALL.map(|check| check.name));
    }

    #[test]
    fn slots_are_shown_shortly() {
        let set = |raw: &[u16]| raw.iter().filter_map(|raw| slotmesh_types::Slot::new(*raw)).collect::<SlotSet>();
        assert_eq!(slots_text(&set(&[7])), "slot 7");
        assert_eq!(slots_text(&set(&[7, 8, 10])), "slots 7-8, 10");
        let many: Vec<u16> = (0..30).map(|index| index * 2).collect();
        assert!(slots_text(&set(&many)).ends_with("18, ... (30 in all)"));
    }
}
