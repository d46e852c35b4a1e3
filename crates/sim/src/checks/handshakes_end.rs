//! Handshakes end by their deadline, with a reason, and leave no entry.

use std::time::Duration;

use slotmesh_gossip::{Engine, Event, HandshakeEnd};
use slotmesh_types::Now;

/// What is due is done when the engine is called; it asks to be called in time.
pub(super) fn check(engine: &Engine, now: Now, late: Duration) -> Result<(), String> {
    for handshake in engine.handshakes() {
        let due = handshake.deadline;
        if now.mono > due.after(late) {
            return Err(format!("a handshake outlives its deadline: {handshake:?}"));
        }
        if engine.poll_timeout().is_none_or(|wake| wake > due.after(late)) {
            return Err(format!("sleeps past the deadline of {handshake:?}"));
        }
    }
    let table = engine.table();
    let entries = table.nodes().filter(|(_, node)| node.handshake).count();
    let open = engine.handshakes().count();
    if entries == open { Ok(()) } else { Err(format!("{entries} entries in handshake, {open} handshakes")) }
}

/// What is said to have joined is there.
pub(super) fn check_events(engine: &Engine, events: &[Event]) -> Result<(), String> {
    let table = engine.table();
    for event in events {
        if let Event::HandshakeEnded(record) = event
            && let HandshakeEnd::Joined(id) | HandshakeEnd::AlreadyKnown(id) = record.end
            && table.lookup(&id).is_none()
            && !events.iter().any(|event| matches!(event, Event::NodeForgotten { node, .. } if node.id == id))
        {
            return Err(format!("a handshake ended as {:?}, but the node is not there", record.end));
        }
    }
    Ok(())
}
