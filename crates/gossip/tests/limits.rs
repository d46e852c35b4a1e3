//! What strangers, peers and operators can make an engine hold has a bound.

use std::net::{IpAddr, Ipv4Addr};

use slotmesh_gossip::{
    Action, Config, Engine, Event, HandshakeOrigin, LinkId, MeetError, MeetRefusal, MeetTarget, SplitMix,
};
use slotmesh_table::{NodeFacts, Table};
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, Extension, GossipFields, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1));

/// [trust-3]
#[test]
fn the_oldest_stranger_makes_room_for_a_new_one() {
    let mut engine = engine();
    let links: Vec<LinkId> =
        (0..Engine::STRANGERS_MAX as u32 + 10).map(|number| engine.handle_accepted(NOW, ip(number), LOCAL)).collect();
    let closed: Vec<LinkId> = closed(&mut engine);
    assert_eq!(closed, links[..10]);
    assert_eq!(links.iter().filter(|link| engine.has_link(**link)).count(), Engine::STRANGERS_MAX);
}

/// [trust-3]
#[test]
fn peers_have_a_thousand_handshakes_under_way_at_most() {
    let mut engine = engine();
    for number in 1..1100 {
        let link = engine.handle_accepted(NOW, ip(number), LOCAL);
        engine.handle_packet(NOW, link, &meet(number, 0));
    }
    assert_eq!(engine.handshakes().filter(|handshake| handshake.origin == HandshakeOrigin::Peer).count(), 1024);
    let refused = events(&mut engine, |event| matches!(event, Event::MeetRefused { reason: MeetRefusal::TooMany, .. }));
    assert_eq!(refused, 1099 - 1024);
    assert!(engine.meet(NOW, target(5000)).is_ok(), "an operator still gets in");
}

#[test]
fn operators_have_eight_thousand_handshakes_under_way_at_most() {
    let mut engine = engine();
    for number in 0..8192 {
        assert!(engine.meet(NOW, target(number)).is_ok());
    }
    assert_eq!(engine.meet(NOW, target(9000)), Err(MeetError::TooMany));
    assert!(engine.meet(NOW, target(0)).is_ok(), "one that is under way is no new one");
}

/// [trust-3]
#[test]
fn a_lying_member_can_add_eight_thousand_nodes_at_most() {
    let mut engine = engine();
    let link = engine.handle_accepted(NOW, ip(1), LOCAL);
    engine.handle_packet(NOW, link, &meet(1, 10_000));
    assert_eq!(engine.table().len(), 8192);
    let refused = |event: &Event| matches!(event, Event::TooManyNodes { count: 1809, .. });
    assert_eq!(events(&mut engine, refused), 1, "told of once, not for each of them");
    assert!(engine.meet(NOW, target(2)).is_ok(), "an operator still gets in");
}

#[test]
fn ended_handshakes_and_unread_events_are_kept_in_part() {
    let mut engine = engine();
    for round in 0..300 {
        for number in 0..120 {
            engine.meet(NOW, target(round * 120 + number)).expect("a handshake can start");
        }
        engine.reset(NOW, false);
    }
    assert_eq!(engine.ended_handshakes().count(), 256);
    assert_eq!(events(&mut engine, |_| true), Engine::EVENTS_MAX);
}

#[test]
fn a_stranger_that_takes_no_answers_loses_its_link() {
    let mut engine = engine();
    let link = engine.handle_accepted(NOW, ip(1), LOCAL);
    ask_until_closed(&mut engine, link);
}

#[test]
fn so_does_one_whose_handshake_is_under_way() {
    let mut engine = engine();
    let link = engine.handle_accepted(NOW, ip(1), LOCAL);
    engine.handle_packet(NOW, link, &meet(1, 0));
    assert_eq!(engine.handshakes().count(), 1);
    ask_until_closed(&mut engine, link);
}

#[test]
fn a_member_that_takes_no_answers_gets_none() {
    let mut engine = engine_with(1);
    let link = engine.handle_accepted(NOW, ip(1), LOCAL);
    let mut queued = 0;
    for _ in 0..5000 {
        engine.handle_packet(NOW, link, &packet(Kind::Ping, 1, 0));
        queued += sent(&mut engine, link);
    }
    assert!((Engine::ANSWERS_QUEUE_MAX..Engine::ANSWERS_QUEUE_MAX + 4096).contains(&queued), "{queued}");
    assert!(engine.has_link(link));
    engine.handle_flushed(link, queued);
    engine.handle_packet(NOW, link, &packet(Kind::Ping, 1, 0));
    assert!(sent(&mut engine, link) > 0, "it has taken them");
}

#[test]
fn a_stranger_hears_of_no_ban_but_its_own() {
    let mut engine = engine_with(1);
    engine.forget(NOW, &id(1)).expect("a member");
    for (number, bans) in [(1, 1), (2, 0)] {
        let link = engine.handle_accepted(NOW, ip(number), LOCAL);
        engine.handle_packet(NOW, link, &packet(Kind::Ping, number, 0));
        let answers = std::iter::from_fn(|| engine.poll_action()).filter_map(|action| match action {
            Action::Send { link: on, bytes } if on == link => Some(bytes),
            _ => None,
        });
        let told: usize = answers.map(|bytes| bans_in(&bytes)).sum();
        assert_eq!(told, bans, "node {number}");
    }
}

/// Lets whoever is at the other end ping and take nothing, until its link is closed: before much waits on it.
fn ask_until_closed(engine: &mut Engine, link: LinkId) {
    let mut queued = 0;
    for _ in 0..5000 {
        engine.handle_packet(NOW, link, &packet(Kind::Ping, 1, 0));
        queued += sent(engine, link);
        if !engine.has_link(link) {
            return assert!(queued <= Engine::STRANGER_QUEUE_MAX + 4096, "{queued}");
        }
    }
    panic!("{queued} bytes wait, and the link stands");
}

/// The bytes that the engine wants sent on a link.
fn sent(engine: &mut Engine, link: LinkId) -> u64 {
    let actions = std::iter::from_fn(|| engine.poll_action());
    let sizes = actions.map(|action| match action {
        Action::Send { link: on, bytes } if on == link => bytes.len() as u64,
        _ => 0,
    });
    sizes.sum()
}

fn bans_in(packet: &[u8]) -> usize {
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(packet) else { return 0 };
    heartbeat.extensions().filter(|extension| matches!(extension, Extension::ForgottenNode { .. })).count()
}

/// One that knows node `number`.
fn engine_with(number: u32) -> Engine {
    let mut table = Table::new(NodeId::from_entropy([0xff; 20]), ShardId::from_entropy([0xaa; 20]));
    table.add(NodeFacts::primary(id(number), ShardId::from_entropy([1; 20])), NOW.mono).expect("room");
    Engine::new(NOW, table, Config::default(), SplitMix::new(7))
}

fn engine() -> Engine {
    let table = Table::new(NodeId::from_entropy([0xff; 20]), ShardId::from_entropy([0xaa; 20]));
    Engine::new(NOW, table, Config::default(), SplitMix::new(7))
}

/// Node `number` asks to be taken in, and tells of `entries` others.
fn meet(number: u32, entries: u32) -> Vec<u8> {
    packet(Kind::Meet, number, entries)
}

fn packet(kind: Kind, number: u32, entries: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let fields =
        HeaderFields { sender: id(number).into(), bus_port: 17_000, flags: PRIMARY, ..HeaderFields::default() };
    let template = HeaderTemplate::new(&fields);
    let mut builder = template.heartbeat(kind, &mut bytes).extensible();
    for other in 0..entries {
        builder.entry(&GossipFields {
            name: id(1_000_000 + other).into(),
            host: Host::from(ip(other)).into(),
            bus_port: 17_000,
            flags: PRIMARY,
            ..GossipFields::default()
        });
    }
    builder.finish();
    bytes
}

fn closed(engine: &mut Engine) -> Vec<LinkId> {
    let actions = std::iter::from_fn(|| engine.poll_action());
    actions.filter_map(|action| if let Action::Close { link } = action { Some(link) } else { None }).collect()
}

fn events(engine: &mut Engine, wanted: impl Fn(&Event) -> bool) -> usize {
    std::iter::from_fn(|| engine.poll_event()).filter(|event| wanted(event)).count()
}

fn id(number: u32) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    NodeId::from_entropy(entropy)
}

fn ip(number: u32) -> IpAddr {
    let [_, a, b, c] = number.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, a, b, c))
}

fn target(number: u32) -> MeetTarget {
    MeetTarget { ip: ip(number), port: 7000, bus_port: 17_000 }
}
