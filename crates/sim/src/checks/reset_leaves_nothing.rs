//! RESET leaves nobody and no slot; a hard one leaves nothing at all.

use slotmesh_gossip::Engine;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, NodeId};

pub(crate) fn check(engine: &Engine, before: NodeId, hard: bool) -> Result<(), String> {
    let table = engine.table();
    let left = [
        (table.len() != 1, "nodes"),
        (table.slots_assigned() != 0 || table.me().slot_count() != 0, "slots"),
        (table.open_slots().next().is_some(), "open slots"),
        (engine.handshakes().next().is_some(), "handshakes"),
        (!engine.links().is_empty(), "links"),
        (!table.me().is_primary(), "a role"),
        (hard && *table.me().id() == before, "the old name"),
        (hard && table.current_epoch != CurrentEpoch(0), "the current epoch"),
        (hard && table.last_vote_epoch != CurrentEpoch(0), "a vote"),
        (hard && table.me().config_epoch != ConfigEpoch(0), "the config epoch"),
    ];
    left.iter().find(|(is_left, _)| *is_left).map_or(Ok(()), |(_, what)| Err(format!("a reset left {what}")))
}
