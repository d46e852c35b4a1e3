//! What CLUSTER tells of the cluster and of this node.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_resp::ReplyWriter;
use slotmesh_table::ClusterView;
use slotmesh_types::NodeId;

use super::{known_id, unknown_node};
use crate::call::{Call, Handled};
use crate::cluster;
use crate::error_reply::ErrorReply;
use crate::outcome::{LinkInfo, Outcome, Question, Show};
use crate::output::Output;
use crate::rendered::Topic;
use crate::server::Server;
use crate::session::Session;

/// Replies that hold times are rendered from a view no older than this: whoever finds an older one asks for another
/// ([`Question::View`]).
pub const VIEW_AGE_MAX: Duration = Duration::from_millis(100);

pub(crate) fn nodes(call: &mut Call<'_>) -> Handled {
    show_or_refresh(call, Show::Nodes)
}

pub(crate) fn info(call: &mut Call<'_>) -> Handled {
    show_or_refresh(call, Show::Info)
}

pub(crate) fn shards(call: &mut Call<'_>) -> Handled {
    show_or_refresh(call, Show::Shards)
}

pub(crate) fn replicas(call: &mut Call<'_>) -> Handled {
    let primary = known_id(call, call.args[2])?;
    show_or_refresh(call, Show::Replicas(primary))
}

fn show_or_refresh(call: &mut Call<'_>, what: Show) -> Handled {
    let view = call.server.view();
    if call.now.mono.since(view.taken.mono) > VIEW_AGE_MAX {
        return Ok(Outcome::Ask(Question::View(what)));
    }
    show(call.server, call.session, &view, what, call.out)?;
    Ok(Outcome::Continue)
}

/// Writes what is to be shown of a fresh view.
pub(crate) fn show(
    server: &Server,
    session: &Session,
    view: &Arc<ClusterView>,
    what: Show,
    out: &mut Output,
) -> Result<(), ErrorReply> {
    let topic = match what {
        Show::Nodes => Topic::Nodes,
        Show::Shards => Topic::Shards,
        Show::Info => {
            ReplyWriter::new(out.own(), session.protocol()).verbatim("txt", cluster::info(view).as_bytes());
            return Ok(());
        }
        Show::Replicas(primary) => return write_replicas(server, session, view, &primary, out),
    };
    let reply = server.rendered.reply(topic, view, server.audience(session.family()), session.protocol());
    out.share(&reply);
    Ok(())
}

fn write_replicas(
    server: &Server,
    session: &Session,
    view: &ClusterView,
    primary: &NodeId,
    out: &mut Output,
) -> Result<(), ErrorReply> {
    let node = view.lookup(primary).ok_or_else(|| unknown_node(primary.to_string().as_bytes()))?;
    if node.facts.is_replica() {
        return Err(ErrorReply::err("The specified node is not a master"));
    }
    let audience = server.audience(session.family());
    let mut reply = ReplyWriter::new(out.own(), session.protocol());
    let replicas = node.facts.replicas().iter().filter_map(|key| view.node(*key));
    let lines: Vec<String> = replicas.map(|replica| cluster::node_line(view, replica, audience)).collect();
    reply.array(lines.len());
    lines.iter().for_each(|line| reply.bulk(line.as_bytes()));
    Ok(())
}

pub(crate) fn slots(call: &mut Call<'_>) -> Handled {
    let view = call.server.view();
    let audience = call.server.audience(call.session.family());
    let reply = call.server.rendered.reply(Topic::Slots, &view, audience, call.session.protocol());
    call.out.share(&reply);
    Ok(Outcome::Continue)
}

pub(crate) fn myid(call: &mut Call<'_>) -> Handled {
    let id = call.server.view().me().facts.id().to_string();
    call.reply().bulk(id.as_bytes());
    Ok(Outcome::Continue)
}

pub(crate) fn myshardid(call: &mut Call<'_>) -> Handled {
    let shard = call.server.view().me().facts.shard.to_string();
    call.reply().bulk(shard.as_bytes());
    Ok(Outcome::Continue)
}

pub(crate) fn links(_call: &mut Call<'_>) -> Handled {
    Ok(Outcome::Ask(Question::Links))
}

/// The reply of CLUSTER LINKS.
pub(crate) fn write_links(links: &[LinkInfo], reply: &mut ReplyWriter<'_>) {
    reply.array(links.len());
    for link in links {
        reply.map(6);
        let direction = if link.inbound { "from" } else { "to" };
        reply.bulk(b"direction");
        reply.bulk(direction.as_bytes());
        reply.bulk(b"node");
        reply.bulk(link.node.to_string().as_bytes());
        reply.bulk(b"create-time");
        reply.integer(i64::try_from(link.created.0).unwrap_or(i64::MAX));
        reply.bulk(b"events");
        reply.bulk(if link.writing { b"rw" } else { b"r" });
        for (name, value) in
            [("send-buffer-allocated", link.send_buffer_allocated), ("send-buffer-used", link.send_buffer_used)]
        {
            reply.bulk(name.as_bytes());
            reply.integer(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
}
