//! Commands on lists. Source: `t_list.c` of Valkey.

mod moves;
mod pop;
mod search;

use slotmesh_store::{Edited, End, List, ListRef};

pub(crate) use moves::{blmove, brpoplpush, lmove, rpoplpush};
pub(crate) use pop::{blmpop, blpop, brpop, lmpop, lpop, rpop};
pub(crate) use search::{linsert, lpos, lrem};

use super::numbers;
use super::shown::write_packed;
use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn lpush(call: &mut Keyed<'_>) -> Done {
    push(call, End::Front)
}

pub(crate) fn rpush(call: &mut Keyed<'_>) -> Done {
    push(call, End::Back)
}

pub(crate) fn lpushx(call: &mut Keyed<'_>) -> Done {
    push_if_there(call, End::Front)
}

pub(crate) fn rpushx(call: &mut Keyed<'_>) -> Done {
    push_if_there(call, End::Back)
}

pub(crate) fn llen(call: &mut Keyed<'_>) -> Done {
    let length = call.db.view::<List>(call.args[1])?.map_or(0, ListRef::len);
    call.count(length)
}

pub(crate) fn lindex(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    // A wrong index is told only where there is something to look at.
    let Some(list) = db.view::<List>(args[1])? else {
        reply.null();
        return Ok(());
    };
    match list.index(numbers::integer(args[2])?).and_then(|index| list.get(index)) {
        Some(value) => write_packed(reply, value),
        None => reply.null(),
    }
    Ok(())
}

pub(crate) fn lrange(call: &mut Keyed<'_>) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let (start, stop) = (numbers::integer(args[2])?, numbers::integer(args[3])?);
    let values = db.view::<List>(args[1])?.map(|list| list.range(list.span(start, stop))).unwrap_or_default();
    reply.array(values.len());
    values.for_each(|value| write_packed(reply, value));
    Ok(())
}

pub(crate) fn lset(call: &mut Keyed<'_>) -> Done {
    let (key, text, limit) = (call.args[1], call.args[3], call.settings.list);
    let list = call.db.view::<List>(key)?.ok_or_else(ErrorReply::no_such_key)?;
    let index = list.index(numbers::integer(call.args[2])?);
    let index = index.ok_or_else(|| ErrorReply::err("index out of range"))?;
    call.db.edit(key, |list: &mut List| {
        list.set(index, text, limit);
        Edited::changed(())
    })?;
    call.tell(Classes::LIST, "lset", key);
    call.ok()
}

pub(crate) fn ltrim(call: &mut Keyed<'_>) -> Done {
    let (key, limit) = (call.args[1], call.settings.list);
    let (start, stop) = (numbers::integer(call.args[2])?, numbers::integer(call.args[3])?);
    let length = call.db.view::<List>(key)?.map(ListRef::len);
    let kept = call.db.view::<List>(key)?.map_or(0..0, |list| list.span(start, stop));
    if length.is_some() && kept.is_empty() {
        // A long list is freed later when its key goes.
        call.db.remove(key);
        call.tell_taken(Classes::LIST, "ltrim", key, true);
    } else if length.is_some() {
        call.db.edit(key, |list: &mut List| Edited::touched(list.keep(kept, limit), ()))?;
        call.tell(Classes::LIST, "ltrim", key);
    }
    call.ok()
}

fn push(call: &mut Keyed<'_>, end: End) -> Done {
    let (args, limit) = (call.args, call.settings.list);
    let length = call.db.edit_or_new(args[1], |list: &mut List| {
        list.push(end, args[2..].iter().copied(), limit);
        Edited::times(args.len() - 2, list.len())
    })?;
    call.tell(Classes::LIST, push_event(end), args[1]);
    call.count(length)
}

fn push_if_there(call: &mut Keyed<'_>, end: End) -> Done {
    if call.db.exists(call.args[1]) { push(call, end) } else { call.count(0) }
}

/// LEFT or RIGHT.
fn end_of_word(word: &[u8]) -> Result<End, ErrorReply> {
    match word {
        _ if is_word(word, "left") => Ok(End::Front),
        _ if is_word(word, "right") => Ok(End::Back),
        _ => Err(ErrorReply::syntax()),
    }
}

fn push_event(end: End) -> &'static str {
    match end {
        End::Front => "lpush",
        End::Back => "rpush",
    }
}

/// Tells that values were taken out of a list at an end, and that its key is gone if it is.
fn tell_popped(call: &mut Keyed<'_>, key: &[u8], end: End, is_gone: bool) {
    let event = match end {
        End::Front => "lpop",
        End::Back => "rpop",
    };
    call.tell_taken(Classes::LIST, event, key, is_gone);
}
