//! FORGET, and what must not bring a forgotten node back.

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, ids};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "1000")];

fn forget(node: &Node, id: &str) -> Result<()> {
    node.call(&["CLUSTER", "FORGET", id]).map(drop)
}

fn is_unknown(node: &Node, id: &str) -> Result<()> {
    let line = node.line_of(id)?;
    ensure!(line.is_none(), "{} at port {} still lists {line:?}", node.kind(), node.port());
    Ok(())
}

/// Packets that the node has got on its bus.
fn received(node: &Node) -> Result<u64> {
    let info = node.text(&["CLUSTER", "INFO"])?;
    let line = info.lines().find_map(|line| line.strip_prefix("cluster_stats_messages_received:"));
    line.context("no count of messages")?.trim().parse().context("not a count")
}

/// Waits for so much gossip that a node which somebody still talks about would have been learned anew.
fn await_gossip(nodes: &[Node]) {
    const PACKETS: u64 = 40;
    let before: Vec<u64> = nodes.iter().map(|node| received(node).unwrap()).collect();
    for (node, before) in nodes.iter().zip(before) {
        wait::until("gossip", PATIENCE, || {
            ensure!(received(node)? >= before + PACKETS, "too few packets");
            Ok(())
        })
        .unwrap();
    }
}

/// [forget-1]
#[test]
fn a_living_node_that_all_forget_stays_forgotten_on_every_kind() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        for victim_kind in [Kind::Slotmesh, peer] {
            let kinds = [Kind::Slotmesh, Kind::Slotmesh, peer, peer, victim_kind];
            let mut nodes = turn.mesh(&kinds, &FLAGS);
            // It lives on, and calls those who have forgotten it.
            let victim = nodes.pop().unwrap();
            let id = victim.id().unwrap();
            for node in &nodes {
                // Those who have heard of it by the bus may have forgotten it already.
                if node.line_of(&id).unwrap().is_some() {
                    let _ = forget(node, &id);
                }
                wait::until("FORGET to work", PATIENCE, || is_unknown(node, &id)).unwrap();
            }
            await_gossip(&nodes);
            nodes.iter().try_for_each(|node| is_unknown(node, &id)).unwrap();
            await_mesh(&nodes);
        }
    }
}

#[test]
fn a_forget_spreads_from_slotmesh_to_valkey_and_back() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.present(&[Kind::Valkey9, Kind::Valkey8]) {
        for teller in [0, 2] {
            let mut nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh, peer, peer, Kind::Slotmesh], &FLAGS);
            let mut victim = nodes.pop().unwrap();
            let id = victim.id().unwrap();
            victim.kill();
            forget(&nodes[teller], &id).unwrap();
            for node in &nodes {
                wait::until("the news of the FORGET", PATIENCE, || is_unknown(node, &id)).unwrap();
            }
            await_mesh(&nodes);
        }
    }
}

#[test]
fn a_forgotten_node_may_be_met_again_by_an_operator() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = turn.mesh(&[Kind::Slotmesh, peer], &[("cluster-node-timeout", "1000")]);
        let ids = ids(&nodes);
        forget(&nodes[0], &ids[1]).unwrap();
        // The other side forgets too, or it would keep its half of the acquaintance.
        let _ = forget(&nodes[1], &ids[0]);
        wait::until("both to be alone", PATIENCE, || {
            is_unknown(&nodes[0], &ids[1])?;
            is_unknown(&nodes[1], &ids[0])
        })
        .unwrap();
        nodes[0].meet(&nodes[1]).unwrap();
        await_mesh(&nodes);
    }
}
