//! Commands on texts. Source: `t_string.c` of Valkey.

mod counters;
mod lcs;
mod parts;
mod set;

use slotmesh_store::{Db, Expiry, ValueRef, WrongType};

pub(crate) use counters::{decr, decrby, incr, incrby, incrbyfloat};
pub(crate) use lcs::lcs;
pub(crate) use parts::getrange as substr;
pub(crate) use parts::{append, getrange, setrange, strlen};
pub(crate) use set::{getex, getset, mset, msetex, msetnx, psetex, set, set_keys, setex, setnx};

use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn get(call: &mut Keyed<'_>) -> Done {
    write_text(call, call.args[1])
}

pub(crate) fn mget(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    reply.array(args.len() - 1);
    for key in &args[1..] {
        match db.get(key) {
            Some(ValueRef::Text(text)) => reply.bulk(text),
            // What is no text counts as missing.
            other => match other.and_then(|value| value.text()) {
                Some(text) => reply.bulk(&text),
                None => reply.null(),
            },
        }
    }
    Ok(())
}

pub(crate) fn getdel(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    write_text(call, key)?;
    if call.db.remove(key) {
        call.tell(Classes::GENERIC, "del", key);
    }
    Ok(())
}

pub(crate) fn delifeq(call: &mut Keyed<'_>) -> Done {
    let (key, wanted) = (call.args[1], call.args[2]);
    let is_equal = match call.db.get(key) {
        Some(value) => *value.text().ok_or(WrongType)? == *wanted,
        None => false,
    };
    if is_equal {
        call.db.remove(key);
        call.tell(Classes::GENERIC, "del", key);
    }
    call.count(usize::from(is_equal))
}

/// Replies with what a key holds, or with null.
fn write_text(call: &mut Keyed<'_>, key: &[u8]) -> Done {
    match call.db.get(key) {
        None => call.reply.null(),
        Some(ValueRef::Text(text)) => call.reply.bulk(text),
        Some(other) => call.reply.bulk(&other.text().ok_or(WrongType)?),
    }
    Ok(())
}

/// Sets a key to a text, which is kept as a number if it is one.
fn put(db: &mut Db<'_>, key: &[u8], text: &[u8], expiry: Expiry) {
    match slotmesh_resp::parse_integer(text) {
        Some(number) => db.set_number(key, number, expiry),
        None => db.set_text(key, text, expiry),
    }
}

fn too_long() -> ErrorReply {
    ErrorReply::err("string exceeds maximum allowed size (proto-max-bulk-len)")
}
