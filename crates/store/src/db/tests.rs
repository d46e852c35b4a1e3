use super::*;
use crate::generator::generator;
use crate::hashes::{Hash, HashLimits};
use crate::set::{Set, SetLimits, SetRef};
use crate::stream::Stream;
use crate::usage::Usage;

fn at<R>(keys: &mut SlotKeys, now: u64, work: impl FnOnce(&mut Db<'_>) -> R) -> (R, Changes) {
    let mut changes = Changes { observed: true, ..Changes::default() };
    let result = work(&mut Db::new(keys, &mut changes, now, true));
    (result, changes)
}

fn text(db: &mut Db<'_>, key: &[u8]) -> Option<Vec<u8>> {
    db.get(key).map(|value| value.text().expect("a text").into_owned())
}

fn set_field(hash: &mut Hash, name: &[u8], expiry: Expiry) -> Edited<bool> {
    Edited::changed(hash.set(name, b"v", expiry, 0, HashLimits::default()))
}

/// What is done to one key, by name.
fn told(changes: &Changes) -> Vec<(&[u8], KeyChange)> {
    changes.keys.iter().map(|(key, change)| (&**key, *change)).collect()
}

#[test]
fn what_has_expired_is_not_there_and_goes_when_somebody_looks() {
    let mut keys = SlotKeys::default();
    let empty = keys.bytes();
    at(&mut keys, 0, |db| db.set_text(b"k", b"v", Expiry::At(10)));
    assert!(at(&mut keys, 9, |db| db.exists(b"k")).0);
    let waits = Db::new(&mut keys, &mut Changes::default(), 10, false).exists(b"k");
    assert!(!waits && keys.len() == 1, "a replica waits for its primary");
    let (there, changes) = at(&mut keys, 10, |db| db.exists(b"k"));
    assert!(!there);
    assert_eq!((told(&changes), changes.count), (vec![(&b"k"[..], KeyChange::Expired)], 0));
    assert_eq!((keys.len(), keys.bytes(), keys.expiring()), (0, empty, 0));
}

#[test]
fn a_term_ends_at_its_last_change() {
    let mut keys = SlotKeys::default();
    let (_, changes) = at(&mut keys, 0, |db| {
        db.set_number(b"k", 7, Expiry::At(10));
        assert_eq!(db.set_deadline(b"k", 20, TermIf::Later), TermChange::Set);
        assert_eq!(db.set_deadline(b"k", 15, TermIf::Later), TermChange::Refused);
        assert_eq!(db.set_deadline(b"nosuch", 15, TermIf::Always), TermChange::Missing);
        db.set_text(b"k", b"12345678", Expiry::Kept);
        assert_eq!(db.deadline(b"k"), Some(Some(20)));
        assert_eq!(db.deadline(b"nosuch"), None);
    });
    assert_eq!(changes.count, 3);
    let (done, changes) = at(&mut keys, 15, |db| db.expire(10));
    assert!(done && changes.keys.is_empty());
    at(&mut keys, 16, |db| {
        assert_eq!(db.persist(b"k"), TermChange::Set);
        assert_eq!((db.persist(b"k"), db.persist(b"nosuch")), (TermChange::Refused, TermChange::Missing));
    });
    let (done, changes) = at(&mut keys, 100, |db| db.expire(10));
    assert!(done && changes.keys.is_empty());
    assert_eq!(at(&mut keys, 100, |db| text(db, b"k")).0, Some(b"12345678".to_vec()));
}

#[test]
fn a_term_that_is_over_takes_the_key_out() {
    let mut keys = SlotKeys::default();
    let (change, changes) = at(&mut keys, 10, |db| {
        db.set_text(b"k", b"v", Expiry::Never);
        db.set_deadline(b"k", 10, TermIf::Always)
    });
    assert_eq!((change, keys.len(), keys.expiring()), (TermChange::Gone, 0, 0));
    assert_eq!(told(&changes), [(&b"k"[..], KeyChange::Changed), (b"k", KeyChange::Removed)]);
    let mut changes = Changes::default();
    let mut replica = Db::new(&mut keys, &mut changes, 10, false);
    replica.set_text(b"k", b"v", Expiry::Never);
    assert_eq!(replica.set_deadline(b"k", 10, TermIf::Always), TermChange::Set);
    assert_eq!((keys.len(), keys.expiring()), (1, 1));
}

#[test]
fn expiry_is_done_in_small_steps() {
    let mut keys = SlotKeys::default();
    for number in 0..100_u64 {
        at(&mut keys, 0, |db| db.set_text(number.to_string().as_bytes(), b"v", Expiry::At(number)));
    }
    let mut steps = 1;
    while !at(&mut keys, 64, |db| db.expire(10)).0 {
        steps += 1;
    }
    assert_eq!((keys.len(), steps), (35, 7));
    at(&mut keys, 65, |db| assert!(db.expire(10)));
    assert_eq!(keys.len(), 35, "keys go in steps of 16 milliseconds");
    at(&mut keys, 112, |db| assert!(db.expire(100)));
    assert_eq!(keys.len(), 0);
}

#[test]
fn deadlines_that_change_all_the_time_take_no_room() {
    let mut keys = SlotKeys::default();
    for number in 0..10_000_u64 {
        at(&mut keys, 0, |db| db.set_text(b"k", b"v", Expiry::At(1000 + number)));
        assert!(keys.bytes() < 350, "{}", keys.bytes());
    }
}

#[test]
fn what_is_set_in_place_of_what_has_expired_is_told_after_it() {
    let mut keys = SlotKeys::default();
    at(&mut keys, 0, |db| db.set_text(b"k", b"v", Expiry::At(10)));
    let (_, changes) = at(&mut keys, 10, |db| db.set_text(b"k", b"w", Expiry::Never));
    assert_eq!(told(&changes), [(&b"k"[..], KeyChange::Expired), (b"k", KeyChange::Changed)]);
}

#[test]
fn keys_are_drawn_and_scanned_among_those_that_live() {
    let mut keys = SlotKeys::default();
    at(&mut keys, 0, |db| {
        for number in 0..20_u64 {
            db.set_text(number.to_string().as_bytes(), b"v", Expiry::At(if number < 15 { 10 } else { 20 }));
        }
    });
    let is_alive = |key: &[u8]| str::from_utf8(key).is_ok_and(|key| key.parse().is_ok_and(|key: u32| key >= 15));
    for expires in [false, true] {
        let (mut changes, mut random) = (Changes::default(), generator(1));
        let mut db = Db::new(&mut keys, &mut changes, 10, expires);
        assert!((0..100).all(|_| db.random_key(&mut random).is_some_and(|key| is_alive(&key))));
        let (mut shown, mut position) = (0, 0);
        loop {
            position = db.scan(position, |key, _| shown += usize::from(is_alive(key)));
            if position == 0 {
                break;
            }
        }
        assert_eq!(shown, 5);
        assert!(db.keys().count() == 5 && db.keys().all(is_alive));
    }
    let (key, changes) = at(&mut keys, 20, |db| db.random_key(generator(1)));
    assert_eq!((key, keys.len(), changes.keys.len()), (None, 0, 5));
}

#[test]
fn fields_that_have_expired_are_found() {
    let mut keys = SlotKeys::default();
    let empty = keys.bytes();
    at(&mut keys, 0, |db| {
        for key in [b"a", b"b"] {
            for name in [b"x", b"y"] {
                db.edit_or_new(key, |hash| set_field(hash, name, Expiry::At(16))).expect("a hash");
            }
        }
        db.edit_or_new(b"b", |hash| set_field(hash, b"stays", Expiry::Never)).expect("a hash");
        db.edit_or_new(b"b", |hash| set_field(hash, b"later", Expiry::At(32))).expect("a hash");
    });
    assert!(at(&mut keys, 15, |db| db.expire_fields(9, |_, _| panic!("nothing is due"))).0);
    let mut gone = Vec::new();
    let mut expire =
        |now, most| at(&mut keys, now, |db| db.expire_fields(most, |key, field| gone.push([key, field].concat())));
    assert!(!expire(16, 1).0);
    let (done, changes) = expire(16, 9);
    assert!(done && told(&changes).contains(&(b"a", KeyChange::Removed)));
    assert!(expire(31, 9).1.keys.is_empty());
    let (done, changes) = expire(32, 9);
    assert!(done);
    assert_eq!(told(&changes), [(&b"b"[..], KeyChange::Changed)]);
    gone.sort_unstable();
    assert_eq!(gone, [&b"ax"[..], b"ay", b"blater", b"bx", b"by"]);
    at(&mut keys, 32, |db| assert!(!db.exists(b"a") && db.remove(b"b")));
    assert_eq!(keys.bytes(), empty);
}

#[test]
fn several_keys_are_looked_at_together() {
    let mut keys = SlotKeys::default();
    let (_, changes) = at(&mut keys, 10, |db| {
        let add = |set: &mut Set| {
            let new = [b"a", b"b", b"a"].iter().filter(|member| set.add(**member, SetLimits::default())).count();
            Edited::times(new, ())
        };
        db.edit_or_new(b"s", add).expect("a set");
        db.edit_or_new(b"r", add).expect("a set");
        db.set_text(b"t", b"v", Expiry::At(10));
        let sets = db.view_all::<Set>([&b"s"[..], b"nosuch", b"r", b"t"]).expect("sets, or nothing");
        assert_eq!(sets.iter().map(|set| set.map(SetRef::len)).collect::<Vec<_>>(), [Some(2), None, Some(2), None]);
        db.set_text(b"t", b"v", Expiry::Never);
        assert_eq!(db.view_all::<Set>([&b"s"[..], b"t"]).map(|_| ()), Err(WrongType));
    });
    assert_eq!(changes.count, 6, "a member is a change");
    assert!(told(&changes).contains(&(b"t", KeyChange::Expired)));
}

#[test]
fn a_renamed_key_takes_the_place_of_another() {
    let mut keys = SlotKeys::default();
    let empty = keys.bytes();
    let (_, changes) = at(&mut keys, 10, |db| {
        db.set_text(b"a", b"v", Expiry::At(50));
        db.set_number(&[b'b'; 300], 7, Expiry::At(10));
        db.edit_or_new(b"h", |hash| set_field(hash, b"f", Expiry::At(16))).expect("a hash");
        assert!(!db.rename(b"nosuch", b"a") && db.rename(b"a", b"a"));
        assert!(db.rename(b"a", &[b'b'; 300]) && !db.exists(b"a"));
        assert_eq!((text(db, &[b'b'; 300]), db.deadline(&[b'b'; 300])), (Some(b"v".to_vec()), Some(Some(50))));
        assert!(db.rename(b"h", &[b'b'; 300]) && db.bytes_of(b"h").is_none());
    });
    let long = &[b'b'; 300][..];
    let expected = [(long, KeyChange::Expired), (b"a", KeyChange::Removed), (long, KeyChange::Changed)];
    assert_eq!((&told(&changes)[3..6], changes.count), (&expected[..], 5));
    let mut gone = Vec::new();
    at(&mut keys, 16, |db| assert!(db.expire_fields(9, |key, field| gone.push([key, field].concat()))));
    assert_eq!(gone, [[long, b"f"].concat()], "what is due is found under the new key");
    assert_eq!((keys.len(), keys.bytes(), keys.expiring()), (0, empty, 0));
}

#[test]
fn who_changes_nothing_is_not_noticed() {
    let mut keys = SlotKeys::default();
    let (_, changes) = at(&mut keys, 0, |db| {
        let add = |set: &mut Set| {
            let is_new = set.add(b"m", SetLimits::default());
            Edited::when(is_new, is_new)
        };
        assert_eq!(db.edit_or_new(b"s", add), Ok(true));
        assert_eq!(db.edit_or_new(b"s", add), Ok(false));
        assert_eq!(db.edit::<Set, _>(b"s", |_| Edited::same(7)), Ok(Some(7)));
        assert_eq!(db.edit_text(b"t", |_| Edited::same(7)), Ok(7));
        assert_eq!(db.edit_or_new::<Stream, _>(b"x", |_| Edited::same(7)), Ok(7));
        assert!(!db.exists(b"t") && !db.exists(b"x"));
        assert_eq!(db.edit_text(b"s", |_| Edited::changed(7)), Err(WrongType));
        assert_eq!(db.edit::<Set, _>(b"s", |set| Edited::changed(set.remove(b"m"))), Ok(Some(true)));
        assert_eq!(db.edit::<Set, _>(b"s", |_| Edited::changed(7)), Ok(None));
    });
    assert_eq!(told(&changes), [(&b"s"[..], KeyChange::Changed), (b"s", KeyChange::Removed)]);
    assert_eq!(changes.count, 2);
}

#[test]
fn an_empty_value_takes_the_key_out() {
    let mut keys = SlotKeys::default();
    let (_, changes) = at(&mut keys, 0, |db| {
        db.set_text(b"k", b"v", Expiry::Never);
        assert!(!db.set_value(b"k", Set::default(), Expiry::Never));
        assert!(!db.set_value(b"k", Set::default(), Expiry::Never));
        assert!(!db.exists(b"k") && db.set_value(b"x", Stream::default(), Expiry::Never));
    });
    let removed = told(&changes).into_iter().filter(|(_, change)| *change == KeyChange::Removed);
    assert_eq!(removed.count(), 1);
}

#[test]
fn bytes_come_and_go() {
    let mut keys = SlotKeys::default();
    let empty = keys.bytes();
    at(&mut keys, 0, |db| {
        db.set_text(b"k", &[b'x'; 100], Expiry::Never);
        db.set_text(&[b'k'; 300], b"5", Expiry::Never);
    });
    let two = keys.bytes();
    at(&mut keys, 0, |db| {
        let append = |text: &mut Vec<u8>| {
            text.extend_from_slice(&[b'y'; 1000]);
            Edited::changed(())
        };
        db.edit_text(b"k", append).expect("a text");
    });
    assert!(keys.bytes() > two + 1000);
    assert_eq!(at(&mut keys, 0, |db| text(db, b"k").map(|text| text.len())).0, Some(1100));
    at(&mut keys, 0, |db| assert!(db.remove(b"k") && db.remove(&[b'k'; 300]) && !db.remove(b"k")));
    assert_eq!(keys.bytes(), empty);
}

#[test]
fn who_observes_is_told_of_keys() {
    let mut keys = SlotKeys::default();
    let (_, changes) = at(&mut keys, 0, |db| {
        db.set_text(b"a", b"1", Expiry::Never);
        db.remove(b"a");
        db.remove(b"b");
    });
    assert_eq!(told(&changes), [(&b"a"[..], KeyChange::Changed), (b"a", KeyChange::Removed)]);
}

#[test]
fn what_is_touched_is_told_and_counts_as_often_as_it_says() {
    let mut keys = SlotKeys::default();
    let add = |set: &mut Set| {
        set.add(b"member", SetLimits::default());
        Edited::touched(0, ())
    };
    let (_, changes) = at(&mut keys, 0, |db| {
        db.edit_or_new(b"s", add).expect("a new key");
        db.edit(b"s", |_: &mut Set| Edited::touched(0, ())).expect("a set");
    });
    assert_eq!(told(&changes), [(&b"s"[..], KeyChange::Changed), (b"s", KeyChange::Changed)]);
    assert_eq!(changes.count, 0);
}

#[test]
fn a_key_is_used_when_it_is_looked_up_and_not_when_somebody_passes() {
    let mut keys = SlotKeys::default();
    at(&mut keys, 1000, |db| {
        db.set_text(b"short", b"v", Expiry::Never);
        db.edit_or_new(b"long", |set: &mut Set| Edited::changed(set.add(b"m", SetLimits::default()))).expect("a set");
    });
    let idle = |keys: &mut SlotKeys, now| {
        let looks = Lookups { touches: false, ..Lookups::default() };
        let mut changes = Changes::default();
        let mut db = Db::new(keys, &mut changes, now, true).with_lookups(looks);
        [&b"short"[..], b"long", b"copy"].map(|key| db.idle_seconds(key))
    };
    assert_eq!(idle(&mut keys, 9000), [Some(8), Some(8), None]);
    at(&mut keys, 9000, |db| {
        assert!(db.is_there(b"short") && db.copy(b"long", b"copy") && db.bytes_of(b"long").is_some());
    });
    assert_eq!(idle(&mut keys, 10_000), [Some(9), Some(9), Some(1)]);
    at(&mut keys, 10_000, |db| assert!(db.exists(b"short") && db.view::<Set>(b"long").is_ok()));
    assert_eq!(idle(&mut keys, 11_000), [Some(1), Some(1), Some(2)]);
    at(&mut keys, 20_000, |db| {
        db.set_number(b"short", 7, Expiry::Never);
        db.edit(b"long", |_: &mut Set| Edited::same(())).expect("a set");
        db.set_idle_seconds(b"copy", 3);
    });
    assert_eq!(idle(&mut keys, 20_000), [Some(0), Some(0), Some(3)]);
}

#[test]
fn how_often_a_key_is_used_outlives_what_it_holds() {
    let mut keys = SlotKeys::default();
    let usage = Usage::Frequency { log_factor: 0, decay_minutes: 1 };
    let lookups = Lookups { usage, random: 1, ..Lookups::default() };
    let mut changes = Changes::default();
    let mut db = Db::new(&mut keys, &mut changes, 0, true).with_lookups(lookups);
    db.set_text(b"k", b"v", Expiry::Never);
    assert_eq!((db.frequency(b"k"), db.frequency(b"k"), db.frequency(b"nosuch")), (Some(6), Some(7), None));
    db.set_value(b"k", Stream::default(), Expiry::Never);
    assert_eq!(db.frequency(b"k"), Some(9));
    db.set_frequency(b"k", 200);
    assert_eq!(db.frequency(b"k"), Some(201));
    let mut later = Db::new(&mut keys, &mut changes, 11 * 60_000, true);
    later = later.with_lookups(Lookups { touches: false, ..lookups });
    assert_eq!(later.frequency(b"k"), Some(190));
}

#[test]
fn lookups_are_counted_and_told_where_that_is_wanted() {
    let mut keys = SlotKeys::default();
    let looks = Lookups { counts: true, tells_missing: true, tells_new: true, ..Lookups::default() };
    let mut changes = Changes::default();
    let mut db = Db::new(&mut keys, &mut changes, 0, true).with_lookups(looks);
    assert!(!db.exists(b"a"));
    db.set_text(b"a", b"v", Expiry::Never);
    db.set_text(b"a", b"w", Expiry::Never);
    assert!(db.exists(b"a") && db.is_there(b"a") && !db.is_there(b"b"));
    assert!(db.copy(b"a", b"b") && db.rename(b"b", b"c"));
    db.edit_or_new(b"s", |set: &mut Set| Edited::changed(set.add(b"m", SetLimits::default()))).expect("a set");
    let notes = [(&b"a"[..], KeyNote::Missing), (b"a", KeyNote::New), (b"b", KeyNote::New), (b"c", KeyNote::New)];
    assert_eq!(db.take_notes().iter().map(|(key, note)| (&**key, *note)).take(4).collect::<Vec<_>>(), notes);
    assert_eq!(changes.misses, 1);
    let mut quiet = Db::new(&mut keys, &mut changes, 0, true);
    assert!(!quiet.exists(b"x") && quiet.take_notes().is_empty());
    assert_eq!(changes.misses, 1);
}

#[test]
fn terms_are_told_on_average() {
    let mut keys = SlotKeys::default();
    at(&mut keys, 0, |db| {
        db.set_text(b"a", b"v", Expiry::At(1600));
        db.set_text(b"b", b"v", Expiry::At(3200));
        db.set_text(b"c", b"v", Expiry::Never);
        db.set_text(b"d", b"v", Expiry::At(u64::MAX));
        db.remove(b"d");
    });
    assert_eq!((keys.expiring(), keys.terms_ms(1000)), (2, 2800));
    at(&mut keys, 0, |db| assert!(db.persist(b"b") == TermChange::Set && db.rename(b"a", b"b")));
    assert_eq!((keys.expiring(), keys.terms_ms(1000), keys.overdue(1600, 9)), (1, 600, 1));
}
