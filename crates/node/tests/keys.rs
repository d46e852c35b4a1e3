//! Keys over sockets: waiting for them, and what happens to them without a client.

mod support;

use slotmesh_node::Node;
use slotmesh_resp::Value;
use support::{Client, Folder, free_port, start, until};

/// A node that owns every slot and serves.
fn serving(folder: &Folder, port: u16) -> Node {
    let node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), b"+OK\r\n");
    until("the cluster is up", || client.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    node
}

/// How many clients wait for keys.
fn waiting(client: &mut Client) -> usize {
    client.text(&["CLIENT", "LIST"]).matches(" flags=b ").count()
}

#[test]
fn who_waits_is_served_and_what_was_said_meanwhile_comes_after() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let (mut waiter, mut other) = (Client::connect(port), Client::connect(port));
    waiter.send(&["BLPOP", "list", "0"]);
    waiter.send(&["PING", "behind"]);
    until("it waits", || waiting(&mut other) == 1);
    waiter.send(&["PING", "later"]);
    assert_eq!(other.ask(&["RPUSH", "list", "a", "b"]), b":2\r\n");
    let replies = [0; 3].map(|_| waiter.receive().expect("a reply").1);
    let wanted = [&b"*2\r\n$4\r\nlist\r\n$1\r\na\r\n"[..], b"$6\r\nbehind\r\n", b"$5\r\nlater\r\n"];
    assert_eq!(replies, wanted);
    assert_eq!(waiting(&mut other), 0);
}

#[test]
fn a_wait_ends_in_time_by_a_word_or_with_its_client() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let (mut waiter, mut other) = (Client::connect(port), Client::connect(port));
    assert_eq!(waiter.ask(&["BLPOP", "list", "0.05"]), b"*-1\r\n");
    let id = waiter.text(&["CLIENT", "ID"]).trim_start_matches(':').trim().to_owned();
    assert_eq!(other.ask(&["CLIENT", "UNBLOCK", &id]), b":0\r\n");
    waiter.send(&["BLPOP", "list", "0"]);
    until("it waits", || waiting(&mut other) == 1);
    assert_eq!(other.ask(&["CLIENT", "UNBLOCK", &id, "ERROR"]), b":1\r\n");
    assert_eq!(waiter.receive().expect("a reply").1, b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    waiter.send(&["BLPOP", "list", "0"]);
    until("it waits", || waiting(&mut other) == 1);
    drop(waiter);
    until("it has gone", || waiting(&mut other) == 0);
    assert_eq!(other.ask(&["RPUSH", "list", "a"]), b":1\r\n");
    assert_eq!(other.ask(&["LLEN", "list"]), b":1\r\n", "nobody has taken it");
}

#[test]
fn who_goes_while_it_waits_takes_nothing_however_much_it_has_said_behind() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let (mut waiter, mut other) = (Client::connect(port), Client::connect(port));
    waiter.send(&["BLPOP", "list", "0"]);
    until("it waits", || waiting(&mut other) == 1);
    let much = "x".repeat(1000);
    (0..4000).for_each(|_| waiter.send(&["ECHO", &much]));
    drop(waiter);
    until("it has gone", || waiting(&mut other) == 0);
    assert_eq!(other.ask(&["RPUSH", "list", "a"]), b":1\r\n");
    assert_eq!(other.ask(&["LLEN", "list"]), b":1\r\n", "nobody has taken it");
}

#[test]
fn who_says_more_than_may_wait_behind_a_request_that_waits_is_closed() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let (mut waiter, mut other) = (Client::connect(port), Client::connect(port));
    assert_eq!(other.ask(&["CONFIG", "SET", "client-query-buffer-limit", "1mb"]), b"+OK\r\n");
    waiter.send(&["BLPOP", "list", "0"]);
    until("it waits", || waiting(&mut other) == 1);
    let much = "x".repeat(1_100_000);
    waiter.send(&["ECHO", &much]);
    until("it has gone", || waiting(&mut other) == 0);
    assert!(other.text(&["INFO", "stats"]).contains("client_query_buffer_limit_disconnections:1\r\n"));
}

#[test]
fn who_waits_for_a_slot_that_leaves_is_told_so() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let (mut waiter, mut other) = (Client::connect(port), Client::connect(port));
    waiter.send(&["BLPOP", "list", "0"]);
    until("it waits", || waiting(&mut other) == 1);
    let slot = other.text(&["CLUSTER", "KEYSLOT", "list"]).trim_start_matches(':').trim().to_owned();
    assert_eq!(other.ask(&["CLUSTER", "DELSLOTS", &slot]), b"+OK\r\n");
    let reply = waiter.receive().expect("a reply").1;
    assert!(reply.starts_with(b"-CLUSTERDOWN "), "{}", String::from_utf8_lossy(&reply));
}

#[test]
fn what_has_expired_goes_though_nobody_asks_for_it() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["SET", "key", "text", "PX", "20"]), b"+OK\r\n");
    until("the key has gone", || client.ask(&["DBSIZE"]) == b":0\r\n");
}

#[test]
fn memory_is_made_free_though_nobody_asks_for_it() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let mut client = Client::connect(port);
    for number in 0..200 {
        assert_eq!(client.ask(&["SET", &format!("key:{number}"), &"x".repeat(10_000)]), b"+OK\r\n");
    }
    let figure = |client: &mut Client, name: &str| -> u64 {
        let text = client.text(&["INFO", "everything"]);
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
        line.trim().parse().expect("a number")
    };
    let limit = figure(&mut client, "used_memory:") - 1_000_000;
    let directives = ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", &limit.to_string()];
    assert_eq!(client.ask(&directives), b"+OK\r\n");
    until("keys have gone", || figure(&mut client, "evicted_keys:") >= 90);
    assert!(figure(&mut client, "evicted_keys:") < 150);
    assert_eq!(client.ask(&["SET", "new", "text"]), b"+OK\r\n");
}

#[test]
fn a_node_with_keys_stays_what_it_is() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let mut client = Client::connect(port);
    client.ask(&["SET", "key", "text"]);
    let refused = client.text(&["CLUSTER", "RESET"]);
    assert_eq!(refused, "ERR CLUSTER RESET can't be called with master nodes containing keys");
    assert_eq!(client.text(&["CLUSTER", "FLUSHSLOTS"]), "ERR DB must be empty to perform CLUSTER FLUSHSLOTS.");
    assert_eq!(client.ask(&["FLUSHALL"]), b"+OK\r\n");
    assert_eq!(client.ask(&["CLUSTER", "FLUSHSLOTS"]), b"+OK\r\n");
}

#[test]
fn walks_over_all_keys_take_turns_and_go_on_when_one_has_gone() {
    const COUNT: usize = 10_000;
    let (folder, port) = (Folder::new(), free_port());
    let _node = serving(&folder, port);
    let mut other = Client::connect(port);
    let fill: String = (0..COUNT).map(|number| format!("SET key:{number} 1\r\n")).collect();
    other.send_raw(fill.as_bytes());
    (0..COUNT).for_each(|_| assert_eq!(other.receive().expect("a reply").1, b"+OK\r\n"));
    let mut walkers = [0; 4].map(|_| Client::connect(port));
    for walker in &mut walkers {
        walker.send_raw(b"KEYS *\r\nPING behind\r\n");
        // It has gone before its turn comes.
        Client::connect(port).send_raw(b"KEYS *\r\n");
    }
    assert_eq!(other.ask(&["GET", "key:1"]), b"$1\r\n1\r\n");
    for walker in &mut walkers {
        let (keys, _) = walker.receive().expect("a reply");
        assert!(matches!(keys, Value::Array(keys) if keys.len() == COUNT));
        assert_eq!(walker.receive().expect("a reply").1, b"$6\r\nbehind\r\n");
    }
}
