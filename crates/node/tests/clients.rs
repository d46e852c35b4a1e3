//! What clients of a node see.

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use slotmesh_config::{Config, SetError};
use slotmesh_node::{Ending, NodeOptions};
use support::{Client, Folder, PATIENCE, free_port, start, start_with, until};

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    client.send_raw(b"PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n\r\n*0\r\nPING again\r\n");
    let replies: Vec<Vec<u8>> = (0..3).map(|_| client.receive().expect("a reply").1).collect();
    assert_eq!(replies, [&b"+PONG\r\n"[..], b"$2\r\nhi\r\n", b"$5\r\nagain\r\n"]);
}

#[test]
fn long_replies_keep_their_place_among_short_ones() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    // Every other slot, so that CLUSTER SLOTS is long.
    let slots: Vec<String> = (0..2000).step_by(2).map(|slot: u16| slot.to_string()).collect();
    let add: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
    assert_eq!(client.ask(&add), b"+OK\r\n");
    let long = client.ask(&["CLUSTER", "SLOTS"]);
    assert!(long.len() > 64 * 1024, "{} bytes are not long", long.len());
    let requests = [&["PING", "1"][..], &["CLUSTER", "SLOTS"], &["CLUSTER", "SLOTS"], &["PING", "2"]];
    requests.iter().for_each(|request| client.send(request));
    let transaction = [&["MULTI"][..], &["CLUSTER", "SLOTS"], &["PING", "3"], &["EXEC"]];
    transaction.iter().for_each(|request| client.send(request));
    // Neither its reply nor that of the next request is sent.
    client.send(&["CLIENT", "REPLY", "SKIP"]);
    client.send(&["CLUSTER", "SLOTS"]);
    client.send(&["PING", "4"]);
    let text = |text: &str| format!("$1\r\n{text}\r\n").into_bytes();
    let executed = [&b"*2\r\n"[..], &long, &text("3")].concat();
    let queued = b"+QUEUED\r\n".to_vec();
    let wanted = [text("1"), long.clone(), long, text("2"), b"+OK\r\n".to_vec(), queued.clone(), queued, executed];
    for (index, reply) in wanted.iter().chain([&text("4")]).enumerate() {
        assert!(client.receive().expect("a reply").1 == *reply, "reply {index} is another");
    }
}

#[test]
fn a_crowd_on_one_thread_gets_its_own_replies_and_who_has_said_all_gets_them_too() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 1\n");
    let connect = || TcpStream::connect(("127.0.0.1", port)).expect("the node listens");
    // More than are heard of in one round. Some send a lot, some the start of a request, and some say that it was all.
    let mut crowd: Vec<TcpStream> = (0..300).map(|_| connect()).collect();
    let number = |index: usize, request: usize| format!("{index}-{request}-{}", "x".repeat(index * 7 % 900));
    let request = |text: &str| format!("*2\r\n$4\r\nECHO\r\n${}\r\n{text}\r\n", text.len());
    for (index, client) in crowd.iter_mut().enumerate() {
        let requests: String = (0..=index % 4).map(|each| request(&number(index, each))).collect();
        let rest = request("rest");
        let (begun, end) = rest.split_at(if index % 3 == 0 { 9 } else { 0 });
        client.write_all(format!("{requests}{begun}").as_bytes()).expect("it is connected");
        if begun.is_empty() {
            client.shutdown(Shutdown::Write).expect("it is connected");
        } else {
            client.write_all(end.as_bytes()).expect("it is connected");
        }
    }
    for (index, mut client) in crowd.into_iter().enumerate() {
        let text = |text: String| format!("${}\r\n{text}\r\n", text.len());
        let mut wanted: String = (0..=index % 4).map(|each| text(number(index, each))).collect();
        let mut got = Vec::new();
        if index % 3 == 0 {
            wanted.push_str(&text("rest".to_owned()));
            got.resize(wanted.len(), 0);
            client.read_exact(&mut got).expect("all replies");
        } else {
            client.read_to_end(&mut got).expect("all replies, then the end");
        }
        assert_eq!(String::from_utf8_lossy(&got), wanted, "client {index}");
    }
}

#[test]
fn requests_cut_anywhere_are_read_whole() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 1\n");
    let clients = (0..3_usize).map(|number| {
        std::thread::spawn(move || {
            // Lengths and pieces around those at which bytes change their place: a thousand, and sixteen times that.
            let text =
                |each: usize| format!("{number}-{each}-{}", "x".repeat([5, 900, 1030, 40, 17_000][each % 5] + each));
            let bulk = |text: String| format!("${}\r\n{text}\r\n", text.len());
            let requests: String = (0..300).map(|each| format!("*2\r\n$4\r\nECHO\r\n{}", bulk(text(each)))).collect();
            let wanted: String = (0..300).map(|each| bulk(text(each))).collect();
            let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the node listens");
            stream.set_nodelay(true).expect("no delay");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            let mut reader = stream.try_clone().expect("a descriptor");
            let length = wanted.len();
            let got = std::thread::spawn(move || {
                let mut got = vec![0; length];
                reader.read_exact(&mut got).map(|()| got)
            });
            let sizes = [1, 50_000, 16_384, 1024, 7, 20_000, 1023, 33_000];
            let mut rest = requests.as_bytes();
            for size in sizes.iter().cycle().skip(number) {
                let (piece, others) = rest.split_at(rest.len().min(*size));
                stream.write_all(piece).expect("it is connected");
                rest = others;
                if rest.is_empty() {
                    break;
                }
            }
            let got = got.join().expect("no panic").expect("all replies");
            assert!(got == wanted.as_bytes(), "client {number}");
        })
    });
    clients.collect::<Vec<_>>().into_iter().for_each(|client| client.join().expect("no panic"));
}

#[test]
fn what_comes_while_a_client_waits_is_served_behind() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 1\n");
    let (mut other, mut waiting) = (Client::connect(port), Client::connect(port));
    assert_eq!(other.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), b"+OK\r\n");
    until("the cluster is up", || other.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    waiting.send(&["BLPOP", "list", "0"]);
    until("it waits", || other.text(&["CLIENT", "LIST"]).contains(" flags=b "));
    let long = "x".repeat(3000);
    for text in ["a", &long, "b"] {
        waiting.send_raw(b"*2\r\n$4\r\nECHO\r\n");
        // Others are served with the same buffer meanwhile.
        assert_eq!(other.ask(&["PING"]), b"+PONG\r\n");
        waiting.send_raw(format!("${}\r\n{text}\r\n", text.len()).as_bytes());
        assert_eq!(other.ask(&["PING"]), b"+PONG\r\n");
    }
    assert_eq!(other.ask(&["RPUSH", "list", "1"]), b":1\r\n");
    assert_eq!(waiting.receive().expect("a reply").1, b"*2\r\n$4\r\nlist\r\n$1\r\n1\r\n");
    for text in ["a", &long, "b"] {
        assert_eq!(waiting.receive().expect("a reply").1, format!("${}\r\n{text}\r\n", text.len()).as_bytes());
    }
}

#[test]
fn who_does_not_read_waits_alone() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 1\n");
    let mut slow = TcpStream::connect(("127.0.0.1", port)).expect("the node listens");
    let long = "y".repeat(300_000);
    let request = format!("*2\r\n$4\r\nECHO\r\n${}\r\n{long}\r\n", long.len());
    // Far more than its socket takes.
    let sender = {
        let mut slow = slow.try_clone().expect("a descriptor");
        std::thread::spawn(move || (0..100).try_for_each(|_| slow.write_all(request.as_bytes())))
    };
    let mut other = Client::connect(port);
    for _ in 0..100 {
        assert_eq!(other.ask(&["PING"]), b"+PONG\r\n");
    }
    let mut got = vec![0; 100 * (long.len() + "$300000\r\n\r\n".len())];
    slow.read_exact(&mut got).expect("all replies");
    assert_eq!(got.iter().filter(|byte| **byte == b'y').count(), 100 * long.len());
    sender.join().expect("no panic").expect("all was sent");
}

#[test]
fn a_client_that_quits_or_is_killed_is_closed() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let (mut one, mut two) = (Client::connect(port), Client::connect(port));
    assert_eq!(one.ask(&["QUIT"]), b"+OK\r\n");
    assert!(one.receive().is_none());
    let id = two.text(&["CLIENT", "ID"]).trim_start_matches(':').trim().to_owned();
    let mut three = Client::connect(port);
    assert_eq!(three.ask(&["CLIENT", "KILL", "ID", &id]), b":1\r\n");
    assert!(two.receive().is_none());
    until("the list forgets them", || three.text(&["CLIENT", "LIST"]).lines().count() == 1);
}

#[test]
fn too_many_clients_are_told_so() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "maxclients 2");
    let mut kept = [Client::connect(port), Client::connect(port)];
    kept.iter_mut().for_each(|client| assert_eq!(client.ask(&["PING"]), b"+PONG\r\n"));
    let mut third = Client::connect(port);
    assert_eq!(third.receive().expect("a reply").1, b"-ERR max number of clients + cluster connections reached\r\n");
    assert!(third.receive().is_none());
    assert!(kept[0].text(&["INFO", "stats"]).contains("rejected_connections:1"));
}

#[test]
fn all_that_info_tells_of_slotmesh_alone_bears_its_name() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 2");
    let mut client = Client::connect(port);
    let names = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    let ours = names(&client.text(&["INFO", "slotmesh"]));
    assert!(ours.iter().all(|name| name.starts_with("slotmesh_")), "{ours:?}");
    assert!(ours.iter().any(|name| name == "slotmesh_client_thread_1"), "{ours:?}");
    let mut all = names(&client.text(&["INFO", "everything"]));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a name stands in two sections");
}

#[test]
fn clients_that_move_to_other_threads_notice_nothing() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "slotmesh-io-threads 3");
    let mut operator = Client::connect(port);
    // All slots, so that keys are served.
    assert_eq!(operator.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), b"+OK\r\n");
    until("the cluster serves", || operator.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    let mut spread = |all: bool| {
        let word = if all { "yes" } else { "no" };
        assert_eq!(operator.ask(&["CONFIG", "SET", "slotmesh-io-threads-always-active", word]), b"+OK\r\n");
        // Without that it is one, or more that are just being tried.
        assert!(!all || operator.text(&["INFO", "slotmesh"]).contains("slotmesh_client_threads_active:3"));
    };
    let mut clients: Vec<Client> = (0..6).map(|_| Client::connect(port)).collect();
    let mut subscriber = Client::connect(port);
    subscriber.ask(&["SUBSCRIBE", "news"]);
    for round in 0..6 {
        let names: Vec<String> = (0..clients.len()).map(|client| format!("client-{client}-{round}")).collect();
        for (client, name) in clients.iter_mut().zip(&names) {
            assert_eq!(client.ask(&["CLIENT", "SETNAME", name]), b"+OK\r\n");
            assert_eq!(client.ask(&["MULTI"]), b"+OK\r\n");
        }
        spread(round % 2 == 0);
        for (client, name) in clients.iter_mut().zip(&names) {
            // Half a request waits while the rest of it comes, and the first request of a batch may move them.
            client.send_raw(
                format!("*2\r\n$4\r\nINCR\r\n$4\r\n{{t}}a\r\n*3\r\n$3\r\nSET\r\n$4\r\n{{t}}b\r\n${}", name.len())
                    .as_bytes(),
            );
            assert_eq!(client.receive().expect("a reply").1, b"+QUEUED\r\n");
            client.send_raw(format!("\r\n{name}\r\n").as_bytes());
            assert_eq!(client.receive().expect("a reply").1, b"+QUEUED\r\n");
        }
        for (client, name) in clients.iter_mut().zip(&names) {
            assert_eq!(client.ask(&["CLIENT", "GETNAME"]), b"+QUEUED\r\n");
            let reply = client.text(&["EXEC"]);
            assert!(reply.starts_with("*3\r\n:") && reply.contains(name.as_str()), "{reply}");
        }
        assert_eq!(clients[0].ask(&["PUBLISH", "news", "moved"]), b":1\r\n");
        assert!(subscriber.receive().is_some(), "it hears what is published");
        // One waits for a key on the thread that it was on, and is served by one on another.
        clients[1].send(&["BLPOP", "list", "0"]);
        until("it waits", || clients[2].text(&["INFO", "clients"]).contains("blocked_clients:1"));
        spread(round % 2 == 1);
        assert_eq!(clients[2].ask(&["RPUSH", "list", &names[2]]), b":1\r\n");
        let reply = clients[1].receive().expect("a reply").1;
        assert!(String::from_utf8_lossy(&reply).contains(&names[2]));
    }
    assert_eq!(clients[0].ask(&["GET", "{t}a"]), b"$2\r\n36\r\n", "each has counted once in each round");
    // One that has much to hear moves in the middle of it.
    const MESSAGES: usize = 150_000;
    for first in (0..MESSAGES).step_by(1000) {
        let message = |number: usize| format!("PUBLISH news {number:0>100}\r\n");
        clients[0].send_raw((first..first + 1000).map(message).collect::<String>().as_bytes());
        (0..1000).for_each(|_| assert_eq!(clients[0].receive().expect("a reply").1, b":1\r\n"));
    }
    spread(false);
    for number in 0..MESSAGES {
        let message = subscriber.receive().expect("a message").1;
        assert!(message.ends_with(format!("{number:0>100}\r\n").as_bytes()), "{number}");
    }
    // Who has moved is still woken by others.
    let id = clients[5].text(&["CLIENT", "ID"]).trim_start_matches(':').trim().to_owned();
    assert_eq!(clients[0].ask(&["CLIENT", "KILL", "ID", &id]), b":1\r\n");
    assert!(clients[5].receive().is_none());
}

#[test]
fn idle_clients_are_closed_after_the_timeout() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "timeout 1");
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["PING"]), b"+PONG\r\n");
    assert!(client.receive().is_none(), "closed by the server");
    let mut waits = Client::connect(port);
    let reply = waits.text(&["CLUSTER", "MEET", "127.0.0.1", &free_port().to_string(), "WAIT", "3000"]);
    assert!(reply.contains("is still under way"), "who waits for an answer gets it: {reply}");
}

#[test]
fn a_change_that_fails_takes_no_other_with_it() {
    let (folder, port) = (Folder::new(), free_port());
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let may_change = move |config: &Config| {
        if config.number("maxclients") != 7 {
            return Ok(());
        }
        seen.store(true, Ordering::SeqCst);
        gone.lock().expect("one change at a time").recv().expect("the test goes on");
        Err(SetError::Refused { name: "maxclients".into(), reason: "on purpose".into() })
    };
    let options = NodeOptions { may_change: Some(Box::new(may_change)), ..NodeOptions::default() };
    let _node = start_with(&folder.0, port, "slotmesh-io-threads 3\nslotmesh-io-threads-always-active yes", options)
        .expect("a node");
    let (mut one, mut two, mut three) = (Client::connect(port), Client::connect(port), Client::connect(port));
    one.send(&["CONFIG", "SET", "maxclients", "7"]);
    until("the first is under way", || asked.load(Ordering::SeqCst));
    two.send(&["CONFIG", "SET", "timeout", "5"]);
    until("both are", || three.text(&["CLIENT", "LIST"]).matches("cmd=config|set").count() == 2);
    assert_eq!(three.ask(&["CONFIG", "GET", "timeout"]), b"*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n", "it waits its turn");
    go.send(()).expect("it waits");
    assert_eq!(two.receive().expect("a reply").1, b"+OK\r\n");
    let reply = one.receive().expect("a reply").1;
    assert_eq!(reply, b"-ERR CONFIG SET failed (possibly related to argument 'maxclients') - on purpose\r\n");
    assert_eq!(two.ask(&["CONFIG", "GET", "timeout"]), b"*2\r\n$7\r\ntimeout\r\n$1\r\n5\r\n");
    assert_eq!(two.ask(&["CONFIG", "GET", "maxclients"]), b"*2\r\n$10\r\nmaxclients\r\n$5\r\n10000\r\n");
}

#[test]
fn a_change_is_finished_when_its_client_is_killed() {
    let (folder, port, other) = (Folder::new(), free_port(), free_port());
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let may_change = move |_: &Config| {
        seen.store(true, Ordering::SeqCst);
        gone.lock().expect("one change at a time").recv().expect("the test goes on");
        Ok(())
    };
    let options = NodeOptions { may_change: Some(Box::new(may_change)), ..NodeOptions::default() };
    let _node = start_with(&folder.0, port, "slotmesh-io-threads 3\nslotmesh-io-threads-always-active yes", options)
        .expect("a node");
    let (mut one, mut two) = (Client::connect(port), Client::connect(port));
    let id = one.text(&["CLIENT", "ID"]).trim_start_matches(':').trim().to_owned();
    one.send(&["CONFIG", "SET", "port", &other.to_string()]);
    until("it is under way", || asked.load(Ordering::SeqCst));
    assert_eq!(two.ask(&["CLIENT", "KILL", "ID", &id]), b":1\r\n");
    assert!(one.receive().is_none(), "it is gone");
    go.send(()).expect("it waits");
    until("the new port is open", || TcpStream::connect(("127.0.0.1", other)).is_ok());
}

#[test]
fn a_node_with_slots_stays_where_it_is_told_to_be_safe() {
    let (folder, port) = (Folder::new(), free_port());
    let mut node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    assert!(client.text(&["INFO", "clients"]).contains("cluster_connections:0"), "it is alone");
    assert_eq!(client.ask(&["CLUSTER", "ADDSLOTS", "1"]), b"+OK\r\n");
    assert!(client.text(&["SHUTDOWN", "SAFE"]).contains("owns slots"));
    assert!(client.text(&["SHUTDOWN", "FAILOVER"]).contains("not supported"));
    assert_eq!(client.ask(&["SHUTDOWN", "ABORT", "ABORT"]), b"-ERR No shutdown in progress.\r\n");
    assert_eq!(client.ask(&["SHUTDOWN", "SAVE", "NOSAVE"]), b"-ERR syntax error\r\n");
    assert_eq!(client.ask(&["PING"]), b"+PONG\r\n");
    client.send(&["SHUTDOWN", "SAFE", "FORCE"]);
    assert!(client.receive().is_none());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        assert!(matches!(node.ended().await, Ending::Shutdown));
        // Where it can't wait for others.
        drop(node);
    });
}

#[test]
fn a_local_socket_serves_clients_and_goes_with_the_node() {
    let (folder, port) = (Folder::new(), free_port());
    let node = start(&folder.0, port, "unixsocket s.sock\nunixsocketperm 700");
    let path = folder.0.join("s.sock");
    let mut stream = UnixStream::connect(&path).expect("a connection");
    stream.write_all(b"CLIENT LIST\r\n").expect("sent");
    let mut reply = [0; 512];
    let count = stream.read(&mut reply).expect("a reply");
    let text = String::from_utf8_lossy(&reply[..count]).into_owned();
    assert!(text.contains("s.sock:0 ") && text.contains(" flags=U "), "{text}");
    node.stop();
    assert!(!path.exists());
}

#[test]
fn clients_come_over_ipv6_where_there_is_any() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "bind 127.0.0.1 -::1");
    assert_eq!(Client::connect(port).ask(&["PING"]), b"+PONG\r\n");
    if let Ok(mut stream) = TcpStream::connect((std::net::Ipv6Addr::LOCALHOST, port)) {
        stream.write_all(b"CLIENT LIST\r\n").expect("sent");
        let mut reply = [0; 1024];
        let count = stream.read(&mut reply).expect("a reply");
        let text = String::from_utf8_lossy(&reply[..count]).into_owned();
        assert!(text.contains(" addr=[::1]:"), "{text}");
    }
}

#[test]
fn the_port_moves_with_config_set_and_stays_when_it_cannot() {
    let (folder, port, other) = (Folder::new(), free_port(), free_port());
    let _node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["CONFIG", "SET", "port", &other.to_string()]), b"+OK\r\n");
    assert_eq!(Client::connect(other).ask(&["PING"]), b"+PONG\r\n");
    let shown = Client::connect(other).text(&["CLUSTER", "NODES"]);
    let stays = port + 10_000;
    assert!(shown.contains(&format!(":{other}@{stays} ")), "the bus is where it was: {shown}");
    let other_server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = other_server.local_addr().expect("an address").port().to_string();
    let reply = client.text(&["CONFIG", "SET", "port", &taken]);
    let failed = "ERR CONFIG SET failed (possibly related to argument ";
    assert_eq!(reply.trim_end(), format!("{failed}'port') - Unable to listen on this port. Check server logs."));
    let reply = client.text(&["CONFIG", "SET", "availability-zone", "z", "bind", "203.0.113.9"]);
    assert_eq!(reply.trim_end(), format!("{failed}'bind') - Failed to bind to specified addresses."));
    assert_eq!(client.ask(&["CONFIG", "GET", "availability-zone"]), b"*2\r\n$17\r\navailability-zone\r\n$0\r\n\r\n");
    assert_eq!(client.ask(&["CONFIG", "GET", "port"]), format!("*2\r\n$4\r\nport\r\n$5\r\n{other}\r\n").into_bytes());
    assert_eq!(Client::connect(other).ask(&["PING"]), b"+PONG\r\n");
}

#[test]
fn shutdown_ends_the_node() {
    let (folder, port) = (Folder::new(), free_port());
    let mut node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    client.send(&["SHUTDOWN", "NOSAVE"]);
    assert!(client.receive().is_none());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    assert!(matches!(runtime.block_on(node.ended()), Ending::Shutdown));
}

#[test]
fn a_meet_can_be_waited_for() {
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let ports = [free_port(), free_port(), free_port()];
    let names = ["", "", "slotmesh-cluster-name other"];
    let _nodes: Vec<_> = (0..3).map(|at| start(&folders[at].0, ports[at], names[at])).collect();
    let mut client = Client::connect(ports[0]);
    let mut meet = |host: &str, port: u16, bus: u16| {
        client.text(&["CLUSTER", "MEET", host, &port.to_string(), &bus.to_string(), "WAIT", "5000"])
    };
    assert_eq!(meet("localhost", ports[1], ports[1] + 10_000), "OK");
    assert_eq!(meet("127.0.0.1", ports[1], ports[1] + 10_000), "OK", "already known is fine");
    let itself = meet("127.0.0.1", ports[0], ports[0] + 10_000);
    assert!(itself.contains("the address is this node's own"), "{itself}");
    let client_port = meet("127.0.0.1", ports[1], ports[1]);
    assert!(client_port.contains("no cluster bus answered"), "{client_port}");
    let named =
        Client::connect(ports[2]).text(&["CLUSTER", "MEET", "127.0.0.1", &ports[1].to_string(), "WAIT", "5000"]);
    assert_eq!(named, "OK", "a name on one side only changes nothing");
}

#[test]
fn a_meet_whose_time_is_up_says_what_the_last_attempt_met() {
    let (folder, port, nobody) = (Folder::new(), free_port(), free_port());
    // The handshake itself goes on for as long as the node timeout.
    let _node = start(&folder.0, port, "cluster-node-timeout 600000");
    let reply = Client::connect(port).text(&["CLUSTER", "MEET", "127.0.0.1", &nobody.to_string(), "WAIT", "1000"]);
    assert_eq!(
        reply.trim_end(),
        format!(
            "ERR handshake with 127.0.0.1:{} is still under way, the last attempt failed: connection refused; see \
             CLUSTER NODES",
            nobody + 10_000
        )
    );
}

#[test]
fn clusters_of_different_names_refuse_each_other() {
    let folders = [Folder::new(), Folder::new()];
    let ports = [free_port(), free_port()];
    let names = ["slotmesh-cluster-name blue", "slotmesh-cluster-name green"];
    let _nodes: Vec<_> = (0..2).map(|at| start(&folders[at].0, ports[at], names[at])).collect();
    let mut client = Client::connect(ports[0]);
    let reply = client.text(&["CLUSTER", "MEET", "127.0.0.1", &ports[1].to_string(), "WAIT", "5000"]);
    assert!(reply.contains("belongs to a cluster of another name (slotmesh-cluster-name)"), "{reply}");
    for port in ports {
        assert_eq!(Client::connect(port).text(&["CLUSTER", "NODES"]).lines().count(), 1);
    }
}
