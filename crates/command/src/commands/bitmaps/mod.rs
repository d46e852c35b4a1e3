//! Commands on texts as rows of bits. Source: `bitops.c` of Valkey.

mod combine;
mod field;

use slotmesh_resp::parse_integer;
use slotmesh_store::bits::{self, BitOffset, Span};
use slotmesh_store::{Edited, WrongType};

pub(crate) use combine::bitop;
pub(crate) use field::{bitfield, bitfield_keys, bitfield_ro};

use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn setbit(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let offset = BitOffset::parse(call.args[2], call.settings.text_bytes as u64).ok_or_else(bad_offset)?;
    let bit = match parse_integer(call.args[3]) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(ErrorReply::err("bit is not an integer or out of range")),
    };
    let set = call.db.edit_text(key, |text| {
        let set = bits::set(text, offset, bit);
        Edited::when(set.changed, set)
    })?;
    if set.changed {
        call.tell(Classes::STRING, "setbit", key);
    }
    call.count(usize::from(set.was))
}

pub(crate) fn getbit(call: &mut Keyed<'_>) -> Done {
    let offset = BitOffset::parse(call.args[2], call.settings.text_bytes as u64).ok_or_else(bad_offset)?;
    let bit = match call.db.get(call.args[1]) {
        Some(value) => bits::get(&value.text().ok_or(WrongType)?, offset),
        None => false,
    };
    call.count(usize::from(bit))
}

pub(crate) fn bitcount(call: &mut Keyed<'_>) -> Done {
    let span = parse_span(&call.args[2..])?;
    let count = match call.db.get(call.args[1]) {
        Some(value) => bits::count(&value.text().ok_or(WrongType)?, span),
        None => 0,
    };
    call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

pub(crate) fn bitpos(call: &mut Keyed<'_>) -> Done {
    let bit = match numbers::integer(call.args[2])? {
        0 => false,
        1 => true,
        _ => return Err(ErrorReply::err("The bit argument must be 1 or 0.")),
    };
    let span = parse_span(&call.args[3..])?;
    let text = call.db.get(call.args[1]).map(|value| value.text().ok_or(WrongType)).transpose()?;
    let place = bits::position(text.as_deref(), bit, span);
    call.reply.integer(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1));
    Ok(())
}

/// Reads `[start [end [BYTE|BIT]]]`.
fn parse_span(words: &[&[u8]]) -> Result<Span, ErrorReply> {
    let number = numbers::integer;
    match words {
        [] => Ok(Span::All),
        [start] => Ok(Span::From(number(start)?)),
        [start, end] => Ok(Span::Bytes(number(start)?, number(end)?)),
        [start, end, unit] => {
            let start = number(start)?;
            if is_word(unit, "bit") {
                Ok(Span::Bits(start, number(end)?))
            } else if is_word(unit, "byte") {
                Ok(Span::Bytes(start, number(end)?))
            } else {
                Err(ErrorReply::syntax())
            }
        }
        _ => Err(ErrorReply::syntax()),
    }
}

fn bad_offset() -> ErrorReply {
    ErrorReply::err("bit offset is not an integer or out of range")
}
