//! MULTI and EXEC around commands that the cluster engine answers.

mod support;

use support::{Client, Folder, free_port, start};

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
