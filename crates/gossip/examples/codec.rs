//! What a heartbeat costs its receiver. `cargo xtask bench codec` runs this and makes a table of its lines: case, gossip
//! entries, nanoseconds for a packet (median, least, most of the batches), allocations for a packet.

// A global allocator can't be written without it; this one only counts and hands everything on to the system's.
#![allow(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use slotmesh_gossip::{Config, Engine, LinkId, SplitMix};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Host, Mono, NodeId, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, Extension, GossipFields, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

/// Packets of a batch, each a second of gossip later than the one before.
const BATCH: usize = 100;
const BATCHES: usize = 200;
const START: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Fails only while a thread ends, when nobody counts any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn main() {
    for entries in [10, 100] {
        let plain = |kind| packets(kind, entries, "");
        measure("decode", entries, &plain(Kind::Ping), || (), |(), bytes, _| read(bytes));
        measure("decode and merge", entries, &plain(Kind::Pong), || Receiver::new(entries), Receiver::receive);
        let named = packets(Kind::Pong, entries, "host-1.example");
        measure("with a host name", entries, &named, || Receiver::new(entries), Receiver::receive);
        measure("and answer", entries, &plain(Kind::Ping), || Receiver::new(entries), Receiver::receive);
    }
}

/// Prints what `work` costs for each of the packets.
fn measure<S>(
    case: &str,
    entries: usize,
    packets: &[Vec<u8>],
    start: impl Fn() -> S,
    mut work: impl FnMut(&mut S, &[u8], usize),
) {
    let mut batch = || {
        // A fresh one each time: what was heard before is not heard again.
        let mut state = start();
        let (allocated, begun) = (ALLOCATIONS.get(), Instant::now());
        for (index, bytes) in packets.iter().enumerate() {
            work(&mut state, black_box(bytes), index);
        }
        let nanos = begun.elapsed().as_nanos() as f64 / packets.len() as f64;
        (nanos, (ALLOCATIONS.get() - allocated) as f64 / packets.len() as f64)
    };
    // The first batches warm up.
    for _ in 0..BATCHES / 10 {
        black_box(batch());
    }
    let mut results: Vec<(f64, f64)> = (0..BATCHES).map(|_| batch()).collect();
    results.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (least, median, most) = (results[0].0, results[results.len() / 2], results[results.len() - 1].0);
    println!("{case}\t{entries}\t{:.0}\t{least:.0}\t{most:.0}\t{:.2}", median.0, median.1);
}

fn read(bytes: &[u8]) {
    let Ok(Packet::Full(header, Body::Heartbeat(heartbeat))) = Packet::decode(bytes) else { panic!("a heartbeat") };
    black_box((header.sender().id(), header.slots(), heartbeat.extensions().count()));
    for entry in heartbeat.entries() {
        black_box((entry.name().id(), entry.flags(), entry.pong_received(), entry.host().host().is_ok()));
    }
}

/// An engine that knows everybody, and a connection of the sender.
struct Receiver {
    engine: Engine,
    link: LinkId,
}

impl Receiver {
    fn new(entries: usize) -> Self {
        let mut engine = Engine::new(START, table(entries), Config::default(), SplitMix::new(7));
        let link = engine.handle_accepted(START, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), Ipv4Addr::LOCALHOST.into());
        Self { engine, link }
    }

    fn receive(&mut self, bytes: &[u8], number: usize) {
        let later = Duration::from_millis(number as u64);
        let now = Now { mono: START.mono.after(later), unix: UnixMillis(START.unix.0 + number as u64) };
        self.engine.handle_packet(now, self.link, bytes);
        while let Some(action) = self.engine.poll_action() {
            black_box(action);
        }
        while let Some(event) = self.engine.poll_event() {
            black_box(event);
        }
    }
}

/// Node 0 is the receiver, node 1 the sender, the others are gossiped about.
fn table(entries: usize) -> Table {
    let lines = (0..entries as u32 + 2).map(|number| {
        let (id, myself) = (id(number), if number == 0 { "myself," } else { "" });
        format!("{id} {}:7000@17000,,tls-port=0,shard-id={} {myself}master - 0 0 1 connected\n", ip(number), shard())
    });
    let text: String = lines.chain(["vars currentEpoch 1 lastVoteEpoch 0\n".to_owned()]).collect();
    let conf = ConfFile::parse(text.as_bytes()).expect("a nodes.conf");
    conf.into_table(START.mono).expect("a table")
}

/// Heartbeats of node 1 about all others. What was heard of them grows by a second each: there is something to merge.
fn packets(kind: Kind, entries: usize, hostname: &str) -> Vec<Vec<u8>> {
    let host = Host::from(ip(1)).into();
    let flags = NodeFlags::PRIMARY.with(NodeFlags::EXTENSIONS);
    let fields =
        HeaderFields { sender: id(1).into(), host, port: 7000, bus_port: 17_000, flags, ..HeaderFields::default() };
    let template = HeaderTemplate::new(&fields);
    let packet = |second: usize| {
        let mut bytes = Vec::new();
        let mut builder = template.heartbeat(kind, &mut bytes).extensible();
        for number in 2..entries as u32 + 2 {
            builder.entry(&GossipFields {
                name: id(number).into(),
                pong_received: UnixMillis(START.unix.0 - 1000 * (BATCH - second) as u64),
                host: Host::from(ip(number)).into(),
                port: 7000,
                bus_port: 17_000,
                flags,
                ..GossipFields::default()
            });
        }
        if !hostname.is_empty() {
            builder.extension(&Extension::Hostname(hostname.as_bytes()));
        }
        builder.extension(&Extension::ShardId(shard().into()));
        builder.finish();
        bytes
    };
    (0..BATCH).map(packet).collect()
}

/// Ids that differ at the front, as random ones do.
fn id(number: u32) -> NodeId {
    let mut entropy = [0; 20];
    entropy[..4].copy_from_slice(&(number + 1).wrapping_mul(0x9e37_79b9).to_be_bytes());
    NodeId::from_entropy(entropy)
}

fn shard() -> ShardId {
    ShardId::from_entropy([0xaa; 20])
}

fn ip(number: u32) -> IpAddr {
    let [_, a, b, c] = number.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, a, b, c))
}
