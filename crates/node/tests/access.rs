//! Passwords and pauses, as clients of a node meet them.

mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use support::{Client, Folder, free_port, start};

#[test]
fn who_has_not_shown_the_password_may_send_short_requests_only() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "requirepass secret");
    for (request, reply) in [
        (&b"*11\r\n"[..], &b"-ERR Protocol error: unauthenticated multibulk length\r\n"[..]),
        (b"*1\r\n$16385\r\n", b"-ERR Protocol error: unauthenticated bulk length\r\n"),
    ] {
        let mut stranger = Client::connect(port);
        assert_eq!(stranger.ask(&["PING"]), b"-NOAUTH Authentication required.\r\n");
        stranger.send_raw(request);
        assert_eq!(stranger.receive().expect("a reply").1, reply);
        assert!(stranger.receive().is_none(), "it is closed");
    }
    // The limits are gone with the request after the right password, even where both come at once.
    let mut client = Client::connect(port);
    let long = "x".repeat(20_000);
    client.send(&["AUTH", "secret"]);
    client.send(&["ECHO", &long]);
    assert_eq!(client.receive().expect("a reply").1, b"+OK\r\n");
    assert_eq!(client.receive().expect("a reply").1.len(), 20_000 + 10);
}

#[test]
fn what_a_pause_holds_back_is_done_in_order_when_it_ends() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut operator = Client::connect(port);
    assert_eq!(operator.ask(&["CLIENT", "PAUSE", "60000", "WRITE"]), b"+OK\r\n");
    let (sender, replies) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let mut client = Client::connect(port);
        client.send_raw(b"PING 1\r\nPUBLISH a b\r\nPING 2\r\n");
        (0..3).for_each(|_| sender.send(client.receive().expect("a reply").1).expect("a listener"));
    });
    assert_eq!(replies.recv().expect("a reply"), b"$1\r\n1\r\n");
    assert!(replies.recv_timeout(Duration::from_millis(200)).is_err());
    assert!(operator.text(&["INFO", "clients"]).contains("blocked_clients:1\r\n"));
    assert_eq!(operator.ask(&["CLIENT", "UNPAUSE"]), b"+OK\r\n");
    let rest: Vec<Vec<u8>> = replies.iter().collect();
    assert_eq!(rest, [&b":0\r\n"[..], b"$1\r\n2\r\n"]);
    waiting.join().expect("no panic");
    assert_eq!(operator.ask(&["CLIENT", "PAUSE", "50", "WRITE"]), b"+OK\r\n");
    assert_eq!(operator.ask(&["PUBLISH", "a", "b"]), b":0\r\n", "a pause ends by itself");
}
