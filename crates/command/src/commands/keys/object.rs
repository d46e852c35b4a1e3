//! OBJECT.

use slotmesh_store::ValueRef;

use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};

/// Bytes of key and text that real servers keep in one piece of memory, together with what else is in there. Source:
/// `shouldEmbedStringObject`.
const EMBEDDED_BYTES_MAX: usize = 113;

/// Keys from this length on have a longer head there.
const LONG_KEY_BYTES: usize = 32;

pub(crate) fn object_encoding(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let expires = db.expires(args[2]);
    match db.get(args[2]) {
        Some(value) => reply.bulk(encoding(args[2], value, expires).as_bytes()),
        None => reply.null(),
    }
    Ok(())
}

/// The name that real servers have for the way in which a value is kept.
pub(crate) fn encoding(key: &[u8], value: ValueRef<'_>, expires: bool) -> &'static str {
    match value {
        ValueRef::Number(_) => "int",
        ValueRef::Text(text) => {
            let head = if key.len() < LONG_KEY_BYTES { 0 } else { 2 } + if expires { 8 } else { 0 };
            if head + key.len() + text.len() <= EMBEDDED_BYTES_MAX { "embstr" } else { "raw" }
        }
        ValueRef::LongText(_) => "raw",
        ValueRef::List(list) => list.encoding(),
        ValueRef::Hash(hash) => hash.encoding(),
        ValueRef::Set(set) => set.encoding(),
        ValueRef::Stream(stream) => stream.encoding(),
        ValueRef::SortedSet(set) => set.encoding(),
    }
}

pub(crate) fn object_refcount(call: &mut Keyed<'_>) -> Done {
    let there = call.db.exists(call.args[2]);
    if there {
        call.reply.integer(1);
    } else {
        call.reply.null();
    }
    Ok(())
}

pub(crate) fn object_freq(call: &mut Keyed<'_>) -> Done {
    let frequency = call.db.frequency(call.args[2]).map(i64::from);
    if frequency.is_some() && !call.settings.counts_uses() {
        return Err(ErrorReply::err(
            "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
             between policies at runtime LRU and LFU data will take some time to adjust.",
        ));
    }
    write_figure(call, frequency)
}

pub(crate) fn object_idletime(call: &mut Keyed<'_>) -> Done {
    let seconds = call.db.idle_seconds(call.args[2]).map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
    if seconds.is_some() && call.settings.counts_uses() {
        return Err(ErrorReply::err(
            "An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between \
             policies at runtime LRU and LFU data will take some time to adjust.",
        ));
    }
    write_figure(call, seconds)
}

/// A figure of a key; null without such a key.
fn write_figure(call: &mut Keyed<'_>, figure: Option<i64>) -> Done {
    match figure {
        Some(figure) => call.reply.integer(figure),
        None => call.reply.null(),
    }
    Ok(())
}
