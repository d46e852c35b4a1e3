//! What collections of some elements take, that grow element by element as clients make them grow:
//! `cargo run --release -p slotmesh-store --example collection_memory`.
//!
//! For each: what was asked of the allocator, in how many pieces, what the C library's makes of that (16 bytes for each step, of which
//! it keeps 8), and what the process has in memory. The key has 16 bytes; its share of the table of its slot is in all of these.
//! Hand it a number for other amounts of elements in all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use slotmesh_store::{
    AddRule, Changes, Db, Edited, End, Expiry, Hash, HashLimits, Keyspace, List, ListLimit, Set, SetLimits, SortedSet,
    SortedSetLimits, stream,
};
use slotmesh_types::key_slot;

/// Counts, and hands everything on to the system's allocator. Safe code can't do that.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);
static ROUNDED: AtomicIsize = AtomicIsize::new(0);
static PIECES: AtomicIsize = AtomicIsize::new(0);

fn count(size: usize, sign: isize) {
    BYTES.fetch_add(sign * size.cast_signed(), Relaxed);
    ROUNDED.fetch_add(sign * (size + 8).next_multiple_of(16).max(32).cast_signed(), Relaxed);
    PIECES.fetch_add(sign, Relaxed);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), -1);
        count(size, 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// Adds an element, the so-manyth of a key.
type Add = fn(&mut Db<'_>, &[u8], usize);

const SORTS: [(&str, Add); 6] = [
    ("hash", |db, key, element| {
        let (name, value) = (format!("field:{element:08}"), format!("value:{element:010}"));
        let set = |hash: &mut Hash| {
            let limits = HashLimits::default();
            Edited::changed(hash.set(name.as_bytes(), value.as_bytes(), Expiry::Never, 0, limits))
        };
        db.edit_or_new(key, set).expect("a hash");
    }),
    ("set", |db, key, element| {
        let member = format!("member:{element:09}");
        let add = |set: &mut Set| Edited::changed(set.add(member.as_bytes(), SetLimits::default()));
        db.edit_or_new(key, add).expect("a set");
    }),
    ("set of numbers", |db, key, element| {
        let member = (element * 1000).to_string();
        let add = |set: &mut Set| Edited::changed(set.add(member.as_bytes(), SetLimits::default()));
        db.edit_or_new(key, add).expect("a set");
    }),
    ("sorted set", |db, key, element| {
        let member = format!("member:{element:09}");
        let limits = SortedSetLimits { entries: 128, value: 64 };
        let add = |set: &mut SortedSet| {
            Edited::changed(set.add(member.as_bytes(), element as f64, AddRule::default(), limits))
        };
        db.edit_or_new(key, add).expect("a sorted set");
    }),
    ("list", |db, key, element| {
        let value = format!("element:{element:08}");
        let push = |list: &mut List| {
            list.push(End::Back, [value.as_bytes()].into_iter(), ListLimit::default());
            Edited::changed(())
        };
        db.edit_or_new(key, push).expect("a list");
    }),
    ("stream", |db, key, element| {
        let value = format!("value:{element:010}");
        let add = |stream: &mut stream::Stream| {
            let id = stream::StreamId::new(element as u64 + 1, 0);
            let fields = [(&b"field"[..], value.as_bytes())];
            Edited::changed(stream.add(id, fields.into_iter(), stream::StreamLimits::default()))
        };
        db.edit_or_new(key, add).expect("a stream").expect("ids rise");
    }),
];

const ELEMENTS: [usize; 6] = [1, 3, 10, 30, 100, 100_000];

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<usize>().ok());
    if let (Some(sort), Some(elements), Some(in_all)) = (number(1), number(2), number(3)) {
        let (bytes, pieces, rounded, resident) = measure(SORTS[sort].1, elements, in_all);
        println!("{:<16}{elements:>9}{bytes:>12.1}{pieces:>9.2}{rounded:>12.1}{resident:>12.1}", SORTS[sort].0);
        return;
    }
    let in_all = number(1).unwrap_or(1_000_000);
    println!("{:<16}{:>9}{:>12}{:>9}{:>12}{:>12}", "", "elements", "asked for", "pieces", "rounded", "resident");
    for sort in 0..SORTS.len() {
        for elements in ELEMENTS {
            // Each in a process of its own: what one has given back is resident still.
            let words = [sort, elements, in_all].map(|number| number.to_string());
            let program = std::env::current_exe().expect("it runs");
            let status = std::process::Command::new(program).args(words).status().expect("it runs again");
            assert!(status.success(), "{status}");
        }
    }
}

/// Of a key with so many elements, of which there are so many in all.
fn measure(add: Add, elements: usize, in_all: usize) -> (f64, f64, f64, f64) {
    let keyspace = Keyspace::<()>::new(1);
    let counters = || [&BYTES, &PIECES, &ROUNDED].map(|counter| counter.load(Relaxed));
    let (before, resident) = (counters(), resident());
    let keys = (in_all / elements).max(1);
    for number in 0..keys {
        let key = format!("key:{number:012}");
        let slot = key_slot(key.as_bytes());
        for element in 0..elements {
            let (mut group, mut changes) = (keyspace.lock(slot), Changes::default());
            add(&mut Db::new(group.slot(slot), &mut changes, 1, true), key.as_bytes(), element);
        }
    }
    let grown = |index: usize| (counters()[index] - before[index]) as f64 / keys as f64;
    let resident = self::resident().saturating_sub(resident) as f64 / keys as f64;
    (grown(0), grown(1), grown(2), resident)
}

/// Bytes that the process has in memory; 0 where the system doesn't tell.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}
