//! slotmesh-cluster-name: clusters that must not merge.

use anyhow::{Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, chain};

/// One of our nodes for each name.
fn named(turn: &Turn, names: &[&str]) -> Vec<Node> {
    let start = |name: &&str| turn.rack.spawn(Kind::Slotmesh, &[("slotmesh-cluster-name", *name)]);
    let mut nodes = names.iter().map(start).collect::<Result<Vec<_>>>().unwrap();
    nodes.iter_mut().try_for_each(Node::await_ready).unwrap();
    nodes
}

/// [name-1]
#[test]
fn nodes_of_two_names_refuse_each_other_and_say_why() {
    let Some(turn) = Turn::take() else { return };
    let nodes = named(&turn, &["blue", "green"]);
    nodes[0].meet(&nodes[1]).unwrap();
    wait::until("the refusal in a log", PATIENCE, || {
        let told = nodes.iter().any(|node| node.log().contains("cluster of another name"));
        ensure!(told, "{}\n{}", nodes[0].log(), nodes[1].log());
        Ok(())
    })
    .unwrap();
    wait::until("both to be alone", PATIENCE, || {
        for node in &nodes {
            let lines = node.lines()?;
            ensure!(lines.len() == 1, "{lines:?}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn nodes_of_one_name_become_a_mesh() {
    let Some(turn) = Turn::take() else { return };
    let nodes = named(&turn, &["blue", "blue", "blue"]);
    chain(&nodes);
    await_mesh(&nodes);
}

#[test]
fn a_named_node_and_real_servers_mesh_as_always_and_nobody_complains() {
    let Some(turn) = Turn::take() else { return };
    let mut nodes = named(&turn, &["blue", "blue"]);
    nodes.extend(turn.rack.start(&turn.peers(), &[("loglevel", "verbose")]).unwrap());
    let starts: Vec<usize> = nodes.iter().map(|node| node.log().len()).collect();
    chain(&nodes);
    await_mesh(&nodes);
    for (node, start) in nodes.iter().zip(starts).filter(|(node, _)| node.kind() != Kind::Slotmesh) {
        let log = node.log();
        for line in log[start..].lines() {
            assert!(!is_complaint(line), "{}: {line}", node.kind());
        }
    }
}

/// What servers say of packets and peers that they don't understand. The level tells nothing: some kinds warn of their own
/// address too.
fn is_complaint(line: &str) -> bool {
    let line = line.to_lowercase();
    let words = ["unknown", "unexpected", "invalid", "mismatch", "corrupt", "bad ", "wrong", "exceed", "malformed"];
    words.iter().any(|word| line.contains(word))
}
