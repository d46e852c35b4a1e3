//! What an engine may do.

use std::collections::BTreeSet;

use slotmesh_gossip::{Action, Durability};
use slotmesh_wire::{Body, Header, Heartbeat, NodeFlags, Packet, frame_length};

use crate::engine::driver::Driver;

/// Checks the actions that one input has led to.
pub(crate) fn check(driver: &Driver, batch: &[Action]) {
    let mut saved = None;
    for action in batch {
        match action {
            Action::Persist(durability) => saved = saved.max(Some(*durability)),
            Action::Send { bytes, .. } => check_packet(driver, bytes, saved),
            Action::SendPromise { bytes, .. } => {
                assert_eq!(saved, Some(Durability::Barrier), "a vote is on disk before it is sent");
                check_packet(driver, bytes, saved);
            }
            Action::Connect { host, port, .. } => {
                assert!(!host.is_unknown(), "nobody can connect to an unknown host");
                assert_ne!(*port, 0, "nobody listens on port 0");
            }
            Action::Close { .. } | Action::Data(_) | Action::ResolveSeeds => {}
        }
    }
}

/// A packet is one that real servers take, and says nothing that they choke on.
fn check_packet(driver: &Driver, bytes: &[u8], saved: Option<Durability>) {
    assert_eq!(frame_length(bytes), Ok(Some(bytes.len())), "the length is true");
    let packet = Packet::decode(bytes).expect("what is sent can be received");
    let Packet::Full(header, body) = packet else { panic!("the engine sends no light packets") };
    assert!(header.sender().id().is_some(), "the sender has a name");
    check_role(header.flags());
    check_promise(driver, &header, saved);
    if let Body::Heartbeat(heartbeat) = body {
        assert!(header.message_flags().has_extensions(), "every heartbeat says that extensions are understood");
        check_gossip(&header, &heartbeat);
    }
}

/// An entry with no role or with both aborts some real servers.
fn check_role(flags: NodeFlags) {
    assert_ne!(flags.has(NodeFlags::PRIMARY), flags.has(NodeFlags::REPLICA), "one role: {flags:?}");
}

/// A new own epoch is on disk before anybody hears of it.
fn check_promise(driver: &Driver, header: &Header<'_>, saved: Option<Durability>) {
    let new = header.config_epoch() > driver.promised && header.replica_of().is_null();
    assert!(!new || saved == Some(Durability::Barrier), "epoch {} was told before it was saved", header.config_epoch());
}

fn check_gossip(header: &Header<'_>, heartbeat: &Heartbeat<'_>) {
    let mut names = BTreeSet::new();
    for entry in heartbeat.entries() {
        let id = entry.name().id().expect("entries have names");
        assert!(names.insert(id), "a node is told of once in a packet");
        assert_ne!(entry.name(), header.sender(), "nobody gossips about itself");
        assert_eq!(entry.flags().masked(NodeFlags::GOSSIPED), entry.flags(), "flags that others would copy");
        assert!(!entry.flags().has(NodeFlags::NOADDR), "nodes without an address are not told of");
        assert!(entry.host().host().is_ok_and(|host| !host.is_unknown()), "entries have addresses");
        check_role(entry.flags());
    }
}
