//! Whose data a node copies, and who copies its data. So far nobody does: a replica of slotmesh has a place in the
//! cluster and no data, and tells that its link to the primary is down.

use slotmesh_table::{ClusterView, NodeView};

use crate::call::{Call, Handled, is_word};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(crate) fn replicaof(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err("REPLICAOF not allowed in cluster mode."))
}

pub(crate) fn failover(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err("FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead."))
}

/// A real replica that is told this tries again once a second.
pub(crate) fn psync(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::not_yet("replication"))
}

/// What a replica tells of itself before it asks for the data.
pub(crate) fn replconf(call: &mut Call<'_>) -> Handled {
    let words = &call.args[1..];
    if !words.len().is_multiple_of(2) {
        return Err(ErrorReply::syntax());
    }
    for pair in words.chunks_exact(2) {
        let (option, value) = (pair[0], pair[1]);
        if ["listening-port", "rdb-only", "rdb-channel"].iter().any(|known| is_word(option, known)) {
            numbers::integer(value)?;
        } else if ["ack", "getack"].iter().any(|known| is_word(option, known)) {
            // Between a replica and its primary these need no answer, and nobody else gets one.
            return Ok(Outcome::Continue);
        } else if !["ip-address", "capa", "version"].iter().any(|known| is_word(option, known)) {
            return Err(ErrorReply::echo(&[b"Unrecognized REPLCONF option: ", option]));
        }
    }
    call.ok()
}

pub(crate) fn role(call: &mut Call<'_>) -> Handled {
    let view = call.server.view();
    let offset = i64::try_from(view.me().offset.0).unwrap_or(i64::MAX);
    let mut reply = call.reply();
    if !view.me().facts.is_replica() {
        reply.array(3);
        reply.bulk(b"master");
        reply.integer(offset);
        reply.array(0);
        return Ok(Outcome::Continue);
    }
    let primary = primary_of(&view);
    reply.array(5);
    reply.bulk(b"slave");
    reply.bulk(primary.map_or("", |primary| primary.facts.address.host.as_str()).as_bytes());
    reply.integer(i64::from(primary.map_or(0, |primary| primary.facts.address.port)));
    reply.bulk(b"connect");
    reply.integer(-1);
    Ok(Outcome::Continue)
}

/// The primary of this node, if it is a replica of a known one.
pub(crate) fn primary_of(view: &ClusterView) -> Option<&NodeView> {
    view.me().facts.primary_key().and_then(|key| view.node(key))
}
