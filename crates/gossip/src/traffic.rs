//! What goes over a link, and how long an answer takes.

use std::time::Duration;

use slotmesh_table::NodeKey;
use slotmesh_types::NodeId;
use slotmesh_wire::Kind;

use crate::engine::Engine;

/// Packets and bytes of one link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent, or waiting to be.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    packets_sent: [u32; Kind::ALL.len()],
    packets_received: [u32; Kind::ALL.len()],
}

impl Traffic {
    /// Packets by type, each with how many were sent and received; types without any are left out.
    pub fn packets(&self) -> impl Iterator<Item = (Kind, u32, u32)> {
        let counts = self.packets_sent.iter().zip(&self.packets_received);
        let all = Kind::ALL.into_iter().zip(counts).map(|(kind, (sent, received))| (kind, *sent, *received));
        all.filter(|(_, sent, received)| *sent > 0 || *received > 0)
    }

    pub(crate) fn sent(&mut self, kind: Kind, bytes: usize) {
        self.bytes_sent += bytes as u64;
        if let Some(count) = self.packets_sent.get_mut(usize::from(kind.to_wire())) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn received(&mut self, kind: Kind, bytes: usize) {
        self.bytes_received += bytes as u64;
        if let Some(count) = self.packets_received.get_mut(usize::from(kind.to_wire())) {
            *count = count.saturating_add(1);
        }
    }
}

/// How long a node takes to answer a ping, the network's part included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// The last time.
    pub last: Duration,
    /// Smoothed: an eighth of each new one. Source: RFC 6298, SRTT.
    pub smoothed: Duration,
}

impl RoundTrip {
    fn first(took: Duration) -> Self {
        Self { last: took, smoothed: took }
    }

    fn next(self, took: Duration) -> Self {
        Self { last: took, smoothed: (self.smoothed * 7 + took) / 8 }
    }
}

impl Engine {
    /// Round trips of the nodes that have answered a ping, in no particular order but always the same.
    pub fn round_trips(&self) -> impl Iterator<Item = (NodeId, RoundTrip)> {
        self.table.nodes().filter_map(|(key, node)| Some((*node.id(), self.peers[key].round_trip?)))
    }

    /// The ping that is pending has just been answered; a PONG that answers none tells nothing.
    pub(crate) fn note_round_trip(&mut self, key: NodeKey) {
        let Some(asked) = self.table.node(key).liveness.ping_sent else { return };
        let took = self.now.mono.since(asked);
        let peer = &mut self.peers[key];
        peer.round_trip = Some(peer.round_trip.map_or_else(|| RoundTrip::first(took), |before| before.next(took)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_counted_by_type_and_unknown_types_by_bytes_only() {
        let mut traffic = Traffic::default();
        traffic.sent(Kind::Ping, 2256);
        traffic.received(Kind::Pong, 2360);
        traffic.received(Kind::Pong, 2360);
        traffic.received(Kind::Unknown(77), 16);
        assert_eq!(traffic.packets().collect::<Vec<_>>(), [(Kind::Ping, 1, 0), (Kind::Pong, 0, 2)]);
        assert_eq!((traffic.bytes_sent, traffic.bytes_received), (2256, 4736));
    }

    #[test]
    fn a_round_trip_follows_a_change_slowly() {
        let mut trip = RoundTrip::first(Duration::from_millis(8));
        trip = trip.next(Duration::from_millis(16));
        assert_eq!((trip.last, trip.smoothed), (Duration::from_millis(16), Duration::from_millis(9)));
    }
}
