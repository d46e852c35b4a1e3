use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::generator::generator;

const LIMITS: HashLimits = HashLimits { entries: 4, value: 8 };

/// A hash with the fields 0 to `count`, those below `expiring` with a term until 100.
fn hash_of(count: u32, expiring: u32) -> Hash {
    let mut hash = Hash::default();
    for number in 0..count {
        let expiry = if number < expiring { Expiry::At(100) } else { Expiry::Never };
        assert!(hash.set(number.to_string().as_bytes(), b"v", expiry, 0, HashLimits::default()));
    }
    hash
}

fn names(fields: Vec<(Packed<'_>, Packed<'_>)>) -> BTreeSet<Vec<u8>> {
    fields.into_iter().map(|(name, _)| name.to_vec()).collect()
}

#[test]
fn a_hash_is_small_until_it_is_not() {
    let mut hash = Hash::default();
    (0..4).for_each(|number: u32| assert!(hash.set(number.to_string().as_bytes(), b"v", Expiry::Never, 0, LIMITS)));
    assert!(!hash.set(b"3", b"12345678", Expiry::Kept, 0, LIMITS));
    assert_eq!(hash.encoding(), "listpack");
    assert!(hash.set(b"4", b"v", Expiry::Never, 0, LIMITS));
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 5));
    for (name, value) in [("a", "123456789"), ("123456789", "a")] {
        let mut hash = Hash::default();
        hash.set(name.as_bytes(), value.as_bytes(), Expiry::Never, 0, LIMITS);
        assert_eq!(hash.encoding(), "hashtable");
    }
    let mut hash = Hash::default();
    hash.prepare(5, LIMITS);
    assert_eq!(hash.encoding(), "hashtable");
}

#[test]
fn what_has_expired_is_not_seen_and_stays_until_it_is_taken_out() {
    let mut hash = hash_of(3, 2);
    assert_eq!((hash.encoding(), hash.expiring(), hash.next_deadline()), ("hashtable", 2, Some(112)));
    assert!(hash.contains(b"0", 99) && !hash.contains(b"0", 100));
    assert!(hash.contains(b"0", 0), "for what comes from a primary nothing has expired");
    assert!(hash.is_over(b"0", 100) && !hash.is_over(b"0", 0) && !hash.is_over(b"none", 100));
    assert_eq!((hash.deadline(b"0", 100), hash.deadline(b"2", 100)), (None, Some(None)));
    assert!(!hash.remove(b"0", 100));
    assert_eq!(hash.persist(b"0", 100), TermChange::Missing);
    assert_eq!((hash.len(), hash.iter(100).count()), (3, 1));
    assert!(hash.set(b"0", b"w", Expiry::Kept, 100, LIMITS), "it is new, and has no term");
    assert_eq!(hash.deadline(b"0", 100), Some(None));
    let mut gone = Vec::new();
    assert!(hash.expire(200, 10, |name| gone.push(name.to_vec())));
    assert_eq!((gone, hash.len(), hash.expiring(), hash.next_deadline()), (vec![b"1".to_vec()], 2, 0, None));
}

#[test]
fn terms_change_on_conditions() {
    let mut hash = hash_of(2, 0);
    assert_eq!(hash.persist(b"0", 0), TermChange::Refused);
    assert_eq!(hash.set_deadline(b"7", 9, TermIf::Always, 0), TermChange::Missing);
    assert_eq!(hash.set_deadline(b"0", 9, TermIf::Set, 0), TermChange::Refused);
    assert_eq!((hash.set_deadline(b"0", 9, TermIf::Always, 9), hash.len()), (TermChange::Gone, 1));
    assert_eq!(hash.encoding(), "listpack");
    assert_eq!(hash.set_deadline(b"1", 9, TermIf::Unset, 0), TermChange::Set);
    assert_eq!((hash.deadline(b"1", 0), hash.encoding()), (Some(Some(9)), "hashtable"));
    assert_eq!((hash.persist(b"1", 0), hash.deadline(b"1", 0)), (TermChange::Set, Some(None)));
}

#[test]
fn expiry_is_done_in_small_steps() {
    let (mut hash, mut gone) = (hash_of(1000, 900), 0);
    assert!(!hash.expire(200, 100, |_| gone += 1));
    assert!((100..110).contains(&gone), "{gone}");
    while !hash.expire(200, 100, |_| gone += 1) {}
    assert_eq!((gone, hash.len()), (900, 100));
}

#[test]
fn fields_are_drawn_among_those_that_are_seen() {
    for (count, expired) in [(3, 0), (3, 1), (400, 0), (400, 100), (400, 399), (400, 400)] {
        let (hash, mut random) = (hash_of(count, expired), generator(1));
        let seen = hash.iter(100).map(|(name, _, _)| name.to_vec()).collect::<BTreeSet<_>>();
        assert_eq!(hash.random(100, &mut random).is_some(), !seen.is_empty());
        for wanted in [0, 1, 2, 50, 150, usize::MAX] {
            let drawn = hash.random_distinct(wanted, 100, &mut random);
            let length = drawn.len();
            let drawn = names(drawn);
            assert_eq!((length, drawn.len()), (wanted.min(seen.len()), wanted.min(seen.len())));
            assert!(drawn.is_subset(&seen));
        }
    }
    assert!(Hash::default().random(0, generator(1)).is_none());
}

#[test]
fn a_scan_shows_every_field_that_is_seen() {
    for hash in [hash_of(3, 0), hash_of(1000, 300)] {
        let (mut seen, mut position) = (BTreeSet::new(), 0);
        loop {
            position = hash.scan(position, 100, |name, _| {
                seen.insert(name.to_vec());
            });
            if position == 0 {
                break;
            }
        }
        assert_eq!(seen, hash.iter(100).map(|(name, _, _)| name.to_vec()).collect());
    }
}

#[test]
fn listpacks_of_others_are_looked_at() {
    let pack = |texts: &[&str]| texts.iter().collect::<Listpack>();
    let of = |texts| Hash::from_listpack(pack(texts), LIMITS).map(|hash| (hash.encoding(), hash.len())).ok();
    assert_eq!(of(&["a", "1", "b", "2"]), Some(("listpack", 2)));
    assert_eq!((of(&[]), of(&["a", "1", "b"])), (None, None));
    assert_eq!(of(&["a", "1", "a", "2"]), None);
    assert_eq!(of(&["a", "123456789"]), Some(("hashtable", 1)));
    assert_eq!(of(&["1", "", "2", "", "3", "", "4", "", "5", ""]), Some(("hashtable", 5)));
}

#[test]
fn a_name_that_others_have_kept_as_a_text_is_found() {
    let mut hash = Hash::from_listpack(Listpack::of_texts(&["12", "1"]), LIMITS).expect("a hash");
    assert_eq!(hash.get(b"12", 0).map(Packed::to_vec), Some(b"1".to_vec()));
    assert!(!hash.set(b"12", b"2", Expiry::Never, 0, LIMITS));
    assert_eq!(hash.len(), 1);
}

#[test]
fn long_names_and_values_come_back() {
    let mut hash = Hash::default();
    for length in [0, 1, 126, 127, 128, 255, 256, 70_000] {
        let text = vec![b'x'; length];
        hash.set(&text, &text, Expiry::At(50), 0, LIMITS);
        assert_eq!(hash.get(&text, 0), Some(Packed::Text(&text)));
        assert_eq!(hash.set_deadline(&text, 60, TermIf::Later, 0), TermChange::Set);
        assert_eq!(hash.persist(&text, 0), TermChange::Set);
        assert_eq!((hash.get(&text, 90), hash.deadline(&text, 90)), (Some(Packed::Text(&text)), Some(None)));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(u8, Vec<u8>, Option<u64>, bool),
    Remove(u8),
    Term(u8, u64),
    Persist(u8),
    Expire(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0_u8..30;
    let term = || prop_oneof![1_u64..200, (1_u64..12).prop_map(|tens| tens * 16)];
    prop_oneof![
        4 => (name(), vec(any::<u8>(), 0..12), proptest::option::weighted(0.3, term()), any::<bool>())
            .prop_map(|(name, value, term, keeps)| Step::Set(name, value, term, keeps)),
        2 => name().prop_map(Step::Remove),
        2 => (name(), term()).prop_map(|(name, term)| Step::Term(name, term)),
        1 => name().prop_map(Step::Persist),
        1 => (0_usize..5).prop_map(Step::Expire),
    ]
}

proptest! {
    /// Against a map of the standard library, while time goes by.
    #[test]
    fn it_does_what_a_map_does(steps in vec(step(), 0..120)) {
        let (mut hash, mut map) = (Hash::default(), BTreeMap::<Vec<u8>, (Vec<u8>, Option<u64>)>::new());
        for (now, step) in (1_u64..).zip(steps) {
            let lives = |map: &BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>, name: &[u8]| {
                map.get(name).filter(|(_, term)| term.is_none_or(|term| term > now)).cloned()
            };
            match step {
                Step::Set(name, value, term, keeps) => {
                    let name = name.to_string().into_bytes();
                    let before = lives(&map, &name);
                    let expiry = term.map_or(if keeps { Expiry::Kept } else { Expiry::Never }, Expiry::At);
                    prop_assert_eq!(hash.set(&name, &value, expiry, now, LIMITS), before.is_none());
                    let kept = before.and_then(|(_, term)| term).filter(|_| keeps);
                    map.insert(name, (value, term.or(kept)));
                }
                Step::Remove(name) => {
                    let name = name.to_string().into_bytes();
                    let before = lives(&map, &name);
                    prop_assert_eq!(hash.remove(&name, now), before.is_some());
                    before.map(|_| map.remove(&name));
                }
                Step::Term(name, term) => {
                    let name = name.to_string().into_bytes();
                    let before = lives(&map, &name);
                    let change = hash.set_deadline(&name, term, TermIf::Always, now);
                    match before {
                        None => prop_assert_eq!(change, TermChange::Missing),
                        Some(_) if term <= now => {
                            prop_assert_eq!(change, TermChange::Gone);
                            map.remove(&name);
                        }
                        Some((value, _)) => {
                            prop_assert_eq!(change, TermChange::Set);
                            map.insert(name, (value, Some(term)));
                        }
                    }
                }
                Step::Persist(name) => {
                    let name = name.to_string().into_bytes();
                    if hash.persist(&name, now) == TermChange::Set {
                        map.get_mut(&name).expect("it is there").1 = None;
                    }
                    prop_assert_eq!(hash.deadline(&name, now), lives(&map, &name).map(|(_, term)| term));
                }
                Step::Expire(most) => {
                    let mut gone = Vec::new();
                    hash.expire(now, most, |name| gone.push(name.to_vec()));
                    for name in gone {
                        prop_assert!(map.remove(&name).is_some_and(|(_, term)| term.is_some_and(|term| term <= now)));
                    }
                }
            }
            prop_assert_eq!(hash.len(), map.len());
            prop_assert_eq!(hash.expiring(), map.values().filter(|(_, term)| term.is_some()).count());
            let seen: BTreeMap<_, _> = hash.iter(0).map(|(name, value, term)| (name.to_vec(), (value.to_vec(), term))).collect();
            prop_assert_eq!(&seen, &map);
        }
        let mut copy = hash.clone();
        let copied = copy.iter(0).map(|(name, value, term)| (name.to_vec(), (value.to_vec(), term)));
        prop_assert_eq!(&copied.collect::<BTreeMap<_, _>>(), &map);
        prop_assert_eq!((copy.next_deadline(), copy.expiring()), (hash.next_deadline(), hash.expiring()));
        let is_done = copy.expire(1 << 20, 1000, |_| {});
        prop_assert!(is_done && copy.expiring() == 0);
        let mut gone = 0;
        prop_assert!(hash.expire(1 << 20, 1000, |_| gone += 1));
        prop_assert_eq!(gone, map.values().filter(|(_, term)| term.is_some()).count());
        prop_assert_eq!((hash.next_deadline(), hash.expiring()), (None, 0));
    }
}
