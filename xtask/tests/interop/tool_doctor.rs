//! `slotmesh doctor` on live clusters into which a fault was planted, by nothing but what operators can do.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde_json::Value;
use xtask::rack::{Kind, Node, wait};

use crate::tool::{Tool, addresses, create};
use crate::turn::{PATIENCE, Turn, await_mesh};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "3000")];

/// Three primaries and one more.
const CASTS: [[Kind; 4]; 3] =
    [[Kind::Slotmesh; 4], [Kind::Valkey9; 4], [Kind::Slotmesh, Kind::Valkey9, Kind::Slotmesh, Kind::Valkey9]];

/// A cluster with a fault to come.
struct Patient<'a> {
    tool: &'a Tool,
    cast: [Kind; 4],
    nodes: Vec<Node>,
}

/// A cluster of each cast that can be staged here: three primaries with slots, and one without.
fn patients<'a>(turn: &'a Turn, tool: &'a Tool) -> impl Iterator<Item = Patient<'a>> {
    let here = turn.present(&[Kind::Slotmesh, Kind::Valkey9]);
    let casts = CASTS.into_iter().filter(move |cast| cast.iter().all(|kind| here.contains(kind)));
    casts.map(move |cast| {
        let nodes = turn.rack.start(&cast, &FLAGS).unwrap();
        create(tool, &nodes[..3], &[]);
        let addresses = addresses(&nodes);
        tool.good(&["meet", &addresses[0], &addresses[3]]);
        await_mesh(&nodes);
        let patient = Patient { tool, cast, nodes };
        patient.await_clean();
        patient
    })
}

impl Patient<'_> {
    fn id(&self, node: usize) -> String {
        self.nodes[node].id().unwrap()
    }

    fn everybody(&self, command: &[&str]) {
        for node in &self.nodes {
            node.call(command).unwrap();
        }
    }

    /// What doctor says when it begins with these nodes; and whether its exit code fits.
    fn report(&self, from: &[usize]) -> Value {
        let addresses = addresses(&self.nodes);
        let mut words = vec!["doctor", "--json", "--pause", "0.5"];
        words.extend(from.iter().map(|node| addresses[*node].as_str()));
        let ran = self.tool.run(&words);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let code = if report["clean"] == true { 0 } else { 1 };
        assert_eq!(ran.code, Some(code), "{ran:?}");
        report
    }

    fn await_clean(&self) {
        wait::until("a clean bill", PATIENCE, || {
            let report = self.report(&[0]);
            ensure!(report["clean"] == true, "{:?}: {report:#}", self.cast);
            Ok(())
        })
        .unwrap();
    }

    /// Waits until doctor, beginning with these nodes, finds all of `checks`, and gives the report.
    fn await_found(&self, from: &[usize], checks: &[&str]) -> Value {
        wait::until(format!("{checks:?}"), PATIENCE, || {
            let report = self.report(from);
            let found = names(&report);
            ensure!(checks.iter().all(|check| found.contains(check)), "{:?} found {report:#}", self.cast);
            Ok(report)
        })
        .unwrap()
    }
}

fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().into_iter().flatten()
}

/// The checks that found more than something to note.
fn names(report: &Value) -> BTreeSet<&str> {
    findings(report)
        .filter(|finding| finding["severity"] != "note")
        .filter_map(|finding| finding["check"].as_str())
        .collect()
}

/// What a check says, all of it.
fn said(report: &Value, check: &str) -> String {
    findings(report).filter(|finding| finding["check"] == check).map(Value::to_string).collect()
}

#[test]
fn an_uncovered_slot() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for patient in patients(&turn, &tool) {
        patient.everybody(&["CLUSTER", "DELSLOTS", "5"]);
        let report = patient.await_found(&[3], &["uncovered-slot", "cluster-state"]);
        assert!(said(&report, "uncovered-slot").contains("nobody owns slot 5"), "{report:#}");
        patient.nodes[0].call(&["CLUSTER", "ADDSLOTS", "5"]).unwrap();
        patient.await_clean();
    }
}

#[test]
fn open_slots_and_a_handshake_with_nobody() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for patient in patients(&turn, &tool) {
        patient.nodes[0].call(&["CLUSTER", "SETSLOT", "5", "MIGRATING", &patient.id(1)]).unwrap();
        let report = patient.await_found(&[2], &["open-slot"]);
        assert!(said(&report, "open-slot").contains("only the source knows"), "{report:#}");
        patient.nodes[0].call(&["CLUSTER", "SETSLOT", "5", "STABLE"]).unwrap();
        let port = turn.rack.free_port().unwrap().to_string();
        patient.nodes[1].call(&["CLUSTER", "MEET", "127.0.0.1", &port]).unwrap();
        let report = patient.await_found(&[2], &["handshake"]);
        let said = said(&report, "handshake");
        assert!(said.contains(&port) && said.contains(&patient.nodes[1].address().to_string()), "{said}");
        patient.await_clean();
    }
}

#[test]
fn two_owners_of_a_slot_and_a_node_that_the_others_have_forgotten() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for patient in patients(&turn, &tool) {
        // The third has the highest epoch, so it does not give way to the claim of another.
        let forgotten = patient.id(2);
        for node in [0, 1, 3] {
            // Whoever was told by the one before does not know it any more.
            let _ = patient.nodes[node].call(&["CLUSTER", "FORGET", &forgotten]);
        }
        patient.nodes[0].call(&["CLUSTER", "ADDSLOTS", "16383"]).unwrap();
        let report = patient.await_found(&[0, 2], &["two-owners", "not-known"]);
        let owners = said(&report, "two-owners");
        let both = [0, 2].map(|node| patient.nodes[node].address().to_string());
        assert!(both.iter().all(|owner| owners.contains(owner)) && owners.contains("slot 16383"), "{owners}");
        let strangers = said(&report, "not-known");
        assert!(strangers.contains(&both[1]) && strangers.contains("none of the others"), "{strangers}");
    }
}

#[test]
fn a_one_sided_link_by_a_wrong_bus_port() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for patient in patients(&turn, &tool) {
        let wrong = turn.rack.free_port().unwrap().to_string();
        patient.nodes[3].call(&["CONFIG", "SET", "cluster-announce-bus-port", &wrong]).unwrap();
        let report = patient.await_found(&[0], &["one-sided-link"]);
        let said = said(&report, "one-sided-link");
        let mistaken = patient.nodes[3].address().to_string();
        assert!(said.contains(&mistaken) && said.contains(&wrong), "{said}");
        patient.nodes[3].call(&["CONFIG", "SET", "cluster-announce-bus-port", "0"]).unwrap();
        patient.await_clean();
    }
}

#[test]
fn a_wrong_announced_address_is_found_from_either_side() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for patient in patients(&turn, &tool) {
        // Loopback, and nobody is there.
        patient.nodes[3].call(&["CONFIG", "SET", "cluster-announce-ip", "127.9.9.9"]).unwrap();
        let at = format!("127.9.9.9:{}", patient.nodes[3].port());
        for from in [0, 3] {
            let report = patient.await_found(&[from], &["wrong-address"]);
            assert!(said(&report, "wrong-address").contains(&at), "{report:#}");
        }
        patient.nodes[3].call(&["CONFIG", "SET", "cluster-announce-ip", ""]).unwrap();
    }
}

#[test]
fn a_dead_node() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for mut patient in patients(&turn, &tool) {
        patient.nodes[2].kill();
        let report = patient.await_found(&[0], &["dead-node", "uncovered-slot"]);
        let address = patient.nodes[2].address().to_string();
        assert!(said(&report, "dead-node").contains(&format!("{address}: can't connect")), "{report:#}");
    }
}

#[test]
fn a_ghost_that_only_its_replica_lists() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for mut patient in patients(&turn, &tool) {
        // Members tell each other whom to forget, and only a replica of that node does not listen.
        let replica = turn.rack.start(&[patient.cast[1]], &FLAGS).unwrap().remove(0);
        patient.nodes.push(replica);
        patient.nodes[0].meet(&patient.nodes[4]).unwrap();
        await_mesh(&patient.nodes);
        let (ghost, last) = (patient.id(3), patient.id(4));
        patient.nodes[4].call(&["CLUSTER", "REPLICATE", &ghost]).unwrap();
        wait::until("everybody to know the replica", PATIENCE, || {
            patient.nodes.iter().try_for_each(|node| {
                let line = node.line_of(&last)?;
                ensure!(line.as_ref().is_some_and(|line| line.has("slave")), "{line:?}");
                Ok(())
            })
        })
        .unwrap();
        patient.nodes[3].kill();
        for node in 0..3 {
            // Whoever was told by the one before does not know it any more.
            let _ = patient.nodes[node].call(&["CLUSTER", "FORGET", &ghost]);
        }
        let report = patient.await_found(&[0], &["ghost"]);
        let said = said(&report, "ghost");
        let lists = format!("known to {} (", patient.nodes[4].address());
        let remedy = format!("let {} (", patient.nodes[4].address());
        assert!(said.contains(&lists) && said.contains(&remedy), "{said}");
        // What it says is to be done ends it.
        patient.nodes[4].call(&["CLUSTER", "REPLICATE", &patient.id(0)]).unwrap();
        let address = patient.nodes[0].address().to_string();
        tool.good(&["forget", "--addr", &address, &ghost]);
        wait::until("the ghost to be gone", PATIENCE, || {
            let report = patient.report(&[0]);
            ensure!(!names(&report).contains("ghost"), "{:?} found {report:#}", patient.cast);
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn clusters_of_two_names_that_know_of_each_other_by_a_third() {
    let Some(turn) = Turn::take() else { return };
    let Some(tool) = Tool::find() else { return };
    for between in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let named =
            |name: &str| turn.rack.start(&[Kind::Slotmesh], &[("slotmesh-cluster-name", name)]).unwrap().remove(0);
        let mut nodes = vec![named("blue"), named("green")];
        nodes.extend(turn.rack.start(&[between], &[]).unwrap());
        nodes[2].meet(&nodes[0]).unwrap();
        nodes[2].meet(&nodes[1]).unwrap();
        let address = nodes[2].address().to_string();
        wait::until("both names to be found", PATIENCE, || {
            let ran = tool.run(&["doctor", &address, "--json", "--pause", "0.1"]);
            let report: Value = serde_json::from_str(&ran.stdout)?;
            let said = said(&report, "cluster-names");
            ensure!(said.contains("'blue'") && said.contains("'green'") && ran.code == Some(1), "{report:#}");
            Ok(())
        })
        .unwrap();
    }
}
