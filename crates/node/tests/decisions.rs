//! Changes of the cluster that are refused where there are keys, while clients write.

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use slotmesh_node::Node;
use support::{Client, Folder, free_port, start, until};

/// Slot of `{s}...`.
const SLOT: &str = "3828";

/// Clients that write at once.
const WRITERS: usize = 3;

/// A node that owns every slot and serves, and its id.
fn serving(folder: &Folder, port: u16) -> (Node, String) {
    let node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    assert_eq!(client.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), b"+OK\r\n");
    until("the cluster is up", || client.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
    (node, client.text(&["CLUSTER", "MYID"]))
}

/// Writes keys of the slot and takes them out again as fast as it can; counts what was refused.
fn write(port: u16, number: usize, over: &AtomicBool, refused: &AtomicU64) {
    let (mut client, key) = (Client::connect(port), format!("{{s}}{number}"));
    while !over.load(SeqCst) {
        for request in [&["SET", &key, "1"][..], &["DEL", &key]] {
            if client.ask(request).starts_with(b"-") {
                refused.fetch_add(1, SeqCst);
            }
        }
    }
}

/// Runs `decide` while clients write. It is given what waits until every one of them was refused since.
fn while_clients_write(port: u16, decide: impl FnOnce(&dyn Fn())) {
    let (over, refused) = (AtomicBool::new(false), [const { AtomicU64::new(0) }; WRITERS]);
    /// Ends the writers, also when the test fails.
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    thread::scope(|scope| {
        let _end = End(&over);
        for (number, refused) in refused.iter().enumerate() {
            let over = &over;
            scope.spawn(move || write(port, number, over, refused));
        }
        decide(&|| {
            let before = refused.each_ref().map(|count| count.load(SeqCst));
            until("all were refused", || {
                // Two, so that what was under way before has ended.
                refused.iter().zip(before).all(|(count, before)| count.load(SeqCst) >= before + 2)
            });
        });
    });
}

#[test]
fn a_slot_is_given_away_without_a_key_left_behind() {
    let folders = [Folder::new(), Folder::new()];
    let (port, other_port) = (free_port(), free_port());
    let (_node, id) = serving(&folders[0], port);
    let _other = start(&folders[1].0, other_port, "");
    let mut client = Client::connect(port);
    let other = Client::connect(other_port).text(&["CLUSTER", "MYID"]);
    client.ask(&["CLUSTER", "MEET", "127.0.0.1", &other_port.to_string()]);
    until("they know each other", || client.text(&["CLUSTER", "NODES"]).contains(&other));
    while_clients_write(port, |all_were_refused| {
        let mut given = 0;
        while given < 15 {
            match client.ask(&["CLUSTER", "SETSLOT", SLOT, "NODE", &other]).as_slice() {
                b"+OK\r\n" => {
                    given += 1;
                    all_were_refused();
                    assert_eq!(client.ask(&["CLUSTER", "COUNTKEYSINSLOT", SLOT]), b":0\r\n", "round {given}");
                    assert_eq!(client.ask(&["CLUSTER", "SETSLOT", SLOT, "NODE", &id]), b"+OK\r\n");
                }
                refused => assert!(refused.ends_with(b"while I still hold keys for this hash slot.\r\n")),
            }
        }
    });
}

#[test]
fn slots_are_flushed_and_a_node_is_reset_without_a_key_left_behind() {
    let (folder, port) = (Folder::new(), free_port());
    let (_node, _) = serving(&folder, port);
    let mut client = Client::connect(port);
    while_clients_write(port, |all_were_refused| {
        for request in [&["CLUSTER", "FLUSHSLOTS"][..], &["CLUSTER", "RESET"]] {
            while client.ask(request) != b"+OK\r\n" {}
            all_were_refused();
            assert_eq!(client.ask(&["DBSIZE"]), b":0\r\n", "{request:?}");
            assert_eq!(client.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), b"+OK\r\n");
            until("the cluster is up", || client.text(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
        }
    });
}
