//! What an engine shows fits together, and stays within its bounds.

use std::collections::BTreeSet;
use std::sync::Arc;

use slotmesh_gossip::{Direction, Engine, HandshakeOrigin};
use slotmesh_table::{ClusterView, NodeView, Table};

use crate::engine::driver::Driver;

/// Handshakes that peers, and operators, may have under way; and ended ones that are kept.
const HANDSHAKES_FROM_PEERS: usize = 1024;
const HANDSHAKES_FROM_OPERATORS: usize = 8192;
const HANDSHAKES_ENDED: usize = 256;

/// Nothing grows past its documented limit.
pub(crate) fn check_bounds(driver: &Driver) {
    let engine = &driver.engine;
    let table = engine.table();
    assert!(table.len() <= Table::NODES_MAX && table.key_bound() <= Table::NODES_MAX);
    assert!(driver.links.len() <= Engine::STRANGERS_MAX + 2 * table.len());
    let count = |origin| engine.handshakes().filter(|handshake| handshake.origin == origin).count();
    assert!(count(HandshakeOrigin::Peer) <= HANDSHAKES_FROM_PEERS);
    assert!(count(HandshakeOrigin::Operator) <= HANDSHAKES_FROM_OPERATORS);
    assert!(engine.ended_handshakes().count() <= HANDSHAKES_ENDED);
    let pending = table.nodes().filter(|(_, node)| node.handshake).count();
    assert_eq!(pending, engine.handshakes().count(), "every handshake has its entry and the other way round");
}

/// Driver and engine agree on which links there are, and a node has at most one each way.
pub(crate) fn check_links(driver: &Driver) {
    let engine = &driver.engine;
    for id in driver.links.keys() {
        assert!(engine.has_link(*id), "{id:?} was given up without being closed");
    }
    let mut seen = BTreeSet::new();
    for link in engine.links() {
        assert!(seen.insert((link.node, link.direction == Direction::Outbound)), "two links one way: {link:?}");
    }
    for (key, node) in engine.table().nodes().filter(|(_, node)| node.connected) {
        let connected = key == engine.table().my_key() || seen.contains(&(*node.id(), true));
        assert!(connected, "{} is said to be connected", node.id());
    }
}

/// A picture for readers is complete, ordered, and its relations lead somewhere.
pub(crate) fn check_view(driver: &mut Driver) {
    let view = driver.engine.view(driver.now);
    if let Some(before) = driver.shown.as_ref().filter(|before| before.version == view.version) {
        check_same(before, &view);
    }
    assert_eq!(view.nodes.len(), driver.engine.table().len());
    assert!(view.nodes.is_sorted_by(|a, b| a.facts.id() < b.facts.id()), "ids are in order and distinct");
    assert_eq!(view.nodes.iter().filter(|node| view.is_me(node)).count(), 1);
    assert!(!view.me().facts.handshake && !view.me().facts.noaddr);
    for node in &view.nodes {
        assert_eq!(view.lookup(node.facts.id()).map(|found| found.key), Some(node.key));
        check_relations(&view, node);
    }
    for (_, open) in &view.open_slots {
        assert!(view.node(open.peer()).is_some(), "an open slot leads to a node that is known");
    }
    let owned: usize = view.nodes.iter().map(|node| usize::from(node.facts.slot_count())).sum();
    assert_eq!(owned, usize::from(driver.engine.table().slots_assigned()), "each slot has one owner");
    let voting = view.nodes.iter().filter(|node| node.facts.is_voting()).count();
    assert_eq!(voting, driver.engine.table().voting());
    let replica = view.me().facts.is_replica();
    assert!(replica || view.current_epoch >= view.my_epoch.as_current(), "the clock is not behind an own claim");
    driver.shown = Some(view);
}

/// Readers that look at the version only miss nothing.
fn check_same(before: &ClusterView, view: &ClusterView) {
    let facts = |view: &ClusterView| view.nodes.iter().map(|node| Arc::clone(&node.facts)).collect::<Vec<_>>();
    assert_eq!(facts(before), facts(view));
    assert_eq!(before.open_slots, view.open_slots);
    assert_eq!((before.state_ok, before.size), (view.state_ok, view.size));
    assert_eq!((before.current_epoch, before.my_epoch), (view.current_epoch, view.my_epoch));
}

fn check_relations(view: &ClusterView, node: &NodeView) {
    let facts = &node.facts;
    assert_eq!(facts.slots().len(), facts.slot_count());
    if let Some(primary) = facts.primary_key() {
        let primary = view.node(primary).expect("the primary of a replica is known");
        assert!(primary.facts.replicas().contains(&node.key), "a primary knows its replicas");
    }
    let replica_of = |key| view.node(key).and_then(|replica| replica.facts.primary_key());
    assert!(facts.replicas().iter().all(|key| replica_of(*key) == Some(node.key)), "replicas know their primary");
    let ids: Vec<_> = facts.replicas().iter().filter_map(|key| Some(*view.node(*key)?.facts.id())).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "replicas are in order and distinct");
}

/// The owner of each slot has it in its set.
pub(crate) fn check_owners(driver: &Driver) {
    let table = driver.engine.table();
    for (key, node) in table.nodes() {
        for slot in node.slots().iter() {
            assert_eq!(table.owner(slot), Some(key), "slot {slot}");
        }
    }
}
