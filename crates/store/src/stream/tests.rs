use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::listpack::Packed;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn add(stream: &mut Stream, id: StreamId, fields: &Fields, limits: StreamLimits) -> Result<(), AddError> {
    stream.add(id, fields.iter().map(|(name, value)| (&name[..], &value[..])), limits)
}

fn filled(count: u64, limits: StreamLimits) -> Stream {
    let mut stream = Stream::default();
    for number in 1..=count {
        let fields = vec![(b"number".to_vec(), number.to_string().into_bytes())];
        add(&mut stream, StreamId::new(number, 0), &fields, limits).expect("ids rise");
    }
    stream
}

fn shown(entry: Entry<'_>) -> (StreamId, Fields) {
    (entry.id(), entry.fields().map(|(name, value)| (name.to_vec(), value.to_vec())).collect())
}

fn all(stream: &Stream) -> Vec<(StreamId, Fields)> {
    stream.range(StreamId::MIN, StreamId::MAX).map(shown).collect()
}

fn ids(stream: &Stream) -> Vec<u64> {
    stream.range(StreamId::MIN, StreamId::MAX).map(|entry| entry.id().ms).collect()
}

/// The cost of all parts, counted anew.
fn counted(stream: &Stream) -> (usize, usize) {
    let mut cost = Cost::default();
    for (_, pack) in stream.nodes() {
        cost += Cost { bytes: pack.capacity(), pieces: 1 };
    }
    cost += tree_cost::<StreamId, Listpack>(stream.nodes().len());
    for (name, group) in stream.groups() {
        cost += group.pending.cost();
        cost += Cost { bytes: name.len(), pieces: 1 };
        let mut names = 0;
        for (_, consumer) in group.consumers() {
            cost += consumer.pending.cost();
            cost += Cost { bytes: consumer.name().len() + 16, pieces: 1 };
            names += 1;
        }
        // Without consumers it is the places.
        let mut places = group.consumers.clone();
        for (id, _) in group.consumers() {
            places.remove(id);
        }
        cost += tree_cost::<Box<[u8]>, ConsumerId>(names);
        cost += Cost { bytes: group.consumers.places_bytes(), pieces: 1 };
        assert_eq!(places.cost().pieces, 1, "nothing is left of consumers that are gone");
        assert!(places.len() > 0 || places.places_bytes() == 0, "nor of their places");
    }
    cost += tree_cost::<Box<[u8]>, Group>(stream.groups().len());
    (cost.bytes, cost.pieces)
}

/// What Valkey 9.1.2 has in the node after `XADD s 1-1 a 1 b x`, `XADD s 1-2 a 2 b y`, `XADD s 2-0 c 3`, `XDEL s 1-2`.
#[test]
fn a_node_is_what_real_servers_have() {
    let mut stream = Stream::default();
    let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let limits = StreamLimits::default();
    add(&mut stream, StreamId::new(1, 1), &vec![field("a", "1"), field("b", "x")], limits).expect("it is the first");
    add(&mut stream, StreamId::new(1, 2), &vec![field("a", "2"), field("b", "y")], limits).expect("it is above");
    add(&mut stream, StreamId::new(2, 0), &vec![field("c", "3")], limits).expect("it is above");
    assert!(stream.delete(StreamId::new(1, 2)) && !stream.delete(StreamId::new(1, 2)));
    let real: &[u8] = &[
        63, 0, 0, 0, 25, 0, 2, 1, 1, 1, 2, 1, 129, 97, 2, 129, 98, 2, 0, 1, 2, 1, 0, 1, 0, 1, 1, 1, 129, 120, 2, 5, 1,
        3, 1, 0, 1, 1, 1, 2, 1, 129, 121, 2, 5, 1, 0, 1, 1, 1, 223, 255, 2, 1, 1, 129, 99, 2, 3, 1, 6, 1, 255,
    ];
    let (first, pack) = stream.nodes().next().expect("there is one");
    assert_eq!((first, pack.as_bytes()), (StreamId::new(1, 1), real));
    let mut loaded = Stream::default();
    let pack = Listpack::from_bytes(real.to_vec()).expect("a listpack");
    assert_eq!(loaded.load_node(StreamId::new(1, 1), pack.clone()), Ok(()));
    assert_eq!(loaded.load_node(StreamId::new(2, 0), pack.clone()), Err(DamagedNode { first: StreamId::new(2, 0) }));
    assert_eq!(loaded.set_id(StreamId::new(2, 0), Some(3), Some(StreamId::new(1, 2))), Ok(()));
    assert_eq!((all(&loaded), loaded.counters()), (all(&stream), stream.counters()));
}

#[test]
fn ids_rise() {
    let mut stream = filled(5, StreamLimits::default());
    assert_eq!(stream.next_id(NewId::Auto, 9), Ok(StreamId::new(9, 0)));
    assert_eq!(stream.next_id(NewId::Auto, 3), Ok(StreamId::new(5, 1)), "the clock may go back");
    assert_eq!(stream.next_id(NewId::Within(5), 9), Ok(StreamId::new(5, 1)));
    assert_eq!(stream.next_id(NewId::Within(4), 9), Err(AddError::NotAbove));
    assert_eq!(stream.next_id(NewId::Exactly(StreamId::new(5, 0)), 9), Err(AddError::NotAbove));
    assert_eq!(stream.next_id(NewId::Exactly(StreamId::MIN), 9), Err(AddError::Lowest));
    assert_eq!(Stream::default().next_id(NewId::Within(0), 9), Ok(StreamId::new(0, 1)));
    stream.set_id(StreamId::new(7, u64::MAX), None, None).expect("it is above");
    assert_eq!(stream.next_id(NewId::Within(7), 9), Err(AddError::NotAbove));
    stream.set_id(StreamId::MAX, None, None).expect("it is above");
    assert_eq!(stream.next_id(NewId::Auto, 9), Err(AddError::Exhausted));
}

#[test]
fn what_is_remembered_goes_with_the_entries() {
    let mut stream = filled(5, StreamLimits::default());
    stream.delete(StreamId::new(3, 0));
    let id = |ms| StreamId::new(ms, 0);
    assert_eq!(stream.set_id(id(9), None, Some(id(10))), Err(SetIdError::BelowGivenDeleted));
    assert_eq!(stream.set_id(id(2), None, None), Err(SetIdError::BelowDeleted));
    assert_eq!(stream.set_id(id(4), None, None), Err(SetIdError::BelowLast));
    assert_eq!(stream.set_id(id(9), Some(3), None), Err(SetIdError::FewerThanLength));
    assert_eq!(stream.set_id(id(9), Some(4), Some(id(1))), Ok(()));
    assert_eq!(stream.counters(), Counters { first: id(1), last: id(9), max_deleted: id(1), added: 4 });
}

#[test]
fn an_id_can_come_again_behind_what_was_deleted() {
    let mut stream = filled(5, StreamLimits::default());
    stream.delete(StreamId::new(5, 0));
    stream.set_id(StreamId::new(5, 0), None, Some(StreamId::new(1, 0))).expect("it is above");
    stream.set_id(StreamId::new(4, 0), None, None).expect("it is the last that is there");
    add(&mut stream, StreamId::new(4, 5), &vec![], StreamLimits::default()).expect("it is above");
    assert!(stream.get(StreamId::new(4, 5)).is_some() && stream.delete(StreamId::new(4, 5)));
}

#[test]
fn a_trim_takes_whole_nodes_or_just_what_was_asked() {
    let limits = StreamLimits { node_bytes: 4096, node_entries: 10 };
    let mut stream = filled(100, limits);
    assert_eq!(stream.trim(Trim::about(TrimTo::Length(75), limits)), 20);
    assert_eq!(stream.trim(Trim::exactly(TrimTo::Length(75))), 5);
    assert_eq!(stream.trim(Trim { limit: Some(9), ..Trim::about(TrimTo::From(StreamId::new(60, 0)), limits) }), 5);
    assert_eq!(stream.trim(Trim::exactly(TrimTo::From(StreamId::new(60, 0)))), 29);
    assert_eq!((ids(&stream)[0], stream.counters().first.ms), (60, 60));
    assert_eq!(stream.nodes().next().map(|(first, _)| first.ms), Some(51));
    assert_eq!(stream.trim(Trim::exactly(TrimTo::Length(0))), 41);
    assert_eq!((stream.len(), stream.counters().first, stream.counters().added), (0, StreamId::MIN, 100));
    assert_eq!(counted(&stream), (0, 0));
}

#[test]
fn entries_are_given_once_and_again_until_they_are_acknowledged() {
    let mut stream = filled(5, StreamLimits::default());
    stream.create_group(b"g", StreamId::new(1, 0), None);
    let mut group = stream.group_mut(b"g").expect("it is there");
    let (alice, _) = group.consumer_or_new(b"alice", 10);
    let (bob, _) = group.consumer_or_new(b"bob", 10);
    let mut got = Vec::new();
    assert_eq!(group.read_new(alice, 2, Acknowledged::Later, 11, |entry| got.push(entry.id().ms)), 2);
    assert_eq!(group.read_new(bob, 1, Acknowledged::AtOnce, 12, |entry| got.push(entry.id().ms)), 1);
    assert_eq!((&got[..], group.pending_len(), group.last().ms), (&[2, 3, 4][..], 2, 4));
    assert!(group.acknowledge(StreamId::new(2, 0)) && !group.acknowledge(StreamId::new(4, 0)));
    drop(group);
    stream.delete(StreamId::new(3, 0));
    let mut group = stream.group_mut(b"g").expect("it is there");
    let mut again = Vec::new();
    group.read_again(alice, StreamId::MIN, 10, 13, |id, entry| again.push((id.ms, entry.is_some())));
    assert_eq!(again, [(3, false)]);
    let claim = Claim { idle_min: 0, delivered: 14, count: None, force: true, id_only: false };
    assert!(matches!(group.claim(bob, StreamId::new(3, 0), &claim, 14), Claimed::Gone(_)));
    assert!(matches!(group.claim(bob, StreamId::new(5, 0), &claim, 14), Claimed::Taken(_, Pending { count: 2, .. })));
    assert_eq!(group.remove_consumer(b"bob"), Some(1));
    assert_eq!((group.pending_len(), group.find_consumer(b"bob"), group.consumers_len()), (0, None, 1));
    let (carol, is_new) = group.consumer_or_new(b"carol", 20);
    assert!(is_new && group.consumer(carol).is_some_and(|consumer| consumer.active().is_none()));
}

#[test]
fn claims_go_on_where_they_ended() {
    let mut stream = filled(50, StreamLimits::default());
    stream.create_group(b"g", StreamId::MIN, Some(0));
    let mut group = stream.group_mut(b"g").expect("it is there");
    let (alice, _) = group.consumer_or_new(b"alice", 0);
    let (bob, _) = group.consumer_or_new(b"bob", 0);
    group.read_new(alice, usize::MAX, Acknowledged::Later, 0, |_| {});
    let claim = Claim { idle_min: 10, delivered: 100, count: None, force: false, id_only: true };
    let (mut taken, mut next) = (0, Some(StreamId::MIN));
    while let Some(start) = next {
        next = group.claim_from(bob, start, 7, &claim, 100, |_, _| taken += 1);
    }
    assert_eq!((taken, group.pending_of(bob, StreamId::MIN, StreamId::MAX).count()), (50, 50));
    let next = group.claim_from(alice, StreamId::MIN, 2, &claim, 105, |_, _| {});
    assert_eq!(next, Some(StreamId::new(21, 0)), "only ten times as many are looked at");
}

#[derive(Clone, Debug)]
enum Step {
    Add(u64, u64, Fields),
    Delete(u64),
    Trim(bool, u64),
    Read(u8, u8, usize, bool),
    Acknowledge(u8, u64),
    Claim(u8, u8, u64),
    Remove(u8, u8),
    Create(u8),
    Destroy(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let word = || prop_oneof![any::<i16>().prop_map(|n| n.to_string().into_bytes()), vec(b'a'..b'd', 0..3)];
    let fields = vec((vec(b'a'..b'c', 1), word()), 1..3);
    prop_oneof![
        8 => (0_u64..3, 0_u64..3, fields).prop_map(|(ms, seq, fields)| Step::Add(ms, seq, fields)),
        3 => any::<u64>().prop_map(Step::Delete),
        1 => (any::<bool>(), any::<u64>()).prop_map(|(exactly, to)| Step::Trim(exactly, to)),
        4 => (0..2_u8, 0..3_u8, 0..5_usize, any::<bool>()).prop_map(|(g, c, most, later)| Step::Read(g, c, most, later)),
        2 => (0..2_u8, any::<u64>()).prop_map(|(g, at)| Step::Acknowledge(g, at)),
        2 => (0..2_u8, 0..3_u8, any::<u64>()).prop_map(|(g, c, at)| Step::Claim(g, c, at)),
        1 => (0..2_u8, 0..3_u8).prop_map(|(g, c)| Step::Remove(g, c)),
        1 => (0..2_u8).prop_map(Step::Create),
        1 => (0..2_u8).prop_map(Step::Destroy),
    ]
}

/// A stream in trees of the standard library.
#[derive(Default)]
struct Model {
    entries: BTreeMap<StreamId, Fields>,
    last: StreamId,
    /// Of each group the last id, and whose each pending entry is.
    groups: BTreeMap<u8, (StreamId, BTreeMap<StreamId, u8>)>,
}

impl Model {
    fn some_id(&self, at: u64) -> StreamId {
        let known = self.entries.keys().chain(self.groups.values().flat_map(|(_, pending)| pending.keys()));
        let known: Vec<_> = known.copied().collect();
        known.get(at as usize % known.len().max(1)).copied().unwrap_or_default()
    }
}

fn apply(stream: &mut Stream, model: &mut Model, step: Step, limits: StreamLimits) {
    match step {
        Step::Add(ms, seq, fields) => {
            let id = StreamId::new(model.last.ms + ms, seq);
            assert_eq!(add(stream, id, &fields, limits).is_ok(), id > model.last);
            if id > model.last {
                model.entries.insert(id, fields);
                model.last = id;
            }
        }
        Step::Delete(at) => {
            let id = model.some_id(at);
            assert_eq!(stream.delete(id), model.entries.remove(&id).is_some());
        }
        Step::Trim(exactly, at) => {
            let from = model.some_id(at);
            let to = TrimTo::From(from);
            let gone = stream.trim(if exactly { Trim::exactly(to) } else { Trim::about(to, limits) });
            let below = model.entries.range(..from).count() as u64;
            assert!(if exactly { gone == below } else { gone <= below });
            for _ in 0..gone {
                model.entries.pop_first();
            }
        }
        Step::Create(group) => {
            let is_new = !model.groups.contains_key(&group);
            model.groups.entry(group).or_default();
            assert_eq!(stream.create_group(&[group], StreamId::MIN, Some(0)), is_new);
        }
        Step::Destroy(group) => {
            assert_eq!(stream.destroy_group(&[group]).is_some(), model.groups.remove(&group).is_some());
        }
        step => apply_in_group(stream, model, &step),
    }
}

fn apply_in_group(stream: &mut Stream, model: &mut Model, step: &Step) {
    let (Step::Read(name, ..) | Step::Acknowledge(name, _) | Step::Claim(name, ..) | Step::Remove(name, _)) = *step
    else {
        return;
    };
    let (some_id, there) = match *step {
        Step::Acknowledge(_, at) | Step::Claim(_, _, at) => {
            (model.some_id(at), stream.get(model.some_id(at)).is_some())
        }
        _ => (StreamId::MIN, false),
    };
    let Some((last, pending)) = model.groups.get_mut(&name) else {
        assert!(stream.group_mut(&[name]).is_none());
        return;
    };
    let mut group = stream.group_mut(&[name]).expect("the model has it");
    match *step {
        Step::Read(_, consumer, most, later) => {
            let (id, _) = group.consumer_or_new(&[consumer], 0);
            let when = if later { Acknowledged::Later } else { Acknowledged::AtOnce };
            let mut got = Vec::new();
            group.read_new(id, most, when, 0, |entry| got.push(entry.id()));
            let next = last.next().expect("it is not the highest");
            let wanted: Vec<_> = model.entries.range(next..).take(most).map(|(id, _)| *id).collect();
            assert_eq!(got, wanted);
            *last = got.last().copied().unwrap_or(*last);
            pending.extend(got.into_iter().filter(|_| later).map(|id| (id, consumer)));
        }
        Step::Acknowledge(..) => assert_eq!(group.acknowledge(some_id), pending.remove(&some_id).is_some()),
        Step::Claim(_, consumer, _) => {
            let (id, _) = group.consumer_or_new(&[consumer], 0);
            let claim = Claim { idle_min: 0, delivered: 0, count: None, force: true, id_only: true };
            let claimed = group.claim(id, some_id, &claim, 0);
            assert_eq!(matches!(claimed, Claimed::Taken(..)), there);
            let before = if there { pending.insert(some_id, consumer) } else { pending.remove(&some_id) };
            assert!(there || matches!(claimed, Claimed::Gone(_)) == before.is_some());
        }
        _ => {
            let Step::Remove(_, consumer) = *step else { return };
            let own = pending.values().filter(|owner| **owner == consumer).count();
            assert_eq!(group.remove_consumer(&[consumer]).unwrap_or(0), own);
            pending.retain(|_, owner| *owner != consumer);
        }
    }
}

fn check(stream: &Stream, model: &Model) {
    assert!(all(stream).into_iter().eq(model.entries.clone()));
    assert_eq!(stream.len(), model.entries.len() as u64);
    assert_eq!(stream.counters().first, model.entries.keys().next().copied().unwrap_or_default());
    assert_eq!(stream.groups().len(), model.groups.len());
    for (name, group) in stream.groups() {
        let (last, pending) = &model.groups[&name[0]];
        let owner = |id| group.consumer(id).expect("it is there").name()[0];
        let own = group.pending(StreamId::MIN, StreamId::MAX).map(|(id, pending)| (id, owner(pending.consumer)));
        assert!(own.eq(pending.clone()));
        for (id, consumer) in group.consumers() {
            let wanted = pending.iter().filter(|(_, owner)| **owner == consumer.name()[0]).map(|(id, _)| *id);
            assert!(consumer.pending_ids().eq(wanted.clone()));
            assert!(group.pending_of(id, StreamId::MIN, StreamId::MAX).map(|(id, _)| id).eq(wanted));
        }
        assert_eq!(group.last(), *last);
    }
    assert_eq!((stream.bytes(), stream.pieces()), counted(stream));
}

proptest! {
    /// Against trees of the standard library.
    #[test]
    fn it_does_what_trees_do(steps in vec(step(), 0..120), node_entries in 0_u64..6, node_bytes in prop_oneof![Just(0_usize), Just(90), Just(4096)]) {
        let limits = StreamLimits { node_bytes, node_entries };
        let (mut stream, mut model) = (Stream::default(), Model::default());
        for step in steps {
            apply(&mut stream, &mut model, step, limits);
        }
        check(&stream, &model);
        check(&stream.clone(), &model);
        let (start, end) = (model.some_id(7), model.some_id(11));
        let wanted: Vec<_> = model.entries.keys().copied().filter(|id| (start..=end).contains(id)).collect();
        prop_assert!(stream.range(start, end).map(|entry| entry.id()).eq(wanted.iter().copied()));
        prop_assert!(stream.range(start, end).rev().map(|entry| entry.id()).eq(wanted.into_iter().rev()));
        let mut loaded = Stream::default();
        for (first, pack) in stream.nodes() {
            prop_assert_eq!(loaded.load_node(first, pack.clone()), Ok(()));
        }
        prop_assert_eq!((all(&loaded), loaded.counters().first), (all(&stream), stream.counters().first));
    }

    #[test]
    fn any_listpack_is_a_node_or_an_error(numbers in vec(prop_oneof![-2_i64..6, Just(i64::MAX)], 0..30), flip in any::<(usize, i64)>()) {
        let mut pack = Listpack::default();
        pack.append(numbers.into_iter().map(Packed::Number));
        let mut real = filled(4, StreamLimits::default()).nodes().next().map(|(_, pack)| pack.clone()).unwrap_or_default();
        let place = real.place(flip.0 % real.len()).expect("it is there");
        real.replace_number(place, flip.1 % 8);
        for pack in [pack, real] {
            let mut stream = Stream::default();
            if stream.load_node(StreamId::new(1, 0), pack).is_ok() {
                let mut backward: Vec<_> = stream.range(StreamId::MIN, StreamId::MAX).rev().map(shown).collect();
                backward.reverse();
                prop_assert_eq!(all(&stream), backward);
            }
        }
    }
}
