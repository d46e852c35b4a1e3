use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::generator::generator;
use crate::value::ALLOCATION;

/// A key of four bytes, then anything.
struct Four;

impl Shape for Four {
    fn key(item: &[u8]) -> &[u8] {
        &item[..4]
    }
}

fn put(clumps: &mut Clumps<Four>, number: u32, rest: &[u8]) -> bool {
    let key = number.to_le_bytes();
    clumps.put(hash(&key), &key, &[&key, rest])
}

fn remove(clumps: &mut Clumps<Four>, number: u32) -> bool {
    let key = number.to_le_bytes();
    clumps.remove(hash(&key), &key)
}

fn numbers(clumps: &Clumps<Four>) -> BTreeSet<u32> {
    clumps.iter().map(number_of).collect()
}

fn number_of(item: &[u8]) -> u32 {
    u32::from_le_bytes(*item.first_chunk().expect("four bytes"))
}

/// Counts anew what is counted along.
fn check(clumps: &Clumps<Four>) {
    let all = || clumps.clumps.iter();
    assert_eq!(clumps.len, all().map(|clump| clump.iter().count()).sum::<usize>());
    assert_eq!(clumps.bytes, all().map(Clump::bytes).sum::<usize>());
    assert_eq!(clumps.pieces, all().map(Clump::pieces).sum::<usize>());
    clumps.clumps.check();
}

#[test]
fn small_items_take_little_more_than_their_bytes() {
    let mut clumps = Clumps::default();
    (0..100_000).for_each(|number| assert!(put(&mut clumps, number, b"sixsix")));
    check(&clumps);
    let each = (clumps.bytes() + clumps.pieces() * ALLOCATION) as f64 / 100_000.0;
    assert!(each < 16.0, "{each} bytes for ten");
    (0..99_990).for_each(|number| assert!(remove(&mut clumps, number)));
    check(&clumps);
    assert!(clumps.bytes() < 1000, "{}", clumps.bytes());
    (99_990..100_000).for_each(|number| assert!(remove(&mut clumps, number)));
    assert_eq!((clumps.len(), clumps.bytes(), clumps.clumps.len()), (0, 0, 0));
}

#[test]
fn every_item_is_about_as_likely_as_any_other() {
    let mut clumps = Clumps::default();
    (0..60).for_each(|number| assert!(put(&mut clumps, number, b"")));
    let mut random = generator(1);
    let mut drawn: BTreeMap<u32, usize> = BTreeMap::new();
    for _ in 0..60_000 {
        *drawn.entry(number_of(clumps.random(&mut random).expect("it is not empty"))).or_default() += 1;
    }
    assert_eq!(drawn.len(), 60);
    assert!(drawn.values().all(|count| (850..1150).contains(count)), "{drawn:?}");
}

#[test]
fn a_clump_that_everybody_wants_holds_them_all() {
    let mut clump = Clump::default();
    for number in 0..600_u32 {
        assert!(clump.put::<Four>(7, &number.to_le_bytes(), &[&number.to_le_bytes()]));
    }
    assert!((0..600_u32).all(|number| clump.get::<Four>(7, &number.to_le_bytes()).is_some()));
    let mut other = clump.split(|item| number_of(item).is_multiple_of(4));
    assert_eq!((clump.iter().count(), other.iter().count()), (450, 150));
    other.join(clump);
    assert!((0..600_u32).all(|number| !other.put::<Four>(7, &number.to_le_bytes(), &[&number.to_le_bytes(), b"more"])));
    assert!((0..600_u32).all(|number| other.remove::<Four>(7, &number.to_le_bytes())));
    assert_eq!((other.bytes(), other.pieces()), (0, 0));
}

#[test]
fn hashes_are_shown_by_their_low_bits() {
    let mut clumps = Clumps::default();
    (0..5000).for_each(|number| assert!(put(&mut clumps, number, b"")));
    for number in 0..5000_u32 {
        let key = number.to_le_bytes();
        for bits in [3, 24] {
            let mut shown = false;
            clumps.show_hashes(hash(&key) & ((1 << bits) - 1), bits, |item| shown |= number_of(item) == number);
            assert!(shown, "{number} by {bits} bits");
        }
    }
}

fn rest() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 100..300)]
}

proptest! {
    /// Against a map of the standard library.
    #[test]
    fn it_does_what_a_map_does(changes in vec((any::<bool>(), 0_u32..300, rest()), 0..1500)) {
        let (mut clumps, mut map) = (Clumps::default(), BTreeMap::new());
        for (puts, number, rest) in changes {
            if puts {
                prop_assert_eq!(put(&mut clumps, number, &rest), map.insert(number, rest).is_none());
            } else {
                prop_assert_eq!(remove(&mut clumps, number), map.remove(&number).is_some());
            }
        }
        check(&clumps);
        check(&clumps.clone());
        prop_assert_eq!(clumps.iter().count(), map.len());
        for (number, rest) in map {
            let key = number.to_le_bytes();
            prop_assert_eq!(clumps.get(hash(&key), &key), Some(&[&key, rest.as_slice()].concat()[..]));
            prop_assert_eq!(clumps.get_mut(hash(&key), &key).map(|item| item.len()), Some(4 + rest.len()));
        }
    }

    /// Whoever is there all the time is seen, whatever comes and goes between two steps.
    #[test]
    fn a_scan_misses_nobody(stays in 1_u32..3000, comes in vec((any::<bool>(), 3000_u32..9000), 0..200)) {
        let mut clumps = Clumps::default();
        (0..stays).for_each(|number| assert!(put(&mut clumps, number, b"")));
        let (mut seen, mut position, mut comes) = (BTreeSet::new(), 0, comes.into_iter());
        loop {
            position = clumps.scan(position, |item| {
                seen.insert(number_of(item));
            });
            prop_assert!(position < 1 << 32, "clients keep cursors in signed numbers");
            if position == 0 {
                break;
            }
            if let Some((adds, from)) = comes.next() {
                for number in from..from + 200 {
                    if adds { put(&mut clumps, number, b"") } else { remove(&mut clumps, number) };
                }
            }
        }
        prop_assert!((0..stays).all(|number| seen.contains(&number)));
    }

    #[test]
    fn a_scan_of_a_table_that_rests_shows_each_item_once(count in 0_u32..3000) {
        let mut clumps = Clumps::default();
        (0..count).for_each(|number| assert!(put(&mut clumps, number, b"")));
        let (mut shown, mut position) = (Vec::new(), 0);
        loop {
            position = clumps.scan(position, |item| shown.push(number_of(item)));
            if position == 0 {
                break;
            }
        }
        shown.sort_unstable();
        prop_assert!(shown.into_iter().eq(0..count));
        prop_assert!(numbers(&clumps).into_iter().eq(0..count));
    }
}
