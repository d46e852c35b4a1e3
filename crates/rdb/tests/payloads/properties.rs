//! Whatever a value holds, its payload holds.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use slotmesh_rdb::{Limits, dump, restore};
use slotmesh_store::stream::{Acknowledged, Claim, NewId, Stream, StreamId, StreamLimits};
use slotmesh_store::{
    End, Expiry, Hash, HashLimits, List, ListLimit, Set, SetLimits, SortedSet, SortedSetLimits, Value, ValueRef,
};

use crate::shown::{sealed, shown};

/// Numbers of all sizes, short texts, and some that compress or don't.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        any::<i16>().prop_map(|number| number.to_string().into_bytes()),
        vec(any::<u8>(), 0..40),
        (vec(any::<u8>(), 1..6), 1..400_usize).prop_map(|(part, times)| part.repeat(times)),
    ]
}

fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(text(), 1..60)
}

/// The value that its payload holds.
fn again(value: &Value) -> Value {
    restore(&dump(ValueRef::from(value)), &Limits::default()).expect("it has just been made")
}

fn stays_the_same(value: &Value) -> Result<(), TestCaseError> {
    prop_assert_eq!(shown(&again(value)), shown(value));
    Ok(())
}

proptest! {
    #[test]
    fn of_texts(text in text()) {
        stays_the_same(&Value::Text(text))?;
    }

    #[test]
    fn of_numbers(number: i64) {
        let value = restore(&dump(ValueRef::Number(number)), &Limits::default()).expect("it has just been made");
        prop_assert!(matches!(value, Value::Text(text) if text == number.to_string().into_bytes()));
    }

    #[test]
    fn of_lists(texts in texts(), limit in prop_oneof![Just(-2), Just(-1), Just(3)]) {
        let (mut list, limit) = (List::default(), ListLimit::new(limit));
        list.push(End::Back, texts.iter().map(Vec::as_slice), limit);
        stays_the_same(&Value::List(list))?;
    }

    #[test]
    fn of_sets(members in btree_set(text(), 1..60), entries in prop_oneof![Just(0), Just(128_usize)]) {
        let (mut set, limits) = (Set::default(), SetLimits { entries, ..SetLimits::default() });
        members.iter().for_each(|member| _ = set.add(member, limits));
        stays_the_same(&Value::Set(set))?;
    }

    #[test]
    fn of_sets_of_numbers(members in btree_set(any::<i64>(), 1..60)) {
        let mut set = Set::default();
        members.iter().for_each(|member| _ = set.add(member.to_string().as_bytes(), SetLimits::default()));
        prop_assert_eq!(set.encoding(), "intset");
        stays_the_same(&Value::Set(set))?;
    }

    #[test]
    fn of_hashes(fields in btree_map(text(), (text(), any::<Option<u32>>()), 1..60), terms: bool) {
        let mut hash = Hash::default();
        for (name, (value, term)) in &fields {
            let expiry = term.filter(|_| terms).map_or(Expiry::Never, |term| Expiry::At(u64::from(term) + 1));
            hash.set(name, value, expiry, 0, HashLimits::default());
        }
        let deadlines: Vec<_> = fields.keys().map(|name| hash.deadline(name, 0)).collect();
        let value = Value::Hash(hash);
        stays_the_same(&value)?;
        let Value::Hash(back) = again(&value) else { panic!("it is a hash") };
        prop_assert_eq!(fields.keys().map(|name| back.deadline(name, 0)).collect::<Vec<_>>(), deadlines);
    }

    #[test]
    fn of_sorted_sets(
        members in btree_map(text(), any::<f64>().prop_filter("no score", |score| !score.is_nan()), 1..60),
        entries in prop_oneof![Just(0), Just(128_usize)],
    ) {
        let entries_max = SortedSetLimits { entries, value: 64 };
        // There is but one 0 in a listpack.
        let entries = members.into_iter().map(|(member, score)| (score + 0.0, member)).collect();
        let set = SortedSet::from_entries(entries, entries_max).expect("each is there once");
        stays_the_same(&Value::SortedSet(set))?;
    }

    #[test]
    fn of_streams(entries in vec((1..3_u64, vec((text(), text()), 1..4)), 0..40), read in 0..40_usize, gone in vec(0..40_usize, 0..5)) {
        let value = Value::Stream(Box::new(stream(&entries, read, &gone)));
        stays_the_same(&value)?;
        // Nothing in a stream depends on chance: what is remembered stands in the bytes.
        prop_assert_eq!(dump(ValueRef::from(&again(&value))), dump(ValueRef::from(&value)));
    }

    #[test]
    fn bytes_are_a_sound_value_or_none(kind in 0..24_u8, mut body in vec(any::<u8>(), 0..80)) {
        body.insert(0, kind);
        if let Ok(value) = restore(&sealed(&body, 80), &Limits::default()) {
            stays_the_same(&value)?;
        }
    }
}

/// The fields of an entry, each with its value.
type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A stream with so many entries after each other, of which some were read for a group, and some are gone.
fn stream(entries: &[(u64, Fields)], read: usize, gone: &[usize]) -> Stream {
    let (mut stream, mut ms) = (Stream::default(), 0);
    let mut ids = Vec::new();
    for (later, fields) in entries {
        ms += later;
        let id = stream.next_id(NewId::Exactly(StreamId::new(ms, 7)), 0).expect("it is above the last");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        let limits = StreamLimits { node_entries: 5, ..StreamLimits::default() };
        stream.add(id, fields.iter().copied(), limits).expect("it is above the last");
        ids.push(id);
    }
    stream.create_group(b"others", StreamId::new(3, 7), None);
    stream.create_group(b"readers", StreamId::MIN, Some(0));
    if let Some(mut group) = stream.group_mut(b"readers") {
        let (alice, _) = group.consumer_or_new(b"alice", 50);
        let (bob, _) = group.consumer_or_new(b"bob", 60);
        group.read_new(alice, read, Acknowledged::Later, 50, |_| {});
        let claim = Claim { idle_min: 0, delivered: 55, count: Some(9), force: false, id_only: true };
        ids.iter().step_by(3).for_each(|id| _ = group.claim(bob, *id, &claim, 60));
    }
    gone.iter().filter_map(|at| ids.get(*at)).for_each(|id| _ = stream.delete(*id));
    stream
}
