//! CLUSTERSCAN: the keys of the cluster, slot by slot, from node to node. Source: spec of the commands, section 10.
//!
//! A cursor is `fingerprint-{tag}-position`; its tag sends the next request to the owner of the slot that comes next.

use std::str;
use std::sync::LazyLock;

use slotmesh_types::{Slot, key_slot};

use super::cluster::parse_slot;
use super::key_filter::Filter;
use super::key_walk::{Cursor, Pace, walk};
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(crate) fn clusterscan(call: &mut Call<'_>) -> Handled {
    let cursor = call.args[1];
    let Options { wanted, filter } = parse_options(&call.args[2..])?;
    let matching = filter.slot();
    // A pattern may leave one slot only, and that may be another than the wanted one.
    let nowhere = wanted.is_some() && matching.is_some() && wanted != matching;
    if cursor == b"0" {
        let first = wanted.or(matching).unwrap_or_else(|| Slot::from_hash(0));
        let next = (!nowhere).then(|| beginning(first));
        return write(call, next.as_deref(), &[]);
    }
    let cursor = parse_cursor(call, cursor).ok_or_else(|| ErrorReply::err("Invalid cursor"))?;
    if wanted.is_some_and(|wanted| wanted != cursor.slot) {
        return Err(ErrorReply::err("Cursor slot mismatch with SLOT argument"));
    }
    if let Some(matching) = matching.filter(|matching| *matching != cursor.slot) {
        return write(call, (matching > cursor.slot).then(|| beginning(matching)).as_deref(), &[]);
    }
    let last = last_here(call, cursor.slot);
    let mut found: Vec<Box<[u8]>> = Vec::new();
    let within = |slot: Slot| {
        slot <= last && wanted.is_none_or(|wanted| wanted == slot) && matching.is_none_or(|matching| matching == slot)
    };
    let pace = Pace { keys: filter.count, whole_slots: false };
    let next = walk(call.server, call.now, cursor, pace, within, |key, value| {
        if filter.shows(key, value) {
            found.push(key.into());
        }
    });
    let next = match (next, wanted, matching) {
        (Some(next), ..) => Some(shown(call, next)),
        (None, Some(_), _) | (None, _, Some(_)) => None,
        (None, None, None) => Slot::new(last.get() + 1).map(beginning),
    };
    write(call, next.as_deref(), &found)
}

fn write(call: &mut Call<'_>, next: Option<&str>, found: &[Box<[u8]>]) -> Handled {
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk(next.unwrap_or("0").as_bytes());
    reply.array(found.len());
    found.iter().for_each(|key| reply.bulk(key));
    Ok(Outcome::Continue)
}

/// A cursor at the beginning of a slot, whoever owns it.
fn beginning(slot: Slot) -> String {
    format!("0-{{{}}}-0", tag(slot))
}

/// A cursor in the middle of the keys of this node. Others, whose tables have another order, begin the slot anew.
fn shown(call: &Call<'_>, cursor: Cursor) -> String {
    format!("{}-{{{}}}-{}", fingerprint(call), tag(cursor.slot), cursor.to_number())
}

/// What tells the tables of this process from those of others.
fn fingerprint<'a>(call: &'a Call<'_>) -> &'a str {
    call.server.process.run_id.get(..8).unwrap_or("1")
}

/// The options, and the slots that they leave.
#[derive(Debug, Default)]
struct Options<'a> {
    /// SLOT.
    wanted: Option<Slot>,
    filter: Filter<'a>,
}

fn parse_options<'a>(mut options: &[&'a [u8]]) -> Result<Options<'a>, ErrorReply> {
    let mut found = Options::default();
    while let [option, value, rest @ ..] = options {
        if is_word(option, "slot") {
            if found.wanted.is_some() {
                return Err(ErrorReply::err("SLOT option can only be specified once"));
            }
            found.wanted = Some(parse_slot(value)?);
        } else {
            found.filter.take(option, value)?;
        }
        options = rest;
    }
    if options.is_empty() { Ok(found) } else { Err(ErrorReply::syntax()) }
}

/// Where a cursor stands: its tag says in which slot, its last part where in there, if it was made by this node.
fn parse_cursor(call: &Call<'_>, cursor: &[u8]) -> Option<Cursor> {
    let (slot, number) = (slot_of(cursor)?, position(cursor)?);
    let found = Cursor::from_number(number);
    let is_own = cursor.starts_with(fingerprint(call).as_bytes()) && found.slot == slot;
    Some(if is_own { found } else { Cursor::start_of(slot) })
}

fn position(cursor: &[u8]) -> Option<u64> {
    let digits = cursor.rsplit(|byte| *byte == b'-').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}

/// The slot a cursor stands in.
fn slot_of(cursor: &[u8]) -> Option<Slot> {
    let parts: Vec<&[u8]> = cursor.split(|byte| *byte == b'-').collect();
    let [_, _, position] = parts[..] else { return None };
    let is_number = position.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(position).ok().filter(|_| is_number)?.parse::<u64>();
    number.ok().map(|_| key_slot(cursor))
}

/// The last slot from this one on before one that another node owns, or nobody.
fn last_here(call: &Call<'_>, slot: Slot) -> Slot {
    let view = call.server.view();
    let owner = |slot| view.owner(slot).map(|node| node.key);
    let here = owner(slot);
    Slot::all().skip(slot.index()).take_while(|next| owner(*next) == here).last().unwrap_or(slot)
}

/// Letters and digits that hash to a slot: the shortest, and the first of those.
fn tag(slot: Slot) -> &'static str {
    static TAGS: LazyLock<Vec<String>> = LazyLock::new(all_tags);
    &TAGS[slot.index()]
}

fn all_tags() -> Vec<String> {
    let letters: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut tags = vec![String::new(); usize::from(Slot::COUNT)];
    let mut words = vec![String::new()];
    // Three of them reach every slot.
    for _ in 0..3 {
        words = words.iter().flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}"))).collect();
        for word in &words {
            let place = &mut tags[key_slot(word.as_bytes()).index()];
            if place.is_empty() {
                place.clone_from(word);
            }
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_a_tag_that_leads_there() {
        for slot in Slot::all() {
            assert_eq!(key_slot(format!("0-{{{}}}-0", tag(slot)).as_bytes()), slot);
        }
        assert_eq!((tag(Slot::from_hash(0)), tag(Slot::from_hash(16_383))), ("06S", "6ZJ"));
    }

    #[test]
    fn a_cursor_has_three_parts_and_ends_in_a_number() {
        assert_eq!(slot_of(b"0-{06S}-0"), Some(Slot::from_hash(0)));
        for good in [&b"0--0"[..], b"x-{06S}-7", b"0-06S-0"] {
            assert!(slot_of(good).is_some());
        }
        for bad in [
            &b"x"[..],
            b"",
            b"-1",
            b"0-{06S}",
            b"0-{06S}-x",
            b"0-{06S}-0-1",
            b"0-{06S}--1",
            b"0-{06S}-18446744073709551616",
        ] {
            assert_eq!(slot_of(bad), None);
        }
    }
}
