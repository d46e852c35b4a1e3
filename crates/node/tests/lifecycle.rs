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
    for last in 1..50 {
        let (added, shown) = (last.to_string(), if last == 1 { " 1\n".into() } else { format!(" 1-{last}\n") });
        assert_eq!(client.ask(&["CLUSTER", "ADDSLOTS", &added]), b"+OK\r\n");
        assert!(kept().contains(&shown), "slot {last} is missing in {}", kept());
    }
    let former = node.id().to_string();
    assert_eq!(client.ask(&["CLUSTER", "FLUSHSLOTS"]), b"+OK\r\n");
    assert_eq!(client.ask(&["CLUSTER", "RESET", "HARD"]), b"+OK\r\n");
    assert!(!kept().contains(&former), "the old name is left in {}", kept());
}

#[test]
fn a_change_that_cannot_be_saved_is_answered_as_the_operator_chose() {
    for (behaviour, wanted) in [("sync", "ERR done, but nodes.conf can't be saved: "), ("best-effort", "OK")] {
        let (folder, port) = (Folder::new(), free_port());
        let node = start(&folder.0, port, &format!("cluster-config-save-behavior {behaviour}"));
        let mut client = Client::connect(port);
        let aside = folder.0.with_extension("aside");
        std::fs::rename(&folder.0, &aside).expect("a folder that moves");
        let answer = client.text(&["CLUSTER", "ADDSLOTS", "7"]);
        assert!(answer.starts_with(wanted), "{behaviour}: {answer}");
        std::fs::rename(&aside, &folder.0).expect("a folder that moves back");
        node.stop();
    }
}
