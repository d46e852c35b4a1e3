//! What nodes announce of themselves reaches all others.

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, chain, ids};

/// Two of ours and one of each other kind, each with a name and, where it knows zones, a zone.
fn announced(turn: &Turn) -> Vec<Node> {
    let kinds = [vec![Kind::Slotmesh, Kind::Slotmesh], turn.peers()].concat();
    let start = |(index, kind): (usize, &Kind)| {
        let (hostname, zone) = (hostname(index), zone(index));
        let mut flags = vec![("cluster-announce-hostname", hostname.as_str())];
        if kind.has_zones() {
            flags.push(("availability-zone", &zone));
        }
        turn.rack.spawn(*kind, &flags)
    };
    let mut nodes = kinds.iter().enumerate().map(start).collect::<Result<Vec<_>>>().unwrap();
    nodes.iter_mut().try_for_each(Node::await_ready).unwrap();
    chain(&nodes);
    nodes
}

fn hostname(index: usize) -> String {
    format!("node-{index}.example")
}

fn zone(index: usize) -> String {
    format!("zone-{index}")
}

#[test]
fn every_node_lists_every_hostname() {
    let Some(turn) = Turn::take() else { return };
    let nodes = announced(&turn);
    let ids = ids(&nodes);
    wait::until("the hostnames", PATIENCE, || {
        for node in &nodes {
            let lines = node.lines()?;
            for (index, id) in ids.iter().enumerate() {
                let line = lines.iter().find(|line| line.id == *id).context("unknown")?;
                ensure!(line.hostname() == hostname(index), "{} has {line:?}", node.kind());
            }
        }
        Ok(())
    })
    .unwrap();
    await_mesh(&nodes);
}

#[test]
fn every_node_that_knows_shards_keeps_every_shard_id() {
    let Some(turn) = Turn::take() else { return };
    let mut nodes = announced(&turn);
    nodes.retain(|node| node.kind().has_shard_ids());
    await_mesh(&nodes);
    for owner in &nodes {
        let (id, shard) = (owner.id().unwrap(), owner.text(&["CLUSTER", "MYSHARDID"]).unwrap());
        assert_eq!(shard.len(), 40);
        for node in &nodes {
            await_in_nodes_conf(node, &id, &format!("shard-id={shard}"));
        }
    }
}

#[test]
fn every_node_that_knows_zones_keeps_every_zone() {
    let Some(turn) = Turn::take() else { return };
    let nodes = announced(&turn);
    let zoned = || nodes.iter().enumerate().filter(|(_, node)| node.kind().has_zones());
    for (index, owner) in zoned() {
        let id = owner.id().unwrap();
        for (_, node) in zoned() {
            await_in_nodes_conf(node, &id, &format!("availability-zone={}", zone(index)));
            wait::until("the zone in CLUSTER SHARDS", PATIENCE, || {
                let shards = format!("{:?}", node.call(&["CLUSTER", "SHARDS"])?);
                ensure!(shards.contains(&format!("{:?}", zone(index).as_bytes())), "{}: {shards}", node.kind());
                Ok(())
            })
            .unwrap();
        }
    }
}

/// nodes.conf shows what a node will still know after a restart, and some of it is shown nowhere else.
fn await_in_nodes_conf(node: &Node, id: &str, word: &str) {
    wait::until(format!("{word} in the nodes.conf of {}", node.kind()), PATIENCE, || {
        let text = node.nodes_conf()?;
        let line = text.lines().find(|line| line.starts_with(id)).context("unknown")?;
        ensure!(line.contains(word), "{line}");
        Ok(())
    })
    .unwrap();
}
