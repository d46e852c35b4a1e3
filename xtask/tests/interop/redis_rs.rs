//! What applications do with redis-rs, once in RESP2 and once in RESP3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterConnection, cluster_pipe};
use redis::streams::StreamReadReply;
use redis::{
    Client, Cmd, Commands, ErrorKind, ProtocolVersion, PubSubCommands, RedisError, RedisResult, ServerErrorKind, Value,
};
use slotmesh_types::key_slot;
use xtask::rack::Node;

const PROTOCOLS: [ProtocolVersion; 2] = [ProtocolVersion::RESP2, ProtocolVersion::RESP3];

/// Has the client do all of it on a cluster whose primaries these are.
pub(crate) fn work(nodes: &[Node]) {
    for protocol in PROTOCOLS {
        for node in nodes {
            node.call(&["FLUSHALL"]).unwrap();
        }
        let mut cluster = connect(&nodes[0], protocol);
        texts(&mut cluster);
        collections(&mut cluster);
        streams(&mut cluster);
        pipelines(&mut cluster);
        errors(&mut cluster, nodes);
        on_one_node(&mut cluster, nodes);
        redirections(&mut cluster, nodes);
        counting_while_slots_move(nodes, protocol);
    }
}

fn connect(node: &Node, protocol: ProtocolVersion) -> ClusterConnection {
    let client = ClusterClient::builder([url(node)]).use_protocol(protocol).build().unwrap();
    client.get_connection().unwrap()
}

fn url(node: &Node) -> String {
    format!("redis://{}", node.address())
}

fn texts(cluster: &mut ClusterConnection) {
    for n in 0..60 {
        () = cluster.set(format!("text:{n}"), n).unwrap();
    }
    for n in 0..60 {
        assert_eq!(cluster.incr::<_, _, i64>(format!("text:{n}"), 1000).unwrap(), n + 1000);
    }
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    () = cluster.set("text:binary", &binary[..]).unwrap();
    assert_eq!(cluster.get::<_, Vec<u8>>("text:binary").unwrap(), binary);
    assert_eq!(cluster.get::<_, Option<String>>("text:none").unwrap(), None);
    assert!(cluster.expire::<_, bool>("text:1", 100).unwrap());
    assert!((1..=100).contains(&cluster.ttl::<_, i64>("text:1").unwrap()));
    () = cluster.mset(&[("{text}a", 1), ("{text}b", 2)]).unwrap();
    let both: Vec<i64> = cluster.mget(&["{text}a", "{text}b"]).unwrap();
    assert_eq!(both, [1, 2]);
    // Of several slots: the client asks each node and puts the replies together.
    let keys: Vec<String> = (0..60).map(|n| format!("text:{n}")).collect();
    assert_eq!(cluster.mget::<_, Vec<i64>>(&keys).unwrap(), (1000..1060).collect::<Vec<_>>());
    assert_eq!(cluster.del::<_, i64>(&keys).unwrap(), 60);
}

fn collections(cluster: &mut ClusterConnection) {
    assert_eq!(cluster.rpush::<_, _, i64>("list", &[1, 2, 3]).unwrap(), 3);
    assert_eq!(cluster.lrange::<_, Vec<i64>>("list", 0, -1).unwrap(), [1, 2, 3]);
    assert_eq!(cluster.lpop::<_, Option<i64>>("nothing", None).unwrap(), None);
    assert_eq!(cluster.sadd::<_, _, i64>("set", &["a", "b"]).unwrap(), 2);
    assert_eq!(cluster.smembers::<_, BTreeSet<String>>("set").unwrap(), ["a", "b"].map(String::from).into());
    () = cluster.hset_multiple("hash", &[("a", 1), ("b", 2)]).unwrap();
    let hash: BTreeMap<String, i64> = cluster.hgetall("hash").unwrap();
    assert_eq!(hash, [("a".to_owned(), 1), ("b".to_owned(), 2)].into());
    assert_eq!(cluster.zadd_multiple::<_, _, _, i64>("zset", &[(1.0, "a"), (2.5, "b")]).unwrap(), 2);
    let scored: Vec<(String, f64)> = cluster.zrange_withscores("zset", 0, -1).unwrap();
    assert_eq!(scored, [("a".to_owned(), 1.0), ("b".to_owned(), 2.5)]);
    assert_eq!(cluster.zscore::<_, _, Option<f64>>("zset", "none").unwrap(), None);
    let big: BTreeMap<String, String> = (0..1000).map(|n| (format!("field{n}"), n.to_string())).collect();
    () = cluster.hset_multiple("big", &big.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(cluster.hgetall::<_, BTreeMap<String, String>>("big").unwrap(), big);
    assert_eq!(cluster.key_type::<_, String>("big").unwrap(), "hash");
}

fn streams(cluster: &mut ClusterConnection) {
    let ids: Vec<String> = (0..5).map(|n| cluster.xadd("stream", "*", &[("n", n)]).unwrap()).collect();
    () = cluster.xgroup_create("stream", "group", "0").unwrap();
    let read: StreamReadReply = redis::cmd("XREADGROUP")
        .arg(&["GROUP", "group", "one", "COUNT", "3", "STREAMS", "stream", ">"])
        .query(cluster)
        .unwrap();
    let told: Vec<&String> = read.keys[0].ids.iter().map(|entry| &entry.id).collect();
    assert_eq!(told, ids[..3].iter().collect::<Vec<_>>());
    assert_eq!(cluster.xack::<_, _, _, i64>("stream", "group", &ids[..2]).unwrap(), 2);
    assert_eq!(cluster.xlen::<_, i64>("stream").unwrap(), 5);
}

fn pipelines(cluster: &mut ClusterConnection) {
    let mut pipe = cluster_pipe();
    for n in 0..200 {
        pipe.set(format!("pipe:{n}"), n).ignore().incr(format!("pipe:{n}"), 7);
    }
    let replies: Vec<i64> = pipe.query(cluster).unwrap();
    assert_eq!(replies, (7..207).collect::<Vec<_>>());
}

fn errors(cluster: &mut ClusterConnection, nodes: &[Node]) {
    () = cluster.set("{e}text", "x").unwrap();
    let wrong: RedisError = cluster.lpush::<_, _, i64>("{e}text", 1).unwrap_err();
    assert_eq!(wrong.code(), Some("WRONGTYPE"), "{wrong}");
    let number: RedisError = cluster.incr::<_, _, i64>("{e}text", 1).unwrap_err();
    assert!(number.to_string().contains("value is not an integer"), "{number}");
    let home = owner(nodes, "{e}text");
    let stranger = nodes.iter().find(|node| node.port() != home.port()).unwrap();
    let mut single = Client::open(url(stranger)).unwrap().get_connection().unwrap();
    let moved: RedisError = single.get::<_, String>("{e}text").unwrap_err();
    assert_eq!(moved.kind(), ErrorKind::Server(ServerErrorKind::Moved), "{moved}");
    assert_eq!(moved.redirect_node().unwrap(), (home.address().to_string().as_str(), slot("{e}text")));
    let crossing: RedisError = single.mget::<_, Vec<String>>(&["a", "b"]).unwrap_err();
    assert_eq!(crossing.kind(), ErrorKind::Server(ServerErrorKind::CrossSlot), "{crossing}");
}

/// Transactions, requests that wait, and messages, which this client has for single nodes only.
fn on_one_node(cluster: &mut ClusterConnection, nodes: &[Node]) {
    let client = Client::open(url(owner(nodes, "{one}"))).unwrap();
    let mut single = client.get_connection().unwrap();
    let counted: (i64, i64) = redis::transaction(&mut single, &["{one}n"], |single, pipe| {
        let before: i64 = single.get::<_, Option<i64>>("{one}n")?.unwrap_or(0);
        pipe.atomic().set("{one}n", before + 5).ignore().incr("{one}n", 1).get("{one}n").query(single)
    })
    .unwrap();
    assert_eq!(counted, (6, 6));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.get_connection()?.blpop::<_, (String, String)>("{one}list", 20.0));
        while !has_waiting_client(&mut single) {
            thread::sleep(Duration::from_millis(5));
        }
        () = cluster.rpush("{one}list", "x").unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), ("{one}list".to_owned(), "x".to_owned()));
    });
    let mut listening = client.get_connection().unwrap();
    let mut messages = Vec::new();
    let elsewhere = nodes.iter().find(|node| node.address().to_string() != url(owner(nodes, "{one}"))[8..]).unwrap();
    let mut publisher = Client::open(url(elsewhere)).unwrap().get_connection().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Told over the bus: nobody counts the listeners of other nodes.
            while single_listeners(&mut single) == 0 {
                thread::sleep(Duration::from_millis(5));
            }
            for n in 0..3 {
                () = publisher.publish("news", n).unwrap();
            }
        });
        () = listening
            .subscribe(&["news"], |message| {
                messages.push(message.get_payload::<i64>().unwrap());
                if messages.len() == 3 { redis::ControlFlow::Break(()) } else { redis::ControlFlow::Continue }
            })
            .unwrap();
    });
    assert_eq!(messages, [0, 1, 2]);
}

fn has_waiting_client(single: &mut redis::Connection) -> bool {
    let clients: String = redis::cmd("CLIENT").arg("LIST").query(single).unwrap();
    clients.lines().any(|client| client.contains(" cmd=blpop ") && client.contains(" flags=b"))
}

fn single_listeners(single: &mut redis::Connection) -> i64 {
    let (_, count): (String, i64) = redis::cmd("PUBSUB").arg(&["NUMSUB", "news"]).query(single).unwrap();
    count
}

/// The client learns of slots that move from MOVED and ASK alone.
fn redirections(cluster: &mut ClusterConnection, nodes: &[Node]) {
    let (source, target) = ends(nodes, "{move}");
    () = cluster.set("{move}here", "old").unwrap();
    open(slot("{move}"), source, target);
    assert_eq!(cluster.get::<_, Option<String>>("{move}there").unwrap(), None);
    () = cluster.set("{move}there", "new").unwrap();
    let both = |cluster: &mut ClusterConnection| -> Vec<Option<String>> {
        ["here", "there"].map(|key| cluster.get(format!("{{move}}{key}")).unwrap()).into()
    };
    let wanted = ["old", "new"].map(|text| Some(text.to_owned()));
    assert_eq!(both(cluster), wanted);
    move_keys(slot("{move}"), source, target);
    close(slot("{move}"), nodes, target);
    assert_eq!(both(cluster), wanted);
    assert_eq!(cluster.del::<_, i64>(&["{move}here", "{move}there"]).unwrap(), 2);
}

/// Nothing is lost and nothing is counted twice while the slot is moved to and fro.
fn counting_while_slots_move(nodes: &[Node], protocol: ProtocolVersion) {
    let keys: Vec<String> = (0..20).map(|n| format!("{{count}}{n}")).collect();
    let over = AtomicBool::new(false);
    let counts: Vec<i64> = thread::scope(|scope| {
        let count = |mut cluster: ClusterConnection| {
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                () = cluster.incr(&keys[count % keys.len()], 1).unwrap();
                count += 1;
            }
            count as i64
        };
        let clients = nodes.iter().map(|node| connect(node, protocol));
        let counting: Vec<_> = clients.map(|client| scope.spawn(move || count(client))).collect();
        for _ in 0..4 {
            let (source, target) = ends(nodes, "{count}");
            open(slot("{count}"), source, target);
            move_keys(slot("{count}"), source, target);
            close(slot("{count}"), nodes, target);
        }
        over.store(true, Ordering::Relaxed);
        counting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let kept: Vec<i64> = connect(&nodes[0], protocol).mget(&keys).unwrap();
    assert_eq!(kept.iter().sum::<i64>(), counts.iter().sum::<i64>(), "{counts:?}");
}

fn slot(key: &str) -> u16 {
    key_slot(key.as_bytes()).get()
}

/// Who serves a key, as it says itself, and somebody else.
fn ends<'a>(nodes: &'a [Node], key: &str) -> (&'a Node, &'a Node) {
    let source = owner(nodes, key);
    (source, nodes.iter().find(|node| node.port() != source.port()).unwrap())
}

fn owner<'a>(nodes: &'a [Node], key: &str) -> &'a Node {
    let serves = |node: &&Node| {
        let found = Client::open(url(node)).and_then(|client| client.get_connection()?.exists::<_, bool>(key));
        found.is_ok()
    };
    nodes.iter().find(serves).expect("somebody serves the slot")
}

/// From now on the slot is on its way.
fn open(slot: u16, source: &Node, target: &Node) {
    let setslot = |node: &Node, state: &str, other: &Node| {
        node.call(&["CLUSTER", "SETSLOT", &slot.to_string(), state, &other.id().unwrap()]).unwrap();
    };
    setslot(target, "IMPORTING", source);
    setslot(source, "MIGRATING", target);
}

fn move_keys(slot: u16, source: &Node, target: &Node) {
    let mut single = Client::open(url(source)).unwrap().get_connection().unwrap();
    let (host, port) = (target.address().ip().to_string(), target.port());
    let slot = slot.to_string();
    loop {
        let next: Vec<String> = redis::cmd("CLUSTER").arg(&["GETKEYSINSLOT", &slot, "3"]).query(&mut single).unwrap();
        if next.is_empty() {
            return;
        }
        let mut migrate: Cmd = redis::cmd("MIGRATE");
        migrate.arg(&host).arg(port).arg("").arg(0).arg(5000).arg("KEYS").arg(next);
        let moved: RedisResult<Value> = migrate.query(&mut single);
        moved.unwrap();
    }
}

/// The slot is the target's; everybody is told, whoever has heard of it already may refuse.
fn close(slot: u16, nodes: &[Node], target: &Node) {
    let id = target.id().unwrap();
    let told = |node: &Node| node.call(&["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &id]);
    told(target).unwrap();
    for node in nodes.iter().filter(|node| node.port() != target.port()) {
        let _ = told(node);
    }
}
