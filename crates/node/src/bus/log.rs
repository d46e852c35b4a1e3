//! What happened, as log lines. The words are those of real servers where the event is theirs, since tools and tests
//! wait for them.

use slotmesh_gossip::{Event, HandshakeEnd};
use tracing::{debug, info, trace, warn};

pub(crate) fn event(event: &Event) {
    match event {
        Event::HandshakeStarted(handshake) => debug!(
            "Handshake started with {}:{} (bus port {})",
            handshake.address.host, handshake.address.port, handshake.address.bus_port
        ),
        Event::HandshakeEnded(record) => handshake_ended(record),
        Event::MeetConfirmed(node) => info!("Successfully completed handshake with {node}"),
        Event::MeetRefused { from, reason } => warn!("MEET from {from} refused: {reason}"),
        Event::NodeLearned { node, from } => debug!("Node {node} learned from {from}"),
        Event::NodeForgotten { node, by: Some(by) } => info!("Node {node} removed: forgotten by {by}"),
        Event::NodeForgotten { node, by: None } => info!("Cluster forget {node} (user request)"),
        Event::ForgottenByCluster(from) => {
            warn!("This node was forgotten by the cluster, says {from}; not knocking there");
        }
        Event::LinkUp(node) => trace!("Link to {node} is up"),
        Event::LinkDown(node) => debug!("Connection with Node {node} was lost"),
        Event::ConnectFailed { node, error } => debug!("Connection with Node {node} failed: {error}"),
        Event::LinkOverLimit { node, queued } => {
            warn!("Freeing outbound cluster link to node {node}: {queued} bytes wait on it");
        }
        Event::OwnAddress(host) => info!("IP address for this node updated to {host}"),
        Event::AddressUpdated { node, address } => {
            info!("Address updated for node {node}, now {}:{}", address.host, address.port);
        }
        Event::TooManyNodes => warn!("Gossip about new nodes ignored: too many nodes"),
        Event::Reset { id, hard: true } => info!("Node hard reset, now I'm {id}"),
        Event::Reset { id, hard: false } => info!("Node soft reset, I'm still {id}"),
        other => health_or_slots(other),
    }
}

fn handshake_ended(record: &slotmesh_gossip::HandshakeRecord) {
    let address = &record.handshake.address;
    match record.end {
        HandshakeEnd::Joined(id) => debug!("Handshake with node {id} completed."),
        HandshakeEnd::TimedOut | HandshakeEnd::Unreachable(_) => {
            warn!("Clusterbus handshake timeout {}:{}: {}", address.host, address.bus_port, record.end);
        }
        end => info!("Handshake with {}:{} ended: {end}", address.host, address.bus_port),
    }
}

fn health_or_slots(event: &Event) {
    match event {
        Event::PossiblyFailing(node) => info!("NODE {node} possibly failing."),
        Event::FailureReported { node, by } => info!("Node {by} reported node {node} as not reachable."),
        Event::FailureWithdrawn { node, by } => info!("Node {by} reported node {node} is back online."),
        Event::MarkedFail(node) => info!("Marking node {node} as failing (quorum reached)."),
        Event::FailReceived { node, from } => info!("FAIL message received from {from} about {node}"),
        Event::FailCleared { node, voting, replica } => {
            let what = match (replica, voting) {
                (true, _) => "replica",
                (false, false) => "primary without slots",
                (false, true) => "is reachable again and nobody is serving its slots after some time",
            };
            if *voting {
                info!("Clear FAIL state for node {node}: {what}.");
            } else {
                info!("Clear FAIL state for node {node}: {what} is reachable again.");
            }
        }
        Event::IdMismatch { expected } => info!("PONG contains mismatching sender ID. Expected node {expected}"),
        Event::EpochCollision { node, epoch } => {
            info!("configEpoch collision with node {node}. configEpoch set to {epoch}");
        }
        Event::BecamePrimary(node) => info!("Node {node} is no longer a replica, it is a primary now"),
        Event::BecameReplica { node, primary: Some(primary), shard } => {
            info!("Node {node} is now a replica of node {primary} in shard {shard}");
        }
        Event::BecameReplica { node, primary: None, .. } => info!("Node {node} is now a replica"),
        Event::UpdateSent { to, about } => {
            info!("Node {to} has old slots configuration, sending an UPDATE message about {about}");
        }
        Event::SlotsLost { count, to } => warn!("{count} slots of this node are now served by {to}"),
        Event::StateReason { minority: true } => info!("Cluster is currently down: I am part of a minority partition."),
        Event::StateReason { minority: false } => info!(
            "Cluster is currently down: At least one hash slot is not served by any available node. \
             Please check the 'cluster-require-full-coverage' configuration."
        ),
        Event::StateChanged { ok: true } => info!("Cluster state changed: ok"),
        Event::StateChanged { ok: false } => warn!("Cluster state changed: fail"),
        Event::InvalidGossip { from, count } => warn!("Node {from} gossiped {count} nodes with invalid IDs."),
        Event::BadAnnouncement { from, what } => {
            warn!("Node {from} announces a {what} that no nodes.conf can carry; taken as none");
        }
        Event::PacketDropped { link, reason } => debug!("Packet on link {} ignored: {reason}", link.0),
        Event::StrangerIgnored { from, kind } => debug!("Ignoring {kind} message from unknown node at {from}"),
        _ => {}
    }
}
