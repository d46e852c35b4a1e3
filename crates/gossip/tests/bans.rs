//! How others are told whom an operator made this node forget [forget-1].

use std::collections::BTreeMap;
use std::iter;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Ban, Config, Engine, LinkId, Memory, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, Extension, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1));
/// Most bans in a heartbeat.
const TOLD: usize = 256;

#[test]
fn all_bans_are_told_while_they_are_few() {
    let (mut engine, link) = banning(TOLD as u32);
    for _ in 0..3 {
        assert_eq!(answer(&mut engine, link).len(), TOLD);
    }
}

#[test]
fn many_bans_are_told_in_turn() {
    let (mut engine, link) = banning(600);
    let mut heard = BTreeMap::new();
    for told in [256, 256, 88, 256, 256, 88] {
        let bans = answer(&mut engine, link);
        assert_eq!(bans.len(), told);
        bans.into_iter().for_each(|id| *heard.entry(id).or_insert(0) += 1);
    }
    assert!(heard.len() == 600 && heard.values().all(|times| *times == 2), "each as often as the others");
}

#[test]
fn a_turn_begins_anew_when_the_bans_are_over() {
    let (mut engine, link) = banning(600);
    assert_eq!(answer(&mut engine, link).len(), TOLD);
    let over = later(61_000);
    engine.handle_timeout(over);
    assert_eq!(answer_at(&mut engine, over, link).len(), 0);
}

#[test]
fn a_meet_that_was_under_way_when_its_sender_was_forgotten_does_not_bring_it_back() {
    let (mut engine, _) = banning(0);
    let before = accepted(&mut engine, NOW);
    let forgotten = later(1);
    engine.forget(forgotten, &id(1)).expect("a member");
    let after = accepted(&mut engine, later(2));
    engine.handle_packet(later(3), before, &packet(Kind::Meet));
    assert_eq!(engine.handshakes().count(), 0, "the operator had said MEET before FORGET");
    engine.handle_packet(later(3), after, &packet(Kind::Meet));
    assert_eq!(engine.handshakes().count(), 1, "and then MEET again");
}

#[test]
fn who_is_forgotten_between_its_meet_and_the_end_of_the_handshake_does_not_come_in() {
    for (forgotten, members) in [(true, 2), (false, 3)] {
        let (mut engine, _) = banning(0);
        let host = Ipv4Addr::new(10, 0, 0, 2);
        let met = engine.handle_accepted(NOW, host.into(), LOCAL);
        engine.handle_packet(NOW, met, &packet_of(2, Kind::Meet));
        engine.handle_timeout(NOW);
        let link = iter::from_fn(|| engine.poll_action()).find_map(|action| match action {
            Action::Connect { link, host: to, .. } if to == Host::from(IpAddr::V4(host)) => Some(link),
            _ => None,
        });
        let link = link.expect("a handshake has begun");
        engine.handle_connected(later(1), link, LOCAL);
        if forgotten {
            let ban = Ban { id: id(2), until_unix_s: NOW.unix.0 / 1000 + 60, length_s: 60 };
            engine.recall(later(2), &Memory { forgotten: vec![ban], ..Memory::default() });
        }
        engine.handle_packet(later(3), link, &packet_of(2, Kind::Pong));
        assert_eq!((engine.table().len(), engine.handshakes().count()), (members, 0));
        assert_eq!(engine.table().forgotten.contains(&id(2), later(3).mono), forgotten);
    }
}

#[test]
fn a_meet_before_the_ban_is_over_counts_when_the_ban_is_an_earlier_run_s() {
    let (mut engine, _) = banning(0);
    let until_unix_s = NOW.unix.0 / 1000 + 60;
    let ban = Ban { id: id(2), until_unix_s, length_s: 60 };
    engine.recall(NOW, &Memory { forgotten: vec![ban], ..Memory::default() });
    let link = engine.handle_accepted(NOW, Ipv4Addr::new(10, 0, 0, 2).into(), LOCAL);
    engine.handle_packet(NOW, link, &packet_of(2, Kind::Meet));
    assert_eq!(engine.handshakes().count(), 1);
}

/// An engine with so many bans of a minute, and a link of a member.
fn banning(bans: u32) -> (Engine, LinkId) {
    let line = |number, flags| {
        let (id, shard) = (id(number), ShardId::from_entropy([0xaa; 20]));
        format!("{id} 10.0.0.{number}:7000@17000,,tls-port=0,shard-id={shard} {flags} - 0 0 1 connected\n")
    };
    let text = line(0, "myself,master") + &line(1, "master");
    let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(NOW.mono).expect("a table");
    let mut engine = Engine::new(NOW, table, Config::default(), SplitMix::new(7));
    let until_unix_s = NOW.unix.0 / 1000 + 60;
    let forgotten = (1000..1000 + bans).map(|number| Ban { id: id(number), until_unix_s, length_s: 60 }).collect();
    engine.recall(NOW, &Memory { forgotten, ..Memory::default() });
    let link = accepted(&mut engine, NOW);
    (engine, link)
}

/// A connection of the member.
fn accepted(engine: &mut Engine, now: Now) -> LinkId {
    engine.handle_accepted(now, Ipv4Addr::new(10, 0, 0, 1).into(), LOCAL)
}

fn later(millis: u64) -> Now {
    Now { mono: NOW.mono.after(Duration::from_millis(millis)), ..NOW }
}

/// Whom the PONG bans that answers a PING.
fn answer(engine: &mut Engine, link: LinkId) -> Vec<NodeId> {
    answer_at(engine, NOW, link)
}

fn answer_at(engine: &mut Engine, now: Now, link: LinkId) -> Vec<NodeId> {
    let sent = ping(engine, now, link);
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(&sent) else { panic!("a heartbeat") };
    let bans = heartbeat.extensions().filter_map(|extension| match extension {
        Extension::ForgottenNode { name, .. } => name.id(),
        _ => None,
    });
    bans.collect()
}

/// The member sends a PING. Gives what is sent back.
fn ping(engine: &mut Engine, now: Now, link: LinkId) -> Vec<u8> {
    engine.handle_packet(now, link, &packet(Kind::Ping));
    let mut answer = Vec::new();
    while let Some(action) = engine.poll_action() {
        if let Action::Send { link: to, bytes, .. } = action
            && to == link
        {
            answer = bytes.to_vec();
        }
    }
    answer
}

fn packet(kind: Kind) -> Vec<u8> {
    packet_of(1, kind)
}

fn packet_of(sender: u32, kind: Kind) -> Vec<u8> {
    let fields = HeaderFields {
        sender: id(sender).into(),
        port: 7000,
        bus_port: 17_000,
        flags: NodeFlags::PRIMARY,
        ..HeaderFields::default()
    };
    let mut bytes = Vec::new();
    HeaderTemplate::new(&fields).heartbeat(kind, &mut bytes).extensible().finish();
    bytes
}

fn id(number: u32) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    NodeId::from_entropy(entropy)
}
