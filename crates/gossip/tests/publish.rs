//! Published messages between members.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Config, Engine, Event, LinkId, SplitMix};
use slotmesh_table::{Address, NodeFacts, Table};
use slotmesh_types::{Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{
    Body, HeaderFields, HeaderTemplate, Kind, LightBody, NodeFlags, Packet, Publish, encode_light_publish,
};

const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1));
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const LIGHT: NodeFlags = NodeFlags(0x1c01);
const FULL_ONLY: NodeFlags = NodeFlags(0x0401);

#[test]
fn members_that_take_light_packets_get_them_and_others_full_ones() {
    let mut world = World::new(&[(2, LIGHT), (3, FULL_ONLY)]);
    world.engine.publish(NOW, b"news", b"hello");
    let sent = world.sent();
    assert_eq!(published(&sent[&2]), ("light publish".to_owned(), b"news".to_vec(), b"hello".to_vec()));
    assert_eq!(published(&sent[&3]), ("full publish".to_owned(), b"news".to_vec(), b"hello".to_vec()));
}

/// [publish-1]
#[test]
fn a_light_packet_goes_only_to_peers_that_surely_know_whose_link_it_is() {
    let mut world = World::unheard(&[2]);
    world.answer(2, LIGHT);
    world.engine.publish(NOW, b"c", b"m");
    assert_eq!(published(&world.sent()[&2]).0, "full publish", "it has not connected back");
    let inbound = world.connect_back(2, LIGHT);
    world.let_pings_go();
    world.engine.publish(NOW, b"c", b"m");
    assert_eq!(published(&world.sent()[&2]).0, "full publish", "our answer may be on its way");
    world.engine.handle_packet(NOW, inbound, &ping(2, LIGHT));
    world.engine.publish(NOW, b"c", b"m");
    assert_eq!(published(&world.sent()[&2]).0, "full publish", "nothing has been said on our link since");
    world.let_pings_go();
    world.engine.publish(NOW, b"c", b"m");
    assert_eq!(published(&world.sent()[&2]).0, "light publish");
    world.engine.handle_closed(NOW, inbound, false);
    world.engine.publish(NOW, b"c", b"m");
    assert_eq!(published(&world.sent()[&2]).0, "full publish");
}

#[test]
fn a_member_without_a_link_misses_the_message() {
    let mut world = World::new(&[(2, LIGHT)]);
    let link = world.links[&2];
    world.engine.handle_closed(NOW, link, false);
    world.engine.publish(NOW, b"c", b"m");
    assert!(world.sent().is_empty());
}

#[test]
fn only_who_is_a_member_or_has_become_one_on_its_link_sends_messages() {
    let mut world = World::unheard(&[2]);
    assert!(world.engine.takes_messages(world.links[&2]), "our own link to a member");
    let link = world.engine.handle_accepted(NOW, PEER, LOCAL);
    assert!(!world.engine.takes_messages(link), "nobody has spoken");
    world.engine.handle_packet(NOW, link, &ping(3, LIGHT));
    assert!(!world.engine.takes_messages(link), "a stranger");
    world.engine.handle_packet(NOW, link, &ping(0, LIGHT));
    assert!(!world.engine.takes_messages(link), "it gives itself the name of this node");
    let link = world.connect_back(2, LIGHT);
    assert!(world.engine.takes_messages(link));
    world.engine.handle_closed(NOW, link, false);
    assert!(!world.engine.takes_messages(link));
}

#[test]
fn shard_messages_stay_in_the_shard() {
    let mut world = World::new(&[(1, LIGHT), (2, LIGHT)]);
    world.engine.publish_shard(NOW, b"c", b"m");
    let sent = world.sent();
    assert_eq!(sent.keys().copied().collect::<Vec<_>>(), [1], "node 1 shares the shard of node 0");
    assert_eq!(published(&sent[&1]).0, "light publishshard");
}

/// [publish-2]
#[test]
fn a_peer_that_takes_nothing_costs_a_bounded_amount() {
    let mut world = World::new(&[(2, LIGHT)]);
    let message = vec![b'x'; 1 << 20];
    let sent: usize = (0..100)
        .map(|_| {
            world.engine.publish(NOW, b"c", &message);
            world.sent().len()
        })
        .sum();
    assert_eq!(sent as u64, Engine::PUBLISH_QUEUE_MAX / (1 << 20));
    let told = std::iter::from_fn(|| world.engine.poll_event());
    assert_eq!(told.filter(|event| matches!(event, Event::MessagesMissed { .. })).count(), 1);
    world.engine.handle_flushed(world.links[&2], 1 << 30);
    world.engine.publish(NOW, b"c", &message);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn messages_of_members_are_delivered() {
    let mut world = World::new(&[(2, LIGHT)]);
    let inbound = world.inbound[&2];
    for (shard, kind) in [(false, Kind::Publish), (true, Kind::PublishShard)] {
        let publish = Publish { channel: b"chan", message: b"hello" };
        let (mut light, mut full) = (Vec::new(), Vec::new());
        encode_light_publish(kind, publish, &mut light);
        template(2, LIGHT).publish(kind, publish, &mut full);
        for packet in [light, full] {
            world.engine.handle_packet(NOW, inbound, &packet);
            let delivery = world.engine.poll_delivery().expect("a message");
            assert_eq!(delivery.shard, shard);
            assert_eq!(delivery.parts(&packet), (&b"chan"[..], &b"hello"[..]));
            assert_eq!(world.engine.poll_delivery(), None, "once");
        }
    }
    let stats = world.engine.view(NOW).stats;
    assert_eq!(stats.pubsub_bytes_received, 2 * (16 + 2256 + 2 * 17));
}

/// [trust-1]
#[test]
fn messages_of_strangers_are_not() {
    let mut world = World::new(&[(2, LIGHT)]);
    let link = world.engine.handle_accepted(NOW, LOCAL, LOCAL);
    let mut full = Vec::new();
    template(9, LIGHT).publish(Kind::Publish, Publish { channel: b"c", message: b"m" }, &mut full);
    world.engine.handle_packet(NOW, link, &full);
    assert_eq!(world.engine.poll_delivery(), None);
    let mut light = Vec::new();
    encode_light_publish(Kind::Publish, Publish { channel: b"c", message: b"m" }, &mut light);
    world.engine.handle_packet(NOW, link, &light);
    assert_eq!(world.engine.poll_delivery(), None);
    assert!(!world.engine.has_link(link), "a light packet says nothing about who sent it");
}

#[test]
fn a_member_may_send_light_packets_on_the_link_it_had_as_a_stranger() {
    let mut world = World::new(&[]);
    let link = world.engine.handle_accepted(NOW, PEER, LOCAL);
    world.engine.handle_packet(NOW, link, &ping(2, LIGHT));
    let mut meet = Vec::new();
    template(2, LIGHT).heartbeat(Kind::Meet, &mut meet).extensible().finish();
    let other = world.engine.handle_accepted(NOW, PEER, LOCAL);
    world.engine.handle_packet(NOW, other, &meet);
    world.engine.handle_timeout(NOW);
    let connect = std::iter::from_fn(|| world.engine.poll_action())
        .find_map(|action| if let Action::Connect { link, .. } = action { Some(link) } else { None });
    let outbound = connect.expect("a handshake");
    world.engine.handle_connected(NOW, outbound, LOCAL);
    let mut pong = Vec::new();
    template(2, LIGHT).heartbeat(Kind::Pong, &mut pong).extensible().finish();
    world.engine.handle_packet(NOW, outbound, &pong);
    assert!(world.engine.table().lookup(&id(2)).is_some(), "a member now");
    let mut light = Vec::new();
    encode_light_publish(Kind::Publish, Publish { channel: b"c", message: b"m" }, &mut light);
    world.engine.handle_packet(NOW, link, &light);
    assert!(world.engine.poll_delivery().is_some());
    assert!(world.engine.has_link(link));
}

#[test]
fn a_message_that_nobody_takes_does_not_outlive_its_packet() {
    let mut world = World::new(&[(2, LIGHT)]);
    let mut packet = Vec::new();
    encode_light_publish(Kind::Publish, Publish { channel: b"c", message: b"m" }, &mut packet);
    world.engine.handle_packet(NOW, world.inbound[&2], &packet);
    world.engine.handle_packet(NOW, world.inbound[&2], &ping(2, LIGHT));
    assert_eq!(world.engine.poll_delivery(), None);
}

/// An engine with members at bus ports 20000 + number, on links that stand. It is node 0; nodes 0 and 1 share a shard.
struct World {
    engine: Engine,
    links: BTreeMap<u8, LinkId>,
    inbound: BTreeMap<u8, LinkId>,
    /// Of those that have answered.
    flags: BTreeMap<u8, NodeFlags>,
    now: Now,
}

impl World {
    /// Members that know us well.
    fn new(members: &[(u8, NodeFlags)]) -> Self {
        let numbers: Vec<u8> = members.iter().map(|(number, _)| *number).collect();
        let mut world = Self::unheard(&numbers);
        for (number, flags) in members {
            world.answer(*number, *flags);
            let inbound = world.connect_back(*number, *flags);
            world.engine.handle_packet(NOW, inbound, &ping(*number, *flags));
        }
        world.let_pings_go();
        world
    }

    /// Members that have not spoken yet.
    fn unheard(members: &[u8]) -> Self {
        let mut table = Table::new(id(0), shard(0));
        for number in members {
            let mut facts = NodeFacts::primary(id(*number), shard(*number));
            facts.address = Address { host: PEER.into(), port: 1, tls_port: 0, bus_port: 20_000 + u16::from(*number) };
            table.add(facts, NOW.mono).expect("room");
        }
        let config = Config { node_timeout: Duration::from_secs(3600), ..Config::default() };
        let mut engine = Engine::new(NOW, table, config, SplitMix::new(7));
        engine.handle_timeout(NOW);
        let mut links = BTreeMap::new();
        while let Some(action) = engine.poll_action() {
            if let Action::Connect { link, port, .. } = action {
                links.insert((port - 20_000) as u8, link);
            }
        }
        links.values().for_each(|link| engine.handle_connected(NOW, *link, LOCAL));
        let mut world = Self { engine, links, inbound: BTreeMap::new(), flags: BTreeMap::new(), now: NOW };
        world.sent();
        world
    }

    fn answer(&mut self, number: u8, flags: NodeFlags) {
        self.flags.insert(number, flags);
        let mut pong = Vec::new();
        template(number, flags).heartbeat(Kind::Pong, &mut pong).extensible().finish();
        self.engine.handle_packet(self.now, self.links[&number], &pong);
        self.sent();
    }

    fn connect_back(&mut self, number: u8, flags: NodeFlags) -> LinkId {
        let link = self.engine.handle_accepted(NOW, PEER, LOCAL);
        self.engine.handle_packet(NOW, link, &ping(number, flags));
        self.inbound.insert(number, link);
        self.sent();
        link
    }

    /// Enough time for every member to get a ping and answer it.
    fn let_pings_go(&mut self) {
        for _ in 0..20 {
            self.now.mono = self.now.mono.after(Duration::from_secs(1));
            self.engine.handle_timeout(self.now);
            for (number, flags) in self.flags.clone() {
                self.answer(number, flags);
            }
            self.links.values().for_each(|link| self.engine.handle_flushed(*link, 1 << 20));
        }
        self.sent();
    }

    /// What has been sent on the links to members since; the last for each.
    fn sent(&mut self) -> BTreeMap<u8, Vec<u8>> {
        let mut sent = BTreeMap::new();
        while let Some(action) = self.engine.poll_action() {
            if let Action::Send { link, bytes } = action
                && let Some((number, _)) = self.links.iter().find(|(_, known)| **known == link)
            {
                sent.insert(*number, bytes.to_vec());
            }
        }
        sent
    }
}

fn id(number: u8) -> NodeId {
    NodeId::from_entropy([number; 20])
}

fn shard(number: u8) -> ShardId {
    ShardId::from_entropy([number.saturating_sub(1); 20])
}

fn template(number: u8, flags: NodeFlags) -> HeaderTemplate {
    let bus_port = 20_000 + u16::from(number);
    HeaderTemplate::new(&HeaderFields {
        sender: id(number).into(),
        flags,
        port: 1,
        bus_port,
        ..HeaderFields::default()
    })
}

fn ping(number: u8, flags: NodeFlags) -> Vec<u8> {
    let mut ping = Vec::new();
    template(number, flags).heartbeat(Kind::Ping, &mut ping).extensible().finish();
    ping
}

fn published(packet: &[u8]) -> (String, Vec<u8>, Vec<u8>) {
    let (what, publish) = match Packet::decode(packet).expect("a packet") {
        Packet::Light(LightBody::Publish(publish)) => ("light publish", publish),
        Packet::Light(LightBody::PublishShard(publish)) => ("light publishshard", publish),
        Packet::Full(_, Body::Publish(publish)) => ("full publish", publish),
        Packet::Full(_, Body::PublishShard(publish)) => ("full publishshard", publish),
        other => panic!("not a published message: {other:?}"),
    };
    (what.to_owned(), publish.channel.to_vec(), publish.message.to_vec())
}
