//! What a stranger tells in its MEET: good as soon as the stranger is known, gone with its handshake otherwise.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Config, Engine, LinkId, SplitMix};
use slotmesh_table::{Health, Node, Table};
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, GossipFields, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

const PRIMARY: NodeFlags = NodeFlags(0x1c01);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1));

/// [trust-4]
#[test]
fn what_nobody_told_of_goes_with_the_handshake() {
    let mut world = World::new();
    world.meet_from(1, 100);
    assert_eq!(world.engine.table().len(), 102, "itself, the stranger, and whom it told of");
    world.run(Duration::from_secs(20));
    assert_eq!(world.engine.table().len(), 1);
    assert_eq!(world.engine.handshakes().count(), 0);
}

/// [trust-4]
#[test]
fn a_stranger_that_joins_was_right_about_the_others() {
    let mut world = World::new();
    world.meet_from(1, 100);
    world.answer_of(1);
    world.run(Duration::from_secs(20));
    assert_eq!(world.engine.table().len(), 102);
}

/// [trust-4]
#[test]
fn what_a_member_tells_too_stays() {
    let mut world = World::new();
    world.meet_from(1, 0);
    let member = world.answer_of(1);
    world.meet_from(2, 100);
    world.receive(member, 1, Kind::Ping, 50);
    world.run(Duration::from_secs(20));
    assert_eq!(world.engine.table().len(), 52, "itself, the member, and whom the member told of");
}

/// [trust-4]
#[test]
fn a_stranger_changes_nothing_about_a_member() {
    let mut world = World::new();
    world.meet_from(1, 0);
    let member = world.answer_of(1);
    world.receive(member, 1, Kind::Pong, 0);
    let before = world.known(1).liveness;
    let heard = UnixMillis(world.now.unix.0 + 400);
    world.meet_with(2, &[GossipFields { pong_received: heard, ..entry(1) }]);
    assert_eq!(world.known(1).liveness, before, "nobody but members may say when it was heard");
    world.run(Duration::from_secs(30));
    assert_eq!(world.known(1).health, Health::Pfail, "it has not answered");
    let address = world.known(1).address;
    world.meet_with(3, &[GossipFields { host: Host::from(ip(77)).into(), ..entry(1) }]);
    assert_eq!(world.known(1).address, address, "nobody but members may say where it is");
}

/// [trust-1], [trust-2]
#[test]
fn gossip_of_who_does_not_ask_to_be_let_in_adds_nobody() {
    let mut world = World::new();
    let link = world.engine.handle_accepted(world.now, ip(1), LOCAL);
    for kind in [Kind::Ping, Kind::Pong] {
        world.receive(link, 1, kind, 100);
        assert_eq!(world.engine.table().len(), 1, "{kind}");
    }
}

#[test]
fn a_reset_in_between_leaves_nothing_behind() {
    let mut world = World::new();
    world.meet_from(1, 100);
    world.engine.reset(world.now, false);
    world.drain();
    assert_eq!(world.engine.table().len(), 1);
}

/// [trust-4]
#[test]
fn hearsay_is_not_passed_on() {
    let mut world = World::new();
    world.meet_from(1, 0);
    let member = world.answer_of(1);
    world.meet_from(2, 100);
    world.told.clear();
    for _ in 0..50 {
        world.receive(member, 1, Kind::Ping, 0);
    }
    assert!(world.told.is_empty(), "{:?}", world.told);
    world.receive(member, 1, Kind::Ping, 100);
    for _ in 0..50 {
        world.receive(member, 1, Kind::Ping, 0);
    }
    assert!(!world.told.is_empty(), "a member has told of them, so they are passed on");
}

/// [trust-4]
#[test]
fn whom_this_node_follows_stays() {
    let mut world = World::new();
    world.meet_from(1, 3);
    world.engine.replicate(world.now, &id(1001), false).expect("a primary that is known");
    world.drain();
    world.run(Duration::from_secs(60));
    let table = world.engine.table();
    assert!(table.lookup(&id(1000)).is_none() && table.lookup(&id(1002)).is_none(), "nobody has confirmed them");
    assert_eq!(table.me().primary_key(), Some(table.lookup(&id(1001)).expect("the primary")));
}

/// An engine in a world where nobody but node 1 ever takes a connection.
struct World {
    engine: Engine,
    now: Now,
    /// The connection to node 1.
    to_first: Option<LinkId>,
    /// Names in the heartbeats sent.
    told: Vec<NodeId>,
}

impl World {
    fn new() -> Self {
        let table = Table::new(id(0), ShardId::from_entropy([0xaa; 20]));
        let now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
        let engine = Engine::new(now, table, Config::default(), SplitMix::new(7));
        Self { engine, now, to_first: None, told: Vec::new() }
    }

    /// Node `number` opens a connection and sends MEET.
    fn meet_from(&mut self, number: u32, entries: u32) {
        let link = self.engine.handle_accepted(self.now, ip(number), LOCAL);
        self.receive(link, number, Kind::Meet, entries);
        self.engine.handle_timeout(self.now);
        self.drain();
    }

    /// Node `number` opens a connection and sends MEET with these entries.
    fn meet_with(&mut self, number: u32, entries: &[GossipFields]) {
        let link = self.engine.handle_accepted(self.now, ip(number), LOCAL);
        self.receive_with(link, number, Kind::Meet, entries);
    }

    /// Node 1 answers on our own connection to it, which ends its handshake; gives that connection.
    fn answer_of(&mut self, number: u32) -> LinkId {
        let link = self.to_first.expect("it is connected to");
        self.engine.handle_connected(self.now, link, LOCAL);
        self.receive(link, number, Kind::Pong, 0);
        assert!(self.engine.table().lookup(&id(number)).is_some(), "it has joined");
        link
    }

    /// A heartbeat of node `number` that tells of `entries` others.
    fn receive(&mut self, link: LinkId, number: u32, kind: Kind, entries: u32) {
        let entries: Vec<GossipFields> = (1000..1000 + entries).map(entry).collect();
        self.receive_with(link, number, kind, &entries);
    }

    fn receive_with(&mut self, link: LinkId, number: u32, kind: Kind, entries: &[GossipFields]) {
        let fields =
            HeaderFields { sender: id(number).into(), bus_port: 17_000, flags: PRIMARY, ..HeaderFields::default() };
        let mut bytes = Vec::new();
        let template = HeaderTemplate::new(&fields);
        let mut builder = template.heartbeat(kind, &mut bytes);
        entries.iter().for_each(|entry| builder.entry(entry));
        builder.finish();
        self.engine.handle_packet(self.now, link, &bytes);
        self.drain();
    }

    fn run(&mut self, time: Duration) {
        let end = self.now.mono.after(time);
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now.mono = self.now.mono.max(due);
            self.engine.handle_timeout(self.now);
            self.drain();
        }
    }

    fn known(&self, number: u32) -> &Node {
        let table = self.engine.table();
        table.node(table.lookup(&id(number)).expect("known"))
    }

    fn drain(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect { link, host, .. } if host == Host::from(ip(1)) => self.to_first = Some(link),
                Action::Send { bytes, .. } => self.told.extend(names(&bytes)),
                _ => {}
            }
        }
        while self.engine.poll_event().is_some() {}
    }
}

fn entry(number: u32) -> GossipFields {
    let host = Host::from(ip(number)).into();
    GossipFields { name: id(number).into(), host, bus_port: 17_000, flags: PRIMARY, ..GossipFields::default() }
}

fn names(bytes: &[u8]) -> Vec<NodeId> {
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(bytes) else { return Vec::new() };
    heartbeat.entries().iter().filter_map(|entry| entry.name().id()).collect()
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
