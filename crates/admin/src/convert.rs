//! From the values of the node to those of the API.

use std::time::Duration;

use slotmesh_table::{Address, ClusterView, Health, NodeView, OpenSlot, Role};
use slotmesh_types::{NodeId, Slot, SlotRange, SlotSet, UnixMillis};
use tonic::Status;

use crate::proto;

/// A point in time; nothing for "never".
#[must_use]
pub fn timestamp(time: UnixMillis) -> Option<prost_types::Timestamp> {
    let seconds = i64::try_from(time.0 / 1000).ok()?;
    let nanos = i32::try_from(time.0 % 1000 * 1_000_000).ok()?;
    (time.0 > 0).then_some(prost_types::Timestamp { seconds, nanos })
}

/// A length of time.
#[must_use]
pub fn duration(length: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    let nanos = i32::try_from(length.subsec_nanos()).expect("below a billion");
    prost_types::Duration { seconds, nanos }
}

/// A length of time in whole milliseconds, as what is measured in microseconds is of no use to compare.
#[must_use]
pub fn milliseconds(length: Duration) -> prost_types::Duration {
    duration(Duration::from_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)))
}

/// An address.
#[must_use]
pub fn address(address: &Address) -> proto::Address {
    proto::Address {
        host: address.host.to_string(),
        port: address.port.into(),
        tls_port: address.tls_port.into(),
        bus_port: address.bus_port.into(),
    }
}

/// Slots in ascending order.
pub(crate) fn ranges(slots: &SlotSet) -> Vec<proto::SlotRange> {
    slots.ranges().map(range).collect()
}

pub(crate) fn range(range: SlotRange) -> proto::SlotRange {
    proto::SlotRange { first: range.first().get().into(), last: range.last().get().into() }
}

/// One node of a view.
pub(crate) fn node(view: &ClusterView, node: &NodeView) -> proto::Node {
    let facts = &node.facts;
    let primary = facts.primary_key().and_then(|key| view.node(key));
    let myself = view.is_me(node);
    let capabilities = facts.capabilities;
    proto::Node {
        id: facts.id().to_string(),
        address: Some(address(&facts.address)),
        role: match facts.role() {
            Role::Primary => proto::Role::Primary,
            Role::Replica(_) => proto::Role::Replica,
            Role::Unknown => proto::Role::Unknown,
        }
        .into(),
        primary_id: primary.map(|primary| primary.facts.id().to_string()).unwrap_or_default(),
        shard_id: facts.shard.to_string(),
        health: health(facts.health).into(),
        config_epoch: view.epoch_of(node).0,
        slots: ranges(facts.slots()),
        slot_count: facts.slot_count().into(),
        announcements: Some(announcements(&facts.announcements)),
        flags: Some(proto::NodeFlags {
            myself,
            handshake: facts.handshake,
            no_address: facts.noaddr,
            no_failover: facts.no_failover,
            extensions: capabilities.extensions,
            primary_fail: capabilities.my_primary_fail,
        }),
        connected: myself || facts.connected,
    }
}

pub(crate) fn health(health: Health) -> proto::Health {
    match health {
        Health::Online => proto::Health::Online,
        Health::Pfail => proto::Health::Suspected,
        Health::Fail => proto::Health::Failed,
    }
}

fn announcements(of: &slotmesh_table::Announcements) -> proto::Announcements {
    proto::Announcements {
        hostname: of.hostname.as_str().to_owned(),
        human_nodename: of.human_nodename.as_str().to_owned(),
        client_ipv4: of.client_ipv4.to_string(),
        client_ipv6: of.client_ipv6.to_string(),
        client_port: of.client_port.into(),
        client_tls_port: of.client_tls_port.into(),
        availability_zone: of.zone.as_str().to_owned(),
    }
}

/// What is not said of single nodes.
pub(crate) fn cluster_state(view: &ClusterView, name: &str) -> proto::ClusterState {
    let voting = || view.nodes.iter().filter(|node| node.facts.is_voting());
    let assigned: u32 = view.nodes.iter().map(|node| u32::from(node.facts.slot_count())).sum();
    proto::ClusterState {
        ok: view.state_ok,
        voting_primaries: count(voting().count()),
        voting_primaries_failed: count(voting().filter(|node| node.facts.health == Health::Fail).count()),
        current_epoch: view.current_epoch.0,
        slots_assigned: assigned,
        cluster_name: name.to_owned(),
        open_slots: view.open_slots.iter().map(|(slot, open)| open_slot(view, *slot, *open)).collect(),
    }
}

fn open_slot(view: &ClusterView, slot: Slot, open: OpenSlot) -> proto::OpenSlot {
    proto::OpenSlot {
        slot: slot.get().into(),
        importing: matches!(open, OpenSlot::Importing(_)),
        peer_id: view.node(open.peer()).map(|peer| peer.facts.id().to_string()).unwrap_or_default(),
    }
}

/// A count that fits: there are at most 16384 nodes and slots.
pub(crate) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The id that a caller gave as `field`.
pub(crate) fn node_id(field: &str, text: &str) -> Result<NodeId, Status> {
    text.parse().map_err(|error| Status::invalid_argument(format!("{field}: '{}' is no node id: {error}", short(text))))
}

/// The slots that a caller gave as `field`; not empty.
pub(crate) fn slot_ranges(field: &str, given: &[proto::SlotRange]) -> Result<Vec<SlotRange>, Status> {
    if given.is_empty() {
        return Err(Status::invalid_argument(format!("{field}: give at least one range of slots")));
    }
    given.iter().map(|range| slot_range(field, range)).collect()
}

fn slot_range(field: &str, given: &proto::SlotRange) -> Result<SlotRange, Status> {
    let ends = slot(given.first).zip(slot(given.last));
    ends.and_then(|(first, last)| SlotRange::new(first, last)).ok_or_else(|| {
        let proto::SlotRange { first, last } = given;
        Status::invalid_argument(format!("{field}: {first}-{last} is no range; slots go from 0 to 16383, lowest first"))
    })
}

/// The slot with this number, if there is one.
pub(crate) fn slot(raw: u32) -> Option<Slot> {
    u16::try_from(raw).ok().and_then(Slot::new)
}

/// As much of a caller's text as an error shows.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
