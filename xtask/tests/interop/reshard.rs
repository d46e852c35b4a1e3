//! Slots with keys go from node to node while clients write: `valkey-cli --cluster reshard` and `rebalance`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, bail, ensure};
use slotmesh_resp::Value;
use xtask::rack::{Client, Kind, Node, wait};

use crate::cli::Cli;
use crate::turn::{PATIENCE, Turn, ids};

/// Two of ours and a real one: keys go between ours, to the real one, and back.
const CAST: [Kind; 3] = [Kind::Slotmesh, Kind::Slotmesh, Kind::Valkey9];
const KEYS: u32 = 800;
/// When a sixth of them expire.
const TERM: i64 = 4_000_000_000_000;

#[test]
fn keys_that_move_while_clients_write_are_neither_lost_nor_doubled() {
    let Some(turn) = Turn::alone() else { return };
    let Some(cli) = Cli::find(&turn) else { return };
    if turn.present(&CAST).len() < CAST.len() {
        return;
    }
    let nodes = turn.rack.start(&CAST, &[("cluster-node-timeout", "5000")]).unwrap();
    let addresses: Vec<String> = nodes.iter().map(|node| node.address().to_string()).collect();
    let words: Vec<&str> = [&["create"][..], &addresses.iter().map(String::as_str).collect::<Vec<_>>()].concat();
    cli.run(&words);
    for node in &nodes {
        wait::until("the cluster to be up", PATIENCE, || {
            let info = node.text(&["CLUSTER", "INFO"])?;
            ensure!(info.contains("cluster_state:ok"), "{info}");
            Ok(())
        })
        .unwrap();
    }
    let mut follower = Follower::new(&nodes);
    for number in 0..KEYS {
        follower.make(number).unwrap();
    }
    let before: Vec<_> = (0..KEYS).map(|number| follower.held(number).unwrap()).collect();
    let stop = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (mut follower, stop) = (Follower::new(&nodes), &stop);
                scope.spawn(move || follower.write(writer, stop).unwrap())
            })
            .collect();
        move_slots(&cli, &nodes);
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|writer| writer.join().expect("it ends well")).collect::<BTreeMap<_, _>>()
    });
    for (key, count) in &written {
        let length = follower.call(&["LLEN", key]).unwrap();
        assert_eq!(length, Value::Integer(*count), "{key}");
    }
    let after: Vec<_> = (0..KEYS).map(|number| follower.held(number).unwrap()).collect();
    assert_eq!(after, before);
    for number in (0..KEYS).step_by(6) {
        let Value::Integer(term) = follower.call(&["PEXPIRETIME", &format!("key-{number}")]).unwrap() else {
            panic!("it has a term")
        };
        // What is sent is how long it lasts still, so each move adds the time that it took.
        assert!((TERM..TERM + 60_000).contains(&term), "{term}");
    }
    let total: i64 = nodes.iter().map(size).sum();
    assert_eq!(total, i64::from(KEYS) + written.len() as i64, "each key is at one node");
}

/// A part of the slots of each goes to the next; then all have as many again.
fn move_slots(cli: &Cli<'_>, nodes: &[Node]) {
    let (ids, first) = (ids(nodes), nodes[0].address().to_string());
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        cli.run(&["reshard", &first, "--cluster-from", &ids[from], "--cluster-to", &ids[to], "--cluster-slots", "700"]);
    }
    cli.run(&["reshard", &first, "--cluster-from", &ids[0], "--cluster-to", &ids[1], "--cluster-slots", "500"]);
    cli.run(&["rebalance", &first, "--cluster-threshold", "1"]);
}

fn size(node: &Node) -> i64 {
    match node.call(&["DBSIZE"]).unwrap() {
        Value::Integer(size) => size,
        other => panic!("{other:?} is no size"),
    }
}

/// A client that goes where it is sent.
struct Follower {
    clients: BTreeMap<u16, Client>,
}

impl Follower {
    fn new(nodes: &[Node]) -> Self {
        Self { clients: nodes.iter().map(|node| (node.port(), node.connect().unwrap())).collect() }
    }

    fn call(&mut self, words: &[&str]) -> Result<Value> {
        let (mut port, mut asking) = (*self.clients.keys().next().expect("there are nodes"), false);
        for _ in 0..1000 {
            let client = self.clients.get_mut(&port).expect("a node of the cluster");
            if asking {
                client.call(&["ASKING"])?;
            }
            client.send(words, 1)?;
            let reply = client.receive()?;
            let Value::Error(error) = &reply else { return Ok(reply) };
            let error = String::from_utf8_lossy(error).into_owned();
            if error.starts_with("TRYAGAIN") {
                continue;
            }
            asking = error.starts_with("ASK ");
            match error.rsplit_once(':').map(|(_, port)| port.parse()) {
                Some(Ok(other)) if asking || error.starts_with("MOVED ") => port = other,
                _ => bail!("{}: {error}", words.join(" ")),
            }
        }
        bail!("{} is sent to and fro", words.join(" "))
    }

    /// A key of one type or another, small or large.
    fn make(&mut self, number: u32) -> Result<()> {
        let (key, count) = (format!("key-{number}"), if number.is_multiple_of(7) { 200 } else { 3 });
        let elements: Vec<String> = (0..count).map(|at| format!("element-{at}")).collect();
        let numbers: Vec<String> = (0..count).map(|at| at.to_string()).collect();
        let pairs = numbers.iter().zip(&elements).flat_map(|(number, element)| [number.as_str(), element.as_str()]);
        let elements = || elements.iter().map(String::as_str);
        let term = TERM.to_string();
        let words: Vec<&str> = match number % 6 {
            0 => vec!["SET", &key, "text", "PXAT", &term],
            1 => ["RPUSH", &key].into_iter().chain(elements()).collect(),
            2 => ["SADD", &key].into_iter().chain(elements()).collect(),
            3 => ["ZADD", &key].into_iter().chain(pairs).collect(),
            4 => ["HSET", &key].into_iter().chain(pairs).collect(),
            _ => ["XADD", &key, "1-1"].into_iter().chain(pairs).collect(),
        };
        self.call(&words).map(drop)
    }

    fn held(&mut self, number: u32) -> Result<Value> {
        let key = format!("key-{number}");
        match number % 6 {
            0 => self.call(&["GET", &key]),
            1 => self.call(&["LRANGE", &key, "0", "-1"]),
            2 => self.call(&["SORT", &key, "ALPHA"]),
            3 => self.call(&["ZRANGE", &key, "0", "-1", "WITHSCORES"]),
            4 => self.call(&["HLEN", &key]),
            _ => self.call(&["XRANGE", &key, "-", "+"]),
        }
    }

    /// Adds to lists until it is told to stop; gives how often each was added to.
    fn write(&mut self, writer: u32, stop: &AtomicBool) -> Result<BTreeMap<String, i64>> {
        let mut written = BTreeMap::new();
        for step in (0_u32..).take_while(|_| !stop.load(Ordering::Relaxed)) {
            let key = format!("list-{writer}-{}", step.wrapping_mul(2_654_435_761) % 500);
            self.call(&["RPUSH", &key, "element"])?;
            *written.entry(key).or_default() += 1;
        }
        Ok(written)
    }
}
