//! Publish and subscribe, as clients see it.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use slotmesh_node::Node;
use slotmesh_resp::{Value, encode_command};
use support::{Client, Folder, free_port, start, until};

#[test]
fn messages_reach_channels_and_patterns_in_both_protocols() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let (mut old, mut new, mut publisher) = (Client::connect(port), Client::connect(port), Client::connect(port));
    new.ask(&["HELLO", "3"]);
    assert_eq!(old.ask(&["SUBSCRIBE", "news"]), b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    assert_eq!(new.ask(&["PSUBSCRIBE", "n?ws"]), b">3\r\n$10\r\npsubscribe\r\n$4\r\nn?ws\r\n:1\r\n");
    assert_eq!(publisher.ask(&["PUBLISH", "news", "hi"]), b":2\r\n");
    assert_eq!(next(&mut old), b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
    assert_eq!(next(&mut new), b">4\r\n$8\r\npmessage\r\n$4\r\nn?ws\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
}

#[test]
fn a_listener_of_the_old_protocol_may_do_little_else() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    client.ask(&["SUBSCRIBE", "a"]);
    assert_eq!(
        client.text(&["CLIENT", "ID"]),
        "ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
         this context"
    );
    assert_eq!(client.ask(&["PING", "x"]), b"*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
    assert_eq!(client.ask(&["RESET"]), b"+RESET\r\n");
    assert_eq!(client.ask(&["PING"]), b"+PONG\r\n");
    assert_eq!(client.ask(&["PUBLISH", "a", "m"]), b":0\r\n", "RESET ends subscriptions");
}

#[test]
fn a_publisher_that_listens_sees_each_message_after_its_reply() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    client.ask(&["HELLO", "3"]);
    client.ask(&["SUBSCRIBE", "a"]);
    client.send_raw(b"PUBLISH a x\r\nPUBLISH a y\r\nUNSUBSCRIBE a\r\nPUBLISH a z\r\n");
    let message = |text: &str| format!(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n{text}\r\n").into_bytes();
    let got: Vec<Vec<u8>> = (0..6).map(|_| next(&mut client)).collect();
    let left = b">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n".to_vec();
    assert_eq!(got, [b":1\r\n".to_vec(), message("x"), b":1\r\n".to_vec(), message("y"), left, b":0\r\n".to_vec()]);
}

#[test]
fn nothing_comes_after_the_word_that_nothing_will() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 2");
    let (mut listener, mut publisher) = (Client::connect(port), Client::connect(port));
    let unsubscribe = (vec!["UNSUBSCRIBE", "a"], &b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"[..]);
    let reset = (vec!["RESET"], &b"+RESET\r\n"[..]);
    for (round, (ends, last)) in [unsubscribe, reset].iter().cycle().take(100).enumerate() {
        listener.ask(&["SUBSCRIBE", "a"]);
        publisher.send_raw(&b"PUBLISH a m\r\n".repeat(200));
        assert_eq!(next(&mut listener), b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n", "round {round}");
        listener.send(ends);
        while next(&mut listener) != *last {}
        (0..200).for_each(|_| drop(next(&mut publisher)));
        assert_eq!(listener.ask(&["PING"]), b"+PONG\r\n", "round {round}");
    }
}

#[test]
fn everybody_sees_one_order() {
    const EACH: usize = 2000;
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 2");
    let mut listeners: Vec<Client> = (0..4).map(|_| Client::connect(port)).collect();
    for (index, listener) in listeners.iter_mut().enumerate() {
        listener.ask(&[if index % 2 == 0 { "SUBSCRIBE" } else { "PSUBSCRIBE" }, "a"]);
    }
    std::thread::scope(|scope| {
        for name in ["x", "y", "z"] {
            scope.spawn(move || {
                let mut publisher = Client::connect(port);
                let requests: String = (0..EACH).map(|number| format!("PUBLISH a {name}{number}\r\n")).collect();
                publisher.send_raw(requests.as_bytes());
                (0..EACH).for_each(|_| assert_eq!(next(&mut publisher), b":4\r\n"));
            });
        }
    });
    let mut orders = listeners.iter_mut().map(|listener| (0..3 * EACH).map(|_| message(listener)).collect::<Vec<_>>());
    let first = orders.next().expect("a listener");
    assert!(orders.all(|order| order == first));
}

#[test]
fn a_listener_that_does_not_read_is_closed_at_the_hard_limit() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 1\nclient-output-buffer-limit pubsub 4mb 0 0");
    let mut slow = lazy_listener(port);
    let (mut quick, mut publisher) = (Client::connect(port), Client::connect(port));
    quick.ask(&["SUBSCRIBE", "a"]);
    until("it listens", || publisher.ask(&["PUBSUB", "NUMSUB", "a"]).ends_with(b":2\r\n"));
    let text = "x".repeat(100_000);
    let mut sent = 0;
    while publisher.ask(&["PUBLISH", "a", &text]) == b":2\r\n" {
        sent += 1;
        assert_eq!(message(&mut quick).len(), text.len());
        assert!(sent < 1000, "100 MB wait for one client");
    }
    assert_eq!(message(&mut quick).len(), text.len(), "the others get everything");
    assert!(publisher.text(&["INFO", "stats"]).contains("client_output_buffer_limit_disconnections:1\r\n"));
    assert!(publisher.text(&["INFO", "clients"]).contains("pubsub_clients:1\r\n"));
    let mut buffer = vec![0; 1 << 20];
    until("the connection ends", || matches!(slow.read(&mut buffer), Ok(0) | Err(_)));
}

#[test]
fn a_listener_above_the_soft_limit_is_closed_after_its_time() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut publisher = Client::connect(port);
    assert_eq!(publisher.ask(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 100kb 1"]), b"+OK\r\n");
    let _slow = lazy_listener(port);
    until("it listens", || publisher.ask(&["PUBSUB", "NUMSUB", "a"]).ends_with(b":1\r\n"));
    let text = "x".repeat(100_000);
    (0..100).for_each(|_| drop(publisher.ask(&["PUBLISH", "a", &text])));
    assert_eq!(publisher.ask(&["PUBSUB", "NUMSUB", "a"]), b"*2\r\n$1\r\na\r\n:1\r\n", "it has a second");
    until("its time is over", || publisher.ask(&["PUBSUB", "NUMSUB", "a"]).ends_with(b":0\r\n"));
}

#[test]
fn a_reply_above_the_hard_limit_of_its_class_ends_the_connection() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "client-output-buffer-limit normal 100kb 0 0");
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["ECHO", &"x".repeat(50_000)]).len(), 50_010);
    client.send(&["ECHO", &"x".repeat(200_000)]);
    assert!(client.receive().is_none());
}

#[test]
fn listeners_may_be_silent() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "timeout 1");
    let (mut listener, mut other) = (Client::connect(port), Client::connect(port));
    listener.ask(&["SUBSCRIBE", "a"]);
    assert!(other.receive().is_none(), "closed for being idle");
    let mut publisher = Client::connect(port);
    assert_eq!(publisher.ask(&["PUBLISH", "a", "m"]), b":1\r\n");
    assert_eq!(message(&mut listener), b"m");
}

#[test]
fn listeners_of_a_slot_that_leaves_are_told() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = owner_of_all(&folder, port);
    let (mut old, mut new, mut other) = (Client::connect(port), Client::connect(port), Client::connect(port));
    new.ask(&["HELLO", "3"]);
    old.ask(&["SSUBSCRIBE", "s"]);
    old.ask(&["SUBSCRIBE", "s"]);
    new.ask(&["SSUBSCRIBE", "{s}1"]);
    assert_eq!(other.ask(&["PUBSUB", "SHARDCHANNELS"]), b"*2\r\n$1\r\ns\r\n$4\r\n{s}1\r\n");
    assert_eq!(other.ask(&["SPUBLISH", "s", "m"]), b":1\r\n");
    assert_eq!(next(&mut old), b"*3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\nm\r\n");
    assert_eq!(other.ask(&["CLUSTER", "RESET"]), b"+OK\r\n");
    assert_eq!(next(&mut old), b"*3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n");
    assert_eq!(next(&mut new), b">3\r\n$12\r\nsunsubscribe\r\n$4\r\n{s}1\r\n:0\r\n");
    assert_eq!(other.ask(&["PUBSUB", "SHARDCHANNELS"]), b"*0\r\n");
    assert_eq!(other.ask(&["SSUBSCRIBE", "s"]), b"-CLUSTERDOWN Hash slot not served\r\n");
    assert_eq!(other.ask(&["PUBLISH", "s", "m"]), b":1\r\n", "other channels stay");
}

#[test]
fn messages_cross_the_bus() {
    let (folders, ports) = ([Folder::new(), Folder::new()], [free_port(), free_port()]);
    let _nodes: Vec<Node> = folders.iter().zip(ports).map(|(folder, port)| start(&folder.0, port, "")).collect();
    let [mut here, mut there] = ports.map(Client::connect);
    here.ask(&["CLUSTER", "MEET", "127.0.0.1", &ports[1].to_string()]);
    let mut listener = Client::connect(ports[1]);
    listener.ask(&["SUBSCRIBE", "a"]);
    until("both are members", || {
        let lists = [&mut here, &mut there].map(|client| client.text(&["CLUSTER", "NODES"]));
        lists.iter().all(|list| list.matches(" connected").count() == 2 && !list.contains("handshake"))
    });
    until("one connection each way", || here.text(&["INFO", "clients"]).contains("cluster_connections:2\r\n"));
    assert_eq!(here.ask(&["PUBLISH", "a", "m"]), b":0\r\n", "only those here count");
    assert_eq!(message(&mut listener), b"m");
    // A header takes 16 bytes or 2256, the lengths 8, the texts 2.
    until("light packets are used", || {
        here.ask(&["PUBLISH", "a", "m"]);
        message(&mut listener);
        let info = there.text(&["CLUSTER", "INFO"]);
        let (count, bytes) = (figure(&info, "messages_publish_received"), figure(&info, "pubsub_bytes_received"));
        assert_eq!((bytes - 26 * count) % 2240, 0, "{info}");
        bytes < 2266 * count
    });
}

#[test]
fn a_flood_over_the_bus_arrives_whole_and_in_order() {
    const COUNT: usize = 3000;
    let (folders, ports) = ([Folder::new(), Folder::new()], [free_port(), free_port()]);
    let _nodes: Vec<Node> = folders.iter().zip(ports).map(|(folder, port)| start(&folder.0, port, "")).collect();
    let [mut here, mut there] = ports.map(Client::connect);
    there.ask(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"]);
    here.ask(&["CLUSTER", "MEET", "127.0.0.1", &ports[1].to_string()]);
    let mut listener = Client::connect(ports[1]);
    listener.ask(&["SUBSCRIBE", "a"]);
    until("both are members", || {
        let list = here.text(&["CLUSTER", "NODES"]);
        list.matches(" connected").count() == 2 && !list.contains("handshake")
    });
    // 15 MB: more than may wait for the bus, so the publisher is held back.
    let padding = "x".repeat(5000);
    let publisher = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        for number in 0..COUNT {
            let text = format!("{number} {padding}");
            encode_command(&["PUBLISH", "a", &text], &mut bytes);
        }
        let mut client = Client::connect(ports[0]);
        client.send_raw(&bytes);
        (0..COUNT).for_each(|_| assert_eq!(next(&mut client), b":0\r\n"));
    });
    for number in 0..COUNT {
        assert!(message(&mut listener).starts_with(format!("{number} ").as_bytes()), "message {number}");
    }
    publisher.join().expect("every message was answered");
}

/// A node that owns every slot.
fn owner_of_all(folder: &Folder, port: u16) -> Node {
    let id = "7".repeat(40);
    let bus = port + 10_000;
    let conf = format!(
        "{id} 127.0.0.1:{port}@{bus},,tls-port=0,shard-id={id} myself,master - 0 0 0 connected 0-16383\n\
         vars currentEpoch 0 lastVoteEpoch 0\n"
    );
    std::fs::write(folder.0.join("nodes.conf"), conf).expect("written");
    let node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    until("the cluster is up", || client.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    node
}

/// A client that listens to `a` and reads nothing.
fn lazy_listener(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.write_all(b"SUBSCRIBE a\r\n").expect("sent");
    stream
}

fn next(client: &mut Client) -> Vec<u8> {
    client.receive().expect("a message").1
}

/// What was published, out of the next message.
fn message(client: &mut Client) -> Vec<u8> {
    let (value, bytes) = client.receive().expect("a message");
    match value {
        Value::Array(items) | Value::Push(items) => items.last().and_then(Value::as_bytes).expect("a text").to_vec(),
        _ => panic!("not a message: {}", String::from_utf8_lossy(&bytes)),
    }
}

/// A figure of CLUSTER INFO; 0 when it is not there.
fn figure(info: &str, name: &str) -> u64 {
    let value =
        info.lines().find_map(|line| line.strip_prefix("cluster_stats_")?.strip_prefix(name)?.strip_prefix(':'));
    value.map_or(0, |value| value.trim().parse().expect("a number"))
}
