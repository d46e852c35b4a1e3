//! Commands on keys of any type. Source: `db.c`, `expire.c` and `object.c` of Valkey.

mod dump;
mod migrate;
mod object;
mod sort;
mod terms;

pub(crate) use dump::{dump, prepare, restore};
pub(crate) use migrate::{migrate, migrate_keys};
pub(crate) use object::{encoding, object_encoding, object_freq, object_idletime, object_refcount};
pub(crate) use sort::{sort, sort_keys, sort_ro, sort_ro_keys};
pub(crate) use terms::{expire, expireat, expiretime, persist, pexpire, pexpireat, pexpiretime, pttl, ttl};

use slotmesh_resp::parse_integer;

use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// DEL and UNLINK: what is big is freed elsewhere either way.
pub(crate) fn del(call: &mut Keyed<'_>) -> Done {
    let mut count = 0;
    for key in &call.args[1..] {
        if call.db.remove(key) {
            call.tell(Classes::GENERIC, "del", key);
            count += 1;
        }
    }
    call.count(count)
}

pub(crate) use del as unlink;

pub(crate) fn exists(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, .. } = call;
    let count = args[1..].iter().filter(|key| db.exists(key)).count();
    call.count(count)
}

pub(crate) use exists as touch;

pub(crate) fn type_of(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    reply.simple(db.get(args[1]).map_or("none", |value| value.type_name()));
    Ok(())
}

pub(crate) fn rename(call: &mut Keyed<'_>) -> Done {
    let (from, to) = (call.args[1], call.args[2]);
    move_to(call, from, to)?;
    call.ok()
}

pub(crate) fn renamenx(call: &mut Keyed<'_>) -> Done {
    let (from, to) = (call.args[1], call.args[2]);
    if !call.db.exists(from) {
        return Err(ErrorReply::no_such_key());
    }
    let is_free = !call.db.exists(to);
    if is_free {
        move_to(call, from, to)?;
    }
    call.count(usize::from(is_free))
}

fn move_to(call: &mut Keyed<'_>, from: &[u8], to: &[u8]) -> Done {
    if !call.db.rename(from, to) {
        return Err(ErrorReply::no_such_key());
    }
    if from != to {
        call.tell(Classes::GENERIC, "rename_from", from);
        call.tell(Classes::GENERIC, "rename_to", to);
    }
    Ok(())
}

pub(crate) fn copy(call: &mut Keyed<'_>) -> Done {
    let (from, to) = (call.args[1], call.args[2]);
    let replaces = parse_copy(&call.args[3..])?;
    if from == to {
        return Err(ErrorReply::err("source and destination objects are the same"));
    }
    let copied = call.db.exists(from) && (replaces || !call.db.is_there(to)) && call.db.copy(from, to);
    if copied {
        call.tell(Classes::GENERIC, "copy_to", to);
    }
    call.count(usize::from(copied))
}

/// Whether what is there is replaced.
fn parse_copy(mut options: &[&[u8]]) -> Result<bool, ErrorReply> {
    let mut replaces = false;
    while let [option, rest @ ..] = options {
        options = match rest {
            _ if is_word(option, "replace") => {
                replaces = true;
                rest
            }
            [number, rest @ ..] if is_word(option, "db") => {
                check_db(number)?;
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
    }
    Ok(replaces)
}

/// There is one database.
fn check_db(number: &[u8]) -> Done {
    let number = parse_integer(number).and_then(|number| i32::try_from(number).ok());
    match number {
        Some(0) => Ok(()),
        Some(_) => Err(ErrorReply::err("DB index is out of range")),
        None => Err(ErrorReply::not_an_integer()),
    }
}

pub(crate) fn move_key(call: &mut Keyed<'_>) -> Done {
    check_db(call.args[2])?;
    Err(ErrorReply::err("source and destination objects are the same"))
}
