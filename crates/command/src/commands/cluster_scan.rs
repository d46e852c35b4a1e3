//! CLUSTERSCAN: the keys of the cluster, slot by slot, from node to node. Source: spec of the commands, section 10.
//!
//! A cursor is `fingerprint-{tag}-position`; its tag sends the next request to the owner of the slot that comes next.

use std::str;
use std::sync::LazyLock;

use slotmesh_types::{Slot, key_slot};

use super::cluster::parse_slot;
use super::generic::check_scan_option;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(crate) fn clusterscan(call: &mut Call<'_>) -> Handled {
    let cursor = call.args[1];
    let Options { wanted, matching } = parse_options(&call.args[2..])?;
    // A pattern may leave one slot only, and that may be another than the wanted one.
    let nowhere = wanted.is_some() && matching.is_some() && wanted != matching;
    let next = if cursor == b"0" {
        Some(wanted.or(matching).unwrap_or_else(|| Slot::from_hash(0))).filter(|_| !nowhere)
    } else {
        let slot = slot_of(cursor).ok_or_else(|| ErrorReply::err("Invalid cursor"))?;
        if wanted.is_some_and(|wanted| wanted != slot) {
            return Err(ErrorReply::err("Cursor slot mismatch with SLOT argument"));
        }
        // No key can be written so far: the slot is at its end.
        match (wanted, matching) {
            (Some(_), _) => None,
            (None, Some(matching)) => Some(matching).filter(|matching| *matching > slot),
            (None, None) => next_of_another(call, slot),
        }
    };
    let next = next.map_or_else(|| "0".to_owned(), |slot| format!("0-{{{}}}-0", tag(slot)));
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk(next.as_bytes());
    reply.array(0);
    Ok(Outcome::Continue)
}

/// The slots that options leave.
#[derive(Debug, Default)]
struct Options {
    /// SLOT.
    wanted: Option<Slot>,
    /// The slot of all that MATCH can match, if it is one.
    matching: Option<Slot>,
}

fn parse_options(mut options: &[&[u8]]) -> Result<Options, ErrorReply> {
    let mut found = Options::default();
    while let [option, value, rest @ ..] = options {
        if is_word(option, "slot") {
            if found.wanted.is_some() {
                return Err(ErrorReply::err("SLOT option can only be specified once"));
            }
            found.wanted = Some(parse_slot(value)?);
        } else {
            check_scan_option(option, value)?;
            if is_word(option, "match") {
                found.matching = slot_of_pattern(value);
            }
        }
        options = rest;
    }
    if options.is_empty() { Ok(found) } else { Err(ErrorReply::syntax()) }
}

/// The slot a cursor stands in.
fn slot_of(cursor: &[u8]) -> Option<Slot> {
    let parts: Vec<&[u8]> = cursor.split(|byte| *byte == b'-').collect();
    let [_, _, position] = parts[..] else { return None };
    let is_number = position.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(position).ok().filter(|_| is_number)?.parse::<u64>();
    number.ok().map(|_| key_slot(cursor))
}

/// The slot of everything that a pattern can match: where what is hashed has no wildcard. Source: `patternHashSlot`.
fn slot_of_pattern(pattern: &[u8]) -> Option<Slot> {
    let wildcard = pattern.iter().position(|byte| b"*?[\\".contains(byte)).unwrap_or(pattern.len());
    let plain = &pattern[..wildcard];
    let open = plain.iter().position(|byte| *byte == b'{');
    let closed = open.and_then(|open| plain[open..].iter().position(|byte| *byte == b'}'));
    let has_tag = closed.is_some_and(|length| length > 1);
    (has_tag || wildcard == pattern.len()).then(|| key_slot(pattern))
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
    fn a_pattern_names_its_slot_where_what_is_hashed_is_plain() {
        let foo = Some(key_slot(b"foo"));
        assert_eq!([&b"foo"[..], b"{foo}*", b"a{foo}[b"].map(slot_of_pattern), [foo; 3]);
        assert_eq!(slot_of_pattern(b"a{b"), Some(key_slot(b"a{b")));
        for several in [&b"foo*"[..], b"*{foo}", b"{}*", b"{fo?}", b"fo\\o", b"{foo*"] {
            assert_eq!(slot_of_pattern(several), None);
        }
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
