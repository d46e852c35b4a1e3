//! Failovers in clusters of both kinds: who is elected, by whose votes, and that all agree in the end.

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, star};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "1000")];

const THIRDS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

/// Position of the replica in a cluster made by [`cluster`]; the primary before it is its own.
const REPLICA: usize = 3;

/// Two of ours and a primary of `peer` share the slots; the last node is a replica of that primary.
fn cluster(turn: &Turn, peer: Kind, replica: Kind) -> Vec<Node> {
    let nodes = turn.rack.start(&[Kind::Slotmesh, Kind::Slotmesh, peer, replica], &FLAGS).unwrap();
    for (node, (first, last)) in nodes.iter().zip(THIRDS) {
        node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
    }
    star(&nodes);
    await_mesh(&nodes);
    let primary = nodes[2].id().unwrap();
    nodes[REPLICA].call(&["CLUSTER", "REPLICATE", &primary]).unwrap();
    let id = nodes[REPLICA].id().unwrap();
    await_all(&nodes, "the replica in every view", |node| {
        let line = node.line_of(&id)?.context("unknown")?;
        ensure!(line.has("slave") && line.primary.as_deref() == Some(&primary), "{line:?}");
        state_ok(node)
    });
    nodes
}

fn state_ok(node: &Node) -> Result<()> {
    let info = node.text(&["CLUSTER", "INFO"])?;
    ensure!(info.contains("cluster_state:ok"), "{} at port {} says {info}", node.kind(), node.port());
    Ok(())
}

fn await_all(nodes: &[Node], what: &str, holds: impl Fn(&Node) -> Result<()>) {
    let running: Vec<_> = nodes.iter().filter(|node| node.pid().is_ok()).collect();
    wait::until(what, PATIENCE, || running.iter().try_for_each(|node| holds(node))).unwrap();
}

/// Whether everybody takes `id` for the primary with the last third, and serves.
fn await_owner(nodes: &[Node], id: &str) {
    await_all(nodes, "the new owner in every view", |node| {
        let line = node.line_of(id)?.context("unknown")?;
        ensure!(line.has("master") && line.slots == ["10923-16383"], "{} says {line:?}", node.kind());
        state_ok(node)
    });
}

fn await_synced(replica: &Node) {
    wait::until("the replica's data", PATIENCE, || {
        let info = replica.text(&["INFO", "replication"])?;
        ensure!(info.contains("master_link_status:up"), "{info}");
        Ok(())
    })
    .unwrap();
}

fn votes_granted(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.log().matches("Failover auth granted to").count()).sum()
}

#[test]
fn a_peers_replica_is_elected_by_our_votes_and_the_old_primary_follows_it() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let mut nodes = cluster(&turn, peer, peer);
        await_synced(&nodes[REPLICA]);
        nodes[2].kill();
        let winner = nodes[REPLICA].id().unwrap();
        await_owner(&nodes, &winner);
        assert!(votes_granted(&nodes[..2]) >= 2, "both of ours were needed for a majority of three");
        nodes[2].restart(None, &[]).unwrap();
        let old = nodes[2].id().unwrap();
        await_all(&nodes, "the old primary as a replica", |node| {
            let line = node.line_of(&old)?.context("unknown")?;
            ensure!(line.has("slave") && line.primary.as_deref() == Some(&winner), "{line:?}");
            Ok(())
        });
        await_mesh(&nodes);
    }
}

#[test]
fn a_peers_manual_failover_gets_our_votes() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = cluster(&turn, peer, peer);
        await_synced(&nodes[REPLICA]);
        nodes[REPLICA].call(&["CLUSTER", "FAILOVER"]).unwrap();
        await_owner(&nodes, &nodes[REPLICA].id().unwrap());
        await_mesh(&nodes);
    }
}

#[test]
fn a_takeover_without_a_majority_is_believed() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let mut nodes = cluster(&turn, peer, peer);
        await_synced(&nodes[REPLICA]);
        nodes[1].kill();
        nodes[2].kill();
        nodes[REPLICA].call(&["CLUSTER", "FAILOVER", "TAKEOVER"]).unwrap();
        nodes[1].restart(None, &[]).unwrap();
        await_owner(&nodes, &nodes[REPLICA].id().unwrap());
    }
}

#[test]
fn our_replica_of_a_peer_has_no_data_and_does_not_stand() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let mut nodes = cluster(&turn, peer, Kind::Slotmesh);
        let info = nodes[REPLICA].text(&["INFO", "replication"]).unwrap();
        assert!(info.contains("role:slave") && info.contains("master_link_status:down"), "{info}");
        let dead = nodes[2].id().unwrap();
        nodes[2].kill();
        let id = nodes[REPLICA].id().unwrap();
        wait::until("the reason in the log", PATIENCE, || {
            ensure!(nodes[REPLICA].log().contains("Currently unable to failover: "), "{}", nodes[REPLICA].log());
            Ok(())
        })
        .unwrap();
        for node in nodes.iter().filter(|node| node.pid().is_ok()) {
            let line = node.line_of(&id).unwrap().unwrap();
            assert!(line.has("slave") && line.primary.as_deref() == Some(&dead), "{line:?}");
        }
        nodes[REPLICA].call(&["CLUSTER", "FAILOVER", "TAKEOVER"]).unwrap();
        await_owner(&nodes, &id);
    }
}

#[test]
fn our_own_primary_hands_over_and_back() {
    let Some(turn) = Turn::take() else { return };
    let mut kinds = vec![Kind::Slotmesh];
    kinds.extend(turn.peers());
    for voter in kinds {
        let nodes = turn.rack.start(&[voter, voter, Kind::Slotmesh, Kind::Slotmesh], &FLAGS).unwrap();
        for (node, (first, last)) in nodes.iter().zip(THIRDS) {
            node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
        }
        star(&nodes);
        await_mesh(&nodes);
        let ids = [nodes[2].id().unwrap(), nodes[REPLICA].id().unwrap()];
        nodes[REPLICA].call(&["CLUSTER", "REPLICATE", &ids[0]]).unwrap();
        await_all(&nodes, "the replica in every view", |node| {
            ensure!(node.line_of(&ids[1])?.context("unknown")?.has("slave"));
            state_ok(node)
        });
        for (taker, id) in [(REPLICA, &ids[1]), (2, &ids[0])] {
            nodes[taker].call(&["CLUSTER", "FAILOVER"]).unwrap();
            await_owner(&nodes, id);
        }
        await_mesh(&nodes);
    }
}

#[test]
fn a_collision_of_epochs_made_on_purpose_ends() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = turn.rack.start(&[Kind::Slotmesh, peer, Kind::Slotmesh], &FLAGS).unwrap();
        for (node, (first, last)) in nodes.iter().zip(THIRDS) {
            node.call(&["CLUSTER", "SET-CONFIG-EPOCH", "7"]).unwrap();
            node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
        }
        star(&nodes);
        await_mesh(&nodes);
        await_all(&nodes, "an epoch for each", |node| {
            let mut epochs: Vec<_> = node.lines()?.into_iter().map(|line| line.epoch).collect();
            epochs.sort_unstable();
            epochs.dedup();
            ensure!(epochs.len() == 3 && epochs[0] >= 7, "{} says {epochs:?}", node.kind());
            state_ok(node)
        });
        await_mesh(&nodes);
    }
}

/// Without the votes of two of three a candidate stays what it is; with them it wins. A folder in the way of the file that
/// is written first stands for a disk that takes nothing.
/// [vote-1]
#[test]
fn votes_that_can_not_be_saved_are_never_sent() {
    let Some(turn) = Turn::take() else { return };
    let flags = [("cluster-node-timeout", "3000"), ("cluster-config-save-behavior", "best-effort")];
    let nodes = turn.rack.start(&[Kind::Slotmesh; 4], &flags).unwrap();
    for (node, (first, last)) in nodes.iter().zip(THIRDS) {
        node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
    }
    star(&nodes);
    await_mesh(&nodes);
    let primary = nodes[2].id().unwrap();
    nodes[REPLICA].call(&["CLUSTER", "REPLICATE", &primary]).unwrap();
    let id = nodes[REPLICA].id().unwrap();
    await_all(&nodes, "the replica in every view", |node| {
        ensure!(node.line_of(&id)?.context("unknown")?.has("slave"));
        state_ok(node)
    });
    let in_the_way: Vec<_> = nodes[..2].iter().map(|node| node.block_nodes_conf().unwrap()).collect();
    nodes[REPLICA].call(&["CLUSTER", "FAILOVER", "FORCE"]).unwrap();
    for node in &nodes[..2] {
        wait::until("the vote that can't be saved", PATIENCE, || {
            ensure!(node.log().contains("Votes were not sent"), "{}", node.log());
            Ok(())
        })
        .unwrap();
    }
    let line = nodes[0].line_of(&id).unwrap().unwrap();
    assert!(line.has("slave"), "one vote is no majority: {line:?}");
    in_the_way.iter().for_each(|folder| std::fs::remove_dir(folder).unwrap());
    // The time for votes of the first attempt has to be over.
    wait::until("an election", PATIENCE, || {
        nodes[REPLICA].call(&["CLUSTER", "FAILOVER", "FORCE"])?;
        wait::until("the replica to win", std::time::Duration::from_secs(2), || {
            ensure!(nodes[0].line_of(&id)?.context("unknown")?.has("master"));
            Ok(())
        })
    })
    .unwrap();
    await_owner(&nodes, &id);
}
