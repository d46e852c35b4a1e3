//! SLOTMESH LEAVE, bans that outlive a restart, and SLOTMESH EXPLAIN.

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, chain};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "1000")];

fn is_unknown(node: &Node, id: &str) -> Result<()> {
    let line = node.line_of(id)?;
    ensure!(line.is_none(), "{} at port {} still lists {line:?}", node.kind(), node.port());
    Ok(())
}

/// A line of INFO's section about how the node stands to its cluster.
fn standing(node: &Node, name: &str) -> Result<u64> {
    let info = node.text(&["INFO", "slotmesh"])?;
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.with_context(|| format!("no {name} in {info}"))?.trim().parse().context("not a number")
}

/// [leave-1]
#[test]
fn a_node_that_leaves_is_forgotten_by_all_kinds_and_nobody_crashes() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.present(&[Kind::Valkey9, Kind::Valkey8]) {
        let flags = [FLAGS[0], ("cluster-blacklist-ttl", "5")];
        let nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh, peer, peer], &flags);
        let id = nodes[0].id().unwrap();
        nodes[0].call(&["SLOTMESH", "LEAVE"]).unwrap();
        let lines = nodes[0].lines().unwrap();
        assert_eq!((lines.len(), lines[0].id.as_str()), (1, id.as_str()), "a soft reset keeps the id: {lines:?}");
        for node in &nodes[1..] {
            wait::until("the leaver to be forgotten", PATIENCE, || is_unknown(node, &id)).unwrap();
        }
        await_mesh(&nodes[1..]);
        nodes[1..].iter().try_for_each(|node| is_unknown(node, &id)).unwrap();
        // Once nobody bars it any more, it comes back by an operator's word.
        wait::until("the end of the ban", PATIENCE, || {
            ensure!(standing(&nodes[1], "slotmesh_forgotten")? == 0, "it lasts");
            Ok(())
        })
        .unwrap();
        nodes[1].meet(&nodes[0]).unwrap();
        await_mesh(&nodes);
    }
}

#[test]
fn among_real_servers_alone_leaving_is_refused_with_what_to_do() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = turn.mesh(&[Kind::Slotmesh, peer, peer], &FLAGS);
        let error = format!("{:#}", nodes[0].call(&["SLOTMESH", "LEAVE"]).unwrap_err());
        assert!(error.contains("send CLUSTER FORGET with this node's id to every other node"), "{error}");
        await_mesh(&nodes);
    }
}

#[test]
fn a_node_with_slots_leaves_only_by_force() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.rack.start(&[Kind::Slotmesh; 2], &FLAGS).unwrap();
    nodes[0].call(&["CLUSTER", "ADDSLOTS", "1", "2", "3"]).unwrap();
    chain(&nodes);
    await_mesh(&nodes);
    let error = format!("{:#}", nodes[0].call(&["SLOTMESH", "LEAVE"]).unwrap_err());
    assert!(error.contains("owns 3 slots"), "{error}");
    nodes[0].call(&["SLOTMESH", "LEAVE", "FORCE"]).unwrap();
    let id = nodes[0].id().unwrap();
    wait::until("the leaver to be forgotten", PATIENCE, || is_unknown(&nodes[1], &id)).unwrap();
}

#[test]
fn forgotten_stays_forgotten_across_restarts_of_both_sides() {
    let Some(turn) = Turn::take() else { return };
    let flags = [FLAGS[0], ("cluster-blacklist-ttl", "300")];
    let mut nodes = turn.mesh(&[Kind::Slotmesh; 4], &flags);
    let id = nodes[3].id().unwrap();
    nodes[0].call(&["CLUSTER", "FORGET", &id]).unwrap();
    for node in &nodes[..3] {
        wait::until("the news of the FORGET", PATIENCE, || is_unknown(node, &id)).unwrap();
    }
    wait::until("the forgotten node to know", PATIENCE, || {
        ensure!(standing(&nodes[3], "slotmesh_forgotten_by")? == 3, "not all have told it");
        Ok(())
    })
    .unwrap();
    assert!(nodes[3].log().contains("was forgotten by the cluster"), "{}", nodes[3].log());
    for node in &mut nodes {
        // What both sides know is on disk by then.
        node.terminate().unwrap();
    }
    for node in &mut nodes {
        node.restart(None, &[]).unwrap();
    }
    assert_eq!(standing(&nodes[3], "slotmesh_forgotten_by").unwrap(), 3);
    await_mesh(&nodes[..3]);
    for node in &nodes[..3] {
        assert_eq!(standing(node, "slotmesh_forgotten").unwrap(), 1);
        is_unknown(node, &id).unwrap();
    }
}

#[test]
fn a_suspicion_is_explained_in_reply_and_log() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let nodes = turn.rack.start(&[Kind::Slotmesh, Kind::Slotmesh, peer], &FLAGS).unwrap();
        for (node, (first, last)) in nodes.iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
            node.call(&["CLUSTER", "ADDSLOTSRANGE", first, last]).unwrap();
        }
        chain(&nodes);
        await_mesh(&nodes);
        let mut nodes = nodes;
        let mut dead = nodes.pop().unwrap();
        let id = dead.id().unwrap();
        dead.kill();
        let explain = || nodes[0].call(&["SLOTMESH", "EXPLAIN", &id]).map(|reply| format!("{reply:?}"));
        wait::until("the failure", PATIENCE, || {
            let line = nodes[0].line_of(&id)?.context("unknown")?;
            ensure!(line.has("fail"), "{line:?}");
            Ok(())
        })
        .unwrap();
        let told = explain().unwrap();
        let text = |word: &str| format!("{:?}", word.as_bytes());
        assert!(told.contains(&text("failing")) && told.contains(&text("connection refused")), "{told}");
        let words =
            ["is suspected: last heard", "is failing: last heard", "connection refused; reports 2 of 2 needed, by"];
        wait::until("the log tells why", PATIENCE, || {
            let log = nodes[0].log() + &nodes[1].log();
            ensure!(words.iter().all(|words| log.contains(words)), "{log}");
            Ok(())
        })
        .unwrap();
    }
}
