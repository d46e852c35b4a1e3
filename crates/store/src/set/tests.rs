use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::generator::generator;
use crate::value::ALLOCATION;

const LIMITS: SetLimits = SetLimits { ints: 8, entries: 4, value: 6 };

fn set_of<T: AsRef<[u8]>>(members: &[T], limits: SetLimits) -> Set {
    Set::collect(members.iter().map(|member| Packed::of(member.as_ref())), limits)
}

fn texts<'a>(members: impl IntoIterator<Item = Packed<'a>>) -> Vec<Vec<u8>> {
    let mut texts: Vec<_> = members.into_iter().map(Packed::to_vec).collect();
    texts.sort_unstable();
    texts
}

#[test]
fn a_set_is_small_until_it_is_not() {
    let encoding = |members: &[&str]| set_of(members, LIMITS).encoding();
    assert_eq!(encoding(&["1", "2", "3", "4", "5", "6", "7", "8"]), "intset");
    assert_eq!(encoding(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]), "hashtable");
    assert_eq!(encoding(&["1", "2", "3", "a"]), "listpack");
    assert_eq!(encoding(&["1", "2", "3", "4", "a"]), "hashtable");
    assert_eq!(encoding(&["a", "b", "c", "d"]), "listpack");
    assert_eq!(encoding(&["a", "b", "c", "d", "d", "1"]), "hashtable");
    assert_eq!(encoding(&["a", "abcdefg"]), "hashtable");
    assert_eq!(encoding(&["-123456", "a"]), "hashtable", "the number has no room in a listpack");
}

#[test]
fn what_is_about_to_come_counts() {
    let prepared = |before: &[&str], members, first: &str| {
        let mut set = set_of(before, LIMITS);
        set.prepare(members, first.as_bytes(), LIMITS);
        set.add(first.as_bytes(), LIMITS);
        set.encoding()
    };
    assert_eq!([prepared(&[], 8, "1"), prepared(&[], 9, "1")], ["intset", "hashtable"]);
    assert_eq!([prepared(&[], 4, "a"), prepared(&[], 5, "a")], ["listpack", "hashtable"]);
    assert_eq!([prepared(&["1"], 8, "1"), prepared(&["1"], 9, "1")], ["intset", "hashtable"]);
    assert_eq!([prepared(&["a"], 4, "a"), prepared(&["a"], 5, "a")], ["listpack", "hashtable"]);
    let mut set = Set::default();
    set.prepare(5, b"1", SetLimits { ints: 2, ..LIMITS });
    assert_eq!(set.encoding(), "hashtable");
    let mut set = Set::default();
    set.prepare(3, b"1", SetLimits { ints: 2, ..LIMITS });
    assert_eq!(set.encoding(), "listpack");
}

#[test]
fn what_others_have_packed_is_looked_at() {
    let of = |texts: &[&str]| Set::from_listpack(texts.iter().collect(), LIMITS).map(|set| set.encoding()).ok();
    assert_eq!(of(&["a", "1"]), Some("listpack"));
    assert_eq!((of(&[]), of(&["a", "a"])), (None, None));
    assert_eq!(of(&["a", "b", "c", "d", "e"]), Some("hashtable"));
    assert_eq!(of(&["abcdefg"]), Some("hashtable"));
    assert_eq!(Set::from_ints((0..8).collect(), LIMITS).encoding(), "intset");
    assert_eq!(Set::from_ints((0..9).collect(), LIMITS).encoding(), "hashtable");
}

#[test]
fn a_number_that_others_have_kept_as_a_text_is_found() {
    let mut set = Set::from_listpack(Listpack::of_texts(&["12", "a"]), LIMITS).expect("a set");
    assert!(set.contains(b"12") && set.view().contains_packed(Packed::Number(12)));
    assert!(!set.add(b"12", LIMITS) && set.remove(b"12"));
    assert_eq!(set.len(), 1);
}

#[test]
fn members_are_drawn_once_each() {
    let numbers: Vec<_> = (0..400).map(|number| number.to_string()).collect();
    let names: Vec<_> = (0..100).map(|number| format!("n{number}")).collect();
    for (members, limits) in
        [(&numbers, SetLimits::default()), (&names, SetLimits::default()), (&numbers, LIMITS), (&names, LIMITS)]
    {
        let all: BTreeSet<_> = members.iter().map(|member| member.clone().into_bytes()).collect();
        for wanted in [0, 1, 20, 60, 399, usize::MAX] {
            let (mut set, mut random) = (set_of(members, limits), generator(1));
            let drawn = texts(set.random_distinct(wanted, &mut random));
            assert_eq!(drawn.len(), wanted.min(all.len()));
            assert!(drawn.windows(2).all(|two| two[0] != two[1]) && drawn.iter().all(|member| all.contains(member)));
            let encoding = set.encoding();
            let gone: BTreeSet<_> = set.pop_many(wanted, &mut random).into_iter().collect();
            assert_eq!((gone.len(), set.len()), (wanted.min(all.len()), all.len() - wanted.min(all.len())));
            let left: BTreeSet<_> = texts(set.iter()).into_iter().collect();
            assert!(gone.is_disjoint(&left) && gone.union(&left).eq(all.iter()));
            assert_eq!(set.encoding(), encoding);
        }
        let (mut set, mut random) = (set_of(members, limits), generator(1));
        let gone: BTreeSet<_> = std::iter::from_fn(|| set.pop(&mut random)).collect();
        assert!(set.is_empty() && gone == all);
    }
}

#[test]
fn many_small_sets_leave_a_big_one() {
    let big: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    let big = set_of(&big, LIMITS);
    let small: Vec<_> = (0..100).map(|number: u32| set_of(&[number.to_string()], LIMITS)).collect();
    assert_eq!(difference(big.view(), &small.iter().map(Set::view).collect::<Vec<_>>()).len(), 900);
}

#[test]
fn members_take_little_more_than_their_bytes() {
    let members: Vec<_> =
        (0..100_000_u64).map(|number| format!("{:010x}", number * 0x9_1234_5678 % (1 << 40))).collect();
    let set = set_of(&members, SetLimits::default());
    let each = (set.bytes() + set.pieces() * ALLOCATION) as f64 / set.len() as f64;
    assert!(each < 18.0, "{each} bytes for ten");
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (-20_i64..20).prop_map(|number| number.to_string().into_bytes()),
        1 => "[a-c0]{0,2}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..9),
    ]
}

proptest! {
    /// Against a set of the standard library.
    #[test]
    fn it_does_what_a_set_does(changes in vec((prop::bool::weighted(0.7), member()), 0..60), many in any::<bool>()) {
        let limits = if many { SetLimits::default() } else { LIMITS };
        let (mut set, mut model) = (Set::default(), BTreeSet::new());
        for (adds, member) in changes {
            if adds {
                prop_assert_eq!(set.add(&member, limits), model.insert(member.clone()));
            } else {
                prop_assert_eq!(set.remove(&member), model.remove(&member));
            }
            prop_assert_eq!(set.contains(&member), model.contains(&member));
            prop_assert_eq!(set.view().contains_packed(Packed::of(&member)), model.contains(&member));
            prop_assert_eq!(set.len(), model.len());
        }
        prop_assert!(texts(set.iter()).iter().eq(&model));
        let mut shown = BTreeSet::new();
        let mut position = set.scan(0, |member| { shown.insert(member.to_vec()); });
        while position != 0 {
            position = set.scan(position, |member| { shown.insert(member.to_vec()); });
        }
        prop_assert_eq!(&shown, &model);
        let copy = set.clone();
        prop_assert!(texts(copy.iter()).iter().eq(&model) && copy.encoding() == set.encoding());
    }

    #[test]
    fn sets_are_put_together_as_sets_are(members in vec((vec(member(), 0..12), any::<bool>()), 1..5)) {
        let limits = |many: bool| if many { SetLimits::default() } else { LIMITS };
        let sets: Vec<_> = members.iter().map(|(members, many)| set_of(members, limits(*many))).collect();
        let sets: Vec<_> = sets.iter().map(Set::view).collect();
        let models: Vec<BTreeSet<_>> = members.iter().map(|(members, _)| members.iter().cloned().collect()).collect();
        let all: BTreeSet<_> = models.iter().flatten().cloned().collect();
        prop_assert!(texts(union(&sets)).iter().eq(&all));
        let common = models[0].iter().filter(|member| models.iter().all(|model| model.contains(*member)));
        prop_assert!(texts(intersection(&sets)).iter().eq(common));
        let left = models[0].iter().filter(|member| !models[1..].iter().any(|model| model.contains(*member)));
        prop_assert!(texts(difference(sets[0], &sets[1..])).iter().eq(left));
    }
}
