//! Nodes that die, come back, move.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, ids};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "1000")];

/// A suspicion takes a node timeout, its way to the majority a few more pings; real servers need about two timeouts.
const FAILURE: Duration = Duration::from_secs(8);

/// Two of ours and three primaries of `peer`, which share the slots and so can vote.
fn voters_and_ours(turn: &Turn, peer: Kind) -> Vec<Node> {
    let nodes = turn.rack.start(&[Kind::Slotmesh, Kind::Slotmesh, peer, peer, peer], &FLAGS).unwrap();
    for (node, (first, last)) in nodes[2..].iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
        node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
    }
    crate::turn::chain(&nodes);
    await_mesh(&nodes);
    nodes
}

/// Waits until all of `nodes` but the one at `dead` list it as FAIL; mere suspicion is not enough.
fn await_fail(nodes: &[Node], dead: usize, id: &str) {
    let start = Instant::now();
    for (_, node) in nodes.iter().enumerate().filter(|(index, _)| *index != dead) {
        wait::until("FAIL", FAILURE, || line_with(node, id, "fail")).unwrap();
        eprintln!("{} at port {} says FAIL after {:?}", node.kind(), node.port(), start.elapsed());
    }
}

fn line_with(node: &Node, id: &str, flag: &str) -> Result<()> {
    let line = node.line_of(id)?.context("unknown")?;
    ensure!(line.has(flag), "{} at port {} says {line:?}", node.kind(), node.port());
    Ok(())
}

#[test]
fn a_killed_slotmesh_node_fails_in_every_view_and_returns() {
    let Some(turn) = Turn::alone() else { return };
    for peer in turn.peers() {
        let mut nodes = voters_and_ours(&turn, peer);
        let id = nodes[0].id().unwrap();
        nodes[0].kill();
        await_fail(&nodes, 0, &id);
        nodes[0].restart(None, &[]).unwrap();
        await_mesh(&nodes);
    }
}

#[test]
fn a_killed_peer_fails_in_every_view_and_returns() {
    let Some(turn) = Turn::alone() else { return };
    for peer in turn.peers() {
        let mut nodes = voters_and_ours(&turn, peer);
        let id = nodes[4].id().unwrap();
        nodes[4].kill();
        await_fail(&nodes, 4, &id);
        nodes[4].restart(None, &[]).unwrap();
        await_mesh(&nodes);
    }
}

#[test]
fn a_node_that_restarts_at_another_port_is_found_again() {
    let Some(turn) = Turn::alone() else { return };
    for peer in turn.peers() {
        let mut nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh, peer, peer], &FLAGS);
        for moved in [0, 3] {
            let (before, port) = (ids(&nodes), turn.rack.free_port().unwrap());
            nodes[moved].kill();
            nodes[moved].restart(Some(port), &[]).unwrap();
            assert_eq!(ids(&nodes), before);
            wait::until("the new port in every view", PATIENCE, || {
                for node in &nodes {
                    let line = node.line_of(&before[moved])?.context("unknown")?;
                    ensure!(line.port() == Some(port), "{} at port {} says {line:?}", node.kind(), node.port());
                }
                Ok(())
            })
            .unwrap();
            await_mesh(&nodes);
        }
    }
}

#[test]
fn a_node_that_restarts_at_another_address_is_found_again() {
    let Some(turn) = Turn::alone() else { return };
    let elsewhere = [("bind", "127.0.0.1 127.0.0.2"), ("cluster-announce-ip", "127.0.0.2")];
    for peer in turn.peers() {
        let mut nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh, peer, peer], &FLAGS);
        for moved in [0, 3] {
            let id = nodes[moved].id().unwrap();
            nodes[moved].kill();
            nodes[moved].restart(None, &elsewhere).unwrap();
            wait::until("the new address in every view", PATIENCE, || {
                for node in &nodes {
                    let line = node.line_of(&id)?.context("unknown")?;
                    ensure!(line.address.starts_with("127.0.0.2:"), "{} says {line:?}", node.kind());
                }
                Ok(())
            })
            .unwrap();
            await_mesh(&nodes);
        }
    }
}
