//! Written scripts: every check of the CLUSTER family in its order. A line is a node, then a command; words are parted by
//! spaces, `""` is the empty word, `$id:1` the id of node 1, `$port:1` its port.

use super::stage::Step;

/// Scripts for a lone node, which starts each one anew.
pub(super) const LONE: &[&str] = &[
    include_str!("scripts/lone_slots.txt"),
    include_str!("scripts/lone_membership.txt"),
    include_str!("scripts/lone_migrations.txt"),
    include_str!("scripts/lone_others.txt"),
    include_str!("scripts/lone_transactions.txt"),
];

/// Scripts for three primaries that own a third of the slots each and go on from one script to the next.
pub(super) const TRIO: &[&str] = &[include_str!("scripts/trio_slots.txt"), include_str!("scripts/trio_migrations.txt")];

/// The steps of a script. Lines that begin with `#` are prose.
pub(super) fn parse(script: &str) -> Vec<Step> {
    let lines = script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ').map(|word| if word == "\"\"" { String::new() } else { word.to_owned() });
            let node = words.next().and_then(|node| node.parse().ok()).expect("a line begins with a node's number");
            Step::new(node, words.collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_script_is_a_step() {
        for (scripts, nodes) in [(LONE, 1), (TRIO, 3)] {
            for script in scripts {
                let steps = parse(script);
                assert!(steps.iter().all(|step| step.node < nodes && !step.words.is_empty()));
            }
        }
    }
}
