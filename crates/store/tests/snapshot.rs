//! Snapshots of keys that go on changing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use proptest::prelude::*;
use slotmesh_store::{
    Changes, Db, Edited, Expiry, Keyspace, Overrun, Packed, Set, SetLimits, Snapshot, SnapshotEntry, ValueRef,
};
use slotmesh_types::Slot;

const ROOM: usize = 64 << 20;
const THREADS: u64 = 3;

/// What keys hold, by slot and name.
type Model = BTreeMap<(u16, Vec<u8>), Held>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Text(Vec<u8>),
    Members(Vec<Vec<u8>>),
}

/// One thing that a thread does.
#[derive(Clone, Debug)]
struct Step {
    slot: u16,
    key: Vec<u8>,
    other: Vec<u8>,
    what: u64,
    number: u64,
}

fn slot(number: u16) -> Slot {
    Slot::new(number).expect("a slot")
}

/// The same numbers for the same seed.
fn numbers(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 29)) % below
    }
}

/// What a thread does: some slots are its own, in groups that it shares with others.
fn steps(seed: u64, thread: u64, count: usize) -> Vec<Step> {
    let mut random = numbers(seed ^ (thread << 32));
    let name = |random: &mut dyn FnMut(u64) -> u64| random(300).to_string().into_bytes();
    let step = |_| {
        let slot = (random(4) * 61 * THREADS + thread) as u16;
        let (key, other) = (name(&mut random), name(&mut random));
        Step { slot, key, other, what: random(1000), number: random(1_000_000) }
    };
    (0..count).map(step).collect()
}

/// Does a step; `done` counts it while the lock is held.
fn apply(keyspace: &Keyspace<()>, step: &Step, done: &AtomicUsize) {
    let (mut group, mut changes) = (keyspace.lock(slot(step.slot)), Changes::default());
    let keys = group.slot(slot(step.slot));
    let (key, text) = (&step.key[..], step.number.to_string().into_bytes());
    if step.what == 0 {
        drop(keys.take_all());
    } else {
        let mut db = Db::new(keys, &mut changes, 0, true);
        match step.what {
            1..400 => db.set_text(key, &text, Expiry::Never),
            400..550 => {
                let add = |set: &mut Set| Edited::changed(set.add(&text, SetLimits::default()));
                let _ = db.edit_or_new(key, add);
            }
            550..650 => {
                let append = |old: &mut Vec<u8>| {
                    old.extend(&text);
                    Edited::changed(())
                };
                let _ = db.edit_text(key, append);
            }
            650..750 => _ = db.rename(key, &step.other),
            750..850 => _ = db.copy(key, &step.other),
            _ => _ = db.remove(key),
        }
    }
    done.fetch_add(1, Relaxed);
}

fn apply_to_model(model: &mut Model, step: &Step) {
    let (place, other) = ((step.slot, step.key.clone()), (step.slot, step.other.clone()));
    let text = step.number.to_string().into_bytes();
    match step.what {
        0 => model.retain(|(slot, _), _| *slot != step.slot),
        1..400 => _ = model.insert(place, Held::Text(text)),
        400..550 => {
            if let Held::Members(members) = model.entry(place).or_insert(Held::Members(Vec::new())) {
                members.push(text);
                members.sort();
                members.dedup();
            }
        }
        550..650 => {
            if let Held::Text(old) = model.entry(place).or_insert(Held::Text(Vec::new())) {
                old.extend(text);
            }
        }
        650..750 => {
            if let Some(held) = model.remove(&place) {
                model.insert(other, held);
            }
        }
        750..850 => {
            if let Some(held) = model.get(&place).cloned() {
                model.insert(other, held);
            }
        }
        _ => _ = model.remove(&place),
    }
}

fn held(value: ValueRef<'_>) -> Held {
    match value.text() {
        Some(text) => Held::Text(text.into_owned()),
        None => {
            let set = value.kind::<Set>().expect("a text or a set");
            let mut members: Vec<_> = set.iter().map(Packed::to_vec).collect();
            members.sort();
            Held::Members(members)
        }
    }
}

/// All of a snapshot, each key of which must come once.
fn all(snapshot: &mut Snapshot<'_, ()>, count: usize) -> Model {
    let mut seen = Model::new();
    let show = |seen: &mut Model, entry: SnapshotEntry<'_>| {
        let twice = seen.insert((entry.slot().get(), entry.key().to_vec()), held(entry.value()));
        assert!(twice.is_none(), "{:?} comes twice", entry.key());
    };
    while snapshot.step(count, |entry| show(&mut seen, entry)).expect("there is room") {}
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_shows_what_was_there_at_its_moment(seed: u64, count in 1_usize..40) {
        let keyspace = Keyspace::<()>::new(1);
        let lists: Vec<Vec<Step>> = (0..THREADS).map(|thread| steps(seed, thread, 6000)).collect();
        let done: Vec<AtomicUsize> = lists.iter().map(|_| AtomicUsize::new(0)).collect();
        thread::scope(|scope| {
            for (steps, done) in lists.iter().zip(&done) {
                let keyspace = &keyspace;
                scope.spawn(move || steps.iter().for_each(|step| apply(keyspace, step, done)));
            }
            for _ in 0..3 {
                let counts = || done.iter().map(|done| done.load(Relaxed)).collect::<Vec<_>>();
                let (mut snapshot, counts) = keyspace.snapshot(ROOM, counts).expect("there is no other");
                let seen = all(&mut snapshot, count);
                let mut model = Model::new();
                for (steps, count) in lists.iter().zip(counts) {
                    steps[..count].iter().for_each(|step| apply_to_model(&mut model, step));
                }
                assert!(seen == model, "{} keys are seen, {} were there", seen.len(), model.len());
                assert_eq!(snapshot.aside_bytes(), 0, "all that was set aside is free");
            }
        });
    }
}

fn set(keyspace: &Keyspace<()>, number: u64, text: &[u8]) {
    let (mut group, mut changes) = (keyspace.lock(slot(7)), Changes::default());
    Db::new(group.slot(slot(7)), &mut changes, 0, true).set_text(number.to_string().as_bytes(), text, Expiry::Never);
}

#[test]
fn there_is_one_at_a_time_and_dropping_it_ends_it() {
    let keyspace = Keyspace::<()>::new(1);
    (0..100).for_each(|number| set(&keyspace, number, b"old"));
    let (mut snapshot, ()) = keyspace.snapshot(ROOM, || ()).expect("there is no other");
    assert!(keyspace.snapshot(ROOM, || ()).is_none());
    assert_eq!(snapshot.step(10, |_| {}), Ok(true));
    (0..100).for_each(|number| set(&keyspace, number, b"new"));
    assert!(snapshot.aside_bytes() > 0);
    drop(snapshot);
    let (mut snapshot, ()) = keyspace.snapshot(ROOM, || ()).expect("the other has ended");
    let seen = all(&mut snapshot, 1000);
    assert!(seen.len() == 100 && seen.values().all(|held| *held == Held::Text(b"new".to_vec())));
}

#[test]
fn what_is_set_aside_has_a_bound() {
    let keyspace = Keyspace::<()>::new(1);
    (0..100).for_each(|number| set(&keyspace, number, &[b'x'; 1000]));
    let (mut snapshot, ()) = keyspace.snapshot(50_000, || ()).expect("there is no other");
    (0..40).for_each(|number| set(&keyspace, number, b"new"));
    assert_eq!(snapshot.step(1, |_| {}), Ok(true));
    (40..100).for_each(|number| set(&keyspace, number, b"new"));
    assert!(snapshot.aside_bytes() < 60_000, "{} bytes are set aside", snapshot.aside_bytes());
    assert_eq!(snapshot.step(1, |_| {}), Err(Overrun { bytes_max: 50_000 }));
}

#[test]
fn a_slot_that_is_emptied_is_shown_as_it_was() {
    let keyspace = Keyspace::<()>::new(1);
    (0..1000).for_each(|number| set(&keyspace, number, b"old"));
    let (mut snapshot, ()) = keyspace.snapshot(ROOM, || ()).expect("there is no other");
    let mut seen = 0;
    assert_eq!(snapshot.step(100, |_| seen += 1), Ok(true));
    drop(keyspace.lock(slot(7)).slot(slot(7)).take_all());
    (500..1500).for_each(|number| set(&keyspace, number, b"new"));
    drop(keyspace.lock(slot(7)).slot(slot(7)).take_all());
    let rest = all(&mut snapshot, 100);
    assert_eq!((seen + rest.len(), keyspace.lock(slot(7)).slot(slot(7)).len()), (1000, 0));
    assert!(rest.values().all(|held| *held == Held::Text(b"old".to_vec())));
}

#[test]
fn lookups_that_fail_set_nothing_aside() {
    let keyspace = Keyspace::<()>::new(1);
    (0..10).for_each(|number| set(&keyspace, number, b"old"));
    let (snapshot, ()) = keyspace.snapshot(ROOM, || ()).expect("there is no other");
    let (mut group, mut changes) = (keyspace.lock(slot(7)), Changes::default());
    let mut db = Db::new(group.slot(slot(7)), &mut changes, 0, true);
    let _ = db.edit(b"nosuch", |_: &mut Set| Edited::same(()));
    assert!(!db.remove(b"nosuch") && db.exists(b"1"));
    drop(group);
    assert_eq!(snapshot.aside_bytes(), 0);
}

#[test]
fn a_group_in_use_is_waited_for() {
    let (keyspace, is_held) = (Keyspace::<()>::new(1), AtomicBool::new(false));
    thread::scope(|scope| {
        let group = keyspace.lock(slot(7));
        let walk = scope.spawn(|| keyspace.snapshot(ROOM, || is_held.load(Relaxed)).expect("there is no other").1);
        is_held.store(true, Relaxed);
        thread::yield_now();
        is_held.store(false, Relaxed);
        drop(group);
        assert!(!walk.join().expect("no panic"));
    });
}
