//! Peers that lie, flood or stall, against a running mesh.

use std::iter;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result, ensure};
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Host, Slot, SlotSet};
use slotmesh_wire::{GossipFields, HeaderTemplate, HostField, Kind, NodeFlags};
use xtask::rack::{Kind as Server, Node, mesh, usage, wait};

use crate::bus::{Connection, Impostor, PRIMARY, fields, heartbeat, id};
use crate::turn::{PATIENCE, Turn, await_mesh, ids};

const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "3000")];

/// Two of ours, and two of Valkey 9.1 where it is here.
fn mixed(turn: &Turn) -> Vec<Node> {
    let peers = turn.present(&[Server::Valkey9, Server::Valkey9]);
    turn.mesh(&[vec![Server::Slotmesh, Server::Slotmesh], peers].concat(), &FLAGS)
}

/// [frame-1], [frame-2]
#[test]
fn what_is_no_packet_ends_the_connection_and_nothing_else() {
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let ping = heartbeat(&fields(1, 1), Kind::Ping, |_| ());
    let signature = [b"RCmB".as_slice(), &ping[4..]].concat();
    let short = with(&ping, 4, &2255_u32.to_be_bytes());
    let short_light = with(&with(&ping, 4, &15_u32.to_be_bytes()), 12, &0x8004_u16.to_be_bytes());
    let endless = with(&ping, 4, &u32::MAX.to_be_bytes());
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &signature, &short, &short_light, &endless] {
        let mut connection = Connection::to(&nodes[0]).unwrap();
        connection.send(bytes).unwrap();
        connection.await_close().unwrap();
    }
    await_mesh(&nodes);
}

/// [valid-1]
#[test]
fn what_is_wrong_in_itself_is_ignored_and_the_connection_stays() {
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let meet = heartbeat(&fields(1, 1), Kind::Meet, |_| ());
    let mut longer = with(&meet, 4, &(meet.len() as u32 + 8).to_be_bytes());
    longer.extend_from_slice(&[0; 8]);
    let version = with(&meet, 8, &2_u16.to_be_bytes());
    let light = with(&meet, 12, &0x8002_u16.to_be_bytes());
    let counts = with(&meet, 14, &1000_u16.to_be_bytes());
    let mut connection = Connection::to(&nodes[0]).unwrap();
    for bytes in [&version, &light, &counts, &longer] {
        connection.send(bytes).unwrap();
        connection.ping().unwrap();
        assert_eq!(nodes[0].lines().unwrap().len(), nodes.len(), "no handshake began");
    }
    await_mesh(&nodes);
}

/// [frame-2]
#[test]
fn an_announced_length_takes_no_memory() {
    let Some(turn) = Turn::alone() else { return };
    let nodes = turn.mesh(&[Server::Slotmesh, Server::Slotmesh], &FLAGS);
    let ping = heartbeat(&fields(1, 1), Kind::Ping, |_| ());
    let publish = with(&with(&ping, 4, &(1_u32 << 30).to_be_bytes()), 12, &4_u16.to_be_bytes());
    let gossip = with(&ping, 4, &7_000_000_u32.to_be_bytes());
    let before = resident_kib(&nodes[0]);
    let mut held = Vec::new();
    for bytes in iter::repeat_n([&publish, &gossip], 100).flatten() {
        let mut connection = Connection::to(&nodes[0]).unwrap();
        connection.send(&bytes[..1000]).unwrap();
        held.push(connection);
    }
    Connection::to(&nodes[0]).unwrap().ping().unwrap();
    let grown = resident_kib(&nodes[0]).saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB for {} connections", held.len());
    await_mesh(&nodes);
}

/// [trust-1]
#[test]
fn strangers_have_no_say() {
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let victim = nodes[1].id().unwrap().parse::<slotmesh_types::NodeId>().unwrap();
    let stranger = slotmesh_wire::HeaderFields {
        current_epoch: CurrentEpoch(999),
        config_epoch: ConfigEpoch(999),
        ..fields(1, 1)
    };
    let template = HeaderTemplate::new(&stranger);
    let (mut fail, mut update, mut request, mut vote) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    template.fail(victim.into(), &mut fail);
    template.update(victim.into(), ConfigEpoch(999), &slots(100), &mut update);
    template.auth_request(true, &mut request);
    template.bare(Kind::AuthAck, &mut vote);
    let mut connection = Connection::to(&nodes[0]).unwrap();
    for bytes in [fail, update, request, vote] {
        connection.send(&bytes).unwrap();
        connection.ping().unwrap();
    }
    let line = nodes[0].line_of(victim.as_str()).unwrap().unwrap();
    assert!(line.is_well() && line.slots.is_empty(), "{line:?}");
    // They may still be dealing epochs out among themselves.
    for name in ["cluster_current_epoch", "cluster_my_epoch"] {
        let epoch = info(&nodes[0], name).unwrap();
        assert!(epoch.trim_start_matches(':').parse::<u64>().unwrap() < 10, "{name}{epoch}");
    }
    await_mesh(&nodes);
}

/// [trust-3], [trust-4]
#[test]
fn a_flood_of_meets_from_nobody_leaves_nothing_behind() {
    /// More than handshakes are allowed, and together more nodes than may be unproven.
    const MEETS: u32 = 1200;
    const TOLD: u32 = 8;
    let Some(turn) = Turn::alone() else { return };
    let nodes = mixed(&turn);
    let members = ids(&nodes);
    let port = turn.rack.free_port().unwrap();
    let mut held = Vec::new();
    for number in 0..MEETS {
        let meet = heartbeat(&fields(number, port), Kind::Meet, |builder| {
            (0..TOLD).for_each(|other| builder.entry(&nobody(1_000_000 + number * TOLD + other, port)));
        });
        let mut connection = Connection::to(&nodes[0]).unwrap();
        connection.send(&meet).unwrap();
        held.push(connection);
    }
    let mut most = 0;
    wait::until("the table to be clean", PATIENCE, || {
        let lines = nodes[0].lines()?;
        most = most.max(lines.len());
        assert!(lines.len() <= nodes.len() + 1024 + 8192, "{} nodes", lines.len());
        for line in lines.iter().filter(|line| members.contains(&line.id)) {
            let suspected = line.has("fail?") || line.has("fail");
            assert!(!suspected, "the mesh does not suffer: {line:?} among {} nodes", lines.len());
        }
        ensure!(lines.len() == nodes.len(), "{} nodes are listed", lines.len());
        Ok(())
    })
    .unwrap();
    assert!(most > 1000, "the flood was felt: {most} nodes were listed");
    await_mesh(&nodes);
    nodes[0].call(&["CLUSTER", "SAVECONFIG"]).unwrap();
    let conf = nodes[0].nodes_conf().unwrap();
    assert_eq!(conf.lines().count(), nodes.len() + 1, "{conf}");
}

/// [text-1]
#[test]
fn announced_texts_break_neither_replies_nor_files() {
    let Some(turn) = Turn::alone() else { return };
    let mut nodes = turn.mesh(&[Server::Slotmesh, Server::Slotmesh], &FLAGS);
    let mut impostor = Impostor::start(1, turn.rack.free_port().unwrap()).unwrap();
    impostor.meet(&nodes[0]).unwrap();
    nodes.iter().for_each(|node| await_member(node, 1));

    impostor.change(|script| script.text = Some(b"good.example".to_vec()));
    impostor.ping().unwrap();
    wait::until("what is fit to be shown", PATIENCE, || {
        ensure!(nodes[0].text(&["CLUSTER", "NODES"])?.contains("good.example"));
        Ok(())
    })
    .unwrap();

    let long = vec![b'a'; 300];
    let texts: [&[u8]; 9] = [
        b"two words",
        b"comma,shard-id=0",
        b"line\nvars currentEpoch 99 lastVoteEpoch 99",
        b"tab\there",
        b"\x1b[31mred",
        b"quote\"'",
        b"equals=sign",
        b"\xff\xfe\x80",
        &long,
    ];
    for text in texts {
        impostor.change(|script| {
            script.text = Some(text.to_vec());
            script.fields.host = host_field(text);
        });
        impostor.ping().unwrap();
        wait::until("no host name", PATIENCE, || {
            let line = nodes[0].line_of(id(1).as_str())?.context("unknown")?;
            ensure!(line.hostname().is_empty() && line.is_well(), "{line:?}");
            Ok(())
        })
        .unwrap();
        let shown = nodes[0].text(&["CLUSTER", "NODES"]).unwrap();
        nodes[0].call(&["CLUSTER", "SAVECONFIG"]).unwrap();
        for place in [shown, nodes[0].nodes_conf().unwrap()] {
            assert!(!contains(&place, text), "{:?} is in {place:?}", text.escape_ascii().to_string());
        }
    }
    mesh::await_full(&nodes, PATIENCE).unwrap();
    load_with_valkey(&turn, &mut nodes[0]);
}

/// The file of one of our nodes is one that Valkey starts with, as the same node.
fn load_with_valkey(turn: &Turn, node: &mut Node) {
    if turn.present(&[Server::Valkey9]).is_empty() {
        return;
    }
    let (own, port, conf) = (node.id().unwrap(), node.port(), node.nodes_conf().unwrap());
    node.kill();
    let mut valkey = turn.rack.spawn_at(port, Server::Valkey9, Some(&conf), &FLAGS).unwrap();
    valkey.await_ready().unwrap();
    assert_eq!(valkey.id().unwrap(), own, "{conf}");
    assert!(valkey.line_of(id(1).as_str()).unwrap().is_some(), "{conf}");
}

/// [role-1]
#[test]
fn a_member_without_a_role_is_passed_on_with_one() {
    let Some(turn) = Turn::alone() else { return };
    let mut nodes = mixed(&turn);
    let mut impostor = Impostor::start(1, turn.rack.free_port().unwrap()).unwrap();
    impostor.change(|script| {
        script.fields.flags = NodeFlags(PRIMARY.0 & !NodeFlags::PRIMARY.0);
        script.fields.slots = slots(100);
        script.fields.current_epoch = CurrentEpoch(99);
        script.fields.config_epoch = ConfigEpoch(99);
    });
    impostor.meet(&nodes[0]).unwrap();
    for node in &nodes {
        wait::until("the claim of the member without a role", PATIENCE, || {
            let line = node.line_of(id(1).as_str())?.context("not known yet")?;
            ensure!(line.has("master") && line.slots == ["0-99"], "{} says {line:?}", node.kind());
            Ok(())
        })
        .unwrap();
    }
    mesh::await_full(&nodes, PATIENCE).unwrap();
    for node in &mut nodes {
        assert!(node.exit_status().unwrap().is_none(), "{} has ended: {}", node.kind(), node.log());
    }
}

/// A packet with some bytes changed.
fn with(packet: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = packet.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    changed
}

fn slots(count: u16) -> SlotSet {
    let mut slots = SlotSet::new();
    for slot in (0..count).filter_map(Slot::new) {
        slots.insert(slot);
    }
    slots
}

/// Gossip about a node that does not exist.
fn nobody(number: u32, port: u16) -> GossipFields {
    GossipFields {
        name: id(number).into(),
        host: Host::from(IpAddr::V4(Ipv4Addr::LOCALHOST)).into(),
        port,
        bus_port: port + 10_000,
        flags: PRIMARY,
        ..GossipFields::default()
    }
}

fn host_field(text: &[u8]) -> HostField {
    let mut field = [0; 46];
    let length = text.len().min(46);
    field[..length].copy_from_slice(&text[..length]);
    HostField(field)
}

fn contains(text: &str, part: &[u8]) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part)
}

fn await_member(node: &Node, number: u32) {
    wait::until("the impostor to be a member", PATIENCE, || {
        let line = node.line_of(id(number).as_str())?.context("not known yet")?;
        ensure!(line.is_well(), "{line:?}");
        Ok(())
    })
    .unwrap();
}

fn info(node: &Node, name: &str) -> Result<String> {
    let text = node.text(&["CLUSTER", "INFO"])?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    Ok(line.to_owned())
}

fn resident_kib(node: &Node) -> u64 {
    usage::memory(node.pid().unwrap()).unwrap().resident_kib
}
