//! ZREM and its like.

use std::ops::Range;

use slotmesh_store::{Edited, SortedSet};

use super::range::ranks_between;
use super::{lex_bounds, score_bounds};
use crate::commands::numbers;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn zrem(call: &mut Keyed<'_>) -> Done {
    let members = &call.args[2..];
    remove(call, "zrem", |set| members.iter().filter(|member| set.remove(member).is_some()).count())
}

pub(crate) fn zremrangebyrank(call: &mut Keyed<'_>) -> Done {
    let (start, stop) = (numbers::integer(call.args[2])?, numbers::integer(call.args[3])?);
    remove_range(call, "zremrangebyrank", |set| ranks_between(start, stop, set.len()))
}

pub(crate) fn zremrangebyscore(call: &mut Keyed<'_>) -> Done {
    let (min, max) = score_bounds(call.args[2], call.args[3])?;
    remove_range(call, "zremrangebyscore", |set| set.ranks_by_score(min, max))
}

pub(crate) fn zremrangebylex(call: &mut Keyed<'_>) -> Done {
    let (min, max) = lex_bounds(call.args[2], call.args[3])?;
    remove_range(call, "zremrangebylex", |set| set.ranks_by_lex(min, max))
}

fn remove_range(call: &mut Keyed<'_>, event: &'static str, ranks: impl FnOnce(&SortedSet) -> Range<usize>) -> Done {
    remove(call, event, |set| set.remove_ranks(ranks(set)))
}

/// Takes entries out, and replies how many they were.
fn remove(call: &mut Keyed<'_>, event: &'static str, remove: impl FnOnce(&mut SortedSet) -> usize) -> Done {
    let key = call.args[1];
    let removed = call.db.edit(key, |set: &mut SortedSet| {
        let gone = remove(set);
        Edited::times(gone, (gone, set.is_empty()))
    })?;
    let (gone, is_empty) = removed.unwrap_or_default();
    if gone > 0 {
        call.tell_taken(Classes::SORTED_SET, event, key, is_empty);
    }
    call.count(gone)
}
