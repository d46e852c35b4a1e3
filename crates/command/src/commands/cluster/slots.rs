//! CLUSTER commands that deal out slots. Source: spec of the commands, section 4.

use slotmesh_resp::parse_integer;
use slotmesh_types::{NodeId, Now, Slot, SlotRange};

use super::unknown_node;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::{ErrorReply, wrong_number};
use crate::outcome::{Change, Outcome, Question, SlotState};

/// The slot an argument names.
pub(in crate::commands) fn parse_slot(argument: &[u8]) -> Result<Slot, ErrorReply> {
    let number = parse_integer(argument).and_then(|number| u16::try_from(number).ok());
    number.and_then(Slot::new).ok_or_else(|| ErrorReply::err("Invalid or out of range slot"))
}

pub(crate) fn addslots(call: &mut Call<'_>) -> Handled {
    listed(call, Change::AddSlots)
}

pub(crate) fn delslots(call: &mut Call<'_>) -> Handled {
    listed(call, Change::DelSlots)
}

/// A bad slot anywhere wins over whatever could be said of the others.
fn listed(call: &Call<'_>, change: fn(Vec<SlotRange>) -> Change) -> Handled {
    let slots = call.args[2..].iter().map(|argument| parse_slot(argument).map(|slot| SlotRange::from(slot..=slot)));
    Ok(Outcome::Ask(Question::Change(change(slots.collect::<Result<_, _>>()?))))
}

pub(crate) fn addslotsrange(call: &mut Call<'_>) -> Handled {
    ranged(call, Change::AddSlots)
}

pub(crate) fn delslotsrange(call: &mut Call<'_>) -> Handled {
    ranged(call, Change::DelSlots)
}

/// Range by range: what is wrong with an earlier one wins over a later one that is none.
fn ranged(call: &Call<'_>, change: fn(Vec<SlotRange>) -> Change) -> Handled {
    let words = &call.args[2..];
    if !words.len().is_multiple_of(2) {
        return Err(wrong_number(call.command));
    }
    let mut ranges = Vec::with_capacity(words.len() / 2);
    for pair in words.chunks_exact(2) {
        match parse_range(pair[0], pair[1]) {
            Ok(range) => ranges.push(range),
            Err(flaw) => return Ok(Outcome::Ask(Question::Check(change(ranges), flaw))),
        }
    }
    Ok(Outcome::Ask(Question::Change(change(ranges))))
}

fn parse_range(first: &[u8], last: &[u8]) -> Result<SlotRange, ErrorReply> {
    let (first, last) = (parse_slot(first)?, parse_slot(last)?);
    SlotRange::new(first, last)
        .ok_or_else(|| ErrorReply::err(format!("start slot number {first} is greater than end slot number {last}")))
}

pub(crate) fn flushslots(_call: &mut Call<'_>) -> Handled {
    Ok(Outcome::Ask(Question::Change(Change::FlushSlots)))
}

pub(crate) fn setslot(call: &mut Call<'_>) -> Handled {
    if call.server.view().me().facts.is_replica() {
        return Err(ErrorReply::err("Please use SETSLOT only with masters."));
    }
    let slot = parse_slot(call.args[2])?;
    let (state, rest) = match call.args[3..] {
        [word, ref rest @ ..] if is_word(word, "stable") => (SlotState::Stable, rest),
        [word, id, ref rest @ ..] => (slot_state(call, slot, word, id)?, rest),
        _ => return Err(no_such_action()),
    };
    let change = Change::SetSlot(slot, state);
    Ok(Outcome::Ask(match check_timeout(call.now, rest) {
        Ok(()) => Question::Change(change),
        Err(flaw) => Question::Check(change, flaw),
    }))
}

fn no_such_action() -> ErrorReply {
    ErrorReply::err("Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")
}

/// What is to become of a slot. What is wrong with the slot wins over an id that is none.
fn slot_state(call: &Call<'_>, slot: Slot, word: &[u8], id: &[u8]) -> Result<SlotState, ErrorReply> {
    let mine = || call.server.view().me().facts.slots().contains(slot);
    let parsed = NodeId::try_from(id);
    let no_peer = |_| ErrorReply::echo(&[b"I don't know about node ", id]);
    if is_word(word, "migrating") {
        if parsed.is_err() && !mine() {
            return Err(ErrorReply::err(format!("I'm not the owner of hash slot {slot}")));
        }
        parsed.map(SlotState::Migrating).map_err(no_peer)
    } else if is_word(word, "importing") {
        if parsed.is_err() && mine() {
            return Err(ErrorReply::err(format!("I'm already the owner of hash slot {slot}")));
        }
        parsed.map(SlotState::Importing).map_err(no_peer)
    } else if is_word(word, "node") {
        parsed.map(SlotState::Owner).map_err(|_| unknown_node(id))
    } else {
        Err(no_such_action())
    }
}

/// `TIMEOUT ms` limits the wait for replicas, of which none is ever online so far. Other words are ignored, as real
/// servers do.
fn check_timeout(now: Now, words: &[&[u8]]) -> Result<(), ErrorReply> {
    for (index, _) in words.iter().enumerate().filter(|(_, word)| is_word(word, "timeout")) {
        let value = words.get(index + 1).ok_or_else(|| ErrorReply::err("Missing timeout value"))?;
        let out_of_range = |what: &str| ErrorReply::err(format!("timeout is {what}"));
        let millis = parse_integer(value).ok_or_else(|| out_of_range("not an integer or out of range"))?;
        let millis = u64::try_from(millis).map_err(|_| out_of_range("negative"))?;
        if millis > (i64::MAX as u64).saturating_sub(now.unix.0) {
            return Err(out_of_range("out of range"));
        }
    }
    Ok(())
}
