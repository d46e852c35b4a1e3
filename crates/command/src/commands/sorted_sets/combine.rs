//! ZUNION, ZINTER, ZDIFF and their like. Sources are sorted sets and plain sets.

use slotmesh_store::{Aggregate, Combined, Packed, Set, Source, ValueRef, Weighted, WrongType, parse_double};

use super::store::store;
use super::{begin_entries, write_entry};
use crate::call::is_word;
use crate::commands::numbers;
use crate::commands::shown::write_count;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
    /// How large the intersection is.
    Count,
}

/// What is done with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Show,
    Store,
}

type Words<'w, 'a> = &'w [&'a [u8]];

#[derive(Debug)]
struct Options {
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// LIMIT: counting stops there; `None` is never.
    limit: Option<usize>,
}

pub(crate) fn zunion(call: &mut Keyed<'_>) -> Done {
    show(call, Operation::Union)
}

pub(crate) fn zinter(call: &mut Keyed<'_>) -> Done {
    show(call, Operation::Intersection)
}

pub(crate) fn zdiff(call: &mut Keyed<'_>) -> Done {
    show(call, Operation::Difference)
}

pub(crate) fn zunionstore(call: &mut Keyed<'_>) -> Done {
    keep(call, Operation::Union, "zunionstore")
}

pub(crate) fn zinterstore(call: &mut Keyed<'_>) -> Done {
    keep(call, Operation::Intersection, "zinterstore")
}

pub(crate) fn zdiffstore(call: &mut Keyed<'_>) -> Done {
    keep(call, Operation::Difference, "zdiffstore")
}

pub(crate) fn zintercard(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, command, .. } = call;
    let (keys, words) = keys_of(&args[1..], &command.full_name)?;
    let values = db.get_all(keys.iter().copied());
    let sources = sources_of(&values)?;
    let options = Options::parse(words, keys.len(), Operation::Count, Use::Show)?;
    let all: Option<Vec<Source<'_>>> = sources.into_iter().collect();
    let count = all.map_or(0, |all| Combined::intersection_count(&all, options.limit));
    write_count(reply, count);
    Ok(())
}

fn show(call: &mut Keyed<'_>, operation: Operation) -> Done {
    let Keyed { args, db, reply, command, .. } = call;
    let (keys, words) = keys_of(&args[1..], &command.full_name)?;
    let values = db.get_all(keys.iter().copied());
    let sources = sources_of(&values)?;
    let options = Options::parse(words, keys.len(), operation, Use::Show)?;
    let found = combine(&sources, operation, &options);
    let found = found.as_ref();
    begin_entries(reply, found.map_or(0, Combined::len), options.with_scores);
    for (member, score) in found.into_iter().flat_map(Combined::iter) {
        write_entry(reply, (Packed::Text(member), score), options.with_scores);
    }
    Ok(())
}

fn keep(call: &mut Keyed<'_>, operation: Operation, event: &'static str) -> Done {
    let (args, limits) = (call.args, call.settings.sorted_set);
    let (keys, words) = keys_of(&args[2..], &call.command.full_name)?;
    let values = call.db.get_all(keys.iter().copied());
    let sources = sources_of(&values)?;
    let options = Options::parse(words, keys.len(), operation, Use::Store)?;
    let found = combine(&sources, operation, &options).map(|found| found.to_set(limits));
    store(call, args[1], found.unwrap_or_default(), event)
}

/// The keys behind their number, and what follows them.
fn keys_of<'w, 'a>(words: Words<'w, 'a>, command: &str) -> Result<(Words<'w, 'a>, Words<'w, 'a>), ErrorReply> {
    let count = numbers::integer(words[0])?;
    if count < 1 {
        return Err(ErrorReply::err(format!("at least 1 input key is needed for '{command}' command")));
    }
    let keys = usize::try_from(count).ok().and_then(|count| words[1..].split_at_checked(count));
    keys.ok_or_else(ErrorReply::syntax)
}

/// The sets that keys hold; nothing where there is no such key.
fn sources_of<'a>(values: &[Option<ValueRef<'a>>]) -> Result<Vec<Option<Source<'a>>>, WrongType> {
    let source = |value: &Option<ValueRef<'a>>| {
        Ok(Some(match value {
            None => return Ok(None),
            Some(ValueRef::SortedSet(set)) => Source::from(*set),
            Some(other) => Source::from(other.kind::<Set>()?),
        }))
    };
    values.iter().map(source).collect()
}

/// `None` where it is clear that nothing comes out.
fn combine<'a>(sources: &[Option<Source<'a>>], operation: Operation, options: &Options) -> Option<Combined<'a>> {
    let weighted =
        |(source, weight): (&Option<Source<'a>>, &f64)| source.map(|source| Weighted { source, weight: *weight });
    let mut all = sources.iter().zip(&options.weights).map(weighted);
    match operation {
        Operation::Union => Some(Combined::union(&all.flatten().collect::<Vec<_>>(), options.aggregate)),
        Operation::Intersection | Operation::Count => {
            Some(Combined::intersection(&all.collect::<Option<Vec<_>>>()?, options.aggregate))
        }
        Operation::Difference => {
            let first = all.next()??.source;
            let others: Vec<_> = all.flatten().map(|other| other.source).collect();
            Some(Combined::difference(first, &others))
        }
    }
}

impl Options {
    fn parse(mut words: &[&[u8]], keys: usize, operation: Operation, usage: Use) -> Result<Self, ErrorReply> {
        let mut found =
            Self { weights: vec![1.0; keys], aggregate: Aggregate::default(), with_scores: false, limit: None };
        let has_scores = matches!(operation, Operation::Union | Operation::Intersection);
        let shows = usage == Use::Show && operation != Operation::Count;
        while let [option, rest @ ..] = words {
            words = rest;
            if has_scores && rest.len() >= keys && is_word(option, "weights") {
                let (weights, rest) = rest.split_at(keys);
                found.weights = weights.iter().map(|weight| parse_weight(weight)).collect::<Result<_, _>>()?;
                words = rest;
            } else if shows && is_word(option, "withscores") {
                found.with_scores = true;
            } else if let Some((value, rest)) = rest.split_first() {
                match () {
                    () if has_scores && is_word(option, "aggregate") => found.aggregate = parse_aggregate(value)?,
                    () if operation == Operation::Count && is_word(option, "limit") => {
                        let limit = numbers::count_in(value, 0..=i64::MAX, "LIMIT can't be negative")?;
                        found.limit = (limit > 0).then_some(limit);
                    }
                    () => return Err(ErrorReply::syntax()),
                }
                words = rest;
            } else {
                return Err(ErrorReply::syntax());
            }
        }
        Ok(found)
    }
}

fn parse_weight(word: &[u8]) -> Result<f64, ErrorReply> {
    parse_double(word).ok_or_else(|| ErrorReply::err("weight value is not a float"))
}

fn parse_aggregate(word: &[u8]) -> Result<Aggregate, ErrorReply> {
    match () {
        () if is_word(word, "sum") => Ok(Aggregate::Sum),
        () if is_word(word, "min") => Ok(Aggregate::Min),
        () if is_word(word, "max") => Ok(Aggregate::Max),
        () => Err(ErrorReply::syntax()),
    }
}
