//! Clusters that start whole, from a nodes.conf written for them.

use std::fmt::Write as _;

use anyhow::Result;

use crate::rack::{Kind, Node, Rack};

/// Ids in the same order on both sides: who gives way when two nodes have one epoch depends on it.
const IDS: [char; 3] = ['a', 'b', 'c'];
const SLOTS: [&str; 3] = ["0-5460", "5461-10922", "10923-16383"];

/// Heartbeats that come often, bans that end soon, and copies that begin at once, so that a step has had its effects soon.
const FLAGS: [(&str, &str); 4] = [
    ("cluster-node-timeout", "5000"),
    ("cluster-ping-interval", "100"),
    ("cluster-blacklist-ttl", "1"),
    ("repl-diskless-sync-delay", "0"),
];

/// Three primaries that know each other, with a third of the slots and an epoch each.
pub(super) fn start(rack: &Rack, kind: Kind) -> Result<Vec<Node>> {
    let ports = IDS.iter().map(|_| rack.free_port()).collect::<Result<Vec<u16>>>()?;
    let confs = (0..IDS.len()).map(|index| nodes_conf(index, &ports));
    let mut nodes = ports
        .iter()
        .zip(confs)
        .map(|(port, conf)| rack.spawn_at(*port, kind, Some(&conf), &FLAGS))
        .collect::<Result<Vec<Node>>>()?;
    nodes.iter_mut().try_for_each(Node::await_ready)?;
    Ok(nodes)
}

fn nodes_conf(own: usize, ports: &[u16]) -> String {
    let mut conf = String::new();
    for (index, ((id, slots), port)) in IDS.iter().zip(SLOTS).zip(ports).enumerate() {
        let id = id.to_string().repeat(40);
        let (myself, epoch, bus) = (if index == own { "myself," } else { "" }, index + 1, port + 10_000);
        let line = format!(
            "{id} 127.0.0.1:{port}@{bus},,tls-port=0,shard-id={id} {myself}master - 0 0 {epoch} connected {slots}"
        );
        writeln!(conf, "{line}").expect("a string takes everything");
    }
    conf + "vars currentEpoch 3 lastVoteEpoch 0\n"
}
