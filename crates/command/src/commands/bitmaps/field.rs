//! BITFIELD.

use slotmesh_store::bits::{self, BitOffset, FieldAction, FieldOp, FieldType, Overflow};
use slotmesh_store::{Edited, WrongType};

use super::bad_offset;
use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};
use crate::table::KeyPlace;

pub(crate) fn bitfield(call: &mut Keyed<'_>) -> Done {
    let ops = parse_operations(&call.args[2..], call.settings.text_bytes as u64)?;
    if ops.iter().any(FieldOp::writes) { write(call, &ops) } else { read(call, &ops) }
}

pub(crate) fn bitfield_ro(call: &mut Keyed<'_>) -> Done {
    let ops = parse_operations(&call.args[2..], call.settings.text_bytes as u64)?;
    if ops.iter().any(FieldOp::writes) {
        return Err(ErrorReply::err("BITFIELD_RO only supports the GET subcommand"));
    }
    read(call, &ops)
}

/// What BITFIELD does with its key: it only reads it if nothing but GET is asked for.
pub(crate) fn bitfield_keys(args: &[&[u8]]) -> Vec<KeyPlace> {
    let mut words = args.get(2..).unwrap_or_default();
    let mut reads = true;
    while let [word, rest @ ..] = words
        && reads
    {
        let taken = match rest.len() {
            2.. if is_word(word, "get") => Some(2),
            1.. if is_word(word, "overflow") => Some(1),
            _ => None,
        };
        reads = taken.is_some();
        words = &rest[taken.unwrap_or_default()..];
    }
    let flags: &[&str] = if reads { &["RO", "access"] } else { &["RW", "access", "update"] };
    vec![KeyPlace { word: 1, flags }]
}

fn read(call: &mut Keyed<'_>, ops: &[FieldOp]) -> Done {
    // BITFIELD may write, and counts its lookups where it does not.
    call.db.count_lookups(true);
    let text = call.db.get(call.args[1]).map(|value| value.text().ok_or(WrongType)).transpose()?.unwrap_or_default();
    call.reply.array(ops.len());
    ops.iter().for_each(|op| call.reply.integer(bits::read_field(&text, op.field, op.offset)));
    Ok(())
}

fn write(call: &mut Keyed<'_>, ops: &[FieldOp]) -> Done {
    let key = call.args[1];
    let Keyed { db, reply, .. } = call;
    reply.array(ops.len());
    let changes = db.edit_text(key, |text| {
        let before = text.len();
        let changes = bits::apply_fields(text, ops, |result| match result {
            Some(number) => reply.integer(number),
            None => reply.null(),
        });
        // It grows even when every operation fails; replicas must know, and Valkey does not tell them.
        Edited::times(changes.max(usize::from(text.len() > before)), changes)
    })?;
    if changes > 0 {
        call.tell(Classes::STRING, "setbit", key);
    }
    Ok(())
}

fn parse_operations(mut words: &[&[u8]], bytes_max: u64) -> Result<Vec<FieldOp>, ErrorReply> {
    let (mut ops, mut overflow) = (Vec::new(), Overflow::default());
    while let [word, rest @ ..] = words {
        words = match rest {
            [field, offset, rest @ ..] if is_word(word, "get") => {
                ops.push(parse_operation(field, offset, bytes_max, FieldAction::Get, overflow)?);
                rest
            }
            [field, offset, number, rest @ ..] if is_word(word, "set") || is_word(word, "incrby") => {
                let op = parse_operation(field, offset, bytes_max, FieldAction::Get, overflow)?;
                let number = numbers::integer(number)?;
                let action = if is_word(word, "set") { FieldAction::Set(number) } else { FieldAction::Add(number) };
                ops.push(FieldOp { action, ..op });
                rest
            }
            [kind, rest @ ..] if is_word(word, "overflow") => {
                overflow = parse_overflow(kind)?;
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
    }
    Ok(ops)
}

fn parse_operation(
    field: &[u8],
    offset: &[u8],
    bytes_max: u64,
    action: FieldAction,
    overflow: Overflow,
) -> Result<FieldOp, ErrorReply> {
    let wrong_type = "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
    let field = FieldType::parse(field).ok_or_else(|| ErrorReply::err(wrong_type))?;
    let offset = BitOffset::parse_field(offset, field, bytes_max).ok_or_else(bad_offset)?;
    Ok(FieldOp { field, offset, action, overflow })
}

fn parse_overflow(word: &[u8]) -> Result<Overflow, ErrorReply> {
    let kinds = [("wrap", Overflow::Wrap), ("sat", Overflow::Saturate), ("fail", Overflow::Fail)];
    let found = kinds.into_iter().find(|(name, _)| is_word(word, name)).map(|(_, kind)| kind);
    found.ok_or_else(|| ErrorReply::err("Invalid OVERFLOW type specified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_only_gets_reads_its_key() {
        let reads = |request: &str| {
            let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
            bitfield_keys(&words)[0].flags == ["RO", "access"]
        };
        assert!(reads("bitfield k"));
        assert!(reads("bitfield k get u8 0 overflow sat get u8 8"));
        for writes in
            ["bitfield k get u8 0 set u8 0 1", "bitfield k incrby u8 0 1", "bitfield k get u8", "bitfield k x"]
        {
            assert!(!reads(writes), "{writes}");
        }
    }
}
