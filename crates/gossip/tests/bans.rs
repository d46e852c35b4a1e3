//! How others are told whom an operator made this node forget [forget-1].

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Ban, Config, Engine, LinkId, Memory, SplitMix};
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Mono, NodeId, Now, ShardId, UnixMillis};
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
    let later = Now { mono: NOW.mono.after(Duration::from_secs(61)), ..NOW };
    engine.handle_timeout(later);
    assert_eq!(answer_at(&mut engine, later, link).len(), 0);
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
    let link = engine.handle_accepted(NOW, Ipv4Addr::new(10, 0, 0, 1).into(), LOCAL);
    (engine, link)
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
    let fields = HeaderFields {
        sender: id(1).into(),
        port: 7000,
        bus_port: 17_000,
        flags: NodeFlags::PRIMARY,
        ..HeaderFields::default()
    };
    let mut bytes = Vec::new();
    HeaderTemplate::new(&fields).heartbeat(Kind::Ping, &mut bytes).extensible().finish();
    engine.handle_packet(now, link, &bytes);
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

fn id(number: u32) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    NodeId::from_entropy(entropy)
}
