//! What a node holds is bounded by who is there, not by how often things go wrong.

use slotmesh_gossip::Engine;
use slotmesh_table::Table;

/// Identities that a node of a world can have: its names after resets, and handshakes under way with it.
const NAMES_MAX: usize = 40;

pub(super) fn check(engine: &Engine, world: usize) -> Result<(), String> {
    let nodes = engine.table().len();
    if nodes > (NAMES_MAX * world).min(Table::NODES_MAX) {
        return Err(format!("{nodes} nodes in the table"));
    }
    let links = engine.links().len();
    if links > 2 * nodes {
        return Err(format!("{links} links to {nodes} nodes"));
    }
    let ended = engine.ended_handshakes().count();
    if ended > 256 { Err(format!("{ended} ended handshakes kept")) } else { Ok(()) }
}
