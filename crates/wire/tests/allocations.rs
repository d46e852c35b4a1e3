//! Decoding borrows: a heartbeat is read without a single allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use slotmesh_types::{Host, NodeId, ShardId, UnixMillis};
use slotmesh_wire::{Body, Extension, GossipFields, HeaderFields, HeaderTemplate, Kind, Packet, frame_length};

/// Counts, and hands everything on to the system's allocator. Safe code can't do that.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Allocations of this thread: the test harness allocates on others.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // Fails only while a thread ends, when nobody counts any more.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// How often `work` asked for memory.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn a_ping_with_a_hundred_entries_is_read_without_allocating() {
    let ping = ping(100);
    let mut seen = (0, 0);
    let allocated = allocations(|| seen = read(black_box(&ping)));
    assert_eq!(seen, (100, 3), "everything was looked at");
    assert_eq!(allocated, 0);
}

#[test]
fn a_refused_packet_costs_nothing_either() {
    let mut ping = ping(100);
    ping.push(0);
    assert_eq!(allocations(|| assert!(Packet::decode(black_box(&ping)).is_err())), 0);
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(black_box(vec![1_u8; 64]))) > 0);
}

/// Reads everything a PING says; gives the number of its entries and extensions.
fn read(bytes: &[u8]) -> (usize, usize) {
    assert_eq!(frame_length(bytes), Ok(Some(bytes.len())));
    let Ok(Packet::Full(header, Body::Heartbeat(heartbeat))) = Packet::decode(bytes) else { panic!("a ping") };
    black_box((header.sender().id(), header.slots(), header.host().host().is_ok(), header.cluster_tag()));
    for entry in heartbeat.entries() {
        assert!(entry.name().id().is_some() && entry.host().host().is_ok());
        black_box(entry.to_fields());
    }
    (heartbeat.entries().len(), heartbeat.extensions().map(black_box).count())
}

fn ping(entries: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let me = NodeId::from_entropy([0xee; 20]);
    let template = HeaderTemplate::new(&HeaderFields { sender: me.into(), ..HeaderFields::default() });
    let mut builder = template.heartbeat(Kind::Ping, &mut out);
    for index in 0..entries {
        builder.entry(&GossipFields {
            name: NodeId::from_entropy([index; 20]).into(),
            pong_received: UnixMillis(1_795_000_000_000),
            host: "10.1.2.3".parse::<Host>().expect("an address").into(),
            port: 7000,
            bus_port: 17_000,
            ..GossipFields::default()
        });
    }
    builder.extension(&Extension::Hostname(b"host-1.example"));
    builder.extension(&Extension::ClientPort(7001));
    builder.extension(&Extension::ShardId(ShardId::from_entropy([7; 20]).into()));
    builder.finish();
    out
}
