//! CLUSTER SHARDS.

use std::collections::BTreeMap;

use slotmesh_resp::ReplyWriter;
use slotmesh_table::{ClusterView, Health, NodeView};
use slotmesh_types::{ReplOffset, ShardId};

use super::audience::{Audience, Endpoint};

/// Writes the reply of CLUSTER SHARDS: each shard with its slots and nodes, ordered by shard id.
pub fn shards(view: &ClusterView, audience: Audience, reply: &mut ReplyWriter<'_>) {
    let mut shards: BTreeMap<ShardId, Vec<&NodeView>> = BTreeMap::new();
    for node in view.nodes.iter().filter(|node| !node.facts.handshake) {
        shards.entry(node.facts.shard).or_default().push(node);
    }
    reply.array(shards.len());
    for (id, nodes) in shards {
        reply.map(3);
        reply.bulk(b"slots");
        let owner = nodes.iter().find(|node| node.facts.is_voting());
        let ranges: Vec<_> = owner.into_iter().flat_map(|owner| owner.facts.slots().ranges()).collect();
        reply.array(ranges.len() * 2);
        for range in ranges {
            reply.integer(i64::from(range.first().get()));
            reply.integer(i64::from(range.last().get()));
        }
        reply.bulk(b"nodes");
        reply.array(nodes.len());
        for node in nodes {
            write_node(node, audience, reply);
        }
        reply.bulk(b"id");
        reply.bulk(id.as_bytes());
    }
}

fn optional_text(text: &str) -> Option<Field<'_>> {
    (!text.is_empty()).then_some(Field::Text(text))
}

enum Field<'a> {
    Text(&'a str),
    Number(i64),
}

fn write_node(node: &NodeView, audience: Audience, reply: &mut ReplyWriter<'_>) {
    let facts = &node.facts;
    let endpoint = match audience.endpoint(node) {
        Endpoint::Known(host) => host,
        Endpoint::Same => "",
    };
    let loading = facts.is_replica() && node.offset == ReplOffset(0);
    let health = match facts.health {
        Health::Fail => "fail",
        _ if loading => "loading",
        _ => "online",
    };
    let optional_port = |port: u16| (port != 0).then_some(Field::Number(i64::from(port)));
    let fields = [
        ("id", Some(Field::Text(facts.id().as_str()))),
        ("port", optional_port(audience.tcp_port(node))),
        ("tls-port", optional_port(audience.tls_port(node))),
        ("ip", Some(Field::Text(audience.ip(node)))),
        ("endpoint", Some(Field::Text(endpoint))),
        ("hostname", optional_text(facts.announcements.hostname.as_str())),
        ("role", Some(Field::Text(if facts.is_replica() { "replica" } else { "master" }))),
        ("replication-offset", Some(Field::Number(i64::try_from(node.offset.0).unwrap_or(i64::MAX)))),
        ("health", Some(Field::Text(health))),
        ("availability-zone", optional_text(facts.announcements.zone.as_str())),
    ];
    let present: Vec<_> = fields.into_iter().filter_map(|(name, field)| Some((name, field?))).collect();
    reply.map(present.len());
    for (name, field) in present {
        reply.bulk(name.as_bytes());
        match field {
            Field::Text(text) => reply.bulk(text.as_bytes()),
            Field::Number(number) => reply.integer(number),
        }
    }
}
