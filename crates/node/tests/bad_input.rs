//! Clients, files and flags that mean harm or are just wrong: a clear error, and everybody else is served on.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use slotmesh_config::Config;
use slotmesh_node::{Node, NodeOptions, StartError};
use slotmesh_wire::{HeaderFields, HeaderTemplate, Name};
use support::{Client, Folder, PATIENCE, free_port, start, try_start, until};

fn refusal(port: u16, bytes: &[u8]) -> String {
    let mut client = Client::connect(port);
    client.send_raw(bytes);
    let (_, reply) = client.receive().expect("an error");
    assert!(client.receive().is_none(), "closed after {}", String::from_utf8_lossy(&reply));
    String::from_utf8_lossy(&reply).trim_end().to_owned()
}

#[test]
fn requests_that_are_none_get_an_error_and_the_connection_ends() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut other = Client::connect(port);
    for (bytes, error) in [
        (&b"*2147483648\r\n"[..], "-ERR Protocol error: invalid multibulk length"),
        (b"*abc\r\n", "-ERR Protocol error: invalid multibulk length"),
        (b"*1\r\n$536870913\r\n", "-ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$-2\r\n", "-ERR Protocol error: invalid bulk length"),
        (b"*1\r\n+PING\r\n", "-ERR Protocol error: expected '$', got '+'"),
        (b"*1\r\n$4\r\nPINGxyPING\r\n", "-ERR Protocol error: invalid CRLF in request"),
        (b"ECHO \"open\r\n", "-ERR Protocol error: unbalanced quotes in request"),
    ] {
        assert_eq!(refusal(port, bytes), error, "{}", String::from_utf8_lossy(bytes));
        assert_eq!(other.ask(&["PING"]), b"+PONG\r\n");
    }
    let junk = vec![b'x'; 70_000];
    assert_eq!(refusal(port, &junk), "-ERR Protocol error: too big inline request");
}

#[test]
fn strangers_with_unfinished_packets_make_room_for_those_who_mean_well() {
    let (folders, ports) = ([Folder::new(), Folder::new()], [free_port(), free_port()]);
    let _nodes = [start(&folders[0].0, ports[0], ""), start(&folders[1].0, ports[1], "")];
    let mut half = vec![0; (1 << 20) - 1];
    half[..4].copy_from_slice(b"RCmb");
    half[4..8].copy_from_slice(&(1_u32 << 20).to_be_bytes());
    half[9] = 1;
    let mut closed = 0;
    let strangers: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, ports[0] + 10_000)).expect("a connection");
            closed += usize::from(stream.write_all(&half).is_err());
            stream
        })
        .collect();
    let ended = |mut stream: &TcpStream| {
        stream.set_nonblocking(true).expect("non-blocking");
        !matches!(stream.read(&mut [0; 16]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    until("most of them, but no more than 64 MiB, are held", || {
        strangers.iter().filter(|stream| ended(stream)).count() + closed >= 36
    });
    let mut client = Client::connect(ports[1]);
    assert_eq!(client.text(&["CLUSTER", "MEET", "127.0.0.1", &ports[0].to_string(), "WAIT", "5000"]), "OK");
}

#[test]
fn half_a_request_is_waited_for_and_a_hangup_is_nothing() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut slow = Client::connect(port);
    for piece in [&b"*2\r\n$4\r"[..], b"\nEC", b"HO\r\n$3\r\nab", b"c\r", b"\n"] {
        slow.send_raw(piece);
        assert_eq!(Client::connect(port).ask(&["PING"]), b"+PONG\r\n");
    }
    assert_eq!(slow.receive().expect("a reply").1, b"$3\r\nabc\r\n");
    slow.send_raw(b"*2\r\n$4\r\nECHO");
    drop(slow);
    assert_eq!(Client::connect(port).ask(&["PING"]), b"+PONG\r\n");
}

#[test]
fn a_browser_gets_nothing_done() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nCLUSTER RESET HARD\r\n").expect("sent");
    let mut reply = Vec::new();
    // The server closes with bytes unread, which may show as a reset.
    let _ = stream.read_to_end(&mut reply);
    assert_eq!(reply, b"");
}

#[test]
fn ports_in_use_and_missing_folders_are_named() {
    let (folder, port) = (Folder::new(), free_port());
    let error = |directives: &str| match try_start(&folder.0, port, directives) {
        Ok(_) => panic!("started with {directives}"),
        Err(error) => error.to_string(),
    };
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the client port");
    let text = error("");
    assert!(text.contains(&format!("Failed listening on port {port} (tcp)")) && text.contains("in use"), "{text}");
    drop(taken);
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port + 10_000)).expect("the bus port");
    let text = error("");
    assert!(text.contains(&format!("port {} (cluster)", port + 10_000)) && text.contains("in use"), "{text}");
    drop(taken);
    let config = format!("port {port}\nbind 127.0.0.1\ncluster-enabled yes\ndir /nowhere/at/all");
    let config = Config::load(&["c".into()], &|_| Ok(config.clone())).expect("a configuration");
    let text = Node::start(config, NodeOptions::default()).expect_err("no folder").to_string();
    assert!(text.starts_with("Can't chdir to '/nowhere/at/all'"), "{text}");
    start(&folder.0, port, "").stop();
}

#[test]
fn a_torn_nodes_conf_is_left_as_it_is() {
    let (folder, port) = (Folder::new(), free_port());
    start(&folder.0, port, "").stop();
    let path = folder.0.join("nodes.conf");
    let whole = std::fs::read(&path).expect("saved");
    let torn = &whole[..whole.len() / 2];
    std::fs::write(&path, torn).expect("written");
    let error = try_start(&folder.0, port, "").expect_err("a torn file");
    assert!(
        matches!(error, StartError::Conf(_)) && error.to_string().contains("corrupted cluster config file"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).expect("still there"), torn);
}

#[test]
fn one_file_belongs_to_one_node() {
    let (folder, port) = (Folder::new(), free_port());
    let node = start(&folder.0, port, "");
    let error = try_start(&folder.0, free_port(), "").expect_err("in use").to_string();
    assert!(error.contains("already used by a different cluster node"), "{error}");
    node.stop();
    start(&folder.0, port, "").stop();
}

#[test]
fn hundreds_of_idle_connections_disturb_nobody() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let idle: Vec<TcpStream> =
        (0..400).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection")).collect();
    let mut client = Client::connect(port);
    until("all are connected", || {
        client.text(&["INFO", "clients"]).contains(&format!("connected_clients:{}", idle.len() + 1))
    });
    assert_eq!(client.ask(&["PING"]), b"+PONG\r\n");
}

#[test]
fn a_message_of_a_stranger_is_not_collected() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port + 10_000)).expect("a bus port");
    peer.set_read_timeout(Some(PATIENCE)).expect("a patience");
    // The beginning of a PUBLISH of a gigabyte.
    let mut prefix = b"RCmb".to_vec();
    prefix.extend(0x4000_0000_u32.to_be_bytes());
    prefix.extend([0, 1, 0, 0, 0, 4]);
    peer.write_all(&prefix).expect("sent");
    assert_eq!(peer.read(&mut [0; 16]).expect("an end"), 0, "the link is closed");
}

#[test]
fn a_peer_that_floods_does_not_keep_the_bus_to_itself() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let (stranger, mut packets) = (HeaderTemplate::new(&HeaderFields::default()), Vec::new());
    while packets.len() < 1024 * 1024 {
        stranger.fail(Name::default(), &mut packets);
    }
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let (packets, enough) = (&packets, &enough);
        for _ in 0..2 {
            let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port + 10_000)).expect("a bus port");
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    peer.write_all(packets).expect("packets that are taken");
                }
            });
        }
        let mut client = Client::connect(port);
        for _ in 0..50 {
            // Only the bus thread can answer that.
            let reply = client.ask(&["CLUSTER", "LINKS"]);
            assert_eq!(reply, b"*0\r\n", "{}", String::from_utf8_lossy(&reply));
        }
        enough.store(true, Ordering::Relaxed);
    });
}
