//! Clients that applications use, at work on a cluster of ours and on one that a real server is part of. What each of them does
//! stands in its script in `xtask/clients`, or in `redis_rs.rs`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;
use xtask::rack::{Kind, Node, wait};

use crate::packages;
use crate::turn::{PATIENCE, Turn, await_mesh, chain};

/// Without `libvalkey`, valkey-py does not know MOVED and ASK in RESP3.
const VALKEY_PY: [&str; 2] = ["valkey==6.2.0", "libvalkey==4.2.1"];
const GLIDE: [&str; 3] = ["valkey-glide==2.6.0", VALKEY_PY[0], VALKEY_PY[1]];
const IOVALKEY: (&str, &str) = ("iovalkey", "0.4.0");

const OURS: [Kind; 3] = [Kind::Slotmesh; 3];
const MIXED: [Kind; 3] = [Kind::Slotmesh, Kind::Slotmesh, Kind::Valkey9];

#[test]
fn valkey_py_works_on_a_cluster_of_ours() {
    on_cluster(&OURS, valkey_py);
}

#[test]
fn valkey_py_works_on_a_mixed_cluster() {
    on_cluster(&MIXED, valkey_py);
}

#[test]
fn glide_works_on_a_cluster_of_ours() {
    on_cluster(&OURS, glide);
}

#[test]
fn glide_works_on_a_mixed_cluster() {
    on_cluster(&MIXED, glide);
}

#[test]
fn iovalkey_works_on_a_cluster_of_ours() {
    on_cluster(&OURS, iovalkey);
}

#[test]
fn iovalkey_works_on_a_mixed_cluster() {
    on_cluster(&MIXED, iovalkey);
}

#[test]
fn redis_benchmark_works_on_a_cluster_of_ours() {
    on_cluster(&OURS, redis_benchmark);
}

#[test]
fn redis_benchmark_works_on_a_mixed_cluster() {
    on_cluster(&MIXED, redis_benchmark);
}

#[test]
fn valkey_cli_follows_redirections_on_a_cluster_of_ours() {
    on_cluster(&OURS, valkey_cli);
}

#[test]
fn valkey_cli_follows_redirections_on_a_mixed_cluster() {
    on_cluster(&MIXED, valkey_cli);
}

#[test]
fn redis_rs_works_on_a_cluster_of_ours() {
    on_cluster(&OURS, redis_rs);
}

#[test]
fn redis_rs_works_on_a_mixed_cluster() {
    on_cluster(&MIXED, redis_rs);
}

fn redis_rs(_turn: &Turn, nodes: &[Node]) -> Result<(), String> {
    crate::redis_rs::work(nodes);
    Ok(())
}

fn valkey_py(_turn: &Turn, nodes: &[Node]) -> Result<(), String> {
    let python = missing(packages::python(&VALKEY_PY, "libvalkey, valkey.cluster"))?;
    run(Command::new(python).arg(script("valkey_py.py")).arg(nodes[0].port().to_string())).unwrap();
    Ok(())
}

fn glide(_turn: &Turn, nodes: &[Node]) -> Result<(), String> {
    let python = missing(packages::python(&GLIDE, "glide, libvalkey, valkey.cluster"))?;
    run(Command::new(python).arg(script("valkey_glide.py")).arg(nodes[0].port().to_string())).unwrap();
    Ok(())
}

fn iovalkey(_turn: &Turn, nodes: &[Node]) -> Result<(), String> {
    let modules = missing(packages::node_modules(IOVALKEY.0, IOVALKEY.1))?;
    let mut command = Command::new("node");
    run(command.arg(script("iovalkey.mjs")).arg(nodes[0].port().to_string()).arg(modules)).unwrap();
    Ok(())
}

fn redis_benchmark(_turn: &Turn, nodes: &[Node]) -> Result<(), String> {
    const TESTS: [&str; 13] =
        ["set", "get", "incr", "lpush", "rpush", "lpop", "rpop", "sadd", "hset", "spop", "zadd", "zpopmin", "mset"];
    let mut command = Command::new("redis-benchmark");
    command.args(["--cluster", "-q", "-n", "3000", "-c", "12", "-P", "4", "-r", "1000", "-t", &TESTS.join(",")]);
    missing(Command::new("redis-benchmark").arg("--version").output())?;
    let said = output_of(command.args(["-p", &nodes[0].port().to_string()])).unwrap();
    assert!(said.contains("Cluster has 3 master nodes"), "{said}");
    assert_eq!(said.matches("requests per second").count(), TESTS.len(), "{said}");
    assert!(!said.to_lowercase().contains("error"), "{said}");
    let keys = |node: &Node| node.call(&["DBSIZE"]).unwrap();
    let counts: Vec<_> = nodes.iter().map(keys).collect();
    assert!(!counts.contains(&slotmesh_resp::Value::Integer(0)), "each node has been asked: {counts:?}");
    Ok(())
}

fn valkey_cli(turn: &Turn, nodes: &[Node]) -> Result<(), String> {
    const REQUESTS: &str =
        "SET a 1\nINCR a\nSET b 5\nHSET c f v g w\nHGETALL c\nGET a\nLPUSH b 1\nZADD z 1.5 m\nZSCORE z m\n";
    const REPLIES: &str = "OK 2 OK 2 f v g w 2 WRONGTYPE Operation against a key holding the wrong kind of value 1 1.5";
    let program = turn.rack.cli()?;
    for protocol in ["-2", "-3"] {
        let mut input = NamedTempFile::new().unwrap();
        input.write_all(REQUESTS.as_bytes()).unwrap();
        let mut command = Command::new(program);
        command.args([protocol, "-c", "-p", &nodes[0].port().to_string()]).stdin(input.reopen().unwrap());
        let said = output_of(&mut command).unwrap();
        let is_reply = |line: &&str| !line.is_empty() && !line.starts_with("-> Redirected to slot [");
        let replies: Vec<&str> = said.lines().filter(is_reply).collect();
        // What stands on a line of its own in RESP2 stands beside its name in RESP3.
        assert_eq!(replies.join(" "), REPLIES, "{said}");
        assert!(said.contains("-> Redirected to slot ["), "{said}");
        nodes.iter().for_each(|node| drop(node.call(&["FLUSHALL"]).unwrap()));
    }
    Ok(())
}

/// Has a client work on a cluster of these kinds, unless one of them, or the client, is missing here.
fn on_cluster(kinds: &[Kind], client: fn(&Turn, &[Node]) -> Result<(), String>) {
    let Some(turn) = Turn::take() else { return };
    if turn.present(kinds).len() < kinds.len() {
        return;
    }
    let nodes = cluster(&turn, kinds);
    if let Err(reason) = client(&turn, &nodes) {
        eprintln!("skipped: the client is missing: {reason}");
    }
}

/// Primaries that share all slots.
fn cluster(turn: &Turn, kinds: &[Kind]) -> Vec<Node> {
    let nodes = turn.rack.start(kinds, &[]).unwrap();
    let share = 16384 / nodes.len() + 1;
    for (index, node) in nodes.iter().enumerate() {
        let (first, end) = (index * share, ((index + 1) * share).min(16384));
        node.call(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]).unwrap();
        node.call(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &(end - 1).to_string()]).unwrap();
    }
    chain(&nodes);
    await_mesh(&nodes);
    wait::until("the cluster to be up", PATIENCE, || {
        for node in &nodes {
            let info = node.text(&["CLUSTER", "INFO"])?;
            ensure!(info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384"), "{info}");
        }
        Ok(())
    })
    .unwrap();
    nodes
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

/// Runs a script to its good end.
fn run(command: &mut Command) -> Result<()> {
    let said = output_of(command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()))?;
    ensure!(said.trim_end().ends_with("done"), "{said}");
    Ok(())
}

/// What a program prints that ends well and in time.
fn output_of(command: &mut Command) -> Result<String> {
    let output = NamedTempFile::new()?;
    let write_to = |file: File| -> Result<(Stdio, Stdio)> { Ok((file.try_clone()?.into(), file.into())) };
    let (stdout, stderr) = write_to(File::options().append(true).open(output.path())?)?;
    let mut child = command.stdout(stdout).stderr(stderr).spawn().with_context(|| format!("can't run {command:?}"))?;
    let ended = wait::until(format!("{command:?} to end"), PATIENCE, || child.try_wait()?.context("it still runs"));
    if ended.is_err() {
        // It may have ended this moment.
        let _ = child.kill();
        child.wait()?;
    }
    let said = String::from_utf8_lossy(&fs::read(output.path())?).into_owned();
    let status = ended.with_context(|| said.clone())?;
    ensure!(status.success(), "{status}: {said}");
    Ok(said)
}

fn missing<T, E: Into<anyhow::Error>>(found: Result<T, E>) -> Result<T, String> {
    found.map_err(|error| format!("{:#}", error.into()))
}
