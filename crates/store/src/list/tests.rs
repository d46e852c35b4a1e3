//! Lists against a queue of the standard library.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMIT: ListLimit = ListLimit::new(-2);

fn push(list: &mut List, end: End, text: &[u8], limit: ListLimit) {
    list.push(end, [text].into_iter(), limit);
}

fn list_of(texts: &[&str]) -> List {
    let mut list = List::default();
    list.push(End::Back, texts.iter().map(|text| text.as_bytes()), LIMIT);
    list
}

fn numbers(count: usize, limit: ListLimit) -> List {
    let mut list = List::default();
    for number in 0..count {
        push(&mut list, End::Back, number.to_string().as_bytes(), limit);
    }
    list
}

fn texts(list: &List) -> Vec<Vec<u8>> {
    list.iter().map(Packed::to_vec).collect()
}

/// Bytes, counted anew.
fn recounted(list: &List) -> usize {
    match &list.0 {
        Repr::One(node) => node.heap(),
        Repr::Many(nodes) => {
            let places = nodes.nodes().capacity() * size_of::<Node>();
            size_of::<Nodes>() + places + nodes.nodes().iter().map(Node::heap).sum::<usize>()
        }
    }
}

#[test]
fn values_come_from_both_ends() {
    let mut list = list_of(&["a", "1"]);
    list.push(End::Front, [&b"b"[..], b"c"].into_iter(), LIMIT);
    assert_eq!(texts(&list), [&b"c"[..], b"b", b"a", b"1"]);
    assert_eq!(list.pop(End::Back, LIMIT), Some(b"1".to_vec()));
    assert_eq!(list.pop(End::Front, LIMIT), Some(b"c".to_vec()));
    assert!(list.rotate(End::Back, End::Front, LIMIT));
    assert_eq!(texts(&list), [&b"a"[..], b"b"]);
}

#[test]
fn numbers_of_commands_count_from_either_end() {
    let list = list_of(&["a", "b", "c"]);
    for (number, index) in
        [(0, Some(0)), (2, Some(2)), (3, None), (-1, Some(2)), (-3, Some(0)), (-4, None), (i64::MIN, None)]
    {
        assert_eq!(list.index(number), index, "{number}");
    }
    for (start, stop, span) in [
        (0, -1, 0..3),
        (i64::MIN, i64::MAX, 0..3),
        (1, 1, 1..2),
        (2, 1, 0..0),
        (3, 9, 0..0),
        (-2, -1, 1..3),
        (0, -4, 0..0),
        (-9, i64::MIN, 0..0),
    ] {
        assert_eq!(list.span(start, stop), span, "{start} {stop}");
    }
    assert!(List::default().span(0, -1).is_empty());
}

#[test]
fn positions_are_those_of_the_list_from_either_end() {
    let list = list_of(&["a", "7", "b", "7", "7"]);
    assert!(list.positions(b"7", End::Front, usize::MAX).eq([1, 3, 4]));
    assert!(list.positions(b"7", End::Back, usize::MAX).eq([4, 3, 1]));
    assert!(list.positions(b"7", End::Back, 2).eq([4, 3]));
    assert!(list.positions(b"07", End::Front, usize::MAX).next().is_none());
}

#[test]
fn a_listpack_becomes_a_queue_and_half_of_it_a_listpack_again() {
    let limit = ListLimit::new(4);
    let mut list = numbers(4, limit);
    assert_eq!(list.encoding(), "listpack");
    push(&mut list, End::Back, b"4", limit);
    assert_eq!((list.encoding(), list.nodes().len()), ("quicklist", 2));
    list.pop(End::Back, limit);
    list.pop(End::Back, limit);
    assert_eq!((list.encoding(), list.nodes().len()), ("quicklist", 1));
    list.pop(End::Back, limit);
    assert_eq!((list.encoding(), texts(&list)), ("listpack", vec![b"0".to_vec(), b"1".to_vec()]));
}

#[test]
fn a_long_text_has_a_piece_of_its_own() {
    let long = [b'x'; 8193];
    let mut list = list_of(&["a", "b", "c"]);
    assert!(list.set(1, &long, LIMIT));
    let kinds: Vec<_> = list.nodes().map(|node| matches!(node, NodeRef::Plain(_))).collect();
    assert_eq!((kinds, list.len()), (vec![false, true, false], 3));
    assert!(list.positions(&long, End::Front, usize::MAX).eq([1]));
    assert!(list.set(1, b"b", LIMIT));
    assert_eq!(texts(&list), [b"a", b"b", b"c"]);
    assert!(list.insert(1, Side::After, &long, LIMIT));
    assert_eq!(list.remove(&long, End::Back, usize::MAX, LIMIT), 1);
    assert_eq!(texts(&list), [b"a", b"b", b"c"]);
}

#[test]
fn pieces_stay_within_bounds_whatever_is_set() {
    let mut list = numbers(3000, LIMIT);
    for index in 0..3000 {
        list.set(index, &[b'x'; 1000], LIMIT);
    }
    let longest = list.nodes().map(|node| match node {
        NodeRef::Packed(pack) => pack.as_bytes().len(),
        NodeRef::Plain(_) => 0,
    });
    assert!((8192..=4 * 8192).contains(&longest.max().expect("there are some")));
    assert_eq!(list.iter().filter(|value| *value == Packed::Text(&[b'x'; 1000])).count(), 3000);
}

#[test]
fn values_are_taken_out_from_either_end() {
    let mixed = ["a", "b", "a", "a", "b", "a"];
    let mut list = list_of(&mixed);
    assert_eq!(list.remove(b"a", End::Back, 2, LIMIT), 2);
    assert_eq!(texts(&list), [b"a", b"b", b"a", b"b"]);
    assert_eq!(list.remove(b"a", End::Front, 1, LIMIT), 1);
    assert_eq!(texts(&list), [b"b", b"a", b"b"]);
    assert_eq!(list.remove(b"nosuch", End::Front, usize::MAX, LIMIT), 0);
    assert_eq!(list.remove(b"b", End::Front, usize::MAX, LIMIT), 2);
    assert_eq!(texts(&list), [b"a"]);
}

#[test]
fn what_is_saved_comes_back() {
    let mut list = numbers(10_000, LIMIT);
    push(&mut list, End::Front, &[b'x'; 10_000], LIMIT);
    let mut again = List::default();
    for node in list.nodes() {
        match node {
            NodeRef::Packed(pack) => {
                again.append_pack(Listpack::from_bytes(pack.as_bytes().to_vec()).expect("it is one"));
            }
            NodeRef::Plain(text) => again.append_plain(text.to_vec()),
        }
    }
    again.append_pack(Listpack::default());
    again.settle(LIMIT);
    assert!(again.iter().eq(list.iter()));
    assert_eq!(again.encoding(), "quicklist");
    let mut short = List::default();
    short.append_pack(["a", "b"].into_iter().collect());
    short.settle(LIMIT);
    assert_eq!(short.encoding(), "listpack");
}

#[test]
fn memory_comes_back_when_values_go() {
    let mut list = numbers(100_000, LIMIT);
    let full = list.bytes();
    assert!(full < 500_000, "{full} bytes for 100 000 numbers");
    list.keep(50_000..50_100, LIMIT);
    assert!(list.bytes() < 1000, "{} bytes for 100 numbers", list.bytes());
    assert_eq!((list.len(), list.encoding()), (100, "listpack"));
}

#[derive(Clone, Debug)]
enum Step {
    Push(End, Vec<Vec<u8>>),
    Pop(End),
    Rotate(End, End),
    Insert(usize, Side, Vec<u8>),
    Set(usize, Vec<u8>),
    Remove(Vec<u8>, End, usize),
    RemoveRange(usize, usize),
    Keep(usize, usize),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0_u8..4).prop_map(|number| number.to_string().into_bytes()),
        4 => (0_usize..4).prop_map(|which| vec![b'a'; [0, 5, 70, 900][which]]),
        1 => (0_usize..2).prop_map(|which| vec![b'b'; [4089, 4097][which]]),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Front), Just(End::Back)]
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<usize>;
    let side = prop_oneof![Just(Side::Before), Just(Side::After)];
    prop_oneof![
        6 => (end(), vec(text(), 1..8)).prop_map(|(end, texts)| Step::Push(end, texts)),
        2 => end().prop_map(Step::Pop),
        1 => (end(), end()).prop_map(|(from, to)| Step::Rotate(from, to)),
        6 => (at(), side, text()).prop_map(|(at, side, text)| Step::Insert(at, side, text)),
        3 => (at(), text()).prop_map(|(at, text)| Step::Set(at, text)),
        1 => (text(), end(), 0_usize..5).prop_map(|(text, from, most)| Step::Remove(text, from, most)),
        1 => (at(), 0_usize..6).prop_map(|(at, count)| Step::RemoveRange(at, count)),
        1 => (at(), 0_usize..40).prop_map(|(at, count)| Step::Keep(at, count)),
    ]
}

type Model = VecDeque<Vec<u8>>;

fn model_push(model: &mut Model, end: End, text: Vec<u8>) {
    match end {
        End::Front => model.push_front(text),
        End::Back => model.push_back(text),
    }
}

fn model_pop(model: &mut Model, end: End) -> Option<Vec<u8>> {
    match end {
        End::Front => model.pop_front(),
        End::Back => model.pop_back(),
    }
}

fn model_positions(model: &Model, text: &[u8], from: End) -> Vec<usize> {
    let mut found: Vec<_> = (0..model.len()).filter(|at| model[*at] == text).collect();
    if from == End::Back {
        found.reverse();
    }
    found
}

fn apply(list: &mut List, model: &mut Model, step: Step, limit: ListLimit) {
    let len = model.len();
    match step {
        Step::Push(end, texts) => {
            list.push(end, texts.iter().map(Vec::as_slice), limit);
            texts.into_iter().for_each(|text| model_push(model, end, text));
        }
        Step::Pop(end) => assert_eq!(list.pop(end, limit), model_pop(model, end)),
        Step::Rotate(from, to) => {
            let moved = model_pop(model, from);
            assert_eq!(list.rotate(from, to, limit), moved.is_some());
            moved.into_iter().for_each(|text| model_push(model, to, text));
        }
        Step::Insert(at, side, text) if len > 0 => {
            let at = at % len;
            assert!(list.insert(at, side, &text, limit));
            model.insert(at + usize::from(side == Side::After), text);
        }
        Step::Set(at, text) if len > 0 => {
            assert!(list.set(at % len, &text, limit));
            model[at % len] = text;
        }
        Step::Insert(at, side, text) => assert!(!list.insert(at, side, &text, limit)),
        Step::Set(at, text) => assert!(!list.set(at, &text, limit)),
        Step::Remove(text, from, most) => {
            let mut gone = model_positions(model, &text, from);
            assert!(list.positions(&text, from, usize::MAX).eq(gone.iter().copied()));
            gone.truncate(most);
            assert_eq!(list.remove(&text, from, most, limit), gone.len());
            let mut at = 0..;
            model.retain(|_| !gone.contains(&at.next().expect("there are many numbers")));
        }
        Step::RemoveRange(at, count) => {
            let at = at % (len + 1);
            let range = at..(at + count).min(len);
            assert_eq!(list.remove_range(at..at + count, limit), range.len());
            model.drain(range);
        }
        Step::Keep(at, count) => {
            let at = at % (len + 1);
            let range = at..(at + count).min(len);
            assert_eq!(list.keep(at..at + count, limit), len - range.len());
            model.truncate(range.end);
            model.drain(..range.start);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_does_what_a_queue_does(
        steps in vec(step(), 0..80),
        limit in prop_oneof![Just(-1), Just(-2), Just(0), Just(1), Just(3), Just(16)],
        at in any::<usize>(),
    ) {
        let (mut list, mut model, limit) = (List::default(), Model::new(), ListLimit::new(limit));
        for step in steps {
            apply(&mut list, &mut model, step, limit);
            prop_assert_eq!(list.len(), model.len());
            prop_assert_eq!(list.bytes(), recounted(&list));
            prop_assert_eq!(list.clone().bytes(), recounted(&list.clone()));
            prop_assert!(list.nodes().all(|node| !matches!(node, NodeRef::Packed(pack) if pack.is_empty())) || model.is_empty());
        }
        prop_assert!(list.iter().map(Packed::to_vec).eq(model.iter().cloned()));
        let at = at % (model.len() + 1);
        prop_assert_eq!(list.get(at).map(Packed::to_vec), model.get(at).cloned());
        prop_assert!(list.range(at..at + 9).map(Packed::to_vec).eq(model.iter().skip(at).take(9).cloned()));
        prop_assert!(list.range(0..at).rev().map(Packed::to_vec).eq(model.iter().take(at).rev().cloned()));
    }

    /// Both ends of an iterator meet.
    #[test]
    fn values_are_shown_once(count in 0_usize..60, limit in 1_i32..9, turns in vec(any::<bool>(), 60)) {
        let list = numbers(count, ListLimit::new(limit));
        let (mut values, mut front, mut back) = (list.iter(), Vec::new(), Vec::new());
        for from_front in turns {
            if from_front { front.extend(values.next()) } else { back.extend(values.next_back()) }
        }
        prop_assert_eq!(values.len(), 0);
        back.reverse();
        front.extend(back);
        prop_assert!(front.into_iter().eq(list.iter()));
    }
}
