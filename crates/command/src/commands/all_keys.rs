//! Commands of the group `generic` that name no key: they walk over all of them.

use slotmesh_types::Slot;

use super::element_scan::Position;
use super::key_filter::Filter;
use super::key_search::KeySearch;
use super::key_walk::{Cursor, Pace, walk};
use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::turn::Turn;
use crate::walk::Walk;

pub(crate) fn keys(call: &mut Call<'_>) -> Handled {
    let mut search = KeySearch::new([call.args[0], call.args[1]]);
    if call.session.is_executing() {
        search.finish(call.server, call.now);
    } else {
        search.step(call.server, call.now);
    }
    if !search.is_over() {
        call.session.walk = Some(Box::new(Walk::new(search, call.now)));
        return Ok(Outcome::Walk);
    }
    search.reply(call.session.protocol(), call.out);
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
    let pace = Pace { keys: filter.count, whole_slots: false };
    let next = walk(call.server, call.now, cursor, pace, within, |key, value| {
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
