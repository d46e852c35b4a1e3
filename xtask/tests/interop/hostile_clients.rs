//! Clients that crowd, stall or flood one node: the bus does not notice.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use xtask::rack::{Kind, Node, NodeLine, usage, wait};

use crate::turn::{Turn, await_mesh};

const NODE_TIMEOUT: Duration = Duration::from_secs(1);
const FLAGS: [(&str, &str); 2] = [("cluster-node-timeout", "1000"), ("maxclients", "10500")];

/// Idle clients.
const CROWD: usize = 10_000;

/// Open files of this process and of the server: the crowd and everything else.
const FILES: u64 = 11_000;

fn mixed(turn: &Turn) -> Vec<Node> {
    let nodes = turn.rack.start(&[Kind::Slotmesh, Kind::Slotmesh], &FLAGS).unwrap();
    let peers = turn.rack.start(&turn.present(&[Kind::Valkey9]), &FLAGS[..1]).unwrap();
    let nodes: Vec<Node> = nodes.into_iter().chain(peers).collect();
    crate::turn::chain(&nodes);
    await_mesh(&nodes);
    nodes
}

#[test]
fn ten_thousand_idle_clients_and_slow_ones_leave_the_bus_alone() {
    if !raise_file_limit() {
        eprintln!("skipped: the limit of open files is below {FILES} (ulimit -Hn)");
        return;
    }
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let crowd: Vec<TcpStream> = (0..CROWD).map(|_| connect(&nodes[0])).collect();
    let slow: Vec<TcpStream> =
        (0..100).map(|index| say(&nodes[0], if index % 2 == 0 { HALF } else { UNREAD })).collect();
    watch(&nodes, 3 * NODE_TIMEOUT);
    let clients = nodes[0].text(&["INFO", "clients"]).unwrap();
    let connected = clients.lines().find_map(|line| line.strip_prefix("connected_clients:")).unwrap();
    assert!(connected.trim().parse::<usize>().unwrap() >= crowd.len() + slow.len(), "{clients}");
}

/// A request that never ends.
const HALF: &[u8] = b"*2\r\n$7\r\nCLUS";
/// Replies that nobody reads.
const UNREAD: &[u8] = b"CLUSTER NODES\r\nCLUSTER SHARDS\r\n";

#[test]
fn a_flood_of_junk_leaves_the_bus_alone() {
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let pid = nodes[0].pid().unwrap();
    let before = usage::memory(pid).unwrap().resident_kib;
    let mut flood = connect(&nodes[0]);
    flood.set_nonblocking(true).unwrap();
    let junk = [b"junk ".repeat(1000).as_slice(), b"\r\n"].concat().repeat(10);
    let start = Instant::now();
    let mut sent = 0;
    while start.elapsed() < 3 * NODE_TIMEOUT {
        match flood.write(&junk[sent % junk.len()..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => watch(&nodes, Duration::ZERO),
            Err(error) => panic!("junk is answered, not hung up on: {error}"),
        }
    }
    let grown = usage::memory(pid).unwrap().resident_kib.saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB for {sent} bytes of junk");
    watch(&nodes, NODE_TIMEOUT);
}

#[test]
fn a_line_without_end_is_refused() {
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let mut client = say(&nodes[0], &b"x".repeat(70 * 1024));
    let mut reply = String::new();
    client.read_to_string(&mut reply).unwrap();
    assert_eq!(reply, "-ERR Protocol error: too big inline request\r\n");
    watch(&nodes, NODE_TIMEOUT);
}

/// For `length`, every node answers and sees every other as well.
fn watch(nodes: &[Node], length: Duration) {
    let start = Instant::now();
    loop {
        for node in nodes {
            let lines = node.lines().unwrap();
            assert!(lines.iter().all(NodeLine::is_well), "{} sees {lines:#?}", node.kind());
        }
        if start.elapsed() >= length {
            return;
        }
        wait::pause(Duration::from_millis(50)).unwrap();
    }
}

fn connect(node: &Node) -> TcpStream {
    let stream = TcpStream::connect(node.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn say(node: &Node, bytes: &[u8]) -> TcpStream {
    let mut stream = connect(node);
    stream.write_all(bytes).unwrap();
    stream
}

/// Lets this process and what it starts open enough files, where the system allows it.
fn raise_file_limit() -> bool {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= FILES) {
        return true;
    }
    if limit.maximum.is_some_and(|maximum| maximum < FILES) {
        return false;
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum: limit.maximum }).is_ok()
}
