//! Two nodes and a MEET.

use xtask::rack::Kind;

use crate::turn::{PATIENCE, Turn, await_mesh, chain};

#[test]
fn slotmesh_meets_every_kind_of_server() {
    let Some(turn) = Turn::take() else { return };
    for peer in [turn.peers(), vec![Kind::Slotmesh]].concat() {
        let nodes = turn.rack.start(&[Kind::Slotmesh, peer], &[]).unwrap();
        chain(&nodes);
        await_mesh(&nodes);
    }
}

#[test]
fn every_kind_of_server_meets_slotmesh() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = turn.rack.start(&[peer, Kind::Slotmesh], &[]).unwrap();
        chain(&nodes);
        await_mesh(&nodes);
    }
}

#[test]
fn meets_from_both_sides_and_again_leave_one_entry_each() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = turn.rack.start(&[Kind::Slotmesh, peer], &[]).unwrap();
        for _ in 0..3 {
            nodes[0].meet(&nodes[1]).unwrap();
            nodes[1].meet(&nodes[0]).unwrap();
        }
        await_mesh(&nodes);
        nodes[0].meet(&nodes[1]).unwrap();
        nodes[1].meet(&nodes[0]).unwrap();
        await_mesh(&nodes);
    }
}

#[test]
fn a_meet_of_itself_adds_no_node() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh], &[]);
    nodes[0].meet(&nodes[0]).unwrap();
    await_mesh(&nodes);
}

#[test]
fn a_meet_of_nobody_is_given_up() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh], &[("cluster-node-timeout", "1000")]);
    // Nothing listens at a bus port that belongs to no client port in use.
    nodes[0].call(&["CLUSTER", "MEET", "127.0.0.1", "1", "2"]).unwrap();
    xtask::rack::wait::until("the handshake to be given up", PATIENCE, || {
        anyhow::ensure!(nodes[0].lines()?.len() == 2, "the handshake is still listed");
        Ok(())
    })
    .unwrap();
    await_mesh(&nodes);
}
