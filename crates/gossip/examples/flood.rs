//! What a stranger's MEET costs that tells of nodes which do not exist: milliseconds to take it in while handshakes are
//! open, to take it in again, and to drop the nodes when the handshake ends. Each column has to grow with the first
//! one, not with its square: `cargo run --release -p slotmesh-gossip --example flood`.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod made_up;

use std::time::{Duration, Instant};

use made_up::{id, ip};
use slotmesh_gossip::{Config, Engine, MeetTarget, SplitMix};
use slotmesh_table::Table;
use slotmesh_types::{Host, Mono, Now, ShardId, UnixMillis};
use slotmesh_wire::{GossipFields, HeaderFields, HeaderTemplate, Kind, NodeFlags};

const START: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
/// Nodes that no handshake is under way with begin here.
const MADE_UP: u32 = 0x10_0000;

fn main() {
    println!("nodes\ttake in\tagain\tdrop");
    for nodes in [500, 1000, 2000, 4000] {
        let mut engine = engine();
        for number in 0..nodes {
            let target = MeetTarget { ip: ip(number), port: 7000, bus_port: 17_000 };
            engine.meet(START, target).expect("an operator may");
        }
        drain(&mut engine);
        let link = engine.handle_accepted(START, ip(MADE_UP), ip(1));
        let bytes = meet(nodes);
        let first = time(&mut engine, |engine| engine.handle_packet(START, link, &bytes));
        let again = time(&mut engine, |engine| engine.handle_packet(START, link, &bytes));
        let later = Now { mono: START.mono.after(Duration::from_secs(16)), ..START };
        let drop = time(&mut engine, |engine| {
            while engine.handshakes().next().is_some() {
                engine.handle_timeout(later);
            }
        });
        assert_eq!(engine.table().len(), 1, "nothing is left of it");
        println!("{nodes}\t{first:.2}\t{again:.2}\t{drop:.2}");
    }
}

/// Milliseconds that `work` takes.
fn time(engine: &mut Engine, work: impl FnOnce(&mut Engine)) -> f64 {
    let begun = Instant::now();
    work(engine);
    let millis = begun.elapsed().as_secs_f64() * 1000.0;
    drain(engine);
    millis
}

fn drain(engine: &mut Engine) {
    while engine.poll_action().is_some() {}
    while engine.poll_event().is_some() {}
}

fn engine() -> Engine {
    let table = Table::new(id(0), ShardId::from_entropy([0xaa; 20]));
    Engine::new(START, table, Config::default(), SplitMix::new(7))
}

/// A stranger's MEET that tells of twice as many nodes as there are handshakes: those met already, and others.
fn meet(nodes: u32) -> Vec<u8> {
    let fields = HeaderFields { sender: id(MADE_UP).into(), bus_port: 17_000, ..HeaderFields::default() };
    let template = HeaderTemplate::new(&fields);
    let mut bytes = Vec::new();
    let mut builder = template.heartbeat(Kind::Meet, &mut bytes);
    for number in (0..nodes).chain(MADE_UP + 1..=MADE_UP + nodes) {
        builder.entry(&GossipFields {
            name: id(number + 1).into(),
            host: Host::from(ip(number)).into(),
            bus_port: 17_000,
            flags: NodeFlags::PRIMARY,
            ..GossipFields::default()
        });
    }
    builder.finish();
    bytes
}
