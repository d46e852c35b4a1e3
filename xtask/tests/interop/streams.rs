//! Our streams beside those of Valkey: the same steps at random, and after each the same state, in the end to the last byte.

use std::time::Duration;

use anyhow::ensure;
use slotmesh_resp::Value;
use slotmesh_store::Packed;
use slotmesh_store::stream::{
    Acknowledged, Claim, Claimed, Entry, Group, NewId, Stream, StreamId, StreamLimits, Trim, TrimTo,
};
use xtask::rack::{Client, Kind, wait};

use crate::turn::Turn;

/// A reply, as far as these commands give different ones.
#[derive(Clone, Debug, PartialEq)]
enum Reply {
    Nil,
    Number(i64),
    Text(String),
    Error(String),
    List(Vec<Reply>),
}

use Reply::{List, Nil, Number, Text};

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        // A character for each byte: some are no text.
        let text = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect();
        match value {
            Value::Null => Nil,
            Value::Integer(number) => Number(number),
            Value::Simple(bytes) | Value::Bulk(bytes) => Text(text(bytes)),
            Value::Error(bytes) => Reply::Error(text(bytes)),
            Value::Array(values) => List(values.into_iter().map(Self::from).collect()),
            other => panic!("{other:?} is no reply of RESP2"),
        }
    }
}

struct Server(Client);

impl Server {
    fn ask(&mut self, command: &str) -> Reply {
        let words: Vec<_> = command.split(' ').collect();
        self.0.send(&words, 1).unwrap();
        self.0.receive().unwrap().into()
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn id(&mut self) -> StreamId {
        StreamId::new(self.below(40), self.below(4))
    }
}

/// Times are not compared.
const TIME: Reply = Number(0);
const NOW: u64 = 1_000_000;

fn text(value: Packed<'_>) -> Reply {
    Text(value.to_vec().into_iter().map(char::from).collect())
}

fn entry(entry: Entry<'_>) -> Reply {
    let fields = entry.fields().flat_map(|(name, value)| [text(name), text(value)]).collect();
    List(vec![Text(entry.id().to_string()), List(fields)])
}

fn optional(number: Option<i64>) -> Reply {
    number.map_or(Nil, Number)
}

fn name(bytes: &[u8]) -> Reply {
    Text(String::from_utf8_lossy(bytes).into())
}

/// What XINFO STREAM FULL tells.
fn full(stream: &Stream) -> Reply {
    let counters = stream.counters();
    let groups = stream.groups().map(|(group_name, group)| full_group(stream, group_name, group)).collect();
    List(vec![
        Number(stream.len() as i64),
        Number(stream.nodes().len() as i64),
        Number(stream.radix_nodes() as i64),
        Text(counters.last.to_string()),
        Text(counters.max_deleted.to_string()),
        Number(counters.added as i64),
        Text(counters.first.to_string()),
        List(stream.range(StreamId::MIN, StreamId::MAX).map(entry).collect()),
        List(groups),
    ])
}

fn full_group(stream: &Stream, group_name: &[u8], group: &Group) -> Reply {
    let owner = |id| name(group.consumer(id).expect("it is there").name());
    let pending = group.pending(StreamId::MIN, StreamId::MAX).map(|(id, pending)| {
        List(vec![Text(id.to_string()), owner(pending.consumer), TIME, Number(pending.count as i64)])
    });
    let consumers = group.consumers().map(|(id, consumer)| {
        let own = group
            .pending_of(id, StreamId::MIN, StreamId::MAX)
            .map(|(id, pending)| List(vec![Text(id.to_string()), TIME, Number(pending.count as i64)]));
        let active = if consumer.active().is_some() { TIME } else { Number(-1) };
        let count = Number(consumer.pending_len() as i64);
        List(vec![name(consumer.name()), active, count, List(own.collect())])
    });
    List(vec![
        name(group_name),
        Text(group.last().to_string()),
        optional(group.read().map(|read| read as i64)),
        optional(stream.lag(group)),
        Number(group.pending_len() as i64),
        List(pending.collect()),
        List(consumers.collect()),
    ])
}

/// The same of what a server has told.
fn told(reply: Reply) -> Reply {
    let mut fields = values(reply);
    let List(groups) = fields.pop().unwrap() else { panic!("groups are a list") };
    let groups = groups.into_iter().map(|group| {
        let mut fields = values(group);
        let (consumers, pending) = (fields.pop(), fields.pop());
        fields.push(without_time(pending, 2));
        let Some(List(consumers)) = consumers else { panic!("consumers are a list") };
        let consumers = consumers.into_iter().map(|consumer| {
            let mut fields = values(consumer);
            fields.remove(1);
            if fields[1] != Number(-1) {
                fields[1] = TIME;
            }
            let pending = fields.pop();
            fields.push(without_time(pending, 1));
            List(fields)
        });
        fields.push(List(consumers.collect()));
        List(fields)
    });
    fields.push(List(groups.collect()));
    List(fields)
}

fn values(map: Reply) -> Vec<Reply> {
    let List(map) = map else { panic!("{map:?} is no map") };
    map.into_iter().skip(1).step_by(2).collect()
}

fn without_time(pending: Option<Reply>, at: usize) -> Reply {
    let Some(List(mut pending)) = pending else { panic!("what is pending is a list") };
    for entry in &mut pending {
        let List(fields) = entry else { panic!("a pending entry is a list") };
        fields[at] = TIME;
    }
    List(pending)
}

/// Makes a step here; gives the command and the answer that it should have.
fn step(stream: &mut Stream, random: &mut Random, limits: StreamLimits) -> (String, Reply) {
    match random.below(20) {
        0..=6 => add(stream, random, limits),
        7 => {
            let id = random.id();
            (format!("XDEL parity {id}"), Number(stream.delete(id).into()))
        }
        8 => trim(stream, random, limits),
        9 => set_id(stream, random),
        10 => {
            let (group, id, read) = (random.below(2), random.id(), random.below(30));
            let made = stream.create_group(format!("g{group}").as_bytes(), id, Some(read));
            let busy = Reply::Error("BUSYGROUP Consumer Group name already exists".into());
            let answer = if made { Text("OK".into()) } else { busy };
            (format!("XGROUP CREATE parity g{group} {id} ENTRIESREAD {read}"), answer)
        }
        _ => in_group(stream, random),
    }
}

fn add(stream: &mut Stream, random: &mut Random, limits: StreamLimits) -> (String, Reply) {
    let last = stream.counters().last;
    let (wanted, given) = match random.below(4) {
        0 => (NewId::Within(last.ms), format!("{}-*", last.ms)),
        1 => {
            let id = random.id();
            (NewId::Exactly(id), id.to_string())
        }
        _ => {
            let id = StreamId::new(last.ms + 1, random.below(4));
            (NewId::Exactly(id), id.to_string())
        }
    };
    let fields: Vec<_> =
        (0..=random.below(2)).map(|at| (format!("f{}", at + random.below(2)), value(random))).collect();
    let words: Vec<_> = fields.iter().flat_map(|(name, value)| [name.as_str(), value]).collect();
    let command = format!("XADD parity {given} {}", words.join(" "));
    let answer = stream.next_id(wanted, 0).and_then(|id| {
        let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        stream.add(id, fields, limits).map(|()| Text(id.to_string()))
    });
    (command, answer.unwrap_or_else(|error| Reply::Error(error.to_string())))
}

fn value(random: &mut Random) -> String {
    let number = random.below(1 << 30);
    match random.below(4) {
        0 => (number % 200).to_string(),
        1 => number.to_string(),
        2 => "x".repeat(1 + number as usize % 70),
        _ => format!("v{number}"),
    }
}

fn trim(stream: &mut Stream, random: &mut Random, limits: StreamLimits) -> (String, Reply) {
    let (to, words) = if random.below(2) == 0 {
        let length = stream.len().saturating_sub(random.below(8));
        (TrimTo::Length(length), ["MAXLEN".into(), length.to_string()])
    } else {
        let id = random.id();
        (TrimTo::From(id), ["MINID".into(), id.to_string()])
    };
    let (trim, form) = match random.below(3) {
        0 => (Trim::exactly(to), ("=", String::new())),
        1 => (Trim::about(to, limits), ("~", String::new())),
        _ => {
            let limit = random.below(12);
            let limit_given = (limit > 0).then_some(limit);
            (Trim { limit: limit_given, ..Trim::about(to, limits) }, ("~", format!(" LIMIT {limit}")))
        }
    };
    let command = format!("XTRIM parity {} {} {}{}", words[0], form.0, words[1], form.1);
    (command, Number(stream.trim(trim) as i64))
}

fn set_id(stream: &mut Stream, random: &mut Random) -> (String, Reply) {
    let counters = stream.counters();
    let last = StreamId::new(counters.last.ms.saturating_sub(1) + random.below(2), random.below(3));
    let (added, deleted) = (counters.added.saturating_sub(2) + random.below(4), random.id());
    let mut command = format!("XSETID parity {last}");
    let with_added = random.below(2) == 0;
    let with_deleted = random.below(2) == 0;
    if with_added {
        command += &format!(" ENTRIESADDED {added}");
    }
    if with_deleted {
        command += &format!(" MAXDELETEDID {deleted}");
    }
    let set = stream.set_id(last, with_added.then_some(added), with_deleted.then_some(deleted));
    (command, set.map_or_else(|error| Reply::Error(error.to_string()), |()| Text("OK".into())))
}

fn in_group(stream: &mut Stream, random: &mut Random) -> (String, Reply) {
    let (group_name, consumer_name) = (format!("g{}", random.below(2)), format!("c{}", random.below(3)));
    let new = stream.group(group_name.as_bytes()).is_some_and(|group| stream.has_after(group.last()));
    let Some(mut group) = stream.group_mut(group_name.as_bytes()) else {
        return ("XLEN parity".into(), Number(stream.len() as i64));
    };
    let most = 1 + random.below(4) as usize;
    let mut shown = Vec::new();
    let names = format!("parity {group_name} {consumer_name}");
    let streams = |shown| List(vec![List(vec![Text("parity".into()), List(shown)])]);
    match random.below(9) {
        0..=2 => {
            let (consumer, _) = group.consumer_or_new(consumer_name.as_bytes(), NOW);
            let (acknowledged, word) =
                if random.below(4) == 0 { (Acknowledged::AtOnce, " NOACK") } else { (Acknowledged::Later, "") };
            group.read_new(consumer, most, acknowledged, NOW, |found| shown.push(entry(found)));
            let command = format!("XREADGROUP GROUP {group_name} {consumer_name} COUNT {most}{word} STREAMS parity >");
            (command, if new { streams(shown) } else { Nil })
        }
        3 => {
            let after = random.id();
            let (consumer, _) = group.consumer_or_new(consumer_name.as_bytes(), NOW);
            group.read_again(consumer, after, most, NOW, |id, found| {
                shown.push(found.map_or_else(|| List(vec![Text(id.to_string()), Nil]), entry));
            });
            let command = format!("XREADGROUP GROUP {group_name} {consumer_name} COUNT {most} STREAMS parity {after}");
            (command, streams(shown))
        }
        4 => {
            let id = random.id();
            (format!("XACK parity {group_name} {id}"), Number(group.acknowledge(id).into()))
        }
        5 => {
            let gone = group.remove_consumer(consumer_name.as_bytes());
            (format!("XGROUP DELCONSUMER {names}"), Number(gone.unwrap_or(0) as i64))
        }
        6 => {
            let id = random.id();
            group.set_last(id, None);
            (format!("XGROUP SETID parity {group_name} {id}"), Text("OK".into()))
        }
        7 => {
            let claim = claim(random);
            let (id, command) = (random.id(), options(&claim));
            let (consumer, _) = group.consumer_or_new(consumer_name.as_bytes(), NOW);
            if let Claimed::Taken(found, _) = group.claim(consumer, id, &claim, NOW) {
                shown.push(if claim.id_only { Text(id.to_string()) } else { entry(found) });
            }
            (format!("XCLAIM {names} {} {id}{command}", claim.idle_min), List(shown))
        }
        _ => {
            let claim = Claim { force: false, count: None, ..claim(random) };
            let (start, mut gone) = (random.id(), Vec::new());
            let (consumer, _) = group.consumer_or_new(consumer_name.as_bytes(), NOW);
            let next = group.claim_from(consumer, start, most, &claim, NOW, |id, claimed| match claimed {
                Claimed::Taken(found, _) if !claim.id_only => shown.push(entry(found)),
                Claimed::Taken(..) => shown.push(Text(id.to_string())),
                _ => gone.push(Text(id.to_string())),
            });
            let command = format!("XAUTOCLAIM {names} {} {start} COUNT {most}{}", claim.idle_min, options(&claim));
            (command, List(vec![Text(next.unwrap_or_default().to_string()), List(shown), List(gone)]))
        }
    }
}

fn claim(random: &mut Random) -> Claim {
    Claim {
        // Nobody waits for so long.
        idle_min: random.below(4) / 3 * 10_000_000,
        delivered: NOW,
        count: (random.below(3) == 0).then(|| random.below(9)),
        force: random.below(2) == 0,
        id_only: random.below(2) == 0,
    }
}

fn options(claim: &Claim) -> String {
    let count = claim.count.map_or_else(String::new, |count| format!(" RETRYCOUNT {count}"));
    let force = if claim.force { " FORCE" } else { "" };
    format!("{count}{force}{}", if claim.id_only { " JUSTID" } else { "" })
}

#[test]
fn a_stream_is_what_a_real_server_has() {
    let Some(turn) = Turn::take() else { return };
    if turn.present(&[Kind::Valkey9]).is_empty() {
        return;
    }
    let nodes = turn.rack.start(&[Kind::Valkey9], &[]).unwrap();
    nodes[0].call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).unwrap();
    wait::until("the slots are served", Duration::from_secs(10), || {
        let info = nodes[0].text(&["CLUSTER", "INFO"])?;
        ensure!(info.contains("cluster_state:ok"), "{info}");
        Ok(())
    })
    .unwrap();
    let mut server = Server(nodes[0].connect().unwrap());
    server.ask("CONFIG SET rdbcompression no");
    for seed in 0..200 {
        let mut random = Random(seed);
        let limits = StreamLimits {
            node_bytes: [0, 120, 4096][random.below(3) as usize],
            node_entries: [0, 3, 8][random.below(3) as usize],
        };
        server.ask(&format!("CONFIG SET stream-node-max-bytes {}", limits.node_bytes));
        server.ask(&format!("CONFIG SET stream-node-max-entries {}", limits.node_entries));
        server.ask("DEL parity");
        server.ask("XGROUP CREATE parity g0 0 MKSTREAM");
        let mut stream = Stream::default();
        stream.create_group(b"g0", StreamId::MIN, None);
        let mut done = Vec::new();
        for _ in 0..150 {
            let (command, answer) = step(&mut stream, &mut random, limits);
            let real = server.ask(&command);
            done.push(command);
            assert_eq!(answer, real, "seed {seed}: {done:#?}");
            let state = told(server.ask("XINFO STREAM parity FULL COUNT 0"));
            assert_eq!(full(&stream), state, "seed {seed}: {done:#?}");
        }
        let Text(dump) = server.ask("DUMP parity") else { panic!("the stream is there") };
        for (_, pack) in stream.nodes() {
            let bytes: String = pack.as_bytes().iter().copied().map(char::from).collect();
            assert!(dump.contains(&bytes), "seed {seed}: {done:#?}");
        }
    }
}
