//! Two engines without a network: whatever one wants to send is handed to the other, and time is a number.
//!
//! `cargo run -p slotmesh-gossip --example by_hand`: all that a driver has to do, in one loop.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use slotmesh_gossip::{Action, Config, Engine, LinkId, MeetTarget, SplitMix};
use slotmesh_table::Table;
use slotmesh_types::{Mono, NodeId, Now, ShardId, UnixMillis};

const IPS: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2))];

/// A connection: the link at either end.
type Wire = [LinkId; 2];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut now = Now { mono: Mono::from_micros(1), unix: UnixMillis(1_795_000_000_000) };
    let mut engines = [0, 1].map(|number| {
        let table = Table::new(NodeId::from_entropy([number; 20]), ShardId::from_entropy([number; 20]));
        let config = Config { port: 7000, bus_port: 17_000, ..Config::default() };
        Engine::new(now, table, config, SplitMix::new(number.into()))
    });
    let mut wires: Vec<Wire> = Vec::new();
    engines[0].meet(now, MeetTarget { ip: IPS[1], port: 7000, bus_port: 17_000 })?;

    for _ in 0..100 {
        for end in [0, 1] {
            if engines[end].poll_timeout().is_some_and(|wake| wake <= now.mono) {
                engines[end].handle_timeout(now);
            }
            while let Some(action) = engines[end].poll_action() {
                carry_out(&mut engines, &mut wires, end, now, action);
            }
            while let Some(event) = engines[end].poll_event() {
                println!("{:?} node {end}: {event}", now.mono);
            }
        }
        now.mono = now.mono.after(Duration::from_millis(1));
        now.unix.0 += 1;
    }
    println!("they know {} and {} nodes", engines[0].table().len(), engines[1].table().len());
    Ok(())
}

fn carry_out(engines: &mut [Engine; 2], wires: &mut Vec<Wire>, end: usize, now: Now, action: Action) {
    let other = 1 - end;
    match action {
        Action::Connect { link, .. } => {
            let mut wire = [link; 2];
            wire[other] = engines[other].handle_accepted(now, IPS[end], IPS[other]);
            wires.push(wire);
            engines[end].handle_connected(now, link, IPS[end]);
        }
        Action::Send { link, bytes } | Action::SendPromise { link, bytes } => {
            if let Some(wire) = wires.iter().find(|wire| wire[end] == link) {
                engines[end].handle_flushed(link, bytes.len() as u64);
                engines[other].handle_packet(now, wire[other], &bytes);
            }
        }
        Action::Close { link } => {
            if let Some(at) = wires.iter().position(|wire| wire[end] == link) {
                engines[other].handle_closed(now, wires.remove(at)[other], false);
            }
        }
        Action::Persist(_) | Action::Data(_) | Action::ResolveSeeds => println!("node {end} wants {action:?}"),
    }
}
