//! ZPOPMIN and its like, also those that wait.

use slotmesh_resp::Protocol;
use slotmesh_store::{Edited, SortedSet};

use crate::call::is_word;
use crate::commands::first::{from_first, from_first_or_wait};
use crate::commands::numbers::{self, PopWords};
use crate::commands::shown::{write_packed, write_score};
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// From where entries are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Lowest,
    Highest,
}

/// What is taken out, and how it is shown.
#[derive(Clone, Copy, Debug)]
struct Pop {
    end: End,
    /// At most so many.
    count: usize,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Members and scores in turn.
    Flat,
    /// Pairs of them.
    Pairs,
    /// The same behind the key.
    FlatWithKey,
    /// The key, and pairs.
    KeyAndPairs,
}

pub(crate) fn zpopmin(call: &mut Keyed<'_>) -> Done {
    pop(call, End::Lowest)
}

pub(crate) fn zpopmax(call: &mut Keyed<'_>) -> Done {
    pop(call, End::Highest)
}

pub(crate) fn bzpopmin(call: &mut Keyed<'_>) -> Done {
    pop_or_wait(call, End::Lowest)
}

pub(crate) fn bzpopmax(call: &mut Keyed<'_>) -> Done {
    pop_or_wait(call, End::Highest)
}

pub(crate) fn zmpop(call: &mut Keyed<'_>) -> Done {
    let (keys, pop) = parse_multiple(&call.args[1..])?;
    if !from_first(call, keys, |call, key| pop_of(call, key, pop))? {
        call.reply.null_array();
    }
    Ok(())
}

pub(crate) fn bzmpop(call: &mut Keyed<'_>) -> Done {
    let (keys, pop) = parse_multiple(&call.args[2..])?;
    from_first_or_wait(call, keys, call.args[1], |call, key| pop_of(call, key, pop))
}

fn pop(call: &mut Keyed<'_>, end: End) -> Done {
    let (count, shape) = match call.args[2..] {
        [] => (1, Shape::Flat),
        [count] if call.reply.protocol() == Protocol::Resp3 => (numbers::count(count)?, Shape::Pairs),
        [count] => (numbers::count(count)?, Shape::Flat),
        _ => return Err(ErrorReply::syntax()),
    };
    if !pop_of(call, call.args[1], Pop { end, count, shape })? {
        call.reply.array(0);
    }
    Ok(())
}

fn pop_or_wait(call: &mut Keyed<'_>, end: End) -> Done {
    let args = call.args;
    let (keys, last) = (&args[1..args.len() - 1], args[args.len() - 1]);
    let pop = Pop { end, count: 1, shape: Shape::FlatWithKey };
    from_first_or_wait(call, keys, last, |call, key| pop_of(call, key, pop))
}

fn parse_multiple<'w, 'a>(words: &'w [&'a [u8]]) -> Result<(&'w [&'a [u8]], Pop), ErrorReply> {
    let PopWords { keys, end, count } = PopWords::parse(words, |word| match () {
        () if is_word(word, "min") => Ok(End::Lowest),
        () if is_word(word, "max") => Ok(End::Highest),
        () => Err(ErrorReply::syntax()),
    })?;
    Ok((keys, Pop { end, count, shape: Shape::KeyAndPairs }))
}

/// Pops of a set and shows what came out. Tells whether there is such a set.
fn pop_of(call: &mut Keyed<'_>, key: &[u8], pop: Pop) -> Result<bool, ErrorReply> {
    let Keyed { db, reply, .. } = call;
    let popped = db.edit(key, |set: &mut SortedSet| {
        let (count, len) = (pop.count.min(set.len()), set.len());
        match pop.shape {
            Shape::Flat => reply.array(count * 2),
            Shape::Pairs => reply.array(count),
            Shape::FlatWithKey => {
                reply.array(count * 2 + 1);
                reply.bulk(key);
            }
            Shape::KeyAndPairs => {
                reply.array(2);
                reply.bulk(key);
                reply.array(count);
            }
        }
        let has_pairs = matches!(pop.shape, Shape::Pairs | Shape::KeyAndPairs);
        let ranks = match pop.end {
            End::Lowest => 0..count,
            End::Highest => len - count..len,
        };
        let mut show = |(member, score)| {
            if has_pairs {
                reply.array(2);
            }
            write_packed(reply, member);
            write_score(reply, score);
        };
        match pop.end {
            End::Lowest => set.entries(ranks.clone()).for_each(&mut show),
            End::Highest => set.entries(ranks.clone()).rev().for_each(&mut show),
        }
        set.remove_ranks(ranks);
        Edited::times(count, (count, set.is_empty()))
    })?;
    if let Some((1.., is_gone)) = popped {
        let event = match pop.end {
            End::Lowest => "zpopmin",
            End::Highest => "zpopmax",
        };
        call.tell_taken(Classes::SORTED_SET, event, key, is_gone);
    }
    Ok(popped.is_some())
}
