//! A node whose clients leave it no rest is healthy to all others.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use slotmesh_resp::encode_command;
use xtask::rack::{Client, Kind, Node, wait};

use crate::turn::{Turn, await_mesh, ids};

/// Verbose, so that real servers tell of every suspicion.
const FLAGS: [(&str, &str); 2] = [("cluster-node-timeout", "500"), ("loglevel", "verbose")];
/// Sixteen node timeouts.
const SIEGE: Duration = Duration::from_secs(8);

/// Clients that ask as much as they can until told to stop.
struct Flood {
    stop: Arc<AtomicBool>,
    replies: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
    /// They asked and never read.
    _deaf: Vec<TcpStream>,
}

impl Flood {
    fn against(node: &Node) -> Result<Self> {
        let (stop, replies) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut flood = Self { stop, replies, threads: Vec::new(), _deaf: Vec::new() };
        let commands: [(&[&str], usize); 3] =
            [(&["PING"], 2000), (&["INFO", "everything"], 100), (&["CLUSTER", "NODES"], 300)];
        for (command, pipelined) in commands.into_iter().cycle().take(9) {
            let mut client = node.connect()?;
            client.send(command, pipelined)?;
            flood.threads.push(thread::spawn({
                let (stop, replies) = (Arc::clone(&flood.stop), Arc::clone(&flood.replies));
                move || besiege(&mut client, command, pipelined, &stop, &replies)
            }));
        }
        for _ in 0..4 {
            flood._deaf.push(deaf(node)?);
        }
        Ok(flood)
    }

    /// Ends it, and tells how many replies came.
    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.replies.load(Ordering::Relaxed)
    }
}

/// Keeps twice `pipelined` requests under way. The connection breaking is for the test's other checks to explain.
fn besiege(client: &mut Client, command: &[&str], pipelined: usize, stop: &AtomicBool, replies: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        if client.send(command, pipelined).is_err() {
            return;
        }
        for _ in 0..pipelined {
            if client.receive().is_err() {
                return;
            }
            replies.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Asks for big replies until the server takes no more, and reads none.
fn deaf(node: &Node) -> Result<TcpStream> {
    let mut one = Vec::new();
    encode_command(&[b"INFO".as_slice(), b"everything"], &mut one);
    let mut stream = TcpStream::connect(node.address())?;
    stream.set_nonblocking(true)?;
    let many = one.repeat(1000);
    while stream.write(&many).is_ok_and(|count| count == many.len()) {}
    Ok(stream)
}

/// Clients that wait for each reply are served all the while. Connections are dealt to the threads in turn, so two of them
/// meet both threads of a small machine.
fn serve_others(node: &Node) -> Result<u64> {
    let mut clients = [node.connect()?, node.connect()?];
    let (start, mut served) = (Instant::now(), 0);
    while start.elapsed() < SIEGE {
        for client in &mut clients {
            client.call(&["PING"])?;
            served += 1;
        }
        wait::pause(Duration::from_millis(20))?;
    }
    Ok(served)
}

/// Whether the log of a node tells that it suspected another, or worse.
fn suspected(observer: &Node, id: &str) -> Option<String> {
    let words = ["possibly failing", "as failing", "FAIL message received", "is gone"];
    let log = observer.log();
    log.lines().find(|line| line.contains(id) && words.iter().any(|word| line.contains(word))).map(str::to_owned)
}

#[test]
fn a_node_under_siege_is_never_suspected_and_a_real_one_is() {
    let Some(turn) = Turn::alone() else { return };
    let flags = [FLAGS.as_slice(), &[("enable-debug-command", "yes")]].concat();
    let mut nodes = turn.rack.start(&[Kind::Slotmesh, Kind::Slotmesh], &FLAGS).unwrap();
    nodes.extend(turn.rack.start(&turn.present(&[Kind::Valkey9, Kind::Valkey9]), &flags).unwrap());
    crate::turn::star(&nodes);
    await_mesh(&nodes);
    let ids = ids(&nodes);
    let (target, observers) = nodes.split_first().unwrap();
    let flood = Flood::against(target).unwrap();
    let served = serve_others(target).unwrap();
    let health = observers[0].text(&["INFO", "slotmesh"]).unwrap();
    let replies = flood.end();
    eprintln!("{replies} replies, {served} to those who wait for each; the other node of ours says {health}");
    eprintln!("the besieged one says {}", target.text(&["INFO", "slotmesh"]).unwrap());
    assert!(replies > 0);
    for observer in observers {
        assert_eq!(suspected(observer, &ids[0]), None, "{} at port {}", observer.kind(), observer.port());
        let line = observer.line_of(&ids[0]).unwrap().unwrap();
        assert!(line.is_well(), "{line:?}");
    }
    // The same eyes see a real server that its clients hold up for four node timeouts.
    if let [.., witness, held] = observers {
        if held.kind() != Kind::Valkey9 {
            return;
        }
        let mut client = held.connect().unwrap();
        client.send(&["DEBUG", "SLEEP", "2"], 1).unwrap();
        wait::until("a real server to be suspected", SIEGE, || {
            suspected(witness, ids.last().context("four nodes")?).context("nobody suspects it")
        })
        .unwrap();
        wait::until("our node to suspect it as well", SIEGE, || {
            ensure!(suspected(&observers[0], &ids[3]).is_some(), "not yet");
            Ok(())
        })
        .unwrap();
        client.receive().unwrap();
    }
}
