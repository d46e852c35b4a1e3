//! How nodes that have heard of each other come to know each other, and keep their links.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Config, ConnectError, Engine, Event, LinkId, MeetTarget, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, Host, Mono, NodeId, Now, ShardId, Slot, SlotRange, SlotSet, UnixMillis};
use slotmesh_wire::{Body, Extension, GossipFields, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 100));

/// [mesh-2]
#[test]
fn a_node_learned_from_gossip_is_connected_to_at_once() {
    let mut world = World::of(2, "");
    let before = world.now.mono;
    world.learn(9);
    let at = world.connects.iter().find(|(_, _, host)| *host == Host::from(ip(9))).expect("a connection").0;
    assert!(at.since(before) < Duration::from_millis(1), "no tick is waited for");
}

/// [mesh-3], [mesh-4]
#[test]
fn who_answers_and_does_not_connect_is_knocked_at_but_not_with_the_first_packet() {
    let mut world = World::of(2, "");
    let link = world.learn(9);
    world.say(link, 9, Kind::Pong, &[]);
    world.run(Duration::from_millis(59));
    assert_eq!(world.kinds_on(link), [Kind::Ping]);
    world.run(Duration::from_millis(2));
    assert_eq!(world.kinds_on(link), [Kind::Ping, Kind::Meet]);
}

/// [mesh-1], [mesh-5]
#[test]
fn a_real_server_that_is_new_is_told_of_all_others_by_a_second_meet() {
    let mut world = World::of(3, "");
    world.engine.meet(world.now, MeetTarget { ip: ip(9), port: 7000, bus_port: 17_000 }).expect("a handshake");
    world.run(Duration::ZERO);
    let link = world.connection_to(9);
    world.say(link, 9, Kind::Pong, &[]);
    world.run(Duration::from_millis(5));
    assert_eq!(world.kinds_on(link), [Kind::Meet, Kind::Meet]);
    let mut told = world.sent.iter().filter(|(to, _)| *to == link).map(|(_, bytes)| names(bytes)).next_back().unwrap();
    told.sort();
    assert_eq!(told, [id(1), id(2), id(3)]);
}

/// [mesh-6]
#[test]
fn a_first_answer_on_a_link_tells_of_nobody() {
    let mut world = World::of(5, "");
    let link = world.accept(1);
    for heard in [false, true] {
        world.sent.clear();
        world.say(link, 1, Kind::Ping, &[]);
        let pong = world.sent.iter().find(|(to, _)| *to == link).expect("an answer");
        assert_eq!(!names(&pong.1).is_empty(), heard);
    }
}

/// [slots-1]
#[test]
fn slots_that_an_operator_deals_are_told_to_everybody_with_the_next_tick() {
    let mut world = World::of(3, "0-4");
    world.answering = vec![1, 2, 3];
    let range = |first, last| SlotRange::new(Slot::new(first)?, Slot::new(last)?);
    let (more, less) = (range(5, 7).expect("a range"), range(2, 6).expect("a range"));
    world.engine.add_slots(world.now, &[more]).expect("free");
    world.run(Duration::from_millis(100));
    assert_eq!(world.told_last(), [Some(8); 3]);
    world.engine.del_slots(world.now, &[less]).expect("owned");
    world.run(Duration::from_millis(100));
    assert_eq!(world.told_last(), [Some(3); 3]);
    world.engine.flush_slots(world.now, false).expect("no keys");
    world.run(Duration::from_millis(100));
    assert_eq!(world.told_last(), [Some(0); 3]);
}

/// [forget-2]
#[test]
fn who_is_forgotten_is_told_to_everybody_at_once_and_the_next_ones_together() {
    let mut world = World::of(4, "0-4");
    world.answering = vec![1, 2, 3, 4];
    world.run(Duration::from_secs(1));
    let mut told = |forgotten: &[u8], wait: u64| {
        world.sent.clear();
        for number in forgotten {
            world.engine.forget(world.now, &id(*number)).expect("a member");
        }
        world.run(Duration::from_millis(wait));
        [0, 1].map(|member| {
            let packets = world.sent.iter().filter(|(to, bytes)| *to == world.out[member] && !bans(bytes).is_empty());
            packets.map(|(_, bytes)| bans(bytes).len()).collect::<Vec<_>>()
        })
    };
    assert_eq!(told(&[4], 0), [[1], [1]]);
    assert_eq!(told(&[3], 0), [const { [0_usize; 0] }; 2]);
    assert_eq!(told(&[], 100), [[2], [2]]);
}

/// [retry-1]
#[test]
fn a_connection_is_tried_again_soon_and_then_less_often() {
    let mut world = World::new(1, "");
    let mut attempts = Vec::new();
    for _ in 0..2000 {
        for (at, link, _) in std::mem::take(&mut world.connects) {
            attempts.push(at);
            world.engine.handle_connect_failed(world.now, link, ConnectError::TimedOut);
        }
        world.run(Duration::from_millis(10));
    }
    let pauses: Vec<_> = attempts.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(pauses[0] >= Duration::from_millis(50) && pauses[0] <= Duration::from_millis(60), "{pauses:?}");
    assert!(pauses.is_sorted() && pauses[pauses.len() - 1] > Duration::from_secs(5), "{pauses:?}");
}

/// [link-1]
#[test]
fn a_link_that_swallows_pings_is_given_up_whatever_comes_on_another() {
    let mut world = World::of(1, "");
    let (out, inbound) = (world.out[0], world.accept(1));
    for _ in 0..30 {
        assert!(world.engine.has_link(inbound));
        world.say(inbound, 1, Kind::Ping, &[]);
        world.run(Duration::from_secs(1));
    }
    assert!(!world.engine.has_link(out));
    assert!(!world.events.iter().any(|event| matches!(event, Event::PossiblyFailing(_))), "it is alive");
}

/// [epoch-1]
#[test]
fn a_primary_without_slots_waits_before_it_ends_a_collision() {
    for (slots, waits) in [("0-4", false), ("", true)] {
        let mut world = World::new(1, slots);
        let collided = |world: &World| world.events.iter().any(|event| matches!(event, Event::EpochCollision { .. }));
        let link = world.accept(1);
        world.say_at(link, 1, Kind::Ping, ConfigEpoch(1), &[]);
        world.run(Duration::from_millis(49));
        assert_eq!(collided(&world), !waits);
        world.run(Duration::from_millis(22));
        assert!(collided(&world), "50 ms and 10 ms for each of two nodes are over");
    }
}

/// [gone-3]
#[test]
fn a_suspicion_is_told_to_voting_primaries_at_once() {
    let mut world = World::of(3, "0-4");
    world.answering = vec![2, 3];
    let suspected = |world: &World| world.events.iter().any(|event| matches!(event, Event::PossiblyFailing(_)));
    while !suspected(&world) {
        world.sent.clear();
        world.step();
    }
    for number in [2, 3] {
        let link = world.out[number as usize - 1];
        let told = world.sent.iter().filter(|(to, _)| *to == link).any(|(_, bytes)| names(bytes).contains(&id(1)));
        assert!(told, "node {number}, in the packets of the same moment");
    }
}

/// An engine in a mesh of real servers, all of them primaries.
struct World {
    engine: Engine,
    now: Now,
    /// Our connections to nodes 1, 2, ...
    out: Vec<LinkId>,
    /// Who answers our pings.
    answering: Vec<u8>,
    connects: Vec<(Mono, LinkId, Host)>,
    sent: Vec<(LinkId, Vec<u8>)>,
    events: Vec<Event>,
}

impl World {
    /// Nodes 1 to `count` are in nodes.conf; this node has these slots, the others one each.
    fn new(count: u8, slots: &str) -> Self {
        let line = |number: u8, flags: &str, epoch: u8, slots: &str| {
            let (id, ip, shard) = (id(number), ip(number), shard(number));
            format!("{id} {ip}:7000@17000,,tls-port=0,shard-id={shard} {flags} - 0 0 {epoch} connected {slots}\n")
        };
        let others = (1..=count).map(|number| line(number, "master", number, &(100 + u16::from(number)).to_string()));
        let text = line(0, "myself,master", 1, slots) + &others.collect::<String>();
        let now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
        let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(now.mono).expect("a table");
        let engine = Engine::new(now, table, Config::default(), SplitMix::new(7));
        let (out, answering, connects, sent, events) = (vec![], vec![], vec![], vec![], vec![]);
        Self { engine, now, out, answering, connects, sent, events }
    }

    /// The same, connected to all of them, and each has answered once.
    fn of(count: u8, slots: &str) -> Self {
        let mut world = Self::new(count, slots);
        world.run(Duration::ZERO);
        for number in 1..=count {
            let link = world.connection_to(number);
            world.say(link, number, Kind::Pong, &[]);
            world.out.push(link);
        }
        world.events.clear();
        world
    }

    /// Node 1 tells of node `number`; gives our connection to it, which stands.
    fn learn(&mut self, number: u8) -> LinkId {
        let link = self.accept(1);
        self.say(link, 1, Kind::Ping, &[number]);
        self.run(Duration::ZERO);
        self.connection_to(number)
    }

    fn accept(&mut self, number: u8) -> LinkId {
        let link = self.engine.handle_accepted(self.now, ip(number), LOCAL);
        self.drain();
        link
    }

    /// The connection that the engine wants to node `number` stands.
    fn connection_to(&mut self, number: u8) -> LinkId {
        let wanted = self.connects.iter().find(|(_, _, host)| *host == Host::from(ip(number)));
        let link = wanted.expect("the engine wants a connection").1;
        self.engine.handle_connected(self.now, link, LOCAL);
        self.drain();
        link
    }

    fn say(&mut self, link: LinkId, number: u8, kind: Kind, tells: &[u8]) {
        self.say_at(link, number, kind, ConfigEpoch(u64::from(number) + 1), tells);
    }

    /// A heartbeat of node `number`.
    fn say_at(&mut self, link: LinkId, number: u8, kind: Kind, config_epoch: ConfigEpoch, tells: &[u8]) {
        let slots: SlotSet = Slot::new(100 + u16::from(number)).into_iter().collect();
        let fields = HeaderFields {
            sender: id(number).into(),
            port: 7000,
            bus_port: 17_000,
            config_epoch,
            slots,
            flags: PRIMARY,
            ..HeaderFields::default()
        };
        let mut bytes = Vec::new();
        let template = HeaderTemplate::new(&fields);
        let mut builder = template.heartbeat(kind, &mut bytes).extensible();
        for other in tells {
            builder.entry(&GossipFields {
                name: id(*other).into(),
                host: Host::from(ip(*other)).into(),
                port: 7000,
                bus_port: 17_000,
                flags: PRIMARY,
                ..GossipFields::default()
            });
        }
        builder.finish();
        self.engine.handle_packet(self.now, link, &bytes);
        self.drain();
    }

    fn run(&mut self, time: Duration) {
        let end = self.now.mono.after(time);
        while self.engine.poll_timeout().is_some_and(|due| due <= end) {
            self.step();
        }
        self.now.mono = end;
    }

    /// Goes on to when the engine wants to be called next.
    fn step(&mut self) {
        let due = self.engine.poll_timeout().expect("there is always something to do");
        self.now.mono = self.now.mono.max(due);
        self.engine.handle_timeout(self.now);
        let before = self.sent.len();
        self.drain();
        let asks = |bytes: &[u8]| matches!(kind(bytes), Some(Kind::Ping | Kind::Meet));
        let pings = self.sent[before..].iter().filter(|(_, bytes)| asks(bytes));
        let pinged: Vec<LinkId> = pings.map(|(link, _)| *link).collect();
        for number in self.answering.clone() {
            let link = self.out[usize::from(number) - 1];
            if pinged.contains(&link) {
                self.say(link, number, Kind::Pong, &[]);
            }
        }
    }

    fn drain(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Send { link, bytes } => self.sent.push((link, bytes.to_vec())),
                Action::Connect { link, host, .. } => self.connects.push((self.now.mono, link, host)),
                _ => {}
            }
        }
        self.events.extend(std::iter::from_fn(|| self.engine.poll_event()));
    }

    /// How many slots this node claims in the last packet on each of its connections.
    fn told_last(&self) -> Vec<Option<u16>> {
        let claim = |bytes: &[u8]| match Packet::decode(bytes) {
            Ok(Packet::Full(header, _)) => Some(SlotSet::from_bytes(*header.slots()).len()),
            _ => None,
        };
        let last = |link: &LinkId| self.sent.iter().rfind(|(to, _)| to == link).and_then(|(_, bytes)| claim(bytes));
        self.out.iter().map(last).collect()
    }

    fn kinds_on(&self, link: LinkId) -> Vec<Kind> {
        self.sent.iter().filter(|(to, _)| *to == link).filter_map(|(_, bytes)| kind(bytes)).collect()
    }
}

fn kind(bytes: &[u8]) -> Option<Kind> {
    match Packet::decode(bytes) {
        Ok(Packet::Full(header, _)) => Some(header.kind()),
        _ => None,
    }
}

/// Whom a heartbeat bans.
fn bans(bytes: &[u8]) -> Vec<NodeId> {
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(bytes) else { return Vec::new() };
    let banned = |extension| if let Extension::ForgottenNode { name, .. } = extension { name.id() } else { None };
    heartbeat.extensions().filter_map(banned).collect()
}

/// Of whom a heartbeat tells.
fn names(bytes: &[u8]) -> Vec<NodeId> {
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(bytes) else { return Vec::new() };
    heartbeat.entries().iter().filter_map(|entry| entry.name().id()).collect()
}

fn id(number: u8) -> NodeId {
    NodeId::from_entropy([0x10 + number; 20])
}

fn shard(number: u8) -> ShardId {
    ShardId::from_entropy([0x10 + number; 20])
}

fn ip(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))
}
