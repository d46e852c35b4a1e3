//! A table holds each id once, and this node only as itself.

use std::collections::BTreeSet;

use slotmesh_gossip::Engine;

pub(super) fn check(engine: &Engine) -> Result<(), String> {
    let table = engine.table();
    let me = *table.me().id();
    let mut ids = BTreeSet::new();
    for (key, node) in table.nodes() {
        if !ids.insert(*node.id()) {
            return Err(format!("two entries with the id {}", node.id()));
        }
        if *node.id() == me && key != table.my_key() {
            return Err("lists itself as a peer".to_owned());
        }
        if table.lookup(node.id()) != Some(key) {
            return Err(format!("the entry of {} is not found by its id", node.id()));
        }
    }
    if table.me().handshake { Err("is in handshake with itself".to_owned()) } else { Ok(()) }
}
