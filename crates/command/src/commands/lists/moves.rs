//! LMOVE and its like: a value goes from an end of a list to an end of another, or of the same.

use slotmesh_store::{Edited, End, List};

use super::{end_of_word, push_event, tell_popped};
use crate::commands::numbers;
use crate::commands::shown::write_packed;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};
use crate::waiting::WaitEnd;

pub(crate) fn lmove(call: &mut Keyed<'_>) -> Done {
    let (from, to) = (end_of_word(call.args[3])?, end_of_word(call.args[4])?);
    move_value(call, from, to)
}

pub(crate) fn rpoplpush(call: &mut Keyed<'_>) -> Done {
    move_value(call, End::Back, End::Front)
}

pub(crate) fn blmove(call: &mut Keyed<'_>) -> Done {
    let (from, to) = (end_of_word(call.args[3])?, end_of_word(call.args[4])?);
    move_or_wait(call, from, to, call.args[5])
}

pub(crate) fn brpoplpush(call: &mut Keyed<'_>) -> Done {
    move_or_wait(call, End::Back, End::Front, call.args[3])
}

fn move_value(call: &mut Keyed<'_>, from: End, to: End) -> Done {
    if !is_moved(call, from, to)? {
        call.reply.null();
    }
    Ok(())
}

fn move_or_wait(call: &mut Keyed<'_>, from: End, to: End, timeout: &[u8]) -> Done {
    let timeout = numbers::timeout(call, timeout)?;
    if is_moved(call, from, to)? {
        return Ok(());
    }
    // Who has waited in vain gets another null than who may not wait.
    let end = if call.may_wait { WaitEnd::NullArray } else { WaitEnd::Null };
    call.wait([call.args[1]], timeout, end)
}

/// Moves a value and shows it. Tells whether there is one.
fn is_moved(call: &mut Keyed<'_>, from: End, to: End) -> Result<bool, ErrorReply> {
    let (source, target, limit) = (call.args[1], call.args[2], call.settings.list);
    if call.db.view::<List>(source)?.is_none() {
        return Ok(false);
    }
    call.db.view::<List>(target)?;
    let Keyed { db, reply, .. } = call;
    let is_gone = if source == target {
        db.edit(source, |list: &mut List| {
            list.rotate(from, to, limit);
            list.peek(to).into_iter().for_each(|value| write_packed(reply, value));
            Edited::changed(())
        })?;
        false
    } else {
        let popped = db.edit(source, |list: &mut List| {
            let value = list.pop(from, limit);
            Edited::changed(value.map(|value| (value, list.is_empty())))
        })?;
        let (value, is_gone) = popped.flatten().expect("a list that is there holds something");
        // The move counts as one change.
        db.edit_or_new(target, |list: &mut List| {
            list.push(to, [&value[..]].into_iter(), limit);
            Edited::touched(0, ())
        })?;
        reply.bulk(&value);
        is_gone
    };
    call.tell(Classes::LIST, push_event(to), target);
    tell_popped(call, source, from, is_gone);
    Ok(true)
}
