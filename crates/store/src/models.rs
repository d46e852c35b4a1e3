//! A snapshot beside those who write, in every order of steps (`cargo xtask model`).

use std::collections::BTreeMap;
use std::sync::Arc;

use loom::model::Builder;
use loom::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use loom::thread::{self, JoinHandle};
use slotmesh_types::Slot;

use crate::{Changes, Db, Expiry, Keyspace, Snapshot};

/// The first slot, in the first group, and the last one, in the second.
const FIRST: Slot = Slot::new(0).expect("a slot");
const LAST: Slot = Slot::new(127).expect("a slot");

/// Two groups of slots.
type Keys = Arc<Keyspace<()>>;

/// Where a key is.
type Place = (Slot, &'static [u8]);

/// These keys, with `a` in each.
fn keys(places: &[Place]) -> Keys {
    let keys = Arc::new(Keyspace::of_first(128));
    places.iter().for_each(|place| set(&keys, *place, b"a"));
    keys
}

fn set(keys: &Keys, (slot, key): Place, text: &[u8]) {
    let (mut group, mut changes) = (keys.lock(slot), Changes::default());
    Db::new(group.slot(slot), &mut changes, 0, true).set_text(key, text, Expiry::Never);
}

/// Writes `b` to one after the other.
fn writer(keys: &Keys, places: [Place; 2]) -> JoinHandle<()> {
    let keys = Arc::clone(keys);
    thread::spawn(move || places.into_iter().for_each(|place| set(&keys, place, b"b")))
}

/// What a snapshot shows of each key, in the order of their names; `None` when it was given up.
fn walk(snapshot: &mut Snapshot<'_, ()>) -> Option<Vec<Vec<u8>>> {
    let mut seen = BTreeMap::new();
    loop {
        let more = snapshot.step(1, |entry| {
            let text = entry.value().text().expect("a text").into_owned();
            assert!(seen.insert(entry.key().to_vec(), text).is_none(), "each key is shown once");
        });
        match more {
            Ok(true) => {}
            Ok(false) => return Some(seen.into_values().collect()),
            Err(_) => return None,
        }
    }
}

/// Every order of steps in which threads take turns at most twice while both could go on: a walk takes a lock for each slot,
/// and without a bound the orders would be beyond number.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(2);
    model.check(run);
}

#[test]
fn a_snapshot_shows_one_moment() {
    model(|| {
        let places: [Place; 2] = [(FIRST, b"1"), (LAST, b"2")];
        let keys = keys(&places);
        let writer = writer(&keys, places);
        let (mut snapshot, ()) = keys.snapshot(1 << 20, || ()).expect("there is no other");
        let seen = walk(&mut snapshot).expect("little is set aside");
        writer.join().expect("no panic");
        assert!(seen == [b"a", b"a"] || seen == [b"b", b"a"] || seen == [b"b", b"b"], "no moment was so: {seen:?}");
    });
}

#[test]
fn what_was_set_aside_is_counted_and_freed_in_the_end() {
    model(|| {
        let places: [Place; 2] = [(FIRST, b"1"), (LAST, b"2")];
        let keys = keys(&places);
        let (mut snapshot, ()) = keys.snapshot(1 << 20, || ()).expect("there is no other");
        let writer = writer(&keys, places);
        let seen = walk(&mut snapshot).expect("little is set aside");
        assert_eq!(seen, [b"a", b"a"]);
        writer.join().expect("no panic");
        assert_eq!(snapshot.aside_bytes(), 0);
        drop(snapshot);
        assert!(keys.snapshot(0, || ()).is_some(), "the next can begin");
    });
}

#[test]
fn a_snapshot_that_was_given_up_says_so_or_had_shown_all() {
    model(|| {
        let places: [Place; 2] = [(LAST, b"1"), (LAST, b"2")];
        let keys = keys(&places);
        let (mut snapshot, ()) = keys.snapshot(0, || ()).expect("there is no other");
        let writer = writer(&keys, places);
        if let Some(seen) = walk(&mut snapshot) {
            assert_eq!(seen, [b"a", b"a"]);
        }
        writer.join().expect("no panic");
    });
}

#[test]
fn a_snapshot_that_ends_leaves_the_next_alone() {
    model(|| {
        let keys = keys(&[(FIRST, b"1")]);
        let walks = Arc::new(AtomicUsize::new(0));
        let begin = |walks: &AtomicUsize| assert_eq!(walks.fetch_add(1, AcqRel), 0, "another is not over");
        let other = thread::spawn({
            let (keys, walks) = (Arc::clone(&keys), Arc::clone(&walks));
            move || {
                let Some((mut snapshot, ())) = keys.snapshot(1 << 20, || begin(&walks)) else { return false };
                walks.fetch_sub(1, AcqRel);
                set(&keys, (FIRST, b"1"), b"b");
                assert_eq!(walk(&mut snapshot).expect("little is set aside"), [b"a"]);
                true
            }
        });
        let mine = keys.snapshot(0, || begin(&walks));
        let is_mine = mine.is_some();
        walks.fetch_sub(usize::from(is_mine), AcqRel);
        drop(mine);
        let is_others = other.join().expect("no panic");
        assert!(is_mine || is_others, "neither came first");
    });
}
