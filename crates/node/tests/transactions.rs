//! MULTI and EXEC around commands that the cluster engine answers.

mod support;

use slotmesh_resp::Value;
use support::{Client, Folder, free_port, start, until};

#[test]
fn every_request_of_a_transaction_is_answered_in_its_place() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "protected-mode no");
    let mut client = Client::connect(port);
    for words in [
        &["MULTI"][..],
        &["CLUSTER", "ADDSLOTS", "5"],
        &["PING"],
        &["CLUSTER", "ADDSLOTS", "5"],
        &["CLUSTER", "BUMPEPOCH"],
        &["EXEC"],
        &["PING", "after"],
    ] {
        client.send(words);
    }
    let mut replies = (0..7).map(|_| String::from_utf8(client.receive().expect("a reply").1).expect("text"));
    assert_eq!(replies.next().as_deref(), Some("+OK\r\n"));
    assert!(replies.by_ref().take(4).all(|reply| reply == "+QUEUED\r\n"));
    let exec = "*4\r\n+OK\r\n+PONG\r\n-ERR Slot 5 is already busy\r\n+BUMPED 1\r\n";
    assert_eq!(replies.next().as_deref(), Some(exec));
    assert_eq!(replies.next().as_deref(), Some("$5\r\nafter\r\n"));
}

#[test]
fn a_transaction_waits_for_its_reader_and_for_the_bus() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    client.send_raw(b"HELLO 3\r\nSUBSCRIBE a\r\nMULTI\r\n");
    client.send_raw(&b"PUBLISH a m\r\nCOMMAND DOCS\r\nCLUSTER BUMPEPOCH\r\n".repeat(50));
    client.send_raw(b"EXEC\r\n");
    (0..153).for_each(|_| drop(client.receive().expect("a reply")));
    let (reply, _) = client.receive().expect("a reply");
    let Value::Array(items) = reply else { panic!("{reply:?}") };
    assert_eq!((items.len(), &items[147], &items[149]), (150, &Value::Integer(1), &Value::Simple(b"STILL 1".to_vec())));
    for _ in 0..50 {
        assert!(matches!(client.receive().expect("a message").0, Value::Push(_)));
    }
}

#[test]
fn a_request_that_is_not_whole_shows_in_the_list_of_clients() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "");
    let (mut client, mut other) = (Client::connect(port), Client::connect(port));
    client.send_raw(b"*2\r\n$4\r\nECHO\r\n$5\r\nhal");
    until("the half is there", || other.text(&["CLIENT", "LIST", "ID", "1"]).contains(" qbuf=21 "));
    assert!(other.text(&["CLIENT", "LIST", "ID", "1"]).contains(" tot-mem=21 "));
    client.send_raw(b"f!\r\n");
    assert_eq!(client.receive().expect("a reply").1, b"$5\r\nhalf!\r\n");
    assert!(other.text(&["CLIENT", "LIST", "ID", "1"]).contains(" qbuf=0 "));
}

#[test]
fn others_see_how_many_requests_wait() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "protected-mode no");
    let (mut client, mut other) = (Client::connect(port), Client::connect(port));
    assert!(other.text(&["CLIENT", "LIST"]).lines().all(|line| line.contains(" multi=-1 ")));
    client.ask(&["MULTI"]);
    client.ask(&["PING"]);
    assert!(other.text(&["CLIENT", "LIST"]).contains(" flags=x "));
    assert!(other.text(&["CLIENT", "LIST"]).contains(" multi=1 "));
    client.ask(&["DISCARD"]);
    assert!(other.text(&["CLIENT", "LIST"]).lines().all(|line| line.contains(" multi=-1 ")));
}

#[test]
fn readonly_shows_in_the_list_of_clients() {
    let (folder, port) = (Folder::new(), free_port());
    let _node = start(&folder.0, port, "protected-mode no");
    let mut client = Client::connect(port);
    client.ask(&["READONLY"]);
    assert!(client.text(&["CLIENT", "INFO"]).contains(" flags=r "));
    client.ask(&["READWRITE"]);
    assert!(client.text(&["CLIENT", "INFO"]).contains(" flags=N "));
}
