//! `slotmesh create`, and `meet` and `forget` over RESP.

use xtask::rack::{Kind, wait};

use crate::tool::{Tool, addresses, create};
use crate::turn::{PATIENCE, Turn, await_mesh};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "3000")];

/// Pure clusters and mixed ones.
const CASTS: [[Kind; 6]; 4] = [
    [Kind::Slotmesh; 6],
    [Kind::Valkey9; 6],
    [Kind::Slotmesh, Kind::Valkey9, Kind::Slotmesh, Kind::Valkey9, Kind::Slotmesh, Kind::Valkey9],
    [Kind::Valkey9, Kind::Valkey8, Kind::Valkey9, Kind::Slotmesh, Kind::Valkey8, Kind::Redis7],
];

#[test]
fn nodes_become_a_cluster_that_doctor_finds_nothing_wrong_with() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for cast in CASTS {
        if turn.present(&cast).len() < cast.len() {
            continue;
        }
        let nodes = turn.rack.start(&cast, &FLAGS).unwrap();
        let said = create(&tool, &nodes, &["--replicas", "1"]);
        assert!(said.contains("6 nodes agree after"), "{said}");
        await_mesh(&nodes);
        let slots = tool.json(&["slots", &addresses(&nodes)[0]]);
        let runs = slots["slots"].as_array().unwrap();
        assert!(runs.len() == 3 && runs.iter().all(|run| run["replicas"].as_array().unwrap().len() == 1), "{slots}");
        let half_upgraded = cast.contains(&Kind::Valkey8) && cast.contains(&Kind::Valkey9);
        for address in addresses(&nodes) {
            let ran = tool.run(&["doctor", &address]);
            assert!(ran.stdout.contains("6 of 6 nodes answered"), "{cast:?}: {ran:?}");
            if half_upgraded {
                assert!(ran.stdout.contains("[versions]") && ran.stdout.contains("0 errors, 1 warning"), "{ran:?}");
            } else {
                assert!(ran.code == Some(0) && ran.stdout.contains("clean"), "{cast:?}: {ran:?}");
            }
        }
    }
}

#[test]
fn nodes_that_are_in_use_are_refused_and_nothing_changes() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let nodes = turn.rack.start(&[kind; 4], &FLAGS).unwrap();
        let addresses = addresses(&nodes);
        let words = |more: &[&'static str]| -> Vec<String> {
            let mut words = vec!["create".to_owned()];
            words.extend(addresses[..3].iter().cloned());
            words.extend(more.iter().map(|&word| word.to_owned()));
            words
        };
        let refused = |more: &[&'static str], code: i32, wanted: &str| {
            let words = words(more);
            let said = tool.bad(&words.iter().map(String::as_str).collect::<Vec<_>>(), code);
            assert!(said.contains(wanted), "{kind}: {said}");
            let lines = nodes[0].lines().unwrap();
            assert!(lines.len() == 1 && lines[0].slots.is_empty() && lines[0].epoch == 0, "{kind}: {lines:?}");
        };
        refused(&[], 2, "give --yes");
        refused(&["--yes", "--replicas", "3"], 1, "take at least 4 nodes");
        nodes[1].call(&["CLUSTER", "ADDSLOTS", "7"]).unwrap();
        refused(&["--yes"], 1, "owns 1 slot:");
        if kind == Kind::Valkey9 {
            nodes[1].call(&["CLUSTER", "ADDSLOTSRANGE", "0", "6"]).unwrap();
            nodes[1].call(&["CLUSTER", "ADDSLOTSRANGE", "8", "16383"]).unwrap();
            wait::until("keys to be taken", PATIENCE, || nodes[1].call(&["SET", "key", "value"])).unwrap();
            refused(&["--yes"], 1, "holds 1 keys");
            nodes[1].call(&["FLUSHALL"]).unwrap();
        }
        nodes[1].call(&["CLUSTER", "FLUSHSLOTS"]).unwrap();
        nodes[2].meet(&nodes[3]).unwrap();
        await_mesh(&nodes[2..]);
        refused(&["--yes"], 1, "knows 1 other node:");
    }
}

#[test]
fn a_node_is_met_and_forgotten() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let nodes = turn.rack.start(&[kind; 4], &FLAGS).unwrap();
        create(&tool, &nodes[..3], &[]);
        let addresses = addresses(&nodes);
        let said = tool.good(&["meet", "--addr", &addresses[0], &addresses[3], &addresses[1]]);
        assert!(said.contains(&format!("{}: joined", addresses[3])) && said.contains("was a member already"), "{said}");
        await_mesh(&nodes);
        let id = nodes[3].id().unwrap();
        let owner = nodes[1].id().unwrap();
        let said = tool.bad(&["forget", "--addr", &addresses[0], &owner], 1);
        assert!(said.contains("move them first"), "{said}");
        let said = tool.bad(&["forget", "--addr", &addresses[0], "nobody"], 1);
        assert!(said.contains("nobody in the cluster is known as 'nobody'"), "{said}");
        let said = tool.good(&["forget", "--addr", &addresses[0], &id[..12]]);
        assert_eq!(said.matches("has forgotten").count(), 3, "{said}");
        for node in &nodes[..3] {
            assert!(node.line_of(&id).unwrap().is_none(), "{kind}");
        }
        let closed = format!("127.0.0.1:{}", turn.rack.free_port().unwrap());
        let said = tool.bad(&["meet", &addresses[0], &closed], 2);
        assert!(said.contains(&closed) && said.contains("can't connect"), "{said}");
        assert_eq!(nodes[0].lines().unwrap().len(), 3, "nobody was met");
    }
}
