//! A dozen nodes of all kinds.

use std::iter;

use xtask::rack::{Kind, Node};

use crate::turn::{Turn, await_mesh, chain, star};

const NODES: usize = 12;

/// A Valkey hub may need a handshake's whole timeout for some of its peers; at the default that is 15 s.
const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "5000")];

/// `hub`, then every other node ours and between them the kinds that are here, in turn.
fn dozen(turn: &Turn, hub: Kind) -> Vec<Node> {
    let peers = turn.peers();
    let others = peers.iter().cycle().flat_map(|peer| [Kind::Slotmesh, *peer]);
    let without_peers = iter::repeat(Kind::Slotmesh);
    let kinds: Vec<Kind> = iter::once(hub).chain(others).chain(without_peers).take(NODES).collect();
    turn.rack.start(&kinds, &FLAGS).unwrap()
}

#[test]
fn a_chain_of_all_kinds_becomes_a_mesh() {
    let Some(turn) = Turn::take() else { return };
    let nodes = dozen(&turn, Kind::Slotmesh);
    chain(&nodes);
    await_mesh(&nodes);
}

#[test]
fn a_slotmesh_hub_makes_a_mesh_of_all_kinds() {
    let Some(turn) = Turn::take() else { return };
    let nodes = dozen(&turn, Kind::Slotmesh);
    star(&nodes);
    await_mesh(&nodes);
}

#[test]
fn a_hub_of_each_other_kind_makes_a_mesh_of_all_kinds() {
    let Some(turn) = Turn::take() else { return };
    for hub in turn.peers() {
        let nodes = dozen(&turn, hub);
        star(&nodes);
        await_mesh(&nodes);
    }
}
