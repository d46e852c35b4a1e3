use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::tree::Child;
use super::*;
use crate::generator::generator;
use crate::set::{Set, SetLimits};
use crate::value::ALLOCATION;

const SMALL: SortedSetLimits = SortedSetLimits { entries: 8, value: 20 };
const REAL: SortedSetLimits = SortedSetLimits { entries: 128, value: 64 };

/// Scores by member, and the entries in their order.
#[derive(Default)]
struct Model(BTreeMap<Vec<u8>, f64>);

impl Model {
    fn sorted(&self) -> Vec<(f64, Vec<u8>)> {
        let mut entries: Vec<_> = self.0.iter().map(|(member, score)| (*score, member.clone())).collect();
        entries.sort_by(|a, b| a.partial_cmp(b).expect("no score is not a number"));
        entries
    }
}

fn shown<'a>(entries: impl Iterator<Item = (Packed<'a>, f64)>) -> Vec<(f64, Vec<u8>)> {
    entries.map(|(member, score)| (score, member.to_vec())).collect()
}

fn name(number: u32) -> Vec<u8> {
    match number % 5 {
        0 => number.to_string().into_bytes(),
        1 => format!("{number:0>150}").into_bytes(),
        2 => [&b"x"[..], &number.to_be_bytes()].concat(),
        _ => format!("member:{number}").into_bytes(),
    }
}

/// The tree is what its parts say: counts, first entries, links, the index, the memory.
fn check(set: &SortedSet) {
    let Repr::Tree(tree) = &set.0 else { return };
    let mut memory = (0, 0);
    tree.leaves.iter().for_each(|leaf| memory = (memory.0 + leaf.memory(), memory.1 + leaf.pieces()));
    memory.0 += tree.nodes.iter().map(|node| node.children.capacity() * size_of::<Child>()).sum::<usize>();
    assert_eq!(tree.memory, memory);
    tree.leaves.check();
    tree.nodes.check();
    let mut level = vec![tree.root];
    for _ in 0..tree.height {
        let mut below = Vec::new();
        for node in level.iter().map(|number| &tree.nodes[*number]) {
            assert!(node.children.len() <= leaf::MOST && !node.children.is_empty());
            below.extend(node.children.iter().map(|child| child.number));
        }
        level = below;
    }
    assert_eq!(level.len(), tree.leaves.len());
    for (at, number) in level.iter().enumerate() {
        let leaf = &tree.leaves[*number];
        assert_eq!(leaf.before, at.checked_sub(1).map(|before| level[before]));
        assert_eq!(leaf.behind, level.get(at + 1).copied());
        assert!(leaf.len() <= leaf::MOST && (leaf.len() > 0 || tree.len == 0));
    }
    for node in tree.nodes.iter() {
        assert!(node.children.windows(2).all(|pair| pair[0].first != pair[1].first));
        for child in &node.children {
            assert_eq!(tree.leaves[child.first].score(0), child.score);
        }
    }
    assert!(tree.has_each_once());
}
fn compare(set: &SortedSet, model: &Model) {
    let sorted = model.sorted();
    assert_eq!(set.len(), sorted.len());
    assert_eq!(shown(set.iter()), sorted);
    let mut backward = shown(set.iter().rev());
    backward.reverse();
    assert_eq!(backward, sorted);
    check(set);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Add(u32, f64),
    Increment(u32, f64),
    Remove(u32),
    RemoveRanks(usize, usize),
    Many(u32, u32, i32),
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-20_i32..20).prop_map(|score| f64::from(score) / 4.0),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        2 => any::<f64>().prop_filter("a number", |score| !score.is_nan()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u32..600, score()).prop_map(|(member, score)| Step::Add(member, score)),
        2 => (0_u32..600, score()).prop_map(|(member, score)| Step::Increment(member, score)),
        2 => (0_u32..600).prop_map(Step::Remove),
        1 => (any::<usize>(), 0_usize..300).prop_map(|(start, count)| Step::RemoveRanks(start, count)),
        1 => (0_u32..600, 0_u32..400, -3_i32..3).prop_map(|(from, count, slope)| Step::Many(from, count, slope)),
    ]
}

fn apply(set: &mut SortedSet, model: &mut Model, step: Step) {
    match step {
        Step::Add(number, score) => {
            let before = model.0.insert(name(number), score);
            let outcome = set.add(&name(number), score, AddRule::default(), SMALL);
            let expected = match before {
                None => Added::New(score),
                Some(before) if before == score => Added::Same(score),
                Some(_) => Added::Changed(score),
            };
            assert_eq!(outcome, expected);
        }
        Step::Increment(number, by) => {
            let rule = AddRule { increment: true, ..AddRule::default() };
            let sum = model.0.get(&name(number)).map_or(by, |score| score + by);
            let outcome = set.add(&name(number), by, rule, SMALL);
            assert_eq!(outcome == Added::NotANumber, sum.is_nan());
            if !sum.is_nan() {
                model.0.insert(name(number), sum);
            }
        }
        Step::Remove(number) => assert_eq!(set.remove(&name(number)), model.0.remove(&name(number))),
        Step::RemoveRanks(start, count) => {
            let start = start % (model.0.len() + 1);
            let gone: Vec<_> = model.sorted().into_iter().skip(start).take(count).collect();
            assert_eq!(set.remove_ranks(start..start + count), gone.len());
            gone.iter().for_each(|(_, member)| _ = model.0.remove(member));
        }
        Step::Many(from, count, slope) => {
            for number in from..from + count {
                let score = f64::from(number.cast_signed() * slope);
                set.add(&name(number), score, AddRule::default(), SMALL);
                model.0.insert(name(number), score);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_a_sorted_vector_does(steps in vec(step(), 0..60), low in score(), high in score()) {
        let (mut set, mut model) = (SortedSet::default(), Model::default());
        for step in steps {
            apply(&mut set, &mut model, step);
            compare(&set, &model);
        }
        let sorted = model.sorted();
        for (rank, (score, member)) in sorted.iter().enumerate().step_by(7) {
            prop_assert_eq!(set.rank(member), Some((rank, *score)));
            prop_assert_eq!(shown(set.entries(rank..rank + 9)), sorted[rank..sorted.len().min(rank + 9)].to_vec());
        }
        let below = |wanted: &dyn Fn(f64) -> bool| sorted.iter().filter(|(score, _)| wanted(*score)).count();
        let ranks = set.ranks_by_score(ScoreBound::Inclusive(low), ScoreBound::Exclusive(high));
        prop_assert_eq!(ranks.len(), below(&|score| score >= low && score < high));
        let ranks = set.ranks_by_score(ScoreBound::Exclusive(low), ScoreBound::Inclusive(high));
        prop_assert_eq!(ranks.len(), below(&|score| score > low && score <= high));
        let again = SortedSet::from_entries(sorted.iter().rev().cloned().collect(), SMALL).expect("they are good");
        compare(&again, &model);
    }

    #[test]
    fn ranges_of_members_are_found(numbers in vec(0_u32..500, 0..300), low in 0_u32..500, high in 0_u32..500) {
        let members: BTreeSet<_> = numbers.into_iter().map(name).collect();
        let set = SortedSet::from_entries(members.iter().map(|member| (1.0, member)).collect(), SMALL).expect("they are good");
        let (low, high) = (name(low), name(high));
        let count = |min, max| set.ranks_by_lex(min, max).len();
        let within = |wanted: &dyn Fn(&Vec<u8>) -> bool| members.iter().filter(|member| wanted(member)).count();
        prop_assert_eq!(count(LexBound::Inclusive(&low), LexBound::Exclusive(&high)), within(&|own| *own >= low && *own < high));
        prop_assert_eq!(count(LexBound::Exclusive(&low), LexBound::Inclusive(&high)), within(&|own| *own > low && *own <= high));
        prop_assert_eq!(count(LexBound::Lowest, LexBound::Highest), members.len());
        prop_assert_eq!(count(LexBound::Highest, LexBound::Lowest), 0);
    }

    /// Whoever is there all the time is seen, whatever comes, goes or moves between two steps.
    #[test]
    fn a_scan_misses_nobody(stays in 1_u32..1500, comes in vec((any::<bool>(), 1500_u32..5000), 0..60)) {
        let mut set = SortedSet::default();
        (0..stays).for_each(|number| _ = set.add(&name(number), f64::from(number), AddRule::default(), REAL));
        let (mut seen, mut cursor, mut comes) = (BTreeSet::new(), 0, comes.into_iter());
        loop {
            cursor = set.scan(cursor, |member, _| _ = seen.insert(member.to_vec()));
            if cursor == 0 {
                break;
            }
            if let Some((adds, from)) = comes.next() {
                for number in from..from + 150 {
                    if adds { set.add(&name(number), 7.0, AddRule::default(), REAL); } else { set.remove(&name(number)); }
                }
                set.add(&name(from % stays), f64::from(from), AddRule::default(), REAL);
            }
        }
        prop_assert!((0..stays).all(|number| seen.contains(&name(number))));
    }

    #[test]
    fn unions_and_intersections_are_those_of_maps(
        sources in vec((vec((0_u32..60, prop_oneof![(-9_i32..9).prop_map(f64::from), score()]), 0..50), score()), 1..4),
    ) {
        let maps: Vec<BTreeMap<Vec<u8>, f64>> = sources.iter()
            .map(|(source, _)| source.iter().map(|(number, score)| (name(*number), *score)).collect()).collect();
        let sets: Vec<_> = maps.iter()
            .map(|map| SortedSet::from_entries(map.iter().map(|(member, score)| (*score, member)).collect(), SMALL).expect("they are good"))
            .collect();
        let weighted: Vec<_> = sets.iter().zip(&sources).map(|(set, (_, weight))| Weighted { source: set.view().into(), weight: *weight }).collect();
        let plain: Vec<Source<'_>> = sets.iter().map(|set| set.view().into()).collect();
        // Sums depend on the order, which is that of the sizes.
        let mut order: Vec<_> = (0..maps.len()).collect();
        order.sort_by_key(|source| maps[*source].len());
        let all: BTreeSet<_> = maps.iter().flat_map(BTreeMap::keys).cloned().collect();
        for aggregate in [Aggregate::Sum, Aggregate::Min, Aggregate::Max] {
            let fold = |one: f64, other: f64| match aggregate {
                Aggregate::Sum => number_or_0(one + other),
                Aggregate::Min => one.min(other),
                Aggregate::Max => one.max(other),
            };
            let (mut union, mut both) = (Model::default(), Model::default());
            for member in &all {
                let scores = order.iter().filter_map(|source| Some(maps[*source].get(member)? * sources[*source].1));
                let scores: Vec<_> = scores.collect();
                let score = scores.iter().copied().map(number_or_0).reduce(fold).expect("it is in one of them");
                if scores.len() == maps.len() {
                    // Only the first is looked at before it is combined.
                    let score = scores[1..].iter().copied().fold(number_or_0(scores[0]), fold);
                    both.0.insert(member.clone(), score);
                }
                union.0.insert(member.clone(), score);
            }
            compare(&Combined::union(&weighted, aggregate).to_set(SMALL), &union);
            compare(&Combined::intersection(&weighted, aggregate).to_set(SMALL), &both);
            prop_assert_eq!(Combined::intersection_count(&plain, None), both.0.len());
            prop_assert_eq!(Combined::intersection_count(&plain, Some(1)), both.0.len().min(1));
        }
        let is_rest = |member: &&Vec<u8>| !maps[1..].iter().any(|map| map.contains_key(*member));
        let rest = Model(maps[0].keys().filter(is_rest).map(|member| (member.clone(), maps[0][member])).collect());
        compare(&Combined::difference(plain[0], &plain[1..]).to_set(SMALL), &rest);
    }
}

fn number_or_0(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

fn filled(count: u32) -> SortedSet {
    let entries = (0..count).map(|number| (f64::from(number / 3), format!("m{number:09}"))).collect();
    SortedSet::from_entries(entries, REAL).expect("they are good")
}

#[test]
fn memory_is_less_than_that_of_a_skiplist() {
    let mut random = generator(3);
    let mut set = SortedSet::default();
    for number in 0..50_000 {
        set.add(format!("{number:010}").as_bytes(), random() as f64, AddRule::default(), REAL);
    }
    // Valkey 9.1.2 takes 75 bytes for each, by MEMORY USAGE.
    let each = |set: &SortedSet| (set.bytes() + set.pieces() * ALLOCATION) / 50_000;
    assert!(each(&set) < 50, "{}", each(&set));
    assert!(each(&filled(50_000)) < 45, "{}", each(&filled(50_000)));
    set.remove_ranks(10..49_990);
    check(&set);
    assert!(set.bytes() < 4000, "{}", set.bytes());
    set.remove_ranks(0..20);
    assert!(set.is_empty());
}

#[test]
fn what_grows_or_shrinks_at_one_end_keeps_its_shape() {
    for slope in [1.0, -1.0] {
        let mut set = SortedSet::default();
        for number in 0..20_000 {
            set.add(&name(number), slope * f64::from(number), AddRule::default(), REAL);
        }
        check(&set);
        check(&set.clone());
        for _ in 0..19_000 {
            set.remove_ranks(0..1);
        }
        check(&set);
        assert_eq!(set.len(), 1000);
    }
}

#[test]
fn it_is_a_listpack_up_to_its_limits() {
    let mut set = SortedSet::default();
    for number in 0..128 {
        set.add(&name(5 * number), 1.5, AddRule::default(), REAL);
    }
    assert_eq!(set.encoding(), "listpack");
    set.add(b"one more", 1.0, AddRule::default(), REAL);
    assert_eq!(set.encoding(), "skiplist");
    let mut set = SortedSet::default();
    set.add(&[b'x'; 65], 1.0, AddRule::default(), REAL);
    assert_eq!(set.encoding(), "skiplist");
    let mut set = SortedSet::default();
    set.expect(129, 1, REAL);
    assert_eq!(set.encoding(), "skiplist");
}

#[test]
fn a_listpack_knows_one_zero_only() {
    let mut set = SortedSet::default();
    assert_eq!(set.add(b"a", -0.0, AddRule::default(), REAL), Added::New(-0.0));
    assert!(set.score(b"a").is_some_and(f64::is_sign_positive));
    set.expect(200, 1, REAL);
    set.add(b"b", -0.0, AddRule::default(), REAL);
    assert!(set.score(b"b").is_some_and(f64::is_sign_negative));
    assert_eq!(set.add(b"b", 0.0, AddRule::default(), REAL), Added::Same(0.0));
}

#[test]
fn rules_say_what_is_changed() {
    let mut set = SortedSet::default();
    let mut add = |score, members, scores| set.add(b"a", score, AddRule { increment: false, members, scores }, REAL);
    assert_eq!(add(1.0, AddMembers::Present, AddScores::Any), Added::Refused);
    assert_eq!(add(1.0, AddMembers::New, AddScores::Any), Added::New(1.0));
    assert_eq!(add(2.0, AddMembers::New, AddScores::Any), Added::Refused);
    assert_eq!(add(1.0, AddMembers::Any, AddScores::Greater), Added::Refused);
    assert_eq!(add(2.0, AddMembers::Present, AddScores::Greater), Added::Changed(2.0));
    assert_eq!(add(3.0, AddMembers::Any, AddScores::Less), Added::Refused);
    assert_eq!(add(f64::NAN, AddMembers::Any, AddScores::Any), Added::NotANumber);
    let mut increase = |by, scores| {
        let rule = AddRule { increment: true, members: AddMembers::Any, scores };
        set.add(b"a", by, rule, REAL)
    };
    assert_eq!(increase(-1.0, AddScores::Greater), Added::Refused);
    assert_eq!(increase(1.0, AddScores::Greater), Added::Changed(3.0));
    assert_eq!(increase(0.0, AddScores::Less), Added::Refused);
    assert_eq!(increase(-1.0, AddScores::Less), Added::Changed(2.0));
}

#[test]
fn damaged_entries_are_refused() {
    let refused = |entries: Vec<(f64, &str)>| SortedSet::from_entries(entries, REAL).map(|_| ());
    assert_eq!(refused(vec![(1.0, "a"), (2.0, "a")]), Err(BadEntries::Twice));
    assert_eq!(refused(vec![(f64::NAN, "a")]), Err(BadEntries::Score));
    let many =
        (0..300).map(|number| (f64::from(number), if number == 299 { "m0".into() } else { format!("m{number}") }));
    assert_eq!(SortedSet::from_entries(many.collect(), REAL).map(|_| ()), Err(BadEntries::Twice));
    let pack = |texts: &[&str]| SortedSet::from_listpack(texts.iter().collect(), REAL).map(|set| set.len());
    assert_eq!(pack(&["a", "1", "b", "1.5"]), Ok(2));
    assert_eq!(pack(&[]), Err(BadEntries::Empty));
    assert_eq!(pack(&["a", "1", "b"]), Err(BadEntries::Score));
    assert_eq!(pack(&["a", "nan"]), Err(BadEntries::Score));
    assert_eq!(pack(&["b", "1", "a", "1"]), Err(BadEntries::Order));
    assert_eq!(pack(&["a", "1", "b", "2", "a", "3"]), Err(BadEntries::Twice));
}

#[test]
fn a_member_that_others_have_kept_as_a_text_is_found() {
    let mut set = SortedSet::from_listpack(Listpack::of_texts(&["12", "1"]), REAL).expect("a sorted set");
    assert_eq!(set.rank(b"12"), Some((0, 1.0)));
    assert_eq!(set.add(b"12", 2.0, AddRule::default(), REAL), Added::Changed(2.0));
    assert_eq!(set.len(), 1);
}

#[test]
fn plain_sets_are_sources_whose_scores_are_1() {
    let plain = Set::collect([1, 2, 3].map(Packed::Number), SetLimits::default());
    let scores = [(2.0, "2"), (5.0, "3"), (7.0, "4")];
    let scored = SortedSet::from_entries(scores.to_vec(), REAL).expect("they are good");
    let weighted = [
        Weighted { source: plain.view().into(), weight: 10.0 },
        Weighted { source: scored.view().into(), weight: 1.0 },
    ];
    let shown = |combined: &Combined<'_>| -> Vec<(Vec<u8>, f64)> {
        combined.iter().map(|(member, score)| (member.to_vec(), score)).collect()
    };
    let expected = |entries: &[(&str, f64)]| -> Vec<(Vec<u8>, f64)> {
        entries.iter().map(|(member, score)| (member.as_bytes().to_vec(), *score)).collect()
    };
    let union = Combined::union(&weighted, Aggregate::Sum);
    assert_eq!(shown(&union), expected(&[("4", 7.0), ("1", 10.0), ("2", 12.0), ("3", 15.0)]));
    let both = Combined::intersection(&weighted, Aggregate::Min);
    assert_eq!(shown(&both), expected(&[("2", 2.0), ("3", 5.0)]));
    assert_eq!(shown(&Combined::difference(plain.view().into(), &[scored.view().into()])), expected(&[("1", 1.0)]));
    assert_eq!(shown(&Combined::difference(scored.view().into(), &[plain.view().into()])), expected(&[("4", 7.0)]));
}

#[test]
fn bounds_are_read_as_clients_write_them() {
    for (text, bound) in [
        ("1", Some(ScoreBound::Inclusive(1.0))),
        ("(1", Some(ScoreBound::Exclusive(1.0))),
        ("-inf", Some(ScoreBound::Inclusive(f64::NEG_INFINITY))),
        ("(+inf", Some(ScoreBound::Exclusive(f64::INFINITY))),
        ("[1", None),
        ("nan", None),
    ] {
        assert_eq!(ScoreBound::parse(text.as_bytes()), bound, "{text}");
    }
    for (text, bound) in [
        ("-", Some(LexBound::Lowest)),
        ("+", Some(LexBound::Highest)),
        ("[", Some(LexBound::Inclusive(b""))),
        ("(", Some(LexBound::Exclusive(b""))),
        ("[(", Some(LexBound::Inclusive(b"("))),
        ("(1", Some(LexBound::Exclusive(b"1"))),
        ("", None),
        ("1", None),
        ("-1", None),
    ] {
        assert_eq!(LexBound::parse(text.as_bytes()), bound, "{text}");
    }
}

#[test]
fn random_members_are_about_equally_likely() {
    for count in [100, 1000] {
        let set = filled(count);
        for wanted in [3, 20, 90] {
            let (mut random, mut drawn) = (generator(u64::from(count)), BTreeMap::<Vec<u8>, u32>::new());
            let rounds = 200 * count / wanted;
            for _ in 0..rounds {
                let mut shown = 0;
                set.random_distinct(wanted as usize, &mut random, |member, _| {
                    shown += 1;
                    *drawn.entry(member.to_vec()).or_default() += 1;
                });
                assert_eq!(shown, wanted);
            }
            assert_eq!(drawn.len(), count as usize);
            assert!(drawn.values().all(|times| (120..290).contains(times)), "{drawn:?}");
        }
        let mut shown = 0;
        set.random_distinct(5000, generator(1), |_, _| shown += 1);
        set.random_repeated(5000, generator(1), |_, _| {
            shown += 1;
            true
        });
        assert_eq!(shown, count + 5000);
        assert!(set.random(generator(1)).is_some());
    }
    assert!(SortedSet::default().random(generator(1)).is_none());
}

/// `ZADD z 1 a 2.5 bb` of Valkey 9.1.2, as DUMP has it.
#[test]
fn a_small_one_is_what_real_servers_have() {
    let mut set = SortedSet::default();
    set.add(b"bb", 2.5, AddRule::default(), REAL);
    set.add(b"a", 1.0, AddRule::default(), REAL);
    let pack: Listpack = ["a", "1", "bb", "2.5"].into_iter().collect();
    assert_eq!(set.as_listpack(), Some(pack.view()));
}

#[test]
fn what_is_not_a_number_makes_the_whole_sum_of_an_intersection_0() {
    let set = |score: f64| SortedSet::from_entries(vec![(score, b"m")], SMALL).expect("one member");
    let (four, zero) = (set(4.0), set(0.0));
    let sources = |weight: f64| {
        [
            Weighted { source: four.view().into(), weight: 1.0 },
            Weighted { source: zero.view().into(), weight: f64::INFINITY },
            Weighted { source: four.view().into(), weight },
        ]
    };
    let scores = |combined: Combined<'_>| combined.iter().map(|(_, score)| score).collect::<Vec<_>>();
    assert_eq!(scores(Combined::intersection(&sources(2.0), Aggregate::Sum)), [8.0]);
    assert_eq!(scores(Combined::intersection(&sources(2.0), Aggregate::Min)), [4.0]);
    assert_eq!(scores(Combined::union(&sources(2.0), Aggregate::Sum)), [12.0]);
}
