//! What happened, as log lines. The words are those of real servers where the event is theirs, since tools and tests
//! wait for them.

use slotmesh_gossip::{Event, HandshakeEnd, HandshakeOrigin, LeaveEnd};
use slotmesh_table::Health;
use tracing::{debug, info, trace, warn};

pub(crate) fn event(event: &Event) {
    match event {
        Event::HandshakeStarted(handshake) => debug!(
            "Handshake started with {}:{} (bus port {}), because of {}",
            handshake.address.host, handshake.address.port, handshake.address.bus_port, handshake.origin
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
        Event::SeedKnown { .. } | Event::SeedUnknown { .. } | Event::SeedUnreachable { .. } => seed(event),
        Event::LeaveEnded(LeaveEnd::Left) => info!("This node has left its cluster"),
        Event::LeaveEnded(LeaveEnd::NoAnswer) => warn!("This node could not leave its cluster: no member answered"),
        Event::LinkUp(node) => trace!("Link to {node} is up"),
        Event::LinkDown(node) => debug!("Connection with Node {node} was lost"),
        Event::ConnectFailed { node, error } => debug!("Connection with Node {node} failed: {error}"),
        Event::LinkOverLimit { node, queued } => {
            warn!("Freeing outbound cluster link to node {node}: {queued} bytes wait on it");
        }
        Event::MessagesMissed { node, queued } => {
            warn!("Published messages are not sent to node {node} for now: {queued} bytes wait for it");
        }
        Event::OwnAddress(host) => info!("IP address for this node updated to {host}"),
        Event::AddressUpdated { node, address } => {
            info!("Address updated for node {node}, now {}:{}", address.host, address.port);
        }
        Event::TooManyNodes { from, count } => {
            warn!("Gossip of node {from} about {count} new nodes ignored: too many nodes");
        }
        Event::Reset { id, hard: true } => info!("Node hard reset, now I'm {id}"),
        Event::Reset { id, hard: false } => info!("Node soft reset, I'm still {id}"),
        Event::Following { .. }
        | Event::SubReplica { .. }
        | Event::Migrating { .. }
        | Event::ElectionScheduled { .. }
        | Event::ElectionStarted { .. }
        | Event::ElectionWon { .. }
        | Event::FailoverBlocked(_)
        | Event::VoteGranted { .. }
        | Event::VoteDenied { .. }
        | Event::HandoverRequested { .. }
        | Event::TakingOver
        | Event::HandoverStarted { .. }
        | Event::HandoverReady { .. }
        | Event::HandoverTimedOut => failover(event),
        other => own_change(other),
    }
}

/// What an operator changed on this node.
fn own_change(event: &Event) {
    match event {
        Event::EpochTaken(epoch) => info!("New configEpoch set to {epoch}"),
        Event::EpochSet(epoch) => info!("configEpoch set to {epoch} via CLUSTER SET-CONFIG-EPOCH"),
        Event::EpochAfterImport(slot) => info!("ConfigEpoch updated after importing slot {slot}"),
        Event::SlotMigrating { slot, to } => info!("Migrating slot {slot} to node {to}"),
        Event::SlotImporting { slot, from } => info!("Importing slot {slot} from node {from}"),
        Event::SlotStable(slot) => info!("Marking slot {slot} stable"),
        Event::SlotAssigned { slot, to, shard } => info!("Assigning slot {slot} to node {to} in shard {shard}"),
        Event::LastSlotLost { to, shard } => {
            info!(
                "Lost my last slot during slot migration. Reconfiguring myself as a replica of {to} in shard {shard}"
            );
        }
        other => health_or_slots(other),
    }
}

/// What was found at seeds.
fn seed(event: &Event) {
    match event {
        Event::SeedKnown { node, address } => {
            info!("Seed {}:{} is where node {node} is now", address.host, address.bus_port);
        }
        Event::SeedUnknown { host, bus_port, id: Some(id) } => {
            warn!("Seed {host}:{bus_port} is node {id}, which this node does not know; not joining its cluster");
        }
        Event::SeedUnknown { host, bus_port, id: None } => {
            warn!("Seed {host}:{bus_port} answered without a node id; ignored");
        }
        Event::SeedUnreachable { host, bus_port, error } => {
            debug!("Seed {host}:{bus_port} can't be connected to: {error}");
        }
        other => debug!("{other:?}"),
    }
}

fn handshake_ended(record: &slotmesh_gossip::HandshakeRecord) {
    let address = &record.handshake.address;
    match record.end {
        HandshakeEnd::TimedOut | HandshakeEnd::Unreachable(_) | HandshakeEnd::Refused
            if record.handshake.origin == HandshakeOrigin::Seed =>
        {
            info!("Seed {}:{}: {}", address.host, address.bus_port, record.end);
        }
        end if record.handshake.origin == HandshakeOrigin::Seed => {
            info!("Handshake with seed {}:{} ended: {end}", address.host, address.bus_port);
        }
        HandshakeEnd::Joined(id) => debug!("Handshake with node {id} completed."),
        HandshakeEnd::TimedOut | HandshakeEnd::Unreachable(_) | HandshakeEnd::Refused => {
            warn!("Clusterbus handshake timeout {}:{}: {}", address.host, address.bus_port, record.end);
        }
        end => info!("Handshake with {}:{} ended: {end}", address.host, address.bus_port),
    }
}

/// Failovers, this node's own and others'.
fn failover(event: &Event) {
    match event {
        Event::Following { primary, .. } => {
            info!("Configuration change detected. Reconfiguring myself as a replica of {primary}");
        }
        Event::SubReplica { from, to } => {
            info!("I'm a sub-replica! Reconfiguring myself from {from} to {to}");
        }
        Event::Migrating { to } => info!("Migrating to orphaned primary {to}"),
        Event::ElectionScheduled { delay, rank, failed_rank, offset } => info!(
            "Start of election delayed for {} milliseconds (rank #{rank}, primary rank #{failed_rank}, offset {offset}).",
            delay.as_millis()
        ),
        Event::ElectionStarted { epoch } => info!("Starting a failover election for epoch {epoch}."),
        Event::ElectionWon { epoch } => {
            info!("Failover election won: I'm the new primary.");
            info!("configEpoch set to {epoch} after successful failover");
        }
        Event::FailoverBlocked(block) => info!("Currently unable to failover: {block}"),
        Event::VoteGranted { node, epoch } => info!("Failover auth granted to {node} for epoch {epoch}"),
        Event::VoteDenied { node, epoch, reason } => {
            info!("Failover auth denied to {node} for epoch {epoch}: {reason}");
        }
        Event::HandoverRequested { forced: true } => info!("Forced failover user request accepted."),
        Event::HandoverRequested { forced: false } => info!("Manual failover user request accepted."),
        Event::TakingOver => info!("Taking over the primary (user request)."),
        Event::HandoverStarted { to } => info!("Manual failover requested by replica {to}."),
        Event::HandoverReady { offset } => {
            info!("All primary replication stream processed (offset {offset}), manual failover can start.");
        }
        Event::HandoverTimedOut => warn!("Manual failover timed out."),
        other => debug!("{other:?}"),
    }
}

fn health_or_slots(event: &Event) {
    match event {
        Event::Judged(why) if why.health == Health::Fail => info!("Node {} is failing: {why}", why.node),
        Event::Judged(why) => info!("Node {} is suspected: {why}", why.node),
        Event::Gone { node, refusals, denied, after } => info!(
            "NODE {node} is gone: its link ended, {refusals} attempts to connect failed within {} ms{}",
            after.as_millis(),
            if *denied { ", and others fare the same" } else { "" }
        ),
        Event::PossiblyFailing(node) => info!("NODE {node} possibly failing."),
        Event::SuspicionCleared(node) => info!("NODE {node} has answered and is not possibly failing any more."),
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
