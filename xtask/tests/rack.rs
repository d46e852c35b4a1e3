//! The rack itself, with whatever real peers are here.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;
use std::time::Duration;

use xtask::rack::mesh::Mesh;
use xtask::rack::{Kind, Rack, mesh};

const PATIENCE: Duration = Duration::from_secs(60);

fn rack() -> Rack {
    Rack::new(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap(), None)
}

#[test]
fn two_of_a_kind_meet_and_agree() {
    let rack = rack();
    for kind in Kind::PEERS {
        if let Err(reason) = rack.program(kind) {
            eprintln!("skipped {kind}: {reason}");
            continue;
        }
        let nodes = rack.start(&[kind, kind], &[]).unwrap();
        nodes[0].meet(&nodes[1]).unwrap();
        mesh::await_full(&nodes, PATIENCE).unwrap();
        Mesh::of(&nodes).unwrap().await_agreement(PATIENCE).unwrap();
    }
}

#[test]
fn a_node_that_does_not_start_shows_its_log() {
    let rack = rack();
    if rack.program(Kind::Valkey9).is_err() {
        return;
    }
    let error = rack.start(&[Kind::Valkey9], &[("no-such-directive", "1")]).unwrap_err();
    assert!(format!("{error:#}").contains("no-such-directive"), "{error:#}");
}
