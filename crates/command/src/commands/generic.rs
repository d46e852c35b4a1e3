//! The group `generic`, as far as it names no key: walks over all of them.

use slotmesh_config::glob;
use slotmesh_resp::parse_integer;
use slotmesh_store::ValueRef;
use slotmesh_types::Slot;

use super::element_scan::Cursor as Position;
use super::walk::{Cursor, slot_of_pattern, walk};
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::turn::Turn;

/// Names that TYPE of SCAN takes.
const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

/// Keys that SCAN shows at a time, about.
const SCAN_COUNT: usize = 10;

/// Which keys a walk shows.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    /// Name of a type.
    kind: Option<&'static str>,
    /// How many keys are looked at, about.
    pub(super) count: usize,
}

impl<'a> Default for Filter<'a> {
    fn default() -> Self {
        Self { pattern: None, kind: None, count: SCAN_COUNT }
    }
}

impl<'a> Filter<'a> {
    /// Takes an option of SCAN that CLUSTERSCAN takes as well.
    pub(super) fn take(&mut self, option: &[u8], value: &'a [u8]) -> Result<(), ErrorReply> {
        if is_word(option, "match") {
            self.pattern = Some(value).filter(|pattern| *pattern != b"*");
        } else if is_word(option, "type") {
            self.kind = Some(parse_type(value)?);
        } else if is_word(option, "count") {
            let count = parse_integer(value).ok_or_else(ErrorReply::not_an_integer)?;
            let count = usize::try_from(count).ok().filter(|count| *count > 0);
            self.count = count.ok_or_else(ErrorReply::syntax)?;
        } else {
            return Err(ErrorReply::syntax());
        }
        Ok(())
    }

    /// The slot of all that can be shown, if it is one.
    pub(super) fn slot(&self) -> Option<Slot> {
        self.pattern.and_then(slot_of_pattern)
    }

    pub(super) fn shows(&self, key: &[u8], value: ValueRef<'_>) -> bool {
        self.kind.is_none_or(|kind| value.type_name() == kind)
            && self.pattern.is_none_or(|pattern| glob::matches(pattern, key))
    }
}

pub(crate) fn keys(call: &mut Call<'_>) -> Handled {
    let pattern = call.args[1];
    let everything = pattern == b"*";
    let only = slot_of_pattern(pattern);
    let mut found: Vec<Box<[u8]>> = Vec::new();
    let start = Cursor::start_of(only.unwrap_or(Slot::from_hash(0)));
    walk(
        call.server,
        call.now,
        start,
        usize::MAX,
        |slot| only.is_none_or(|only| only == slot),
        |key, _| {
            if everything || glob::matches(pattern, key) {
                found.push(key.into());
            }
        },
    );
    let mut reply = call.reply();
    reply.array(found.len());
    found.iter().for_each(|key| reply.bulk(key));
    Ok(Outcome::Continue)
}

pub(crate) fn randomkey(call: &mut Call<'_>) -> Handled {
    let (server, now) = (call.server, call.now);
    let place = server.keyspace.random().checked_rem(server.keyspace.len());
    let found = place.and_then(|place| server.keyspace.slot_at(place)).and_then(|first| {
        // Where it draws first, all may have expired.
        let slots = (0..Slot::COUNT).map(|step| Slot::from_hash((first.get() + step) % Slot::COUNT));
        let mut filled = slots.filter(|slot| server.keyspace.count(*slot) > 0);
        filled.find_map(|slot| Turn::new(server, slot, now).random_key())
    });
    match found {
        Some(key) => call.reply().bulk(&key),
        None => call.reply().null(),
    }
    Ok(Outcome::Continue)
}

pub(crate) fn scan(call: &mut Call<'_>) -> Handled {
    let cursor = Cursor::from_number(Position::parse(call.args[1])?.0);
    let mut filter = Filter::default();
    let mut options = &call.args[2..];
    while let [option, value, rest @ ..] = options {
        filter.take(option, value)?;
        options = rest;
    }
    if !options.is_empty() {
        return Err(ErrorReply::syntax());
    }
    let only = filter.slot();
    let cursor = match only {
        Some(slot) if cursor == Cursor::default() => Cursor::start_of(slot),
        _ => cursor,
    };
    let mut found: Vec<Box<[u8]>> = Vec::new();
    let within = |slot| only.is_none_or(|only| only == slot);
    let next = walk(call.server, call.now, cursor, filter.count, within, |key, value| {
        if filter.shows(key, value) {
            found.push(key.into());
        }
    });
    let next = next.map_or(0, Cursor::to_number);
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk(next.to_string().as_bytes());
    reply.array(found.len());
    found.iter().for_each(|key| reply.bulk(key));
    Ok(Outcome::Continue)
}

fn parse_type(name: &[u8]) -> Result<&'static str, ErrorReply> {
    let found = TYPES.into_iter().find(|known| is_word(name, known));
    found.ok_or_else(|| ErrorReply::echo(&[b"unknown type name '", name, b"'"]))
}
