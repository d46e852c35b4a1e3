//! The example programs that the README names do what it says of them, among real servers where they speak to one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use slotmesh_resp::Value;
use xtask::build;
use xtask::rack::{Client, Kind, wait};

use crate::admin::start_with_api;
use crate::turn::{PATIENCE, Turn};

/// All that have a test here.
const TESTED: [&str; 9] = ["key_slot", "sniff", "owners", "by_hand", "server", "explain", "watch", "embed", "scenario"];

/// The folder of the built examples.
struct Examples(PathBuf);

/// An example that runs until it is dropped, and the lines that it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Examples {
    /// `None`, and a line on stderr, where they were not built.
    fn find() -> Option<Self> {
        let found = build::examples_from_environment().unwrap();
        if found.is_none() {
            eprintln!("skipped: {} is not set; cargo xtask test sets it", build::EXAMPLES_VARIABLE);
        }
        found.map(Self)
    }

    fn command(&self, name: &str, words: &[&str]) -> Command {
        assert!(TESTED.contains(&name), "it is not in the list");
        let mut command = Command::new(self.0.join(name));
        command.args(words).stdin(Stdio::null());
        command
    }

    /// Runs one to its end.
    fn output(&self, name: &str, words: &[&str]) -> Output {
        self.command(name, words).output().unwrap()
    }

    /// Runs one to its good end and gives what it printed.
    fn good(&self, name: &str, words: &[&str]) -> String {
        let output = self.output(name, words);
        assert!(output.status.success(), "{name} {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn start(&self, name: &str, words: &[&str]) -> Running {
        let mut child = self.command(name, words).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (out, lines) = mpsc::channel();
        // It ends with the pipe.
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| out.send(line)));
        Running { child, lines }
    }
}

impl Running {
    fn await_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line of the kind that was waited for");
            if wanted(&line) {
                return line;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[test]
fn every_example_of_the_readme_has_a_test() {
    let readme = include_str!("../../../README.md");
    let mut named: Vec<&str> = readme.split("/examples/").skip(1).filter_map(|rest| rest.split(".rs").next()).collect();
    named.sort_unstable();
    let mut tested = TESTED;
    tested.sort_unstable();
    assert_eq!(named, tested);
}

#[test]
fn key_slot_agrees_with_real_servers() {
    let Some(turn) = Turn::take() else { return };
    let Some(examples) = Examples::find() else { return };
    let said = examples.good("key_slot", &["user:{42}:name", "cart:{42}", "other"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let node = turn.rack.start(&[kind], &[]).unwrap().remove(0);
        for (key, keys) in [("cart:{42}", "user:{42}:name cart:{42}"), ("other", "other")] {
            let Value::Integer(slot) = node.call(&["CLUSTER", "KEYSLOT", key]).unwrap() else { panic!("{key}") };
            assert!(lines.contains(&&*format!("slot {slot}: {keys}")), "{said}");
        }
    }
}

#[test]
fn owners_reads_what_servers_have_written() {
    let Some(turn) = Turn::take() else { return };
    let Some(examples) = Examples::find() else { return };
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let nodes = turn.mesh(&[kind; 2], &[]);
        nodes[0].call(&["CLUSTER", "ADDSLOTSRANGE", "0", "99", "200", "200"]).unwrap();
        let mine = nodes[0].id().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("nodes.conf");
        wait::until("nodes.conf to tell", PATIENCE, || {
            fs::write(&copy, nodes[0].nodes_conf()?)?;
            let said = examples.good("owners", &[&copy.display().to_string()]);
            anyhow::ensure!(said.starts_with(&format!("2 nodes, seen by {mine}, epoch ")), "{said}");
            let owner = said.lines().find(|line| line.starts_with(&*mine));
            anyhow::ensure!(owner.is_some_and(|line| line.ends_with(" with 0 replicas: 0-99 200")), "{said}");
            Ok(())
        })
        .unwrap();
    }
    let output = examples.output("owners", &["/no/such/file"]);
    assert!(!output.status.success() && !output.stderr.is_empty(), "{output:?}");
}

#[test]
fn explain_tells_what_each_directive_does() {
    let Some(examples) = Examples::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("valkey.conf");
    fs::write(&path, "cluster-enabled yes\nactivedefrag no\nactive-defrag-cycle-min 7\nappendonly no\n").unwrap();
    let said = examples.good("explain", &[&path.display().to_string(), "--port", "7123"]);
    let after = |line: &str| said.lines().skip_while(|shown| *shown != line).nth(1).unwrap_or_else(|| panic!("{said}"));
    assert!(after("port 7123").contains("port"), "{said}");
    assert_eq!(after("active-defrag-cycle-min 7").trim(), "taken and shown, changes nothing");
    fs::write(&path, "no-such-directive 1\n").unwrap();
    let output = examples.output("explain", &[&path.display().to_string()]);
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && reason.contains("no-such-directive"), "{output:?}");
}

#[test]
fn two_engines_meet_by_hand() {
    let Some(examples) = Examples::find() else { return };
    let said = examples.good("by_hand", &[]);
    assert!(said.ends_with("they know 2 and 2 nodes\n"), "{said}");
    assert!(["node 0: ", "node 1: "].iter().all(|event| said.contains(event)), "{said}");
}

#[test]
fn the_server_of_two_commands_serves_any_client() {
    let Some(turn) = Turn::take() else { return };
    let Some(examples) = Examples::find() else { return };
    let port = turn.rack.free_port().unwrap();
    let running = examples.start("server", &[&port.to_string()]);
    running.await_line(|line| line == format!("listening at 127.0.0.1:{port}"));
    let mut client = Client::connect(at(port)).unwrap();
    client.send(&["PING"], 3).unwrap();
    for _ in 0..3 {
        assert_eq!(client.receive().unwrap().as_bytes(), Some(&b"PONG"[..]));
    }
    assert_eq!(client.call(&["ECHO", "hi"]).unwrap().as_bytes(), Some(&b"hi"[..]));
    assert!(client.call(&["GET", "key"]).unwrap_err().to_string().contains("PING and ECHO"));
    if let Ok(cli) = turn.rack.cli() {
        let output = Command::new(cli).args(["-p", &port.to_string(), "ECHO", "hi"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n");
    }
}

#[test]
fn the_sniffer_shows_how_others_meet_a_node() {
    let Some(turn) = Turn::take() else { return };
    let Some(examples) = Examples::find() else { return };
    for kind in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let port = turn.rack.free_port().unwrap();
        let watched = turn.rack.start(&[kind], &[("cluster-announce-bus-port", &*port.to_string())]).unwrap().remove(0);
        let bus = at(watched.port() + 10_000);
        let sniffer = examples.start("sniff", &[&port.to_string(), &bus.to_string()]);
        sniffer.await_line(|line| line == format!("listening at 0.0.0.0:{port}, handing on to {bus}"));
        let other = turn.rack.start(&[Kind::Slotmesh], &[]).unwrap().remove(0);
        let meet = ["CLUSTER", "MEET", "127.0.0.1", &watched.port().to_string(), &port.to_string()];
        other.call(&meet).unwrap();
        let short = |id: String| id[..8].to_owned();
        let (mine, its) = (short(other.id().unwrap()), short(watched.id().unwrap()));
        sniffer.await_line(|line| line.starts_with(&format!("-> meet of {mine}, epochs 0 0, 0 slots about [")));
        sniffer.await_line(|line| line.starts_with(&format!("<- pong of {its}, ")));
        sniffer.await_line(|line| line.starts_with(&format!("-> ping of {mine}, ")));
    }
}

#[test]
fn watch_shows_the_topology_and_each_change() {
    let Some(turn) = Turn::take() else { return };
    let Some(examples) = Examples::find() else { return };
    let (node, admin) = start_with_api(&turn);
    let watch = examples.start("watch", &[&at(admin).to_string()]);
    watch.await_line(|line| line.contains("Snapshot("));
    watch.await_line(|line| line.contains(&format!("\"{}\"", node.id().unwrap())));
    let other = turn.rack.start(&[Kind::Slotmesh], &[]).unwrap().remove(0);
    node.meet(&other).unwrap();
    watch.await_line(|line| line.contains("Delta("));
    watch.await_line(|line| line.contains(&format!("\"{}\"", other.id().unwrap())));
    let closed = turn.rack.free_port().unwrap();
    assert!(!examples.output("watch", &[&at(closed).to_string()]).status.success());
}

#[test]
fn two_embedded_nodes_meet() {
    let Some(turn) = Turn::take() else { return };
    let Some(examples) = Examples::find() else { return };
    let ports = [turn.rack.free_port().unwrap(), turn.rack.free_port().unwrap()].map(|port| port.to_string());
    let said = examples.good("embed", &[&ports[0], &ports[1]]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!(lines[0], "MEET: +OK");
    assert!(lines[1..].iter().all(|line| line.ends_with(" knows 2 nodes")), "{said}");
    assert!(!examples.output("embed", &[&ports[0]]).status.success(), "it wants two");
}

#[test]
fn a_scenario_is_the_same_for_the_same_seed() {
    let Some(_turn) = Turn::alone() else { return };
    let Some(examples) = Examples::find() else { return };
    let said = examples.good("scenario", &["7"]);
    let starts = ["full mesh after ", "the others are suspected everywhere after ", "whole again after "];
    assert!(said.lines().zip(starts).all(|(line, start)| line.starts_with(start)), "{said}");
    assert_eq!(said.lines().count(), starts.len());
    assert_eq!(examples.good("scenario", &["7"]), said);
    assert_ne!(examples.good("scenario", &["8"]), said);
}
