//! What several sets have in common, and what not.

use slotmesh_store::{Db, Expiry, Packed, Set, SetRef, WrongType, difference, intersection, union};

use crate::call::is_word;
use crate::commands::numbers;
use crate::commands::shown::write_packed;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

impl Operation {
    /// Combines the sets of these keys. A key that is not there is an empty set.
    fn members<'d>(self, db: &'d mut Db<'_>, keys: &[&[u8]]) -> Result<Vec<Packed<'d>>, WrongType> {
        let sets = db.view_all::<Set>(keys.iter().copied())?;
        let there: Vec<SetRef<'_>> = sets.iter().copied().flatten().collect();
        Ok(match self {
            Self::Intersection if there.len() < sets.len() => Vec::new(),
            Self::Intersection => intersection(&there).collect(),
            Self::Union => union(&there),
            Self::Difference => match sets.split_first() {
                // What is taken from itself is nothing.
                Some((Some(_), _)) if keys[1..].contains(&keys[0]) => Vec::new(),
                Some((Some(first), _)) => difference(*first, &there[1..]),
                _ => Vec::new(),
            },
        })
    }
}

pub(crate) fn sinter(call: &mut Keyed<'_>) -> Done {
    show(call, Operation::Intersection)
}

pub(crate) fn sunion(call: &mut Keyed<'_>) -> Done {
    show(call, Operation::Union)
}

pub(crate) fn sdiff(call: &mut Keyed<'_>) -> Done {
    show(call, Operation::Difference)
}

fn show(call: &mut Keyed<'_>, operation: Operation) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let members = operation.members(db, &args[1..])?;
    reply.set(members.len());
    members.iter().for_each(|member| write_packed(reply, *member));
    Ok(())
}

pub(crate) fn sinterstore(call: &mut Keyed<'_>) -> Done {
    store(call, Operation::Intersection, "sinterstore")
}

pub(crate) fn sunionstore(call: &mut Keyed<'_>) -> Done {
    store(call, Operation::Union, "sunionstore")
}

pub(crate) fn sdiffstore(call: &mut Keyed<'_>) -> Done {
    store(call, Operation::Difference, "sdiffstore")
}

fn store(call: &mut Keyed<'_>, operation: Operation, event: &'static str) -> Done {
    let Keyed { args, db, settings, .. } = call;
    let to = args[1];
    let set = Set::collect(operation.members(db, &args[2..])?, settings.set);
    let length = set.len();
    if length > 0 {
        db.set_value(to, set, Expiry::Never);
        call.tell(Classes::SET, event, to);
    } else if db.remove(to) {
        call.tell(Classes::GENERIC, "del", to);
    }
    call.count(length)
}

pub(crate) fn sintercard(call: &mut Keyed<'_>) -> Done {
    let args = call.args;
    let count = numbers::count_above_0(args[1], "numkeys should be greater than 0")?;
    let parts = args[2..].split_at_checked(count);
    let (keys, options) =
        parts.ok_or_else(|| ErrorReply::err("Number of keys can't be greater than number of args"))?;
    let limit = parse_limit(options)?;
    let sets = call.db.view_all::<Set>(keys.iter().copied())?;
    // A key that is not there is an empty set.
    let sets: Option<Vec<SetRef<'_>>> = sets.into_iter().collect();
    let count = sets.map_or(0, |sets| intersection(&sets).take(limit).count());
    call.count(count)
}

/// How many members are counted at most: without LIMIT, or with one of 0, all of them.
fn parse_limit(mut words: &[&[u8]]) -> Result<usize, ErrorReply> {
    let mut limit = 0;
    while let [word, number, rest @ ..] = words
        && is_word(word, "limit")
    {
        limit = numbers::count_in(number, 0..=i64::MAX, "LIMIT can't be negative")?;
        words = rest;
    }
    match words {
        [] => Ok(if limit == 0 { usize::MAX } else { limit }),
        _ => Err(ErrorReply::syntax()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_0_is_none_and_the_last_one_holds() {
        assert_eq!(parse_limit(&[]), Ok(usize::MAX));
        assert_eq!(parse_limit(&[b"LIMIT", b"0"]), Ok(usize::MAX));
        assert_eq!(parse_limit(&[b"limit", b"2", b"limit", b"3"]), Ok(3));
        assert_eq!(parse_limit(&[b"limit"]), Err(ErrorReply::syntax()));
        assert_eq!(parse_limit(&[b"limit", b"-1", b"foo"]), Err(ErrorReply::err("LIMIT can't be negative")));
    }
}
