//! Keys against maps of the standard library, while time goes by.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

use super::*;
use crate::hashes::{Hash, HashLimits};

/// Texts, or fields with their deadlines, and when all of it expires.
type Model = BTreeMap<u8, (Held, Option<u64>)>;

#[derive(Clone, Debug, PartialEq)]
enum Held {
    Text(Vec<u8>),
    Hash(BTreeMap<u8, Option<u64>>),
}

/// What is done, with deadlines in steps of 16 milliseconds from the start.
#[derive(Clone, Debug)]
enum Step {
    Set(u8, Vec<u8>, Expiry),
    Append(u8, Vec<u8>),
    SetField(u8, u8, Option<u64>),
    RemoveField(u8, u8),
    Term(u8, u64, TermIf),
    Persist(u8),
    Remove(u8),
    Rename(u8, u8),
    Copy(u8, u8),
    Wait(u64),
    Expire(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (key, field, deadline) = (|| 0_u8..6, || 0_u8..4, || (1_u64..30).prop_map(|steps| steps * 16));
    let expiry = prop_oneof![Just(Expiry::Never), Just(Expiry::Kept), deadline().prop_map(Expiry::At)];
    let condition = prop_oneof![
        Just(TermIf::Always),
        Just(TermIf::Unset),
        Just(TermIf::Set),
        Just(TermIf::Later),
        Just(TermIf::Earlier)
    ];
    let text = || prop_oneof![vec(any::<u8>(), 0..12), any::<i8>().prop_map(|number| number.to_string().into_bytes())];
    prop_oneof![
        3 => (key(), text(), expiry).prop_map(|(key, text, expiry)| Step::Set(key, text, expiry)),
        2 => (key(), text()).prop_map(|(key, text)| Step::Append(key, text)),
        5 => (key(), field(), weighted(0.6, deadline())).prop_map(|(key, field, term)| Step::SetField(key, field, term)),
        2 => (key(), field()).prop_map(|(key, field)| Step::RemoveField(key, field)),
        2 => (key(), deadline(), condition).prop_map(|(key, deadline, condition)| Step::Term(key, deadline, condition)),
        1 => key().prop_map(Step::Persist),
        1 => key().prop_map(Step::Remove),
        2 => (key(), key()).prop_map(|(from, to)| Step::Rename(from, to)),
        2 => (key(), key()).prop_map(|(from, to)| Step::Copy(from, to)),
        3 => (0_u64..40).prop_map(Step::Wait),
        2 => (1_usize..4).prop_map(Step::Expire),
    ]
}

/// Does a step to the keys.
fn apply(db: &mut Db<'_>, step: &Step) {
    match step {
        Step::Set(key, text, expiry) => db.set_text(&[*key], text, *expiry),
        Step::Append(key, more) => {
            let append = |text: &mut Vec<u8>| {
                text.extend(more);
                Edited::when(!more.is_empty(), ())
            };
            let _ = db.edit_text(&[*key], append);
        }
        Step::SetField(key, field, deadline) => {
            let (now, expiry) = (db.now(), deadline.map_or(Expiry::Never, Expiry::At));
            let _ = db.edit_or_new(&[*key], |hash: &mut Hash| {
                Edited::changed(hash.set(&[*field], b"value", expiry, now, HashLimits::default()))
            });
        }
        Step::RemoveField(key, field) => {
            let now = db.now();
            let _ = db.edit(&[*key], |hash: &mut Hash| Edited::when(hash.remove(&[*field], now), ()));
        }
        Step::Term(key, deadline, condition) => _ = db.set_deadline(&[*key], *deadline, *condition),
        Step::Persist(key) => _ = db.persist(&[*key]),
        Step::Remove(key) => _ = db.remove(&[*key]),
        Step::Rename(from, to) => _ = db.rename(&[*from], &[*to]),
        Step::Copy(from, to) => _ = db.copy(&[*from], &[*to]),
        Step::Wait(_) => {}
        Step::Expire(most) => {
            while !db.expire(*most) {}
            while !db.expire_fields(*most, |_, _| {}) {}
        }
    }
}

/// The same to the model.
fn apply_to_model(model: &mut Model, now: u64, step: &Step) {
    match step {
        Step::Set(key, text, expiry) => {
            let deadline = match expiry {
                Expiry::Never => None,
                Expiry::Kept => model.get(key).and_then(|(_, deadline)| *deadline),
                Expiry::At(deadline) => Some(*deadline),
            };
            model.insert(*key, (Held::Text(text.clone()), deadline));
        }
        Step::Append(key, more) => {
            if more.is_empty() {
                return;
            }
            if let (Held::Text(text), _) = model.entry(*key).or_insert((Held::Text(Vec::new()), None)) {
                text.extend(more);
            }
        }
        Step::SetField(key, field, deadline) => {
            if let (Held::Hash(fields), _) = model.entry(*key).or_insert((Held::Hash(BTreeMap::new()), None)) {
                fields.insert(*field, *deadline);
            }
        }
        Step::RemoveField(key, field) => {
            if let Some((Held::Hash(fields), _)) = model.get_mut(key)
                && fields.get(field).is_some_and(|deadline| lives(*deadline, now))
            {
                fields.remove(field);
            }
        }
        Step::Term(key, deadline, condition) => {
            if let Some((_, term)) = model.get_mut(key)
                && condition.allows(*term, *deadline)
            {
                *term = Some(*deadline);
            }
        }
        Step::Persist(key) => _ = model.get_mut(key).map(|(_, deadline)| *deadline = None),
        Step::Remove(key) => _ = model.remove(key),
        Step::Rename(from, to) => {
            if let Some(held) = model.remove(from) {
                model.insert(*to, held);
            }
        }
        Step::Copy(from, to) => {
            if let Some(held) = model.get(from).cloned() {
                model.insert(*to, held);
            }
        }
        Step::Wait(_) => {}
        Step::Expire(_) => model.values_mut().for_each(|(held, _)| {
            if let Held::Hash(fields) = held {
                fields.retain(|_, deadline| lives(*deadline, now));
            }
        }),
    }
}

/// What is seen of a model: keys that expired are gone, and so are hashes without fields.
fn settle(model: &mut Model, now: u64) {
    model.retain(|_, (held, deadline)| {
        let is_empty = matches!(held, Held::Hash(fields) if fields.is_empty());
        lives(*deadline, now) && !is_empty
    });
}

/// What a key holds as the model has it, fields included that have expired.
fn held(value: ValueRef<'_>) -> Held {
    match value.kind::<Hash>() {
        Ok(hash) => Held::Hash(hash.iter(0).map(|(name, _, deadline)| (name.to_vec()[0], deadline)).collect()),
        Err(WrongType) => Held::Text(value.text().expect("a text").into_owned()),
    }
}

/// Nothing is taken out by looking.
fn compare(keys: &mut SlotKeys, model: &Model, now: u64) -> Result<(), TestCaseError> {
    keys.check();
    let mut changes = Changes::default();
    let mut db = Db::new(keys, &mut changes, now, false);
    let expected: BTreeSet<_> = model.keys().map(|key| vec![*key]).collect();
    prop_assert_eq!(db.keys().map(<[u8]>::to_vec).collect::<BTreeSet<_>>(), expected);
    for (key, (wanted, deadline)) in model {
        prop_assert_eq!(&db.get(&[*key]).map(held), &Some(wanted.clone()), "key {}", key);
        prop_assert_eq!(db.deadline(&[*key]), Some(*deadline));
    }
    Ok(())
}

proptest! {
    #[test]
    fn keys_are_what_maps_would_be(steps in vec(step(), 0..60)) {
        let (mut keys, mut model, mut now) = (SlotKeys::default(), Model::new(), 1);
        let empty = keys.bytes();
        for step in steps {
            if let Step::Wait(time) = step {
                now += time;
            }
            settle(&mut model, now);
            let (before, mut changes) = (model.clone(), Changes { observed: true, ..Changes::default() });
            apply(&mut Db::new(&mut keys, &mut changes, now, true), &step);
            apply_to_model(&mut model, now, &step);
            settle(&mut model, now);
            compare(&mut keys, &model, now)?;
            if before != model {
                prop_assert!(changes.count > 0 || matches!(step, Step::Wait(_)), "{:?} is a change", step);
            }
            for (key, change) in &changes.keys {
                let is_there = model.contains_key(&key[0]);
                prop_assert!(*change == KeyChange::Changed || !is_there || changes.keys.len() > 1, "{:?}", changes);
            }
        }
        let mut changes = Changes::default();
        let mut db = Db::new(&mut keys, &mut changes, u64::MAX, true);
        (0..6_u8).for_each(|key| _ = db.remove(&[key]));
        prop_assert!(keys.is_empty());
        prop_assert_eq!(keys.bytes(), empty);
    }
}
