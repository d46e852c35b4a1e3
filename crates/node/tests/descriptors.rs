//! When there are no descriptors left. In a process of its own: the limit is that of all of it.

mod support;

use std::fs::File;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{Client, Folder, free_port, start};

#[test]
fn a_change_is_saved_although_somebody_has_used_up_all_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(300), maximum }).expect("a limit");
    let (folder, port) = (Folder::new(), free_port());
    let node = start(&folder.0, port, "");
    let mut client = Client::connect(port);
    // No save of the start is under way, whose descriptors would be taken here.
    assert_eq!(client.text(&["CLUSTER", "SAVECONFIG"]), "OK");
    let mut all = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        all.push(file);
    }
    for slot in 1..20 {
        let slot = slot.to_string();
        assert_eq!(client.text(&["CLUSTER", "ADDSLOTS", &slot]), "OK");
        // The engine wants this save: without it the node would end.
        assert_eq!(client.ask(&["CLUSTER", "BUMPEPOCH"])[0], b'+');
    }
    drop(all);
    let kept = std::fs::read_to_string(folder.0.join("nodes.conf")).expect("nodes.conf");
    assert!(kept.contains(" 1-19\n"), "{kept}");
    node.stop();
}
