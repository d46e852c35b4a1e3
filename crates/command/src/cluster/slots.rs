//! CLUSTER SLOTS.

use slotmesh_resp::ReplyWriter;
use slotmesh_table::{ClusterView, Health, NodeView};
use slotmesh_types::{ReplOffset, SlotRange};

use super::audience::{Audience, Endpoint, EndpointType};

/// Writes the reply of CLUSTER SLOTS: for each run of slots its bounds, its primary, and the replicas that can serve.
pub fn slots(view: &ClusterView, audience: Audience, reply: &mut ReplyWriter<'_>) {
    let mut ranges: Vec<(SlotRange, &NodeView)> =
        view.nodes.iter().flat_map(|node| node.facts.slots().ranges().map(move |range| (range, node))).collect();
    ranges.sort_unstable_by_key(|(range, _)| range.first());
    reply.array(ranges.len());
    for (range, owner) in ranges {
        let replicas = owner.facts.replicas().iter().filter_map(|key| view.node(*key));
        let serving: Vec<_> = replicas.filter(|replica| can_serve(replica)).collect();
        reply.array(3 + serving.len());
        reply.integer(i64::from(range.first().get()));
        reply.integer(i64::from(range.last().get()));
        write_node(owner, audience, reply);
        for replica in serving {
            write_node(replica, audience, reply);
        }
    }
}

fn can_serve(replica: &NodeView) -> bool {
    replica.facts.health != Health::Fail && replica.offset != ReplOffset(0)
}

fn write_node(node: &NodeView, audience: Audience, reply: &mut ReplyWriter<'_>) {
    reply.array(4);
    match audience.endpoint(node) {
        Endpoint::Known(host) => reply.bulk(host.as_bytes()),
        Endpoint::Same => reply.null(),
    }
    reply.integer(i64::from(audience.port(node)));
    reply.bulk(node.facts.id().as_bytes());
    let announced = &node.facts.announcements;
    let show_ip = audience.endpoint_type != EndpointType::Ip;
    let show_hostname = audience.endpoint_type != EndpointType::Hostname;
    let metadata: Vec<(&str, &str)> = [
        ("ip", if show_ip { audience.ip(node) } else { "" }),
        ("hostname", if show_hostname { announced.hostname.as_str() } else { "" }),
        ("availability-zone", announced.zone.as_str()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect();
    reply.map(metadata.len());
    for (name, value) in metadata {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
}
