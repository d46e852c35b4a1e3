//! CLUSTER.

mod epochs;
mod keys;
mod membership;
mod migrations;
mod slot_stats;
mod slots;
mod topology;

use slotmesh_types::NodeId;

use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;

pub(crate) use epochs::{bumpepoch, set_config_epoch};
pub(crate) use keys::{countkeysinslot, flushslot, getkeysinslot, keyslot};
pub(crate) use membership::{count_failure_reports, failover, forget, meet, replicate, reset, saveconfig};
pub(crate) use migrations::{cancelslotmigrations, getslotmigrations, migrateslots, syncslots};
pub(crate) use slot_stats::slot_stats;
pub(super) use slots::parse_slot;
pub(crate) use slots::{addslots, addslotsrange, delslots, delslotsrange, flushslots, setslot};
pub use topology::VIEW_AGE_MAX;
pub(crate) use topology::{info, links, myid, myshardid, nodes, replicas, shards, show, slots, write_links};

fn unsupported(call: &mut Call<'_>) -> Handled {
    let name = call.command.full_name.replace('|', " ").to_ascii_uppercase();
    Err(ErrorReply::not_yet(&name))
}

pub(super) fn known_id(call: &Call<'_>, argument: &[u8]) -> Result<NodeId, ErrorReply> {
    let id = parse_id(argument)?;
    call.server.view().lookup(&id).map(|_| id).ok_or_else(|| unknown_node(argument))
}

fn parse_id(argument: &[u8]) -> Result<NodeId, ErrorReply> {
    NodeId::try_from(argument).map_err(|_| unknown_node(argument))
}

/// The reply about a node that nobody of that name is.
fn unknown_node(argument: &[u8]) -> ErrorReply {
    ErrorReply::echo(&[b"Unknown node ", argument])
}
