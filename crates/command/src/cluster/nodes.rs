//! CLUSTER NODES and the lines of CLUSTER REPLICAS.

use std::fmt::Write;

use slotmesh_table::{ClusterView, Health, NodeView, OpenSlot, Role};

use super::audience::Audience;

/// The text of CLUSTER NODES: a line for each node, ordered by id, each ended by a line feed.
#[must_use]
pub fn nodes(view: &ClusterView, audience: Audience) -> String {
    let mut text = String::with_capacity(view.nodes.len() * 130);
    for node in &view.nodes {
        write_line(&mut text, view, node, audience);
        text.push('\n');
    }
    text
}

/// One line of it, without a line feed.
#[must_use]
pub fn node_line(view: &ClusterView, node: &NodeView, audience: Audience) -> String {
    let mut text = String::with_capacity(160);
    write_line(&mut text, view, node, audience);
    text
}

const NEVER_FAILS: &str = "writing to a string does not fail";

fn write_line(text: &mut String, view: &ClusterView, node: &NodeView, audience: Audience) {
    let facts = &node.facts;
    let (ip, port, bus_port) = (audience.ip(node), audience.port(node), facts.address.bus_port);
    write!(text, "{} {ip}:{port}@{bus_port}", facts.id()).expect(NEVER_FAILS);
    if !facts.announcements.hostname.is_none() {
        write!(text, ",{}", facts.announcements.hostname).expect(NEVER_FAILS);
    }
    text.push(' ');
    write_flags(text, view, node);
    match facts.primary_key().and_then(|key| view.node(key)) {
        Some(primary) => write!(text, " {}", primary.facts.id()).expect(NEVER_FAILS),
        None => text.push_str(" -"),
    }
    let me = view.is_me(node);
    let link = if me || facts.connected { "connected" } else { "disconnected" };
    let (ping, pong) = if me { (0, 0) } else { (node.ping_sent.0, node.pong_received.0) };
    write!(text, " {ping} {pong} {} {link}", view.epoch_of(node)).expect(NEVER_FAILS);
    for range in facts.slots().ranges() {
        write!(text, " {range}").expect(NEVER_FAILS);
    }
    if me {
        write_open_slots(text, view);
    }
}

fn write_flags(text: &mut String, view: &ClusterView, node: &NodeView) {
    let facts = &node.facts;
    let words = [
        (view.is_me(node), "myself"),
        (facts.role() == Role::Primary, "master"),
        (facts.is_replica(), "slave"),
        (facts.health == Health::Pfail, "fail?"),
        (facts.health == Health::Fail, "fail"),
        (facts.handshake, "handshake"),
        (facts.noaddr, "noaddr"),
        (facts.no_failover, "nofailover"),
    ];
    let mut separator = "";
    for (_, word) in words.iter().filter(|(on, _)| *on) {
        text.push_str(separator);
        text.push_str(word);
        separator = ",";
    }
    if separator.is_empty() {
        text.push_str("noflags");
    }
}

fn write_open_slots(text: &mut String, view: &ClusterView) {
    for (slot, open) in &view.open_slots {
        let arrow = match open {
            OpenSlot::Migrating(_) => "->-",
            OpenSlot::Importing(_) => "-<-",
        };
        if let Some(peer) = view.node(open.peer()) {
            write!(text, " [{slot}{arrow}{}]", peer.facts.id()).expect(NEVER_FAILS);
        }
    }
}
