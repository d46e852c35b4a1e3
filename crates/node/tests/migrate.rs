//! MIGRATE: to another node, and to targets that say and do what a test wants.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use slotmesh_node::Node;
use slotmesh_resp::Value;
use support::{Client, Folder, PATIENCE, free_port, start, until};

const OK: &[u8] = b"+OK\r\n";

/// A node that owns every slot and serves.
fn serving(folder: &Folder, port: u16) -> Node {
    let node = start(&folder.0, port, "notify-keyspace-events KEA\n");
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), OK);
    until("the cluster is up", || client.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    node
}

/// A node with clients, and a target that does what the test says.
struct World {
    client: Client,
    other: Client,
    target: Target,
    port: u16,
    _node: Node,
    _folder: Folder,
}

impl World {
    fn new() -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let node = serving(&folder, port);
        let (client, other) = (Client::connect(port), Client::connect(port));
        Self { client, other, target: Target::new(), port, _node: node, _folder: folder }
    }

    /// Begins to send the key `k`, and waits until the target has been asked to take it.
    fn begin(&mut self, options: &[&str]) -> TargetLink {
        let port = self.target.port.to_string();
        self.client.send(&[&["MIGRATE", "127.0.0.1", &port, "k", "0", "5000"], options].concat());
        let mut link = self.target.accept();
        assert_eq!(link.request()[..3], ["RESTORE-ASKING", "k", "0"]);
        link
    }

    fn reply(&mut self) -> Vec<u8> {
        self.client.receive().expect("a reply").1
    }

    /// Bytes that a client has sent.
    fn bytes_of(&mut self, id: &str) -> u64 {
        let list = self.other.text(&["CLIENT", "LIST", "ID", id]);
        let (_, bytes) = list.split_once("tot-net-in=").expect("it is told");
        bytes.split(' ').next().and_then(|bytes| bytes.parse().ok()).expect("a number")
    }

    /// Another client asks for something that has to wait.
    fn hold(&mut self, request: &[&str]) -> Client {
        let mut held = Client::connect(self.port);
        let id = held.text(&["CLIENT", "ID"]).trim_start_matches(':').trim().to_owned();
        let before = self.bytes_of(&id);
        held.send(request);
        until("it has been read", || self.bytes_of(&id) > before);
        held
    }
}

/// A server that keys are sent to.
struct Target {
    listener: TcpListener,
    port: u16,
}

/// A connection to it.
struct TargetLink {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Target {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        Self { listener, port }
    }

    fn accept(&self) -> TargetLink {
        let (stream, _) = self.listener.accept().expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        TargetLink { stream, input: Vec::new() }
    }
}

impl TargetLink {
    fn request(&mut self) -> Vec<String> {
        loop {
            if let Some((Value::Array(words), length)) = Value::parse(&self.input).expect("a request") {
                self.input.drain(..length);
                let text = |word: &Value| String::from_utf8_lossy(word.as_bytes().unwrap_or_default()).into_owned();
                return words.iter().map(text).collect();
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).expect("bytes in time");
            assert!(count > 0, "the node has closed");
            self.input.extend_from_slice(&buffer[..count]);
        }
    }

    fn reply(&mut self, reply: &[u8]) {
        self.stream.write_all(reply).expect("sent");
    }
}

#[test]
fn keys_go_to_another_node() {
    let (folder, here, there_folder, there) = (Folder::new(), free_port(), Folder::new(), free_port());
    let (_node, _other) = (serving(&folder, here), serving(&there_folder, there));
    let (mut client, mut target, port) = (Client::connect(here), Client::connect(there), there.to_string());
    let mut migrate = |words: &[&str]| client.ask(&[&["MIGRATE", "127.0.0.1", &port], words].concat());
    assert_eq!(migrate(&["none", "0", "1000"]), b"+NOKEY\r\n");
    assert_eq!(migrate(&["", "0", "1000", "KEYS", "{t}a", "{t}b"]), b"+NOKEY\r\n");
    assert_eq!(migrate(&["k", "x", "1000"]), b"-ERR value is not an integer or out of range\r\n");
    assert_eq!(migrate(&["k", "0", "1000", "AUTH"]), b"-ERR syntax error\r\n");
    let mut client = Client::connect(here);
    let mut migrate = |words: &[&str]| client.ask(&[&["MIGRATE", "127.0.0.1", &port], words].concat());
    let mut local = Client::connect(here);
    assert_eq!(local.ask(&["RPUSH", "{t}list", "a", "5"]), b":2\r\n");
    assert_eq!(local.ask(&["SET", "{t}text", "hello", "PXAT", "4000000000000"]), OK);
    assert_eq!(migrate(&["", "0", "1000", "COPY", "KEYS", "{t}list", "{t}none", "{t}text"]), OK);
    assert_eq!(target.ask(&["LRANGE", "{t}list", "0", "-1"]), b"*2\r\n$1\r\na\r\n$1\r\n5\r\n");
    assert_eq!(local.ask(&["DBSIZE"]), b":2\r\n");
    let busy = b"-ERR Target instance replied with error: BUSYKEY Target key name already exists.\r\n";
    assert_eq!(migrate(&["{t}list", "0", "1000"]), busy);
    assert_eq!(local.ask(&["DBSIZE"]), b":2\r\n");
    assert_eq!(migrate(&["", "0", "1000", "REPLACE", "KEYS", "{t}list", "{t}text", "{t}text"]), OK);
    assert_eq!(local.ask(&["DBSIZE"]), b":0\r\n");
    let left = target.text(&["PTTL", "{t}text"]).trim_start_matches(':').trim().parse::<u64>().expect("a number");
    assert!(left > 1_000_000_000);
    assert_eq!(target.ask(&["SET", "{t}text", "", "KEEPTTL"]), OK);
    let range = b"-ERR Target instance replied with error: ERR DB index is out of range\r\n";
    assert_eq!(local.ask(&["SET", "k", "1"]), OK);
    assert_eq!(migrate(&["k", "7", "1000"]), range);
}

#[test]
fn who_reads_a_key_on_its_way_is_served_and_who_writes_waits() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&[]);
    assert_eq!(world.other.ask(&["GET", "k"]), b"$1\r\n5\r\n");
    let mut held = world.hold(&["INCR", "k"]);
    held.send(&["PING"]);
    assert_eq!(world.other.ask(&["GET", "k"]), b"$1\r\n5\r\n");
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    assert_eq!(held.receive().expect("a reply").1, b":1\r\n", "the key has gone");
    assert_eq!(held.receive().expect("a reply").1, b"+PONG\r\n");
}

#[test]
fn a_key_that_is_refused_stays_and_is_written_to() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&["REPLACE"]);
    let mut held = world.hold(&["INCR", "k"]);
    link.reply(b"-OOM no\r\n");
    assert_eq!(world.reply(), b"-ERR Target instance replied with error: OOM no\r\n");
    assert_eq!(held.receive().expect("a reply").1, b":6\r\n");
}

#[test]
fn a_target_that_says_nothing_is_given_up() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let port = world.target.port.to_string();
    world.client.send(&["MIGRATE", "127.0.0.1", &port, "k", "0", "200"]);
    let mut link = world.target.accept();
    link.request();
    let mut held = world.hold(&["INCR", "k"]);
    assert_eq!(world.reply(), b"-IOERR error or timeout reading to target instance\r\n");
    assert_eq!(held.receive().expect("a reply").1, b":6\r\n");
    let nowhere = free_port().to_string();
    let reply = world.client.ask(&["MIGRATE", "127.0.0.1", &nowhere, "k", "0", "200"]);
    assert_eq!(reply, b"-IOERR error or timeout writing to target instance\r\n");
}

#[test]
fn what_has_arrived_goes_though_the_client_is_gone() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&[]);
    let mut held = world.hold(&["INCR", "k"]);
    world.client = Client::connect(world.port);
    let mut other = Client::connect(world.port);
    until("it is gone", || !other.text(&["CLIENT", "LIST"]).contains("cmd=migrate"));
    link.reply(OK);
    assert_eq!(held.receive().expect("a reply").1, b":1\r\n");
}

#[test]
fn what_has_not_arrived_stays_when_the_client_is_gone() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let _link = world.begin(&[]);
    let mut held = world.hold(&["INCR", "k"]);
    world.client = Client::connect(world.port);
    assert_eq!(held.receive().expect("a reply").1, b":6\r\n", "long before the target had to answer");
}

#[test]
fn a_key_that_expires_on_its_way_is_gone_at_once() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5", "PX", "100"]), OK);
    let port = world.target.port.to_string();
    world.client.send(&["MIGRATE", "127.0.0.1", &port, "k", "0", "5000"]);
    let mut link = world.target.accept();
    let left: u64 = link.request()[2].parse().expect("a number");
    assert!((1..=100).contains(&left), "the target is told when");
    let mut other = Client::connect(world.port);
    until("it has expired", || other.ask(&["DBSIZE"]) == b":0\r\n");
    let mut held = world.hold(&["SET", "k", "new"]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    assert_eq!(held.receive().expect("a reply").1, OK);
    assert_eq!(other.ask(&["GET", "k"]), b"$3\r\nnew\r\n", "what came later stays");
}

#[test]
fn a_flush_comes_after_what_is_on_its_way() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&[]);
    assert_eq!(world.other.ask(&["FLUSHALL"]), OK);
    assert_eq!(world.other.ask(&["DBSIZE"]), b":0\r\n");
    link.reply(OK);
    assert_eq!(world.reply(), OK);
}

#[test]
fn a_transaction_waits_as_a_whole() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut transaction = Client::connect(world.port);
    assert_eq!(transaction.ask(&["WATCH", "{k}other"]), OK);
    assert_eq!(transaction.ask(&["MULTI"]), OK);
    assert_eq!(transaction.ask(&["INCR", "{k}other"]), b"+QUEUED\r\n");
    assert_eq!(transaction.ask(&["INCR", "k"]), b"+QUEUED\r\n");
    let mut link = world.begin(&[]);
    transaction.send(&["EXEC"]);
    let mut migration = world.hold(&["DEL", "k"]);
    assert_eq!(world.other.ask(&["EXISTS", "{k}other"]), b":0\r\n");
    link.reply(OK);
    assert_eq!(transaction.receive().expect("a reply").1, b"*2\r\n:1\r\n:1\r\n");
    assert!(migration.receive().is_some());
}

#[test]
fn who_waits_for_another_key_is_served_when_this_one_has_arrived() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["RPUSH", "k", "a"]), b":1\r\n");
    let mut waiter = Client::connect(world.port);
    waiter.send(&["BLMOVE", "{k}from", "k", "LEFT", "RIGHT", "0"]);
    let mut other = Client::connect(world.port);
    until("it waits", || other.text(&["CLIENT", "LIST"]).contains("flags=b"));
    let mut link = world.begin(&[]);
    assert_eq!(world.other.ask(&["RPUSH", "{k}from", "b"]), b":1\r\n");
    assert_eq!(world.other.ask(&["LLEN", "k"]), b":1\r\n");
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    assert_eq!(waiter.receive().expect("a reply").1, b"$1\r\nb\r\n");
    assert_eq!(world.other.ask(&["LRANGE", "k", "0", "-1"]), b"*1\r\n$1\r\nb\r\n");
}

#[test]
fn a_connection_is_used_again_and_made_anew_when_it_has_ended() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&["COPY"]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    let port = world.target.port.to_string();
    world.client.send(&["MIGRATE", "127.0.0.1", &port, "k", "0", "5000", "COPY"]);
    link.request();
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    drop(link);
    let mut link = world.begin(&["COPY"]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
}

#[test]
fn nothing_is_sent_again_while_it_may_still_be_carried_out() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&["COPY"]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    assert!(world.other.text(&["INFO", "stats"]).contains("migrate_cached_sockets:1\r\n"));
    let port = world.target.port.to_string();
    world.client.send(&["MIGRATE", "127.0.0.1", &port, "k", "0", "200", "REPLACE"]);
    link.request();
    assert_eq!(world.reply(), b"-IOERR error or timeout reading to target instance\r\n");
    world.target.listener.set_nonblocking(true).expect("set");
    assert!(world.target.listener.accept().is_err(), "no other connection was made");
    assert_eq!(world.other.ask(&["INCR", "k"]), b":6\r\n");
}

#[test]
fn a_connection_on_which_more_was_said_is_not_used_again() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut link = world.begin(&["COPY"]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    link.reply(b"-ERR nobody has asked\r\n");
    let mut link = world.begin(&["COPY"]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
}

#[test]
fn nothing_is_sent_to_a_target_that_refuses_the_password() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let port = world.target.port.to_string();
    world.client.send(&["MIGRATE", "127.0.0.1", &port, "k", "0", "5000", "AUTH2", "me", "secret"]);
    let mut link = world.target.accept();
    assert_eq!(link.request(), ["AUTH", "me", "secret"]);
    link.reply(b"-WRONGPASS no\r\n");
    assert_eq!(world.reply(), b"-ERR Target instance replied with error: WRONGPASS no\r\n");
    assert_eq!(world.other.ask(&["INCR", "k"]), b":6\r\n");
}

#[test]
fn who_hears_of_events_hears_of_keys_that_have_gone() {
    let mut world = World::new();
    assert_eq!(world.other.ask(&["SET", "k", "5"]), OK);
    let mut listener = Client::connect(world.port);
    listener.ask(&["SUBSCRIBE", "__keyspace@0__:k"]);
    let mut link = world.begin(&[]);
    link.reply(OK);
    assert_eq!(world.reply(), OK);
    let heard = listener.receive().expect("an event").1;
    assert!(heard.ends_with(b"$3\r\ndel\r\n"), "{}", String::from_utf8_lossy(&heard));
}
