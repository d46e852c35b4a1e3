//! Nodes that find their cluster without an operator.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use xtask::rack::mesh::Mesh;
use xtask::rack::{Kind, Node, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, chain, ids};

const TIMEOUT: (&str, &str) = ("cluster-node-timeout", "1000");

/// A file of seeds that tests rewrite.
struct SeedFile {
    _dir: TempDir,
    path: PathBuf,
}

impl SeedFile {
    fn new() -> Self {
        let dir = TempDir::with_prefix("slotmesh-seeds-").unwrap();
        let path = dir.path().join("seeds");
        let file = Self { _dir: dir, path };
        file.write(&[]);
        file
    }

    fn directive(&self) -> String {
        format!("file:{}", self.path.display())
    }

    /// Names these ports of this machine, in one step.
    fn write(&self, ports: &[u16]) {
        let lines: String = ports.iter().map(|port| format!("127.0.0.1:{port}\n")).collect();
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, format!("# where the nodes are\n{lines}")).unwrap();
        fs::rename(&fresh, &self.path as &Path).unwrap();
    }
}

/// Nodes of these kinds started at once; those of ours have the seeds that `seeds` makes of all ports and their own index.
fn start(turn: &Turn, kinds: &[Kind], seeds: impl Fn(&[u16], usize) -> String) -> Vec<Node> {
    let ports: Vec<u16> = kinds.iter().map(|_| turn.rack.free_port().unwrap()).collect();
    let spawn = |(index, kind): (usize, &Kind)| {
        let seeds = seeds(&ports, index);
        let own = [TIMEOUT, ("slotmesh-seeds", seeds.as_str())];
        let flags = if *kind == Kind::Slotmesh { &own[..] } else { &own[..1] };
        turn.rack.spawn_at(ports[index], *kind, None, flags)
    };
    let mut nodes = kinds.iter().enumerate().map(spawn).collect::<Result<Vec<_>>>().unwrap();
    nodes.iter_mut().try_for_each(Node::await_ready).unwrap();
    nodes
}

fn all(ports: &[u16], _index: usize) -> String {
    ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(" ")
}

fn await_log(node: &Node, text: &str) {
    wait::until(format!("'{text}' in the log"), PATIENCE, || {
        ensure!(node.log().contains(text), "{}", node.log());
        Ok(())
    })
    .unwrap();
}

#[test]
fn ten_nodes_with_one_list_started_at_once_become_one_mesh() {
    let Some(turn) = Turn::take() else { return };
    let nodes = start(&turn, &[Kind::Slotmesh; 10], all);
    await_mesh(&nodes);
    // Everybody is among its own seeds; whoever connected to itself has found that out.
    let known = nodes.iter().all(|node| node.lines().unwrap().len() == 10);
    assert!(known, "nobody is there twice");
}

#[test]
fn two_nodes_that_are_each_others_seeds_become_one_mesh() {
    let Some(turn) = Turn::take() else { return };
    let nodes = start(&turn, &[Kind::Slotmesh; 2], |ports, index| format!("localhost:{}", ports[1 - index]));
    await_mesh(&nodes);
    assert!(nodes.iter().all(|node| node.lines().unwrap().len() == 2));
}

#[test]
fn a_node_joins_real_servers_by_its_seeds() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let nodes = start(&turn, &[peer, peer, Kind::Slotmesh, Kind::Slotmesh], |ports, _| {
            format!("127.0.0.1:{}@{}", ports[0], ports[0] + 10_000)
        });
        chain(&nodes[..2]);
        await_mesh(&nodes);
        await_log(&nodes[2], "Handshake with seed 127.0.0.1:");
    }
}

#[test]
fn the_own_address_among_the_seeds_is_found_out_and_other_names_are_respected() {
    let Some(turn) = Turn::take() else { return };
    let nodes = start(&turn, &[Kind::Slotmesh], all);
    await_log(&nodes[0], "ended: the address is this node's own");
    let file = SeedFile::new();
    let flags = [TIMEOUT, ("slotmesh-cluster-name", "blue"), ("slotmesh-seeds", &file.directive())];
    file.write(&[nodes[0].port()]);
    let mut named = turn.rack.spawn(Kind::Slotmesh, &flags).unwrap();
    named.await_ready().unwrap();
    // A nameless node joins a named cluster, as with an operator's MEET.
    await_mesh(&[nodes.into_iter().next().unwrap(), named]);

    let other = turn.rack.start(&[Kind::Slotmesh], &[TIMEOUT, ("slotmesh-cluster-name", "green")]).unwrap();
    file.write(&[other[0].port()]);
    let mut named = turn.rack.spawn(Kind::Slotmesh, &flags).unwrap();
    named.await_ready().unwrap();
    await_log(&named, "cluster of another name");
    assert_eq!(named.lines().unwrap().iter().filter(|line| !line.has("handshake")).count(), 1);
}

#[test]
fn seeds_can_be_set_while_running_and_wrong_ones_are_refused() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.rack.start(&[Kind::Slotmesh; 2], &[TIMEOUT]).unwrap();
    let set = |seeds: &str| nodes[0].call(&["CONFIG", "SET", "slotmesh-seeds", seeds]);
    for (seeds, reason) in
        [("srv:_slotmesh._tcp.example", "SRV"), ("127.0.0.1", "needs a port"), ("a:1 ::1:2", "no host")]
    {
        let error = format!("{:#}", set(seeds).unwrap_err());
        assert!(error.contains(reason), "{error}");
    }
    set(&format!("127.0.0.1:{}", nodes[1].port())).unwrap();
    await_mesh(&nodes);
}

#[test]
fn all_nodes_restarted_at_new_addresses_find_each_other_by_id() {
    let Some(turn) = Turn::take() else { return };
    let kinds = [vec![Kind::Slotmesh; 3], turn.present(&[Kind::Valkey9])].concat();
    let file = SeedFile::new();
    let directive = file.directive();
    let mut nodes = start(&turn, &kinds, |ports, _| {
        file.write(ports);
        directive.clone()
    });
    await_mesh(&nodes);
    let before = ids(&nodes);
    nodes.iter_mut().for_each(Node::kill);
    let ports: Vec<u16> = nodes.iter().map(|_| turn.rack.free_port().unwrap()).collect();
    // The names that lead to them change a while after they have started.
    for (node, port) in nodes.iter_mut().zip(&ports) {
        node.restart(Some(*port), &[]).unwrap();
    }
    file.write(&ports);
    assert_eq!(ids(&nodes), before);
    await_mesh(&nodes);
    assert!(nodes[..3].iter().any(|node| node.log().contains("is where node")));
}

#[test]
fn a_strangers_cluster_at_a_seed_is_neither_joined_nor_believed() {
    let Some(turn) = Turn::take() else { return };
    for stranger in turn.present(&[Kind::Slotmesh, Kind::Valkey9]) {
        let file = SeedFile::new();
        let directive = file.directive();
        let mut nodes = start(&turn, &[Kind::Slotmesh; 2], |ports, _| {
            file.write(ports);
            directive.clone()
        });
        await_mesh(&nodes);
        let strangers = turn.rack.start(&[stranger], &[TIMEOUT]).unwrap();
        let (lost, gone) = (0, 1);
        nodes[gone].kill();
        file.write(&[strangers[0].port()]);
        await_log(&nodes[lost], "which this node does not know; not joining its cluster");
        let id = strangers[0].id().unwrap();
        assert!(nodes[lost].line_of(&id).unwrap().is_none());
        assert_eq!(strangers[0].lines().unwrap().len(), 1);
        let port = nodes[gone].port();
        let kept = nodes[lost].lines().unwrap().iter().any(|line| line.port() == Some(port));
        assert!(kept, "the lost peer is still looked for where it was");
    }
}

/// Where links come from is what peers take for a node's address, so a second address of this machine is another place.
fn at(host: &str) -> [(&str, String); 2] {
    [("bind", format!("{host} 127.0.0.1")), ("bind-source-addr", host.to_owned())]
}

fn says(node: &Node, id: &str, host: &str) -> Result<()> {
    let line = node.line_of(id)?.context("unknown")?;
    ensure!(line.address.starts_with(&format!("{host}:")), "{} at port {} says {line:?}", node.kind(), node.port());
    Ok(())
}

#[test]
fn a_node_restarted_at_another_address_does_not_keep_the_one_in_its_file() {
    let Some(turn) = Turn::take() else { return };
    for peer in turn.peers() {
        let flags = at("127.0.0.2");
        let flags: Vec<(&str, &str)> = flags.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut moving = turn.rack.spawn(Kind::Slotmesh, &[&[TIMEOUT][..], &flags].concat()).unwrap();
        moving.await_ready().unwrap();
        let mut nodes = turn.rack.start(&[peer, peer, Kind::Slotmesh], &[TIMEOUT]).unwrap();
        nodes.insert(0, moving);
        let id = nodes[0].id().unwrap();
        // It is never told its address: it meets, and is not met.
        for other in &nodes[1..] {
            nodes[0].meet(other).unwrap();
        }
        let everybody = |nodes: &[Node], host: &str| {
            wait::until(format!("{host} in every view"), PATIENCE, || {
                nodes.iter().try_for_each(|node| says(node, &id, host))
            })
            .unwrap();
        };
        everybody(&nodes, "127.0.0.2");
        await_mesh(&nodes);
        nodes[0].call(&["CLUSTER", "SAVECONFIG"]).unwrap();
        assert!(nodes[0].nodes_conf().unwrap().contains("127.0.0.2:"));
        nodes[0].kill();
        let flags = at("127.0.0.3");
        let flags: Vec<(&str, &str)> = flags.iter().map(|(name, value)| (*name, value.as_str())).collect();
        nodes[0].restart(None, &flags).unwrap();
        everybody(&nodes, "127.0.0.3");
        await_mesh(&nodes);
        Mesh::of(&nodes).unwrap().await_agreement(PATIENCE).unwrap();
    }
}
