//! Handshakes and links, as the admin API shows them.

use std::collections::BTreeMap;

use slotmesh_admin::{PeerFigures, address, duration, milliseconds, proto, timestamp};
use slotmesh_gossip::{Direction, Handshake, HandshakeEnd, HandshakeOrigin, HandshakeRecord, LinkInfo};
use slotmesh_types::{NodeId, Now};

use crate::bus::Diagnosis;

/// A handshake under way.
pub(crate) fn handshake(handshake: &Handshake, now: Now) -> proto::Handshake {
    let origin = if handshake.origin == HandshakeOrigin::Operator {
        proto::HandshakeOrigin::Operator
    } else if handshake.origin == HandshakeOrigin::Peer {
        proto::HandshakeOrigin::Peer
    } else {
        proto::HandshakeOrigin::Node
    };
    proto::Handshake {
        id: handshake.id.0,
        origin: origin.into(),
        address: Some(address(&handshake.address)),
        started: timestamp(now.to_unix(handshake.started)),
        deadline: timestamp(now.to_unix(handshake.deadline)),
        attempts: handshake.attempts,
        last_error: handshake.last_error.map(|error| error.to_string()).unwrap_or_default(),
        outcome: proto::MeetOutcome::UnderWay.into(),
        ended: None,
        node_id: String::new(),
    }
}

/// A handshake that has ended.
pub(crate) fn ended_handshake(record: &HandshakeRecord, now: Now) -> proto::Handshake {
    let (outcome, peer) = outcome(record.end);
    proto::Handshake {
        outcome: outcome.into(),
        ended: timestamp(now.to_unix(record.ended)),
        node_id: peer.map(|peer| peer.to_string()).unwrap_or_default(),
        ..handshake(&record.handshake, now)
    }
}

/// How it ended, and with whom.
pub(crate) fn outcome(end: HandshakeEnd) -> (proto::MeetOutcome, Option<NodeId>) {
    use proto::MeetOutcome;
    match end {
        HandshakeEnd::Joined(id) => (MeetOutcome::Joined, Some(id)),
        HandshakeEnd::AlreadyKnown(id) => (MeetOutcome::AlreadyKnown, Some(id)),
        HandshakeEnd::Itself => (MeetOutcome::Itself, None),
        HandshakeEnd::OtherCluster => (MeetOutcome::OtherCluster, None),
        HandshakeEnd::NotABus => (MeetOutcome::NotABus, None),
        HandshakeEnd::Refused => (MeetOutcome::Refused, None),
        HandshakeEnd::Unreachable(_) => (MeetOutcome::Unreachable, None),
        HandshakeEnd::TimedOut => (MeetOutcome::TimedOut, None),
        HandshakeEnd::Cancelled => (MeetOutcome::Cancelled, None),
    }
}

/// Every peer that has a link or has answered a ping, ordered by id.
pub(crate) fn peers(diagnosis: &Diagnosis) -> Vec<PeerFigures> {
    let mut peers: BTreeMap<NodeId, PeerFigures> = BTreeMap::new();
    let entry = |id: NodeId| PeerFigures {
        node: id,
        links: proto::PeerLinks { node_id: id.to_string(), ..proto::PeerLinks::default() },
        round_trip: None,
    };
    for info in &diagnosis.links {
        let links = &mut peers.entry(info.node).or_insert_with(|| entry(info.node)).links;
        match info.direction {
            Direction::Outbound => links.outbound = Some(link(info, diagnosis.now)),
            Direction::Inbound => links.inbound = Some(link(info, diagnosis.now)),
        }
    }
    for (id, trip) in &diagnosis.round_trips {
        let peer = peers.entry(*id).or_insert_with(|| entry(*id));
        peer.round_trip = Some(trip.smoothed);
        peer.links.round_trip = Some(duration(trip.last));
        peer.links.round_trip_smoothed = Some(duration(trip.smoothed));
    }
    peers.into_values().collect()
}

fn link(info: &LinkInfo, now: Now) -> proto::Link {
    let packets = info.traffic.packets().map(|(kind, sent, received)| proto::PacketCount {
        r#type: kind.name().to_owned(),
        sent: sent.into(),
        received: received.into(),
    });
    proto::Link {
        created: timestamp(now.to_unix(info.created)),
        age: Some(milliseconds(now.mono.since(info.created))),
        connected: info.connected,
        queued_bytes: info.queued,
        sent_bytes: info.traffic.bytes_sent,
        received_bytes: info.traffic.bytes_received,
        silent_for: Some(milliseconds(now.mono.since(info.heard))),
        packets: packets.collect(),
    }
}
