//! What a heartbeat costs its receiver. `cargo xtask bench codec` runs this and makes a table of its lines: case, gossip
//! entries, nanoseconds for a packet (median, least, most of the batches), allocations for a packet. The last line is another
//! one: how many bytes a known node takes.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod made_up;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use made_up::{id, ip};
use slotmesh_gossip::{Action, Config, Engine, LinkId, SplitMix};
use slotmesh_table::Table;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{Host, Mono, Now, ShardId, UnixMillis};
use slotmesh_wire::{Body, Extension, GossipFields, HeaderFields, HeaderTemplate, Kind, NodeFlags, Packet};

/// Packets of a batch, each a second of gossip later than the one before.
const BATCH: usize = 100;
const BATCHES: usize = 200;
/// Nodes of a big mesh.
const MESH: usize = 1000;
const START: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };

/// Counts, and hands everything on to the system's allocator. Safe code can't do that.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Fails only while a thread ends, when nobody counts any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size() as i64));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() - layout.size() as i64));
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
    // A tenth of all nodes is what a heartbeat tells of.
    let mesh = || Receiver::new(MESH);
    measure("merge and answer, 1000 known", MESH / 10, &packets(Kind::Ping, MESH / 10, ""), mesh, Receiver::receive);
    println!("memory\t{MESH}\t{}", memory_of_a_node());
}

/// Bytes that a known node takes in an engine that is connected to it both ways.
fn memory_of_a_node() -> i64 {
    let size = |count: usize| {
        let before = BYTES.get();
        let mut receiver = Receiver::new(count);
        receiver.connect();
        let taken = BYTES.get() - before;
        drop(receiver);
        taken
    };
    (size(MESH) - size(MESH / 10)) / (MESH - MESH / 10) as i64
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

    /// Connects to every node, is connected to by every node, and has heard from each.
    fn connect(&mut self) {
        self.engine.handle_timeout(START);
        let mut out = Vec::new();
        while let Some(action) = self.engine.poll_action() {
            if let Action::Connect { link, host, .. } = action {
                out.push((link, host));
            }
        }
        for number in 1..self.engine.table().len() as u32 {
            let heartbeat = |kind| packet(number, kind, &[], "", START.unix);
            let (link, _) = *out.iter().find(|(_, host)| *host == Host::from(ip(number))).expect("it is connected to");
            self.engine.handle_connected(START, link, Ipv4Addr::LOCALHOST.into());
            self.engine.handle_packet(START, link, &heartbeat(Kind::Pong));
            let link = self.engine.handle_accepted(START, ip(number), Ipv4Addr::LOCALHOST.into());
            self.engine.handle_packet(START, link, &heartbeat(Kind::Ping));
            while self.engine.poll_action().is_some() {}
            while self.engine.poll_event().is_some() {}
        }
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
    let others: Vec<u32> = (2..entries as u32 + 2).collect();
    let heard = |second: usize| UnixMillis(START.unix.0 - 1000 * (BATCH - second) as u64);
    (0..BATCH).map(|second| packet(1, kind, &others, hostname, heard(second))).collect()
}

/// A heartbeat of node `sender` that has heard of `others` at that time.
fn packet(sender: u32, kind: Kind, others: &[u32], hostname: &str, heard: UnixMillis) -> Vec<u8> {
    let host = Host::from(ip(sender)).into();
    let flags = NodeFlags::PRIMARY.with(NodeFlags::EXTENSIONS);
    let fields = HeaderFields {
        sender: id(sender).into(),
        host,
        port: 7000,
        bus_port: 17_000,
        flags,
        ..HeaderFields::default()
    };
    let mut bytes = Vec::new();
    let template = HeaderTemplate::new(&fields);
    let mut builder = template.heartbeat(kind, &mut bytes).extensible();
    for number in others {
        builder.entry(&GossipFields {
            name: id(*number).into(),
            pong_received: heard,
            host: Host::from(ip(*number)).into(),
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
}

fn shard() -> ShardId {
    ShardId::from_entropy([0xaa; 20])
}
