//! ZRANGE and its like: entries by rank, by score or by member, from either end.

use std::ops::Range;

use slotmesh_store::{LexBound, ScoreBound, SortedSet, SortedSetRef};

use super::store::store;
use super::{begin_entries, lex_bounds, score_bounds, write_entry};
use crate::call::is_word;
use crate::commands::numbers;
use crate::commands::shown::write_packed;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

/// What entries are chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// Which words a command takes; what it leaves open is an option.
#[derive(Clone, Copy, Debug, Default)]
struct Form {
    by: Option<By>,
    is_reverse: Option<bool>,
    /// Whether the entries are kept, and not shown.
    stores: bool,
}

/// A range, as a request asks for it.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    bounds: Bounds<'a>,
    is_reverse: bool,
    with_scores: bool,
    /// So many are left out at the beginning; all if it is negative.
    offset: i64,
    /// So many follow; all if it is negative.
    limit: i64,
}

#[derive(Clone, Copy, Debug)]
enum Bounds<'a> {
    Rank(i64, i64),
    Score(ScoreBound, ScoreBound),
    Lex(LexBound<'a>, LexBound<'a>),
}

pub(crate) fn zrange(call: &mut Keyed<'_>) -> Done {
    show(call, Form::default())
}

pub(crate) fn zrevrange(call: &mut Keyed<'_>) -> Done {
    show(call, Form { by: Some(By::Rank), is_reverse: Some(true), stores: false })
}

pub(crate) fn zrangebyscore(call: &mut Keyed<'_>) -> Done {
    show(call, Form { by: Some(By::Score), is_reverse: Some(false), stores: false })
}

pub(crate) fn zrevrangebyscore(call: &mut Keyed<'_>) -> Done {
    show(call, Form { by: Some(By::Score), is_reverse: Some(true), stores: false })
}

pub(crate) fn zrangebylex(call: &mut Keyed<'_>) -> Done {
    show(call, Form { by: Some(By::Lex), is_reverse: Some(false), stores: false })
}

pub(crate) fn zrevrangebylex(call: &mut Keyed<'_>) -> Done {
    show(call, Form { by: Some(By::Lex), is_reverse: Some(true), stores: false })
}

pub(crate) fn zrangestore(call: &mut Keyed<'_>) -> Done {
    let (target, source, limits) = (call.args[1], call.args[2], call.settings.sorted_set);
    let wanted = Wanted::parse(&call.args[3..], Form { stores: true, ..Form::default() })?;
    let found = call.db.view::<SortedSet>(source)?.map(|set| {
        let entries = set.entries(wanted.ranks(set)).map(|(member, score)| (score, member.to_vec())).collect();
        SortedSet::from_entries(entries, limits).expect("entries of a sorted set make one")
    });
    store(call, target, found.unwrap_or_default(), "zrangestore")
}

fn show(call: &mut Keyed<'_>, form: Form) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let wanted = Wanted::parse(&args[2..], form)?;
    let Some(set) = db.view::<SortedSet>(args[1])? else {
        reply.array(0);
        return Ok(());
    };
    let entries = set.entries(wanted.ranks(set));
    begin_entries(reply, entries.len(), wanted.with_scores);
    match (wanted.with_scores, wanted.is_reverse) {
        (false, false) => entries.members().for_each(|member| write_packed(reply, member)),
        (false, true) => entries.members().rev().for_each(|member| write_packed(reply, member)),
        (true, false) => entries.for_each(|entry| write_entry(reply, entry, true)),
        (true, true) => entries.rev().for_each(|entry| write_entry(reply, entry, true)),
    }
    Ok(())
}

impl<'a> Wanted<'a> {
    /// Takes the bounds and the options behind them.
    fn parse(words: &[&'a [u8]], mut form: Form) -> Result<Self, ErrorReply> {
        let (first, second, mut options) = (words[0], words[1], &words[2..]);
        let mut found =
            Self { bounds: Bounds::Rank(0, 0), is_reverse: false, with_scores: false, offset: 0, limit: -1 };
        while let [option, rest @ ..] = options {
            options = rest;
            match (option, rest) {
                _ if !form.stores && is_word(option, "withscores") => found.with_scores = true,
                (_, [offset, limit, rest @ ..]) if is_word(option, "limit") => {
                    (found.offset, found.limit) = (numbers::integer(offset)?, numbers::integer(limit)?);
                    options = rest;
                }
                // Twice is once too often.
                _ if form.is_reverse.is_none() && is_word(option, "rev") => form.is_reverse = Some(true),
                _ if form.by.is_none() && is_word(option, "bylex") => form.by = Some(By::Lex),
                _ if form.by.is_none() && is_word(option, "byscore") => form.by = Some(By::Score),
                _ => return Err(ErrorReply::syntax()),
            }
        }
        found.is_reverse = form.is_reverse == Some(true);
        let by = form.by.unwrap_or(By::Rank);
        if found.limit != -1 && by == By::Rank {
            let text = "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
            return Err(ErrorReply::err(text));
        }
        if found.with_scores && by == By::Lex {
            return Err(ErrorReply::err("syntax error, WITHSCORES not supported in combination with BYLEX"));
        }
        // The bound at which the walk begins comes first.
        let (min, max) = if found.is_reverse { (second, first) } else { (first, second) };
        found.bounds = match by {
            By::Rank => Bounds::Rank(numbers::integer(first)?, numbers::integer(second)?),
            By::Score => score_bounds(min, max).map(|(min, max)| Bounds::Score(min, max))?,
            By::Lex => lex_bounds(min, max).map(|(min, max)| Bounds::Lex(min, max))?,
        };
        Ok(found)
    }

    /// The ranks that are wanted of a set.
    fn ranks(&self, set: SortedSetRef<'_>) -> Range<usize> {
        let ranks = match self.bounds {
            Bounds::Rank(start, stop) => {
                return turned(ranks_between(start, stop, set.len()), set.len(), self.is_reverse);
            }
            Bounds::Score(min, max) => set.ranks_by_score(min, max),
            Bounds::Lex(min, max) => set.ranks_by_lex(min, max),
        };
        let count = ranks.len();
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX).min(count);
        let taken = usize::try_from(self.limit).unwrap_or(usize::MAX).min(count - skipped);
        let places = turned(skipped..skipped + taken, count, self.is_reverse);
        ranks.start + places.start..ranks.start + places.end
    }
}

/// The places between two numbers of a command, both inclusive and counted from the end when they are negative.
pub(super) fn ranks_between(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let counted = |number: i64| if number < 0 { number.saturating_add(len) } else { number };
    let (start, stop) = (counted(start).max(0), counted(stop).min(len - 1));
    let bounds = usize::try_from(start).ok().zip(usize::try_from(stop).ok());
    bounds.filter(|(start, stop)| start <= stop).map_or(0..0, |(start, stop)| start..stop + 1)
}

/// Places counted from the other end, if that is wanted.
fn turned(places: Range<usize>, len: usize, is_reverse: bool) -> Range<usize> {
    if is_reverse { len - places.end..len - places.start } else { places }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_from_either_end_and_reach_no_further_than_the_set() {
        let cases = [
            (0, -1, 0..5),
            (1, 3, 1..4),
            (-2, -1, 3..5),
            (-100, 100, 0..5),
            (3, 1, 0..0),
            (5, 9, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (0, i64::MIN, 0..0),
        ];
        for (start, stop, ranks) in cases {
            assert_eq!(ranks_between(start, stop, 5), ranks, "{start}..{stop}");
        }
        assert_eq!(ranks_between(0, -1, 0), 0..0);
    }

    #[test]
    fn offset_and_limit_count_from_where_the_walk_begins() {
        let limits = slotmesh_store::SortedSetLimits { entries: 128, value: 64 };
        let entries = (0..6).map(|rank| (f64::from(rank), vec![b'a' + rank as u8])).collect();
        let set = SortedSet::from_entries(entries, limits).expect("each member once");
        let cases: [(&str, Range<usize>); 6] = [
            ("1 4 byscore", 1..5),
            ("1 4 byscore limit 1 2", 2..4),
            ("4 1 byscore rev limit 1 2", 2..4),
            ("4 1 byscore rev limit 0 1", 4..5),
            ("1 4 byscore limit 9 1", 5..5),
            ("1 4 byscore limit -1 1", 5..5),
        ];
        for (request, ranks) in cases {
            let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
            let wanted = Wanted::parse(&words, Form::default()).expect("a right one");
            assert_eq!(wanted.ranks(set.view()), ranks, "{request}");
        }
    }
}
