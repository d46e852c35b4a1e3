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
