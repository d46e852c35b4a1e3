//! Whether nodes can become a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Candidate;
use crate::output::counted;
use crate::view::{Entry, Role};

/// Everything that speaks against it, a line each.
pub(super) fn problems(candidates: &[Candidate]) -> Vec<String> {
    let mut problems: Vec<String> = candidates.iter().flat_map(of_one).collect();
    let mut places: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for candidate in candidates {
        places.entry(candidate.view.me).or_default().push(candidate.target.to_string());
    }
    let twice = places.values().filter(|targets| targets.len() > 1);
    problems.extend(twice.map(|targets| format!("{} are one and the same node", targets.join(" and "))));
    let names: BTreeSet<&str> =
        candidates.iter().map(|candidate| &*candidate.view.cluster_name).filter(|name| !name.is_empty()).collect();
    if names.len() > 1 {
        let names: Vec<&str> = names.into_iter().collect();
        problems.push(format!("they belong to clusters of different names: {}", names.join(", ")));
    }
    let is_local = |candidate: &&Candidate| candidate.ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let local = candidates.iter().filter(is_local).count();
    if local != 0 && local != candidates.len() {
        problems.push("some are given by a loopback address, at which the others can't reach them".to_owned());
    }
    problems
}

fn of_one(candidate: &Candidate) -> Vec<String> {
    let (target, view) = (&candidate.target, &candidate.view);
    let others = view.entries.len().saturating_sub(1);
    let slots = view.myself().map_or(0, Entry::slot_count);
    let mut problems = Vec::new();
    if others > 0 {
        problems.push(format!(
            "{target} knows {}: to take it out of its cluster send it CLUSTER RESET",
            counted(others, "other node")
        ));
    }
    if slots > 0 {
        problems.push(format!("{target} owns {}: CLUSTER FLUSHSLOTS there gives them up", counted(slots, "slot")));
    }
    match view.keys {
        Some(0) => {}
        Some(keys) => {
            problems.push(format!("{target} holds {keys} keys (DBSIZE): they would be in slots of other nodes"));
        }
        None => problems.push(format!("{target} does not let us see whether it holds keys (DBSIZE)")),
    }
    if view.myself().is_some_and(|own| own.role != Role::Primary) {
        problems.push(format!("{target} is a replica: send it CLUSTER RESET"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::plan::testing::candidate;
    use super::*;

    #[test]
    fn fresh_nodes_are_fit() {
        assert_eq!(problems(&[candidate("10.0.0.1", 1), candidate("10.0.0.2", 2)]), Vec::<String>::new());
    }

    #[test]
    fn everything_that_speaks_against_it_is_told_at_once() {
        let mut used = candidate("10.0.0.1", 1);
        used.view.keys = Some(7);
        used.view.entries.push(candidate("10.0.0.9", 9).view.entries[0].clone());
        used.view.entries[0].slots =
            vec!["0".parse().ok().and_then(slotmesh_types::Slot::new).map(|slot| (slot..=slot).into()).unwrap()];
        let mut twin = candidate("10.0.0.2", 1);
        "blue".clone_into(&mut twin.view.cluster_name);
        let mut other = candidate("127.0.0.1", 3);
        "green".clone_into(&mut other.view.cluster_name);
        let said = problems(&[used, twin, other]).join("\n");
        for part in
            ["knows 1 other node:", "owns 1 slot:", "holds 7 keys", "one and the same", "blue, green", "loopback"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
