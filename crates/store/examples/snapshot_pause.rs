//! How long writers wait while all keys are walked: `cargo run --release -p slotmesh-store --example snapshot_pause`.

#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use slotmesh_store::{Changes, Db, Expiry, Keyspace};
use slotmesh_types::{Slot, key_slot};

const KEYS: u64 = 1_000_000;

fn main() {
    let keyspace = Keyspace::<()>::new(1);
    for number in 0..KEYS {
        set(&keyspace, number, 64);
    }
    let quiet = pauses(&keyspace, || thread::sleep(Duration::from_secs(1)));
    println!("no snapshot: {quiet}");
    let busy = pauses(&keyspace, || {
        let start = Instant::now();
        let (mut snapshot, at) = keyspace.snapshot(1 << 30, || start.elapsed()).expect("there is no other");
        let begun = start.elapsed();
        let (mut count, mut bytes, mut aside) = (0_u64, 0, 0);
        let show = |count: &mut u64, bytes: &mut usize, length: usize| {
            *count += 1;
            *bytes += length;
        };
        let mut buffer = Vec::new();
        while snapshot
            .step(256, |entry| {
                buffer.extend_from_slice(entry.key());
                buffer.extend(entry.value().text().iter().flat_map(|text| text.iter()));
                show(&mut count, &mut bytes, buffer.len());
            })
            .expect("there is room")
        {
            buffer.clear();
            aside = aside.max(snapshot.aside_bytes());
        }
        println!("a snapshot: locked after {at:?}, begun after {begun:?}, over after {:?}", start.elapsed());
        println!("{count} keys, at most {aside} bytes set aside");
    });
    println!("while it ran: {busy}");
}

/// How long single writes took that were done meanwhile.
fn pauses(keyspace: &Keyspace<()>, work: impl FnOnce()) -> String {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut longest, mut count, mut number) = (Duration::ZERO, 0_u64, 1_u64);
            while !is_over.load(Relaxed) {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let start = Instant::now();
                set(keyspace, (number >> 33) % KEYS, 65);
                longest = longest.max(start.elapsed());
                count += 1;
            }
            format!("{count} writes, the longest took {longest:?}")
        });
        work();
        is_over.store(true, Relaxed);
        writer.join().expect("the writer does not panic")
    })
}

fn set(keyspace: &Keyspace<()>, number: u64, bytes: usize) {
    let key = format!("key:{number:012}");
    let slot: Slot = key_slot(key.as_bytes());
    let (mut group, mut changes) = (keyspace.lock(slot), Changes::default());
    Db::new(group.slot(slot), &mut changes, 0, true).set_text(key.as_bytes(), &[b'x'; 128][..bytes], Expiry::Never);
}
