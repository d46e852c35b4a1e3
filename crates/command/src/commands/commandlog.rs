//! COMMANDLOG.

use slotmesh_resp::parse_integer;

use crate::call::{Call, Handled, is_word};
use crate::command_log::LogKind;
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

pub(crate) fn get(call: &mut Call<'_>) -> Handled {
    let max = count(call.args[2])?;
    let kind = kind(call.args[3])?;
    write_entries(call, kind, max)
}

pub(crate) fn len(call: &mut Call<'_>) -> Handled {
    let kind = kind(call.args[2])?;
    write_len(call, kind)
}

pub(crate) fn reset(call: &mut Call<'_>) -> Handled {
    let kind = kind(call.args[2])?;
    call.server.command_log.clear(kind);
    call.ok()
}

/// How many entries are wanted; -1 for all.
pub(super) fn count(word: &[u8]) -> Result<usize, ErrorReply> {
    match parse_integer(word) {
        Some(-1) => Ok(usize::MAX),
        Some(count) if count >= 0 => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => Err(ErrorReply::err("count should be greater than or equal to -1")),
    }
}

fn kind(word: &[u8]) -> Result<LogKind, ErrorReply> {
    let kind = LogKind::ALL.into_iter().find(|kind| is_word(word, kind.name()));
    kind.ok_or_else(|| ErrorReply::err("type should be one of the following: slow, large-request, large-reply"))
}

pub(super) fn write_entries(call: &mut Call<'_>, kind: LogKind, max: usize) -> Handled {
    let entries = call.server.command_log.latest(kind, max);
    let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut reply = call.reply();
    reply.array(entries.len());
    for entry in entries {
        reply.array(6);
        reply.integer(integer(entry.id));
        reply.integer(integer(entry.unix_seconds));
        reply.integer(entry.amount);
        reply.array(entry.words.len());
        entry.words.iter().for_each(|word| reply.bulk(word));
        reply.bulk(entry.addr.as_bytes());
        reply.bulk(&entry.name);
    }
    Ok(Outcome::Continue)
}

pub(super) fn write_len(call: &mut Call<'_>, kind: LogKind) -> Handled {
    let len = call.server.command_log.len(kind);
    call.reply().integer(i64::try_from(len).unwrap_or(i64::MAX));
    Ok(Outcome::Continue)
}
