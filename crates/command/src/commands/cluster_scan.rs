//! CLUSTERSCAN: the keys of the cluster, slot by slot, from node to node. Source: spec of the commands, section 10.
//!
//! A cursor is `fingerprint-{tag}-position`; its tag sends the next request to the owner of the slot that comes next.

use std::sync::LazyLock;

use slotmesh_resp::parse_integer;
use slotmesh_types::{Slot, key_slot};

use super::cluster::parse_slot;
use super::generic::check_type;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(crate) fn clusterscan(call: &mut Call<'_>) -> Handled {
    let cursor = call.args[1];
    let wanted = parse_options(&call.args[2..])?;
    let next = if cursor == b"0" {
        Some(wanted.unwrap_or_else(|| Slot::from_hash(0)))
    } else {
        let slot = slot_of(cursor).ok_or_else(|| ErrorReply::err("Invalid cursor"))?;
        if wanted.is_some_and(|wanted| wanted != slot) {
            return Err(ErrorReply::err("Cursor slot mismatch with SLOT argument"));
        }
        // No key can be written so far: the slot is at its end.
        if wanted.is_some() { None } else { next_of_another(call, slot) }
    };
    let next = next.map_or_else(|| "0".to_owned(), |slot| format!("0-{{{}}}-0", tag(slot)));
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk(next.as_bytes());
    reply.array(0);
    Ok(Outcome::Continue)
}

/// Checks all options; gives the slot they name.
fn parse_options(mut options: &[&[u8]]) -> Result<Option<Slot>, ErrorReply> {
    let mut slot = None;
    while let [option, value, rest @ ..] = options {
        if is_word(option, "count") {
            let count = parse_integer(value).ok_or_else(ErrorReply::not_an_integer)?;
            if count < 1 {
                return Err(ErrorReply::syntax());
            }
        } else if is_word(option, "type") {
            check_type(value)?;
        } else if is_word(option, "slot") {
            if slot.is_some() {
                return Err(ErrorReply::err("SLOT option can only be specified once"));
            }
            slot = Some(parse_slot(value)?);
        } else if !is_word(option, "match") {
            return Err(ErrorReply::syntax());
        }
        options = rest;
    }
    if options.is_empty() { Ok(slot) } else { Err(ErrorReply::syntax()) }
}

/// The slot a cursor stands in.
fn slot_of(cursor: &[u8]) -> Option<Slot> {
    let parts: Vec<&[u8]> = cursor.split(|byte| *byte == b'-').collect();
    let [_, _, position] = parts[..] else { return None };
    let is_number = !position.is_empty() && position.iter().all(u8::is_ascii_digit);
    is_number.then(|| key_slot(cursor))
}

/// The first slot after this one that another node owns, or nobody.
fn next_of_another(call: &Call<'_>, slot: Slot) -> Option<Slot> {
    let view = call.server.view();
    let owner = |slot| view.owner(slot).map(|node| node.key);
    let here = owner(slot);
    Slot::all().skip(slot.index() + 1).find(|next| owner(*next) != here)
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
        for bad in [&b"x"[..], b"", b"-1", b"0-{06S}", b"0-{06S}-x", b"0-{06S}-0-1", b"0-{06S}--1"] {
            assert_eq!(slot_of(bad), None);
        }
    }
}
