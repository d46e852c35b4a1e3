//! Starting and stopping within one process.

mod support;

use support::{Client, Folder, free_port, start};

#[test]
fn a_node_that_has_stopped_leaves_its_file_and_its_ports_to_the_next() {
    let (folder, port) = (Folder::new(), free_port());
    let first = start(&folder.0, port, "");
    let id = first.id();
    first.stop();
    for _ in 0..50 {
        // No attempt of these is repeated: whatever the one before still held would make it fail.
        let node = start(&folder.0, port, "");
        assert_eq!(node.id(), id, "it goes on as the same node");
        // A save is under way when it stops.
        assert_eq!(Client::connect(port).ask(&["CLUSTER", "BUMPEPOCH"])[0], b'+');
        node.stop();
    }
}

#[test]
fn a_change_is_in_the_file_when_it_is_answered() {
    let (folder, port) = (Folder::new(), free_port());
    let node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    let kept = || std::fs::read_to_string(folder.0.join("nodes.conf")).expect("nodes.conf");
    for slot in 0..50 {
        let (added, shown) = (slot.to_string(), format!(" 0-{slot}"));
        assert_eq!(client.ask(&["CLUSTER", "ADDSLOTS", &added]), b"+OK\r\n");
        assert!(slot == 0 || kept().contains(&shown), "slot {slot} is missing in {}", kept());
    }
    let (before, renamed) = (node.id(), client.ask(&["CLUSTER", "FLUSHSLOTS"]));
    assert_eq!(renamed, b"+OK\r\n");
    assert_eq!(client.ask(&["CLUSTER", "RESET", "HARD"]), b"+OK\r\n");
    assert!(!kept().contains(&before.to_string()), "the old name is left in {}", kept());
}

#[test]
fn a_change_that_cannot_be_saved_is_answered_as_the_operator_chose() {
    for (behaviour, wanted) in [("sync", &b"-ERR "[..]), ("best-effort", b"+OK\r\n")] {
        let (folder, port) = (Folder::new(), free_port());
        let node = start(&folder.0, port, &format!("cluster-config-save-behavior {behaviour}"));
        let mut client = Client::connect(port);
        let aside = folder.0.with_extension("aside");
        std::fs::rename(&folder.0, &aside).expect("a folder that moves");
        let answer = client.ask(&["CLUSTER", "ADDSLOTS", "7"]);
        assert!(answer.starts_with(wanted), "{behaviour}: {}", String::from_utf8_lossy(&answer));
        std::fs::rename(&aside, &folder.0).expect("a folder that moves back");
        node.stop();
    }
}
