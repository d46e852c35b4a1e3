//! Stopping and starting.

use std::net::TcpListener;

use anyhow::ensure;
use xtask::rack::{Kind, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, ids};

#[test]
fn sigterm_ends_a_member_of_a_mesh_with_success() {
    let Some(turn) = Turn::take() else { return };
    let kinds = [vec![Kind::Slotmesh, Kind::Slotmesh], turn.present(&[Kind::Valkey9])].concat();
    let mut nodes = turn.mesh(&kinds, &[]);
    let status = nodes[0].terminate().unwrap();
    assert_eq!(status.code(), Some(0), "{}", nodes[0].log());
    nodes[0].restart(None, &[]).unwrap();
    await_mesh(&nodes);
}

#[test]
fn sigterm_ends_a_node_with_success_while_handshakes_run() {
    let Some(turn) = Turn::take() else { return };
    // The kernel takes connections for it, but nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let bus = silent.local_addr().unwrap().port().to_string();
    let mut nodes = turn.rack.start(&[Kind::Slotmesh], &[]).unwrap();
    for port in 1..=20 {
        nodes[0].call(&["CLUSTER", "MEET", "127.0.0.1", &port.to_string(), &bus]).unwrap();
    }
    nodes[0].call(&["CLUSTER", "MEET", "192.0.2.1", "7000"]).unwrap();
    let status = nodes[0].terminate().unwrap();
    assert_eq!(status.code(), Some(0), "{}", nodes[0].log());
}

#[test]
fn a_killed_node_comes_back_with_its_id_and_its_peers() {
    let Some(turn) = Turn::take() else { return };
    let mut nodes = turn.mesh(&[vec![Kind::Slotmesh, Kind::Slotmesh], turn.peers()].concat(), &[]);
    let before = ids(&nodes);
    nodes[0].kill();
    nodes[0].restart(None, &[]).unwrap();
    assert_eq!(ids(&nodes), before);
    await_mesh(&nodes);
}

#[test]
fn all_of_a_mesh_killed_at_once_comes_back() {
    let Some(turn) = Turn::take() else { return };
    let mut nodes = turn.mesh(&[Kind::Slotmesh; 4], &[]);
    let before = ids(&nodes);
    wait::until("all members in each nodes.conf", PATIENCE, || {
        for node in &nodes {
            let kept = node.nodes_conf()?;
            let missing = before.iter().find(|id| !kept.contains(*id));
            ensure!(missing.is_none(), "{missing:?} is missing in {kept}");
        }
        Ok(())
    })
    .unwrap();
    for node in &mut nodes {
        node.kill();
    }
    for node in &mut nodes {
        node.restart(None, &[]).unwrap();
    }
    assert_eq!(ids(&nodes), before);
    await_mesh(&nodes);
}
