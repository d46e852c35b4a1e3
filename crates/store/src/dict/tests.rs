use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::generator::generator;
use crate::value::ALLOCATION;

impl Item for Box<[u8]> {
    fn key(&self) -> &[u8] {
        self
    }

    fn prefetch(&self) {
        prefetch(&**self);
    }
}

fn name(number: u32) -> Box<[u8]> {
    number.to_string().into_bytes().into()
}

fn add(dict: &mut Dict<Box<[u8]>>, number: u32) {
    let name = name(number);
    if dict.get(hash(&name), &name).is_none() {
        dict.add(hash(&name), name);
    }
}

fn remove(dict: &mut Dict<Box<[u8]>>, number: u32) -> bool {
    let name = name(number);
    dict.remove(hash(&name), &name).is_some()
}

/// Counts anew what is counted along.
fn check(dict: &Dict<Box<[u8]>>) {
    dict.buckets.check();
    let chains = dict.buckets.iter().map(|bucket| bucket.chain().count() - 1);
    assert_eq!(dict.hanging, chains.sum::<usize>());
    assert_eq!(dict.table_bytes(), dict.buckets.bytes() + dict.hanging * 128);
    assert_eq!(dict.len(), dict.iter().count());
}

/// Until it is in the midst of being split.
fn half_split() -> (Dict<Box<[u8]>>, u32) {
    let (mut dict, mut count) = (Dict::default(), 0);
    while dict.buckets.len() < 96 {
        add(&mut dict, count);
        count += 1;
    }
    (dict, count)
}

#[test]
fn a_bucket_fills_two_cache_lines() {
    assert_eq!(size_of::<Bucket<Box<[u8]>>>(), 128);
}

#[test]
fn it_grows_and_shrinks_without_losing_anybody() {
    let mut dict = Dict::default();
    for number in 0..20_000 {
        add(&mut dict, number);
    }
    check(&dict);
    assert_eq!(dict.len(), 20_000);
    assert!((0..20_000).all(|number| dict.get(hash(&name(number)), &name(number)).is_some()));
    assert_eq!(dict.iter().collect::<BTreeSet<_>>().len(), 20_000);
    let each = (dict.table_bytes() + dict.table_pieces() * ALLOCATION) / 20_000;
    assert!(each < 32, "{each} bytes for one");
    for number in 0..19_990 {
        assert!(remove(&mut dict, number));
        if number % 1000 == 0 {
            check(&dict);
        }
    }
    check(&dict);
    assert!(dict.table_bytes() < 1000, "{}", dict.table_bytes());
    assert!((19_990..20_000).all(|number| remove(&mut dict, number)));
    assert_eq!((dict.len(), dict.table_bytes()), (0, 0));
}

fn draws(dict: &Dict<Box<[u8]>>, count: usize) -> BTreeMap<Box<[u8]>, usize> {
    let (mut random, mut drawn) = (generator(1), BTreeMap::new());
    for _ in 0..count {
        *drawn.entry(dict.random(&mut random).expect("it is not empty").clone()).or_default() += 1;
    }
    drawn
}

#[test]
fn every_item_is_about_as_likely_as_any_other() {
    let mut dict = Dict::default();
    (0..60).for_each(|number| add(&mut dict, number));
    let drawn = draws(&dict, 60_000);
    assert_eq!(drawn.len(), 60);
    assert!(drawn.values().all(|count| (700..1300).contains(count)), "{drawn:?}");
}

#[test]
fn what_is_split_and_what_is_not_yet_are_as_likely() {
    let (dict, count) = half_split();
    let drawn = draws(&dict, 1000 * count as usize);
    let (split, whole): (Vec<_>, Vec<_>) = drawn.iter().partition(|(name, _)| hash(name) % 64 < 32);
    for half in [split, whole] {
        let each = half.iter().map(|(_, times)| **times).sum::<usize>() / half.len();
        assert!(half.len() > 50 && (970..1030).contains(&each), "{each} for each of {}", half.len());
    }
}

#[test]
fn items_are_shown_by_bits_of_their_hashes() {
    let (small, count) = half_split();
    let mut large = Dict::default();
    (0..count).for_each(|number| add(&mut large, number));
    // In a table of more buckets than those bits can tell, each is looked for in several.
    while large.buckets.len() < 3 << PLACE_BITS {
        large.split();
    }
    for dict in [small, large] {
        for number in 0..count {
            let (name, mut shown, mut others) = (name(number), 0, 0);
            let bits = Dict::<Box<[u8]>>::bits_of(hash(&name));
            dict.show_hashes(bits, |item| *if *item == name { &mut shown } else { &mut others } += 1);
            assert!(shown == 1 && others < 2, "{number}");
        }
    }
}

#[test]
fn a_chain_of_any_length_is_walked_without_recursion() {
    let mut bucket = Bucket::default();
    let (mut hanging, count) = (0, 300_000_u32);
    let mut last = &mut bucket;
    for number in 0..count {
        if last.add(7, name(number)) {
            hanging += 1;
            last = last.more.as_mut().expect("one hangs on it");
        }
    }
    assert_eq!(hanging, bucket.chain().count() - 1);
    let (item, is_gone) = bucket.remove(7, &name(count - 1)).expect("it is there");
    assert_eq!((item, is_gone), (name(count - 1), count as usize % WIDTH == 1));
}

proptest! {
    /// Against a set of the standard library.
    #[test]
    fn it_does_what_a_set_does(changes in vec((any::<bool>(), 0_u32..400), 0..2000)) {
        let (mut dict, mut set) = (Dict::default(), BTreeSet::new());
        for (adds, number) in changes {
            if adds {
                add(&mut dict, number);
                set.insert(name(number));
            } else {
                prop_assert_eq!(remove(&mut dict, number), set.remove(&name(number)));
            }
            prop_assert_eq!(dict.len(), set.len());
        }
        check(&dict);
        prop_assert_eq!(dict.iter().cloned().collect::<BTreeSet<_>>(), set);
    }

    /// Whoever is there all the time is seen, whatever comes and goes between two steps.
    #[test]
    fn a_scan_misses_nobody(stays in 1_u32..3000, comes in vec((any::<bool>(), 3000_u32..9000), 0..200)) {
        let mut dict = Dict::default();
        (0..stays).for_each(|number| add(&mut dict, number));
        let (mut seen, mut position, mut comes) = (BTreeSet::new(), 0, comes.into_iter());
        loop {
            position = dict.scan(position, |item| {
                seen.insert(item.clone());
            });
            prop_assert!(position < 1 << 48, "a slot has room beside it");
            if position == 0 {
                break;
            }
            if let Some((adds, from)) = comes.next() {
                for number in from..from + 200 {
                    if adds { add(&mut dict, number) } else { let _ = remove(&mut dict, number); }
                }
            }
        }
        prop_assert!((0..stays).all(|number| seen.contains(&name(number))));
    }

    #[test]
    fn a_scan_of_a_table_that_stays_as_it_is_shows_each_item_once(count in 0_u32..3000) {
        let mut dict = Dict::default();
        (0..count).for_each(|number| add(&mut dict, number));
        let (mut shown, mut position) = (Vec::new(), 0);
        loop {
            position = dict.scan(position, |item| shown.push(item.clone()));
            if position == 0 {
                break;
            }
        }
        prop_assert_eq!(shown.len(), dict.len());
        prop_assert_eq!(shown.into_iter().collect::<BTreeSet<_>>().len(), dict.len());
    }
}
