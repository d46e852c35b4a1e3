//! DEBUG: a node misbehaves because a test asks for it, as a real server does.

use anyhow::{Context, Result, ensure};
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh};

const FLAGS: [(&str, &str); 2] = [("cluster-node-timeout", "1000"), ("enable-debug-command", "local")];

/// Every type. To drop the answers alone would not do: the other's own pings show that it is well.
const ALL: &str = "-2";

/// What a command is refused with.
fn refusal(node: &Node, command: &[&str]) -> String {
    let mut client = node.connect().unwrap();
    String::from_utf8(client.exchange(command).unwrap()).unwrap()
}

#[test]
fn debug_is_refused_unless_allowed_and_takes_what_a_real_server_takes() {
    let Some(turn) = Turn::take() else { return };
    let kinds = [vec![Kind::Slotmesh], turn.present(&[Kind::Valkey9])].concat();
    let wrong: [&[&str]; 8] = [
        &["DEBUG"],
        &["DEBUG", "NOSUCH"],
        &["DEBUG", "LOG"],
        &["DEBUG", "DROP-CLUSTER-PACKET-FILTER", "x"],
        &["DEBUG", "CLUSTERLINK", "KILL"],
        &["DEBUG", "CLUSTERLINK", "KILL", "ALL", "nobody"],
        &["COMMAND", "INFO", "DEBUG"],
        &["COMMAND", "DOCS", "DEBUG"],
    ];
    let right: [&[&str]; 5] = [
        &["DEBUG", "LOG", "hello"],
        &["debug", "sleep", "0.01"],
        &["DEBUG", "SLEEP", "x"],
        &["DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-1"],
        &["DEBUG", "CLOSE-CLUSTER-LINK-ON-PACKET-DROP", "0"],
    ];
    for (allowed, commands) in [("no", [&wrong[..1], &right[..1]].concat()), ("local", [&wrong[..], &right].concat())] {
        let nodes = turn.rack.start(&kinds, &[("enable-debug-command", allowed)]).unwrap();
        for command in commands {
            let replies: Vec<String> = nodes.iter().map(|node| refusal(node, command)).collect();
            assert!(replies.iter().all(|reply| *reply == replies[0]), "{allowed}, {command:?}: {replies:?}");
        }
        assert_eq!(nodes[0].log().contains("DEBUG LOG: hello"), allowed == "local");
    }
}

#[test]
fn links_that_are_killed_come_back_and_a_deaf_node_suspects_others() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.mesh(&[Kind::Slotmesh, Kind::Slotmesh, Kind::Slotmesh], &FLAGS);
    for (node, slots) in nodes.iter().zip([["0", "5460"], ["5461", "10922"], ["10923", "16383"]]) {
        node.call(&["CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1]]).unwrap();
    }
    let id = nodes[1].id().unwrap();
    for direction in ["to", "FROM", "all"] {
        nodes[0].call(&["DEBUG", "CLUSTERLINK", "KILL", direction, &id]).unwrap();
        await_mesh(&nodes);
    }
    nodes[0].call(&["DEBUG", "DROP-CLUSTER-PACKET-FILTER", ALL]).unwrap();
    await_flags(&nodes[0], &id, "fail?");
    assert!(nodes[2].line_of(&id).unwrap().unwrap().is_well(), "only one node is deaf");
    nodes[0].call(&["DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-1"]).unwrap();
    await_mesh(&nodes);
    nodes[0].call(&["DEBUG", "DISABLE-CLUSTER-RECONNECTION", "1"]).unwrap();
    nodes[0].call(&["DEBUG", "CLUSTERLINK", "KILL", "TO", &id]).unwrap();
    let line = nodes[0].line_of(&id).unwrap().unwrap();
    assert!(!line.connected && !line.has("fail?"), "its own link to us shows that it is well: {line:?}");
    nodes[0].call(&["DEBUG", "DISABLE-CLUSTER-RECONNECTION", "0"]).unwrap();
    await_mesh(&nodes);
}

#[test]
fn a_bus_that_is_held_up_is_suspected_by_all() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.mesh(&[vec![Kind::Slotmesh; 2], turn.present(&[Kind::Valkey9])].concat(), &FLAGS);
    let id = nodes[0].id().unwrap();
    let mut client = nodes[0].connect().unwrap();
    client.send(&["DEBUG", "SLEEP", "5"], 1).unwrap();
    for node in &nodes[1..] {
        await_flags(node, &id, "fail?");
    }
    client.receive().unwrap();
    await_mesh(&nodes);
}

fn await_flags(node: &Node, id: &str, flag: &str) {
    let holds = || -> Result<()> {
        let line = node.line_of(id)?.context("unknown")?;
        ensure!(line.has(flag), "{line:?}");
        Ok(())
    };
    wait::until(format!("{flag} at {}", node.port()), PATIENCE, holds).unwrap();
}
