//! Settings, saved tables and packets at the edge of what is possible: the engine stays calm and says nothing that others
//! choke on.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{
    Action, Config, ConnectError, Durability, Engine, Event, HandshakeEnd, LinkId, MeetTarget, SplitMix,
};
use slotmesh_table::conf::ConfFile;
use slotmesh_table::{Health, Table};
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, Extension, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const REPLICA: NodeFlags = NodeFlags(0x1c02);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 100));

#[test]
fn a_timeout_without_end_has_no_deadline() {
    let mut world = World::new(fresh());
    world.join(1);
    world.configure(Duration::from_millis(i64::MAX as u64));
    world.run(Duration::from_secs(5));
    assert_eq!(world.node(1).health, Health::Online);
}

#[test]
fn a_timeout_of_zero_does_not_ask_for_a_call_at_once() {
    let mut world = World::new(fresh());
    world.join(1);
    world.configure(Duration::ZERO);
    world.now.mono = world.now.mono.after(Duration::from_millis(100));
    world.timeout();
    assert!(world.engine.poll_timeout() > Some(world.now.mono));
}

#[test]
fn a_node_that_is_only_mentioned_is_not_connected_to() {
    let mut world = World::new(saved(&format!("{} myself,slave {} 0 0 1 connected\n", me(), id(1))));
    world.run(Duration::from_secs(60));
    assert!(world.connects.is_empty(), "{:?}", world.connects);
    assert_eq!(world.node(1).health, Health::Pfail, "nobody hears from it");
}

#[test]
fn a_meet_with_port_0_ends_at_once() {
    let mut world = World::new(fresh());
    world.engine.meet(world.now, MeetTarget { bus_port: 0, ..target(1) }).unwrap();
    world.timeout();
    let end = world.engine.ended_handshakes().last().map(|record| record.end);
    assert_eq!(end, Some(HandshakeEnd::Unreachable(ConnectError::Address)));
}

#[test]
fn a_handshake_ends_with_what_went_wrong_last() {
    let end = |trouble: &[fn(&mut World, LinkId)]| {
        let mut world = World::new(fresh());
        world.engine.meet(world.now, target(1)).unwrap();
        for happens in trouble {
            world.run(Duration::from_millis(500));
            let link = world.connects.last().expect("another attempt").0;
            happens(&mut world, link);
        }
        world.run(Duration::from_secs(60));
        world.engine.ended_handshakes().last().map(|record| record.end)
    };
    let refused = |world: &mut World, link| {
        world.engine.handle_connect_failed(world.now, link, ConnectError::Refused);
    };
    let silent = |world: &mut World, link| world.engine.handle_connected(world.now, link, LOCAL);
    let closed = |world: &mut World, link| {
        world.engine.handle_connected(world.now, link, LOCAL);
        world.engine.handle_closed(world.now, link, false);
    };
    assert_eq!(end(&[refused]), Some(HandshakeEnd::Unreachable(ConnectError::Refused)));
    assert_eq!(end(&[refused, silent]), Some(HandshakeEnd::TimedOut));
    assert_eq!(end(&[refused, closed]), Some(HandshakeEnd::Refused));
    assert_eq!(end(&[closed, refused]), Some(HandshakeEnd::Unreachable(ConnectError::Refused)));
    assert_eq!(end(&[closed, silent]), Some(HandshakeEnd::TimedOut));
}

#[test]
fn a_newcomer_that_has_fallen_silent_is_told_of_once() {
    let mut world = World::new(fresh());
    world.join(1);
    world.run(Duration::from_secs(60));
    assert_eq!(world.node(1).health, Health::Pfail);
    world.join(2);
    // Only who has connected back is told news.
    let link = world.accept(2);
    world.receive(link, &header(2), Kind::Ping);
    world.sent.clear();
    world.run(Duration::from_secs(1));
    let entries = world.sent.iter().map(|bytes| names(bytes)).max_by_key(Vec::len);
    assert_eq!(entries, Some(vec![id(1)]));
}

#[test]
fn the_answer_to_a_meet_is_an_answer_like_any_other() {
    let mut world = World::new(fresh());
    world.engine.meet(world.now, target(1)).expect("a handshake can start");
    world.timeout();
    let link = world.connects[0].0;
    world.engine.handle_connected(world.now, link, LOCAL);
    world.receive(link, &header(1), Kind::Pong);
    let live = world.node(1).liveness;
    assert_eq!((live.ping_sent, live.pong_received), (None, Some(world.now.mono)));
}

/// [text-1]
#[test]
fn a_client_address_of_the_other_family_counts_as_not_announced() {
    let mut world = World::new(fresh());
    let link = world.join(1);
    let cases: [(&[u8], &[u8], [&str; 2]); 4] = [
        (b"1.2.3.4", b"::1", ["1.2.3.4", "::1"]),
        (b"::1", b"::1", ["", "::1"]),
        (b"1.2.3.4", b"1.2.3.4", ["1.2.3.4", ""]),
        (b"::ffff:1.2.3.4", b"host", ["", ""]),
    ];
    for (ipv4, ipv6, kept) in cases {
        let mut bytes = Vec::new();
        let template = HeaderTemplate::new(&header(1));
        let mut builder = template.heartbeat(Kind::Ping, &mut bytes).extensible();
        builder.extension(&Extension::ClientIpv4(ipv4));
        builder.extension(&Extension::ClientIpv6(ipv6));
        builder.finish();
        world.events.clear();
        world.engine.handle_packet(world.now, link, &bytes);
        world.drain();
        let announced = &world.node(1).announcements;
        assert_eq!([announced.client_ipv4.as_str(), announced.client_ipv6.as_str()], kept);
        let told = world.events.iter().any(|event| matches!(event, Event::BadAnnouncement { .. }));
        assert_eq!(told, kept.contains(&""));
    }
}

/// [trust-5]
#[test]
fn who_speaks_under_another_name_on_a_members_link_is_a_stranger() {
    let mut world = World::new(fresh());
    world.join(1);
    world.join(3);
    let link = world.accept(1);
    world.receive(link, &header(1), Kind::Ping);
    let known = (world.node(1).address, world.node(1).is_primary());
    world.sent.clear();
    world.receive(link, &HeaderFields { flags: REPLICA, replica_of: id(3).into(), ..header(2) }, Kind::Ping);
    assert_eq!((world.node(1).address, world.node(1).is_primary()), known, "it was not node 1 that spoke");
    assert_eq!(world.sent.iter().map(|bytes| kind(bytes)).collect::<Vec<_>>(), [Kind::Pong]);
    let mut fail = Vec::new();
    HeaderTemplate::new(&header(2)).fail(id(3).into(), &mut fail);
    world.engine.handle_packet(world.now, link, &fail);
    world.drain();
    assert_eq!(world.node(3).health, Health::Online);
    world.receive(link, &HeaderFields { flags: REPLICA, replica_of: id(3).into(), ..header(1) }, Kind::Ping);
    assert!(world.node(1).is_replica(), "the link is still the member's");
}

#[test]
fn nobody_follows_a_handshake() {
    let mut world = World::new(fresh());
    let link = world.join(1);
    world.engine.meet(world.now, target(2)).unwrap();
    let made_up = world.engine.table().nodes().find(|(_, node)| node.handshake).map(|(_, node)| *node.id()).unwrap();
    let fields = HeaderFields { replica_of: made_up.into(), flags: REPLICA, ..header(1) };
    world.receive(link, &fields, Kind::Pong);
    assert!(world.node(1).is_replica());
    assert_eq!(world.node(1).primary_key(), None);
}

/// [meet-1], [meet-2]
#[test]
fn a_meet_on_our_own_link_has_to_come_from_the_node_it_leads_to() {
    let mut world = World::new(fresh());
    let link = world.join(1);
    world.now.mono = world.now.mono.after(Duration::from_secs(20));
    world.receive(link, &header(2), Kind::Meet);
    assert!(world.events.iter().any(|event| matches!(event, Event::IdMismatch { .. })));
    assert!(world.node(1).noaddr, "somebody else is there");
    assert_eq!(world.node(1).health, Health::Fail);
}

#[test]
fn a_suspicion_that_ends_is_told() {
    let mut world = World::new(fresh());
    world.join(1);
    world.run(Duration::from_secs(60));
    let told = |world: &World, wanted: fn(&Event) -> bool| world.events.iter().filter(|event| wanted(event)).count();
    let cleared: fn(&Event) -> bool = |event| matches!(event, Event::SuspicionCleared(_));
    assert_eq!(told(&world, |event| matches!(event, Event::PossiblyFailing(_))), 1);
    assert_eq!(told(&world, cleared), 0);
    let link = world.connects.last().expect("another attempt").0;
    world.engine.handle_connected(world.now, link, LOCAL);
    for _ in 0..2 {
        world.receive(link, &header(1), Kind::Pong);
    }
    assert_eq!(world.node(1).health, Health::Online);
    assert_eq!(told(&world, cleared), 1);
}

#[test]
fn a_role_that_others_remember_is_saved_before_it_is_told() {
    let other =
        format!("{} 10.0.0.2:7001@17001,,tls-port=0,shard-id={} master - 0 1 1 connected 0-9\n", id(1), shard());
    let mut world = World::new(saved(&format!("{other}{} myself,slave {} 0 0 1 connected\n", me(), id(1))));
    let link = world.accept(1);
    let fields = HeaderFields { replica_of: id(0).into(), flags: REPLICA, config_epoch: ConfigEpoch(9), ..header(1) };
    world.receive(link, &fields, Kind::Ping);
    let table = world.engine.table();
    assert!(table.me().is_primary());
    assert_eq!((table.me().slot_count(), table.me().config_epoch), (10, ConfigEpoch(9)));
    assert_eq!(table.current_epoch, CurrentEpoch(9), "the clock is not behind the own epoch");
    assert_eq!(world.saved, Some(Durability::Barrier));
}

#[test]
fn a_collision_at_the_end_of_time_is_lived_with() {
    let end = HeaderFields { config_epoch: ConfigEpoch(u64::MAX), current_epoch: CurrentEpoch(u64::MAX), ..header(1) };
    let text = format!("{} myself,master - 0 0 {} connected 0\n", me(), u64::MAX);
    let mut world = World::new(saved(&text));
    let link = world.join(1);
    world.receive(link, &end, Kind::Pong);
    world.saved = None;
    world.events.clear();
    for _ in 0..3 {
        world.receive(link, &end, Kind::Pong);
    }
    let collisions = world.events.iter().filter(|event| matches!(event, Event::EpochCollision { .. })).count();
    assert_eq!((collisions, world.saved), (0, None), "there is no higher epoch to take");
}

/// An engine, and what it has done.
struct World {
    engine: Engine,
    now: Now,
    connects: Vec<(LinkId, u16)>,
    sent: Vec<Vec<u8>>,
    saved: Option<Durability>,
    events: Vec<Event>,
}

impl World {
    fn new(table: Table) -> Self {
        let engine = Engine::new(start(), table, Config::default(), SplitMix::new(7));
        let (connects, sent, events) = (Vec::new(), Vec::new(), Vec::new());
        Self { engine, now: start(), connects, sent, saved: None, events }
    }

    /// Meets node `number`; gives the link to it.
    fn join(&mut self, number: u8) -> LinkId {
        self.engine.meet(self.now, target(number)).expect("a handshake can start");
        self.timeout();
        let port = target(number).bus_port;
        let link = self.connects.iter().rev().find(|(_, to)| *to == port).expect("it is connected to").0;
        self.engine.handle_connected(self.now, link, LOCAL);
        // The first answer ends the handshake, the second one is an answer.
        self.receive(link, &header(number), Kind::Pong);
        self.receive(link, &header(number), Kind::Pong);
        assert!(!self.node(number).handshake, "it has joined");
        link
    }

    fn accept(&mut self, number: u8) -> LinkId {
        let link = self.engine.handle_accepted(self.now, target(number).ip, LOCAL);
        self.drain();
        link
    }

    fn receive(&mut self, link: LinkId, fields: &HeaderFields, kind: Kind) {
        let mut bytes = Vec::new();
        HeaderTemplate::new(fields).heartbeat(kind, &mut bytes).extensible().finish();
        self.engine.handle_packet(self.now, link, &bytes);
        self.drain();
    }

    fn configure(&mut self, node_timeout: Duration) {
        let config = Config { node_timeout, ..self.engine.config().clone() };
        self.engine.configure(self.now, config);
        self.drain();
    }

    fn run(&mut self, time: Duration) {
        let end = self.now.mono.after(time);
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now.mono = self.now.mono.max(due);
            self.timeout();
        }
    }

    fn timeout(&mut self) {
        self.engine.handle_timeout(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect { link, port, .. } => self.connects.push((link, port)),
                Action::Send { bytes, .. } | Action::SendPromise { bytes, .. } => self.sent.push(bytes.into()),
                Action::Persist(durability) => self.saved = self.saved.max(Some(durability)),
                Action::Close { .. } | Action::Data(_) | Action::ResolveSeeds => {}
            }
        }
        while let Some(event) = self.engine.poll_event() {
            self.events.push(event);
        }
    }

    fn node(&self, number: u8) -> &slotmesh_table::Node {
        let table = self.engine.table();
        table.node(table.lookup(&id(number)).expect("a known node"))
    }
}

fn kind(bytes: &[u8]) -> Kind {
    match Packet::decode(bytes) {
        Ok(Packet::Full(header, _)) => header.kind(),
        other => panic!("not a full packet: {other:?}"),
    }
}

/// Who is told of in a heartbeat.
fn names(bytes: &[u8]) -> Vec<NodeId> {
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(bytes) else { return Vec::new() };
    heartbeat.entries().iter().filter_map(|entry| entry.name().id()).collect()
}

fn start() -> Now {
    Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) }
}

/// Node 0 is the engine's.
fn id(number: u8) -> NodeId {
    NodeId::from_entropy([0x10 + number; 20])
}

fn shard() -> ShardId {
    ShardId::from_entropy([0xaa; 20])
}

fn target(number: u8) -> MeetTarget {
    let port = 7000 + u16::from(number);
    MeetTarget { ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)), port, bus_port: port + 10_000 }
}

fn header(number: u8) -> HeaderFields {
    let MeetTarget { port, bus_port, .. } = target(number);
    HeaderFields { sender: id(number).into(), port, bus_port, flags: PRIMARY, ..HeaderFields::default() }
}

fn fresh() -> Table {
    Table::new(id(0), shard())
}

fn me() -> String {
    format!("{} 10.0.0.100:6379@16379,,tls-port=0,shard-id={}", id(0), shard())
}

fn saved(text: &str) -> Table {
    ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(start().mono).expect("a table")
}
