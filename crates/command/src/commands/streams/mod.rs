//! Commands on streams. Source: `t_stream.c` of Valkey.

mod add;
mod claim;
mod groups;
mod info;
mod pending;
mod range;
mod read;
mod trim;

use slotmesh_resp::ReplyWriter;
use slotmesh_store::Edited;
use slotmesh_store::stream::{AddError, Entry, IdError, SetIdError, Stream, StreamId};

pub(crate) use add::xadd;
pub(crate) use claim::{xautoclaim, xclaim};
pub(crate) use groups::{xgroup_create, xgroup_createconsumer, xgroup_delconsumer, xgroup_destroy, xgroup_setid};
pub(crate) use info::{xinfo_consumers, xinfo_groups, xinfo_stream};
pub(crate) use pending::{xack, xpending};
pub(crate) use range::{xrange, xrevrange};
pub(crate) use read::{xread, xreadgroup};
pub(crate) use trim::xtrim;

use crate::call::is_word;
use crate::commands::numbers::integer;
use crate::commands::shown::write_packed;
use crate::error_reply::{ErrorReply, until_nul};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

impl From<IdError> for ErrorReply {
    fn from(error: IdError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<AddError> for ErrorReply {
    fn from(error: AddError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<SetIdError> for ErrorReply {
    fn from(error: SetIdError) -> Self {
        Self::new(error.to_string())
    }
}

pub(crate) fn xlen(call: &mut Keyed<'_>) -> Done {
    let length = call.db.view::<Stream>(call.args[1])?.map_or(0, Stream::len);
    call.reply.integer(signed(length));
    Ok(())
}

pub(crate) fn xdel(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    if call.db.view::<Stream>(key)?.is_none() {
        return call.count(0);
    }
    let ids = parse_ids(&call.args[2..])?;
    let deleted = call.db.edit(key, |stream: &mut Stream| {
        let deleted = ids.iter().filter(|id| stream.delete(**id)).count();
        Edited::times(deleted, deleted)
    })?;
    let deleted = deleted.unwrap_or_default();
    if deleted > 0 {
        call.tell(Classes::STREAM, "xdel", key);
    }
    call.count(deleted)
}

pub(crate) fn xsetid(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let last = StreamId::parse(call.args[2])?;
    let (mut added, mut max_deleted) = (None, None);
    let mut words = &call.args[3..];
    while let [word, value, rest @ ..] = words {
        words = rest;
        if is_word(word, "entriesadded") {
            let number = integer(value)?;
            let number = u64::try_from(number).map_err(|_| ErrorReply::err("entries_added must be positive"))?;
            added = Some(number);
        } else if is_word(word, "maxdeletedid") {
            max_deleted = Some(StreamId::parse(value)?);
            if max_deleted > Some(last) {
                return Err(SetIdError::BelowGivenDeleted.into());
            }
        } else {
            return Err(ErrorReply::syntax());
        }
    }
    if !words.is_empty() {
        return Err(ErrorReply::syntax());
    }
    let set = call.db.edit(key, |stream: &mut Stream| {
        let set = stream.set_id(last, added, max_deleted);
        Edited::counted(usize::from(set.is_ok()), set)
    })?;
    set.ok_or_else(ErrorReply::no_such_key)??;
    call.tell(Classes::STREAM, "xsetid", key);
    call.ok()
}

fn parse_ids(words: &[&[u8]]) -> Result<Vec<StreamId>, ErrorReply> {
    Ok(words.iter().map(|word| StreamId::parse(word)).collect::<Result<_, _>>()?)
}

/// How many there may be of so many that were asked for: all of them if none were.
fn most(count: i64) -> usize {
    if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An error of the code NOGROUP made of parts, some of which a client sent: each ends at its first NUL.
fn no_group(parts: &[&[u8]]) -> ErrorReply {
    let mut text = b"NOGROUP ".to_vec();
    parts.iter().for_each(|part| text.extend_from_slice(until_nul(part)));
    ErrorReply::new(text)
}

/// For commands that do not care whether it is the key or the group that is missing.
fn no_key_or_group(key: &[u8], group: &[u8]) -> ErrorReply {
    no_group(&[b"No such key '", key, b"' or consumer group '", group, b"'"])
}

fn write_id(reply: &mut ReplyWriter<'_>, id: StreamId) {
    reply.bulk(id.to_string().as_bytes());
}

fn write_entry(reply: &mut ReplyWriter<'_>, entry: &Entry<'_>) {
    reply.array(2);
    write_id(reply, entry.id());
    let fields = entry.fields();
    reply.array(fields.len() * 2);
    for (name, value) in fields {
        write_packed(reply, name);
        write_packed(reply, value);
    }
}

fn write_entries(reply: &mut ReplyWriter<'_>, entries: &[Entry<'_>]) {
    reply.array(entries.len());
    entries.iter().for_each(|entry| write_entry(reply, entry));
}
