//! Whatever has happened, an honest node can join.

use std::net::{IpAddr, Ipv4Addr};

use slotmesh_gossip::{Action, Config, LinkId, MeetTarget};
use slotmesh_types::{ConfigEpoch, NodeId};
use slotmesh_wire::{HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

use crate::engine::driver::{Driver, LOCAL};
use crate::engine::peers::Peer;

/// A place and a name that no operation uses.
const TARGET: MeetTarget = MeetTarget { ip: IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9)), port: 7999, bus_port: 17_999 };
const ENTROPY: [u8; 20] = [0x3c; 20];

/// An operator mends the settings and has a node met that nobody has heard of: it joins, and its ping is answered.
pub(crate) fn check(driver: &mut Driver) {
    driver.engine.configure(driver.now, Config::default());
    driver.drain();
    driver.engine.meet(driver.now, TARGET).expect("there is room for a node that an operator wants");
    let link = driver.timeout().iter().find_map(connection).expect("a node to meet is connected to at once");
    driver.engine.handle_connected(driver.now, link, LOCAL);
    driver.drain();
    receive(driver, link, Kind::Pong);
    let table = driver.engine.table();
    let joined = table.lookup(&NodeId::from_entropy(ENTROPY)).map(|key| table.node(key));
    assert!(joined.is_some_and(|node| !node.handshake && node.connected), "an honest node joins");
    let link = driver.accept(TARGET.ip, Peer(0));
    let answers = receive(driver, link, Kind::Ping);
    assert!(answers.iter().any(|action| is_pong(action, link)), "a member's ping is answered");
}

fn connection(action: &Action) -> Option<LinkId> {
    match action {
        Action::Connect { link, port, .. } if *port == TARGET.bus_port => Some(*link),
        _ => None,
    }
}

fn receive(driver: &mut Driver, link: LinkId, kind: Kind) -> Vec<Action> {
    let fields = HeaderFields {
        sender: NodeId::from_entropy(ENTROPY).into(),
        port: TARGET.port,
        bus_port: TARGET.bus_port,
        config_epoch: ConfigEpoch(77),
        flags: NodeFlags::PRIMARY,
        ..HeaderFields::default()
    };
    let mut bytes = Vec::new();
    HeaderTemplate::new(&fields).heartbeat(kind, &mut bytes).extensible().finish();
    driver.engine.handle_packet(driver.now, link, &bytes);
    driver.drain()
}

fn is_pong(action: &Action, to: LinkId) -> bool {
    let Action::Send { link, bytes } = action else { return false };
    *link == to && matches!(Packet::decode(bytes), Ok(Packet::Full(header, _)) if header.kind() == Kind::Pong)
}
