//! A view for programs.

use serde_json::{Value, json};
use slotmesh_types::SlotRange;

use super::{Entry, Role, View};

/// Everything that one node says.
pub(crate) fn view_json(view: &View) -> Value {
    let open_slot = |open: &super::OpenSlot| {
        json!({
            "slot": open.slot.get(),
            "direction": if open.importing { "importing" } else { "migrating" },
            "peer": open.peer.as_str(),
        })
    };
    json!({
        "asked": view.asked.to_string(),
        "id": view.me.as_str(),
        "state": if view.state_ok { "ok" } else { "fail" },
        "current_epoch": view.current_epoch.0,
        "software": view.software.name,
        "version": view.software.version,
        "cluster_name": view.cluster_name,
        "open_slots": view.open_slots.iter().map(open_slot).collect::<Vec<_>>(),
        "nodes": view.entries.iter().map(|entry| entry_json(view, entry)).collect::<Vec<_>>(),
    })
}

fn entry_json(view: &View, entry: &Entry) -> Value {
    let primary = match entry.role {
        Role::Replica(Some(primary)) => Value::from(primary.as_str()),
        _ => Value::Null,
    };
    json!({
        "id": entry.id.as_str(),
        "host": entry.place.host,
        "port": entry.place.port,
        "bus_port": entry.place.bus_port,
        "hostname": entry.hostname,
        "myself": entry.id == view.me,
        "role": entry.role.to_string(),
        "primary": primary,
        "health": entry.health.to_string(),
        "handshake": entry.handshake,
        "no_address": entry.no_address,
        "connected": entry.connected,
        "config_epoch": entry.config_epoch.0,
        "slots": entry.slots.iter().map(range_json).collect::<Vec<_>>(),
    })
}

/// `[first, last]`.
pub(crate) fn range_json(range: &SlotRange) -> Value {
    json!([range.first().get(), range.last().get()])
}
