//! EXPIRE, TTL and their like.

use slotmesh_store::TermChange;

use crate::commands::numbers;
use crate::commands::term::{TermForm, invalid, parse_condition};
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn expire(call: &mut Keyed<'_>) -> Done {
    set_term(call, TermForm::EX)
}

pub(crate) fn pexpire(call: &mut Keyed<'_>) -> Done {
    set_term(call, TermForm::PX)
}

pub(crate) fn expireat(call: &mut Keyed<'_>) -> Done {
    set_term(call, TermForm::EXAT)
}

pub(crate) fn pexpireat(call: &mut Keyed<'_>) -> Done {
    set_term(call, TermForm::PXAT)
}

fn set_term(call: &mut Keyed<'_>, form: TermForm) -> Done {
    let key = call.args[1];
    let condition = parse_condition(&call.args[3..])?;
    let number = numbers::integer(call.args[2])?;
    let end = form.end(number, call.db.now()).ok_or_else(|| invalid(call))?;
    // What ended before 1970 has ended.
    let change = call.db.set_deadline(key, u64::try_from(end).unwrap_or_default(), condition);
    match change {
        TermChange::Set => call.tell(Classes::GENERIC, "expire", key),
        TermChange::Gone => call.tell(Classes::GENERIC, "del", key),
        TermChange::Missing | TermChange::Refused => {}
    }
    call.count(usize::from(matches!(change, TermChange::Set | TermChange::Gone)))
}

pub(crate) fn persist(call: &mut Keyed<'_>) -> Done {
    let key = call.args[1];
    let ended = call.db.persist(key) == TermChange::Set;
    if ended {
        call.tell(Classes::GENERIC, "persist", key);
    }
    call.count(usize::from(ended))
}

pub(crate) fn ttl(call: &mut Keyed<'_>) -> Done {
    show_term(call, TermForm::EX)
}

pub(crate) fn pttl(call: &mut Keyed<'_>) -> Done {
    show_term(call, TermForm::PX)
}

pub(crate) fn expiretime(call: &mut Keyed<'_>) -> Done {
    show_term(call, TermForm::EXAT)
}

pub(crate) fn pexpiretime(call: &mut Keyed<'_>) -> Done {
    show_term(call, TermForm::PXAT)
}

fn show_term(call: &mut Keyed<'_>, form: TermForm) -> Done {
    let now = call.db.now();
    let shown = match call.db.deadline(call.args[1]) {
        None => -2,
        Some(None) => -1,
        Some(Some(deadline)) => form.shown(deadline, now),
    };
    call.reply.integer(shown);
    Ok(())
}
