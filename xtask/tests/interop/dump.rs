//! What keys hold, from our server to real ones and back, as DUMP and RESTORE take it.

use anyhow::{Context, ensure};
use slotmesh_resp::Value;
use xtask::rack::{Client, Kind, Node, wait};

use crate::turn::{PATIENCE, Turn};

/// A key, and what makes it: a request a line. `{n}` stands for each number below the one in front of the line.
const KEYS: [(&str, &str); 27] = [
    ("text-empty", "SET text-empty ''"),
    ("text-number", "SET text-number -1234567"),
    ("text-wide", "SET text-wide 9223372036854775807"),
    ("text-zeros", "SET text-zeros 007"),
    ("text-long", "200 APPEND text-long part-{n}-"),
    ("text-term", "SET text-term hello PXAT 4000000000000"),
    ("bits", "SETBIT bits 70000 1"),
    ("hll", "50 PFADD hll element-{n}"),
    ("list-short", "RPUSH list-short a '' -5 4096 longer-than-most"),
    ("list-long", "900 RPUSH list-long value-{n} {n}"),
    ("list-large", "RPUSH list-large a"),
    ("set-numbers", "40 SADD set-numbers {n} -{n}000 {n}000000000"),
    ("set-many-numbers", "700 SADD set-many-numbers {n}"),
    ("set-short", "SADD set-short a b 7 ''"),
    ("set-long", "300 SADD set-long member-{n} {n}"),
    ("zset-short", "ZADD zset-short 1.5 a -inf b +inf c 3 7 0.125 d"),
    ("zset-long", "300 ZADD zset-long {n}.25 member-{n}"),
    ("places", "GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"),
    ("hash-short", "HSET hash-short f v g 12 h ''"),
    ("hash-long", "700 HSET hash-long field-{n} value-{n}"),
    ("hash-term", "HSET hash-term f v g 12\nHPEXPIREAT hash-term 4000000000000 FIELDS 1 f"),
    ("stream", "250 XADD stream {n}-1 a {n} b same\nXDEL stream 7-1 249-1"),
    ("stream-fields", "XADD stream-fields 1-1 a 1\nXADD stream-fields 1-2 b 2 c 3\nXADD stream-fields 5-0 a 4"),
    ("stream-empty", "XADD stream-empty 3-3 a b\nXDEL stream-empty 3-3"),
    (
        "stream-groups",
        "30 XADD stream-groups {n}-1 a {n}\nXGROUP CREATE stream-groups readers 0\nXGROUP CREATE stream-groups late $\n\
         XREADGROUP GROUP readers alice COUNT 9 STREAMS stream-groups >\n\
         XREADGROUP GROUP readers bob COUNT 5 STREAMS stream-groups >\nXACK stream-groups readers 2-1 3-1",
    ),
    (
        "stream-idle",
        "XADD stream-idle 1-1 a 1\nXGROUP CREATE stream-idle readers 0\nXGROUP CREATECONSUMER stream-idle readers idle",
    ),
    ("stream-only-groups", "XGROUP CREATE stream-only-groups readers 0 MKSTREAM"),
];

#[test]
fn payloads_of_either_side_hold_the_same_at_the_other() {
    let Some(turn) = Turn::take() else { return };
    let kinds = [vec![Kind::Slotmesh], turn.peers()].concat();
    let nodes = turn.rack.start(&kinds, &[]).unwrap();
    nodes.iter().for_each(serve);
    let mut clients: Vec<Client> = nodes.iter().map(|node| node.connect().unwrap()).collect();
    for (kind, client) in kinds.iter().zip(&mut clients) {
        fill(*kind, client);
    }
    let (ours, others) = clients.split_first_mut().expect("ours is the first");
    for (kind, other) in kinds[1..].iter().zip(others) {
        for (key, _) in KEYS.iter().filter(|(key, _)| knows(*kind, key)) {
            carry(&format!("{key} to {kind}"), key, ours, other);
            carry(&format!("{key} from {kind}"), key, other, ours);
        }
    }
}

/// Whether a server has what is in a key. Terms of fields came with Valkey 9; Redis 7.0 has one time for a consumer, and is not given
/// one that has two.
fn knows(kind: Kind, key: &str) -> bool {
    match key {
        "hash-term" => matches!(kind, Kind::Slotmesh | Kind::Valkey9),
        "stream-idle" => kind != Kind::Redis7,
        _ => true,
    }
}

/// It owns every slot.
fn serve(node: &Node) {
    node.call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).unwrap();
    wait::until("the cluster to be up", PATIENCE, || {
        let info = node.text(&["CLUSTER", "INFO"])?;
        ensure!(info.contains("cluster_state:ok"), "{info}");
        Ok(())
    })
    .unwrap();
}

fn fill(kind: Kind, client: &mut Client) {
    for (_, lines) in KEYS.iter().filter(|(key, _)| knows(kind, key)) {
        for line in lines.lines() {
            let (count, request) = match line.split_once(' ') {
                Some((count, request)) if count.parse::<u32>().is_ok() => (count.parse().unwrap(), request),
                _ => (1, line),
            };
            for number in 0..count {
                // No entry has the lowest id.
                let request = request.replace("{n}", &(number + 1).to_string());
                let words: Vec<&str> = request.split(' ').map(|word| word.trim_matches('\'')).collect();
                client.call(&words).unwrap();
            }
        }
    }
    // Too long for a piece that others share.
    let large = "y".repeat(20_000);
    client.call(&["RPUSH", "list-large", &large, "last"]).unwrap();
}

/// Copies a key under another name, and looks whether it holds the same.
fn carry(what: &str, key: &str, from: &mut Client, to: &mut Client) {
    let dumped = from.call(&["DUMP", key]).unwrap();
    let payload = dumped.as_bytes().context("a payload").unwrap();
    let copy = "copy";
    let restored = to.call_bytes(&[b"RESTORE", copy.as_bytes(), b"0", payload, b"REPLACE"]).unwrap();
    assert_eq!(restored, Value::Simple(b"OK".to_vec()), "{what}");
    assert_eq!(held(to, copy), held(from, key), "{what}");
}

/// What a key holds, in an order that does not depend on how it is kept.
fn held(client: &mut Client, key: &str) -> Vec<Value> {
    let kind = client.call(&["TYPE", key]).unwrap();
    let kind = String::from_utf8_lossy(kind.as_bytes().expect("a type")).into_owned();
    let mut ask = |words: &[&str]| client.call(words).unwrap();
    let content = match kind.as_str() {
        "string" => vec![ask(&["GET", key])],
        "list" => vec![ask(&["LRANGE", key, "0", "-1"])],
        "set" => sorted(ask(&["SMEMBERS", key]), 1),
        "zset" => vec![ask(&["ZRANGE", key, "0", "-1", "WITHSCORES"])],
        "hash" => sorted(ask(&["HGETALL", key]), 2),
        "stream" => {
            // Times go on; what is pending is told without them.
            let groups = ask(&["XINFO", "GROUPS", key]);
            vec![ask(&["XRANGE", key, "-", "+"]), ask(&["XINFO", "STREAM", key]), groups, pending(client, key)]
        }
        other => panic!("{key} is of the type {other}"),
    };
    let term = match kind.as_str() {
        "hash" => client.call_bytes(&[b"HPEXPIRETIME", key.as_bytes(), b"FIELDS", b"2", b"f", b"g"]).unwrap(),
        _ => Value::Null,
    };
    // Servers without terms of fields have no such command: there no field has one.
    let has_term = |term: &Value| matches!(term, Value::Integer(time) if *time >= 0);
    let term = match &term {
        Value::Array(terms) if terms.iter().any(has_term) => term,
        _ => Value::Null,
    };
    [vec![Value::Bulk(kind.into_bytes())], content, vec![term]].concat()
}

/// What is pending in the group that most streams have, if this one has it.
fn pending(client: &mut Client, key: &str) -> Value {
    match client.call_bytes(&[b"XPENDING", key.as_bytes(), b"readers"]).unwrap() {
        Value::Error(_) => Value::Null,
        pending => pending,
    }
}

/// The elements of an array in groups of so many, the groups sorted.
fn sorted(value: Value, group: usize) -> Vec<Value> {
    let Value::Array(elements) = value else { panic!("{value:?} is no array") };
    let mut groups: Vec<Vec<Value>> = elements.chunks(group).map(<[Value]>::to_vec).collect();
    groups.sort_by_key(|group| format!("{group:?}"));
    groups.concat()
}
