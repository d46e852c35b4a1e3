//! Asking a slotmesh node at its admin port.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use slotmesh_admin::proto;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, NodeId, Slot, SlotRange};

use super::node_view::ClockReading;
use super::{Entry, Health, OpenSlot, Place, Role, Software, View};
use crate::talk::{Admin, AskError, Target};

/// What the node behind `admin` says.
///
/// # Errors
/// The call failed, or its answer makes no sense.
pub(crate) async fn view(admin: &Admin, over_tls: bool) -> Result<View, AskError> {
    let (start, asked) = (Instant::now(), SystemTime::now());
    let topology = admin.topology().await?;
    let half = start.elapsed() / 2;
    let clock = clock(&topology, asked + half, half.as_millis());
    let software = Software { name: Software::SLOTMESH, version: admin.version().await? };
    let view = read(topology, admin.target(), software, clock, over_tls);
    let mut view = view.map_err(|what| admin.failed(&tonic::Status::internal(what)))?;
    let links = admin.links().await?.into_iter().filter(|peer| peer.inbound.is_some());
    view.inbound = Some(links.filter_map(|peer| peer.node_id.parse().ok()).collect());
    Ok(view)
}

/// The view that a topology is.
fn read(
    topology: proto::Topology,
    asked: &Target,
    software: Software,
    clock: Option<ClockReading>,
    over_tls: bool,
) -> Result<View, String> {
    let state = topology.state.unwrap_or_default();
    let mut entries = topology.nodes.into_iter().map(|node| entry(node, over_tls)).collect::<Result<Vec<_>, _>>()?;
    entries.sort_unstable_by_key(|entry| entry.id);
    Ok(View {
        me: id(&topology.my_id)?,
        asked: asked.clone(),
        entries,
        open_slots: state.open_slots.iter().map(open_slot).collect::<Result<_, _>>()?,
        state_ok: state.ok,
        current_epoch: CurrentEpoch(state.current_epoch),
        software,
        cluster_name: state.cluster_name,
        clock,
        keys: None,
        inbound: None,
    })
}

fn clock(topology: &proto::Topology, ours: SystemTime, uncertain_ms: u128) -> Option<ClockReading> {
    let taken = topology.taken.as_ref()?;
    let theirs = taken.seconds.checked_mul(1000)?.checked_add(i64::from(taken.nanos) / 1_000_000)?;
    let ours = i64::try_from(ours.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
    Some(ClockReading { ahead_ms: theirs.checked_sub(ours)?, uncertain_ms: i64::try_from(uncertain_ms).ok()? })
}

/// `over_tls` chooses the port at which the node will be asked, where it has both.
fn entry(node: proto::Node, over_tls: bool) -> Result<Entry, String> {
    let (role, health) = (node.role(), node.health());
    let (address, flags) = (node.address.unwrap_or_default(), node.flags.unwrap_or_default());
    let port = |port: u32| u16::try_from(port).unwrap_or(0);
    let client_port = if over_tls && address.tls_port != 0 { address.tls_port } else { address.port };
    Ok(Entry {
        id: id(&node.id)?,
        place: Place { host: address.host, port: port(client_port), bus_port: port(address.bus_port) },
        hostname: node.announcements.unwrap_or_default().hostname,
        role: match role {
            proto::Role::Primary => Role::Primary,
            proto::Role::Replica => Role::Replica(node.primary_id.parse().ok()),
            proto::Role::Unknown | proto::Role::Unspecified => Role::Unknown,
        },
        health: match health {
            proto::Health::Failed => Health::Failed,
            proto::Health::Suspected => Health::Suspected,
            proto::Health::Online | proto::Health::Unspecified => Health::Online,
        },
        handshake: flags.handshake,
        no_address: flags.no_address,
        connected: node.connected,
        config_epoch: ConfigEpoch(node.config_epoch),
        slots: node.slots.iter().map(range).collect::<Result<_, _>>()?,
    })
}

fn open_slot(open: &proto::OpenSlot) -> Result<OpenSlot, String> {
    Ok(OpenSlot { slot: slot(open.slot)?, importing: open.importing, peer: id(&open.peer_id)? })
}

fn range(range: &proto::SlotRange) -> Result<SlotRange, String> {
    let made = SlotRange::new(slot(range.first)?, slot(range.last)?);
    made.ok_or_else(|| format!("{}-{} is no range of slots", range.first, range.last))
}

fn slot(raw: u32) -> Result<Slot, String> {
    u16::try_from(raw).ok().and_then(Slot::new).ok_or_else(|| format!("{raw} is no slot"))
}

fn id(text: &str) -> Result<NodeId, String> {
    text.parse().map_err(|error| format!("'{text}' is no node id: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_is_a_view() {
        let node = |id: char, role: proto::Role| proto::Node {
            id: id.to_string().repeat(40),
            address: Some(proto::Address { host: "10.0.0.1".into(), port: 7000, bus_port: 17_000, tls_port: 7443 }),
            role: role.into(),
            primary_id: "a".repeat(40),
            health: proto::Health::Suspected.into(),
            slots: vec![proto::SlotRange { first: 3, last: 5 }],
            connected: true,
            ..Default::default()
        };
        let topology = proto::Topology {
            my_id: "a".repeat(40),
            nodes: vec![node('b', proto::Role::Replica), node('a', proto::Role::Primary)],
            state: Some(proto::ClusterState { ok: true, cluster_name: "blue".into(), ..Default::default() }),
            ..Default::default()
        };
        let asked = Target::new("127.0.0.1", 9379);
        let read = |topology, over_tls| read(topology, &asked, Software::default(), None, over_tls);
        assert_eq!(read(topology.clone(), true).unwrap().entries[0].place.port, 7443);
        let view = read(topology.clone(), false).unwrap();
        assert!(view.state_ok && view.cluster_name == "blue");
        let me = view.myself().unwrap();
        assert_eq!(me.place.port, 7000);
        assert_eq!((me.role, me.health, me.slot_count()), (Role::Primary, Health::Suspected, 3));
        assert_eq!(view.entries[1].role, Role::Replica(Some(view.me)));
        let wrong = proto::Topology { my_id: "no".into(), ..topology };
        assert!(read(wrong, false).unwrap_err().contains("'no' is no node id"));
    }
}
