//! Published messages between slotmesh and others.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Signal, kill_process};
use slotmesh_resp::Value;
use xtask::rack::{Client, Kind, Node, usage, wait};

use crate::turn::{PATIENCE, Turn, await_mesh, ids, star};

/// A header takes 16 bytes where it is light, else 2256; the lengths take 8.
const LIGHT_BYTES: u64 = 24;

/// A connection to `node` that listens.
fn listener(node: &Node, protocol: &str, command: &[&str]) -> Client {
    let mut client = node.connect().unwrap();
    // Redis before it has learned another word calls RESP3 the same.
    client.call(&["HELLO", protocol]).unwrap();
    client.call(command).unwrap();
    client
}

/// The words of the next message.
fn next(client: &mut Client) -> Result<Vec<String>> {
    let (Value::Array(words) | Value::Push(words)) = client.receive()? else { anyhow::bail!("not a message") };
    let text = |word: &Value| word.as_bytes().map(|text| String::from_utf8_lossy(text).into_owned());
    words.iter().map(|word| text(word).context("not a text")).collect()
}

/// Published messages that came over the bus, and their bytes.
fn received(node: &Node) -> (u64, u64) {
    let info = node.text(&["CLUSTER", "INFO"]).unwrap();
    // Figures of messages are shown above 0 only.
    let figure = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map_or(0, |value| value.trim().parse().unwrap())
    };
    (figure("cluster_stats_messages_publish_received"), figure("cluster_stats_pubsub_bytes_received"))
}

#[test]
fn messages_reach_the_listeners_of_every_kind() {
    let Some(turn) = Turn::take() else { return };
    let nodes = turn.mesh(&[vec![Kind::Slotmesh, Kind::Slotmesh], turn.peers()].concat(), &[]);
    let mut old: Vec<Client> = nodes.iter().map(|node| listener(node, "2", &["SUBSCRIBE", "news"])).collect();
    let mut new: Vec<Client> = nodes.iter().map(|node| listener(node, "3", &["PSUBSCRIBE", "n[e-f]ws"])).collect();
    for padding in [0, 10, 300_000] {
        for from in &nodes {
            let text = format!("{} {}", from.port(), "x".repeat(padding));
            assert_eq!(from.call(&["PUBLISH", "news", &text]).unwrap(), Value::Integer(2), "those of the node itself");
            for (index, to) in nodes.iter().enumerate() {
                // What real ones tell each other may get lost while they are new to each other.
                if from.kind() != Kind::Slotmesh && to.kind() != Kind::Slotmesh {
                    continue;
                }
                let way = || format!("{} bytes from {} to {}", text.len(), from.kind(), to.kind());
                assert_eq!(with_text(&mut old[index], &text).with_context(way).unwrap(), ["message", "news", &text]);
                let words = with_text(&mut new[index], &text).with_context(way).unwrap();
                assert_eq!(words, ["pmessage", "n[e-f]ws", "news", &text]);
            }
        }
    }
}

/// The next message with this text.
fn with_text(client: &mut Client, text: &str) -> Result<Vec<String>> {
    loop {
        let words = next(client)?;
        if words.last().is_some_and(|last| last == text) {
            return Ok(words);
        }
    }
}

#[test]
fn shard_messages_reach_replicas_of_every_kind_and_come_from_them() {
    let Some(turn) = Turn::take() else { return };
    let (port, id) = (turn.rack.free_port().unwrap(), "7".repeat(40));
    let conf = format!(
        "{id} 127.0.0.1:{port}@{},,tls-port=0,shard-id={id} myself,master - 0 0 1 connected 0-16383\n\
         vars currentEpoch 1 lastVoteEpoch 0\n",
        port + 10_000
    );
    let mut nodes = vec![turn.rack.spawn_at(port, Kind::Slotmesh, Some(&conf), &[]).unwrap()];
    nodes[0].await_ready().unwrap();
    nodes.extend(turn.rack.start(&turn.peers(), &[]).unwrap());
    star(&nodes);
    await_mesh(&nodes);
    for node in &nodes[1..] {
        node.call(&["CLUSTER", "REPLICATE", &id]).unwrap();
    }
    wait::until("the roles to be known", PATIENCE, || {
        for node in &nodes {
            let lines = node.lines()?;
            let replicas = lines.iter().filter(|line| line.primary.as_ref() == Some(&id)).count();
            ensure!(replicas + 1 == nodes.len(), "{} says {lines:#?}", node.kind());
        }
        Ok(())
    })
    .unwrap();
    let mut listeners: Vec<Client> = nodes.iter().map(|node| listener(node, "2", &["SSUBSCRIBE", "s"])).collect();
    for node in &nodes {
        let text = format!("from {}", node.port());
        assert_eq!(node.call(&["SPUBLISH", "s", &text]).unwrap(), Value::Integer(1));
        for (client, at) in listeners.iter_mut().zip(&nodes) {
            if node.kind() != Kind::Slotmesh && at.kind() != Kind::Slotmesh {
                continue;
            }
            let words =
                with_text(client, &text).with_context(|| format!("from {} to {}", node.kind(), at.kind())).unwrap();
            assert_eq!(words, ["smessage", "s", &text]);
        }
    }
}

/// Real servers are asked the same, so that a change of theirs is noticed.
#[test]
fn shard_subscriptions_end_where_a_replica_takes_over() {
    let Some(turn) = Turn::take() else { return };
    for kind in [vec![Kind::Slotmesh], turn.present(&[Kind::Valkey9])].concat() {
        let nodes = turn.mesh(&[kind, kind], &[]);
        nodes[0].call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).unwrap();
        let id = nodes[0].id().unwrap();
        nodes[1].call(&["CLUSTER", "REPLICATE", &id]).unwrap();
        let is_replica = || {
            ensure!(nodes[0].lines()?.iter().any(|line| line.primary.as_ref() == Some(&id)));
            Ok(())
        };
        wait::until("the role to be known", PATIENCE, is_replica).unwrap();
        for node in &nodes {
            let up = || {
                ensure!(node.text(&["CLUSTER", "INFO"])?.contains("cluster_state:ok"));
                Ok(())
            };
            wait::until("the cluster to be ok", PATIENCE, up).unwrap();
        }
        let mut listeners: Vec<Client> = nodes.iter().map(|node| listener(node, "3", &["SSUBSCRIBE", "s"])).collect();
        nodes[1].call(&["CLUSTER", "FAILOVER", "TAKEOVER"]).unwrap();
        for (client, node) in listeners.iter_mut().zip(&nodes) {
            let words = client.receive().with_context(|| format!("{kind} at {}", node.port())).unwrap();
            assert_eq!(words, ended("s"), "{kind}");
            let count = node.call(&["PUBSUB", "SHARDCHANNELS"]).unwrap();
            assert_eq!(count, Value::Array(Vec::new()), "{kind}");
            // The next one lasts: the owner is the new one.
            client.call(&["SSUBSCRIBE", "s"]).unwrap();
        }
        let text = "to both";
        nodes[1].call(&["SPUBLISH", "s", text]).unwrap();
        for client in &mut listeners {
            assert_eq!(with_text(client, text).unwrap(), ["smessage", "s", text], "{kind}");
        }
    }
}

/// What a subscriber of a shard channel is told when it is none any more.
fn ended(channel: &str) -> Value {
    let text = |text: &str| Value::Bulk(text.as_bytes().to_vec());
    Value::Push(vec![text("sunsubscribe"), text(channel), Value::Integer(0)])
}

#[test]
fn light_packets_are_used_both_ways() {
    const COUNT: u64 = 20;
    let Some(turn) = Turn::take() else { return };
    let kinds = turn.present(&[Kind::Valkey9]);
    let flags = [("cluster-node-timeout", "3000")];
    let nodes = turn.mesh(&[vec![Kind::Slotmesh, Kind::Slotmesh], kinds].concat(), &flags);
    for (from, to) in [(0, 1), (0, nodes.len() - 1), (nodes.len() - 1, 0)] {
        let (from, to) = (&nodes[from], &nodes[to]);
        // Both ends have to have heard of each other before; that is soon, but not at once.
        wait::until("only light packets", PATIENCE, || {
            let before = received(to);
            (0..COUNT).for_each(|_| drop(from.call(&["PUBLISH", "c", "m"]).unwrap()));
            // A link that is renewed meanwhile loses some: then all over again.
            let after = wait::until("all to come", Duration::from_secs(5), || {
                let now = received(to);
                ensure!(now.0 >= before.0 + COUNT, "{now:?} after {before:?}");
                Ok(now)
            })?;
            let (count, bytes) = (after.0 - before.0, after.1 - before.1);
            ensure!(bytes == count * (LIGHT_BYTES + 2), "{} to {}: {count} in {bytes} bytes", from.kind(), to.kind());
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn a_member_that_hangs_costs_others_neither_messages_nor_memory() {
    const COUNT: usize = 300;
    let Some(turn) = Turn::take() else { return };
    // It must stay a member for as long as the test takes.
    let flags = [("cluster-node-timeout", "120000"), ("client-output-buffer-limit", "pubsub 0 0 0")];
    let mut kinds = vec![Kind::Slotmesh, Kind::Slotmesh];
    kinds.extend(turn.present(&[Kind::Valkey9]).first().copied().or(Some(Kind::Slotmesh)));
    let nodes = turn.mesh(&kinds, &flags);
    let mut healthy = listener(&nodes[1], "2", &["SUBSCRIBE", "c"]);
    kill_process(nodes[2].pid().unwrap(), Signal::STOP).unwrap();
    let (text, start) = ("x".repeat(1 << 20), Instant::now());
    for _ in 0..COUNT {
        nodes[0].call(&["PUBLISH", "c", &text]).unwrap();
        assert_eq!(next(&mut healthy).unwrap()[2].len(), text.len());
    }
    eprintln!("{COUNT} MiB in {:?} beside a member that hangs", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let memory = usage::memory(nodes[0].pid().unwrap()).unwrap();
    eprintln!("resident: {} MiB", memory.resident_kib >> 10);
    assert!(memory.resident_kib < 200 << 10, "{memory:?}");
    assert!(nodes[0].log().contains("Published messages are not sent to node"), "{}", nodes[0].log());
    kill_process(nodes[2].pid().unwrap(), Signal::CONT).unwrap();
    let mut back = listener(&nodes[2], "2", &["SUBSCRIBE", "again"]);
    wait::until("messages to reach it again", PATIENCE, || {
        nodes[0].call(&["PUBLISH", "again", "m"])?;
        ensure!(received(&nodes[2]).0 > COUNT as u64 / 5);
        Ok(())
    })
    .unwrap();
    assert_eq!(next(&mut back).unwrap(), ["message", "again", "m"]);
    assert_eq!(ids(&nodes).len(), 3);
}
