//! Terms of fields: HEXPIRE, HTTL and their like.

use slotmesh_store::{Edited, Hash, TermChange};

use super::block::Block;
use crate::commands::term::{TermForm, parse_condition};
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// What is said of a field that is not there.
const MISSING: i64 = -2;

pub(crate) fn hexpire(call: &mut Keyed<'_>) -> Done {
    set_terms(call, TermForm::EX)
}

pub(crate) fn hpexpire(call: &mut Keyed<'_>) -> Done {
    set_terms(call, TermForm::PX)
}

pub(crate) fn hexpireat(call: &mut Keyed<'_>) -> Done {
    set_terms(call, TermForm::EXAT)
}

pub(crate) fn hpexpireat(call: &mut Keyed<'_>) -> Done {
    set_terms(call, TermForm::PXAT)
}

fn set_terms(call: &mut Keyed<'_>, form: TermForm) -> Done {
    let (options, block) = Block::split(&call.args[3..])?;
    let condition = parse_condition(options)?;
    let names = block.names()?;
    let deadline = form.not_negative(call, call.args[2])?;
    let now = call.db.now();
    let event = if deadline <= now { "hexpired" } else { "hexpire" };
    change_terms(call, names, event, 0, |hash, name| hash.set_deadline(name, deadline, condition, now))
}

pub(crate) fn hpersist(call: &mut Keyed<'_>) -> Done {
    let names = Block::alone(&call.args[2..])?.names()?;
    let now = call.db.now();
    change_terms(call, names, "hpersist", -1, |hash, name| hash.persist(name, now))
}

/// Changes the terms of fields and replies with what became of each; `refused` for what was left as it was.
fn change_terms(
    call: &mut Keyed<'_>,
    names: &[&[u8]],
    event: &'static str,
    refused: i64,
    change: impl Fn(&mut Hash, &[u8]) -> TermChange,
) -> Done {
    let Keyed { args, db, reply, .. } = call;
    let key = args[1];
    reply.array(names.len());
    let edited = db.edit(key, |hash: &mut Hash| {
        let mut changes = 0;
        for name in names {
            let (shown, is_changed) = match change(hash, name) {
                TermChange::Missing => (MISSING, false),
                TermChange::Refused => (refused, false),
                TermChange::Set => (1, true),
                TermChange::Gone => (2, true),
            };
            reply.integer(shown);
            changes += usize::from(is_changed);
        }
        Edited::times(changes, (changes, hash.is_empty()))
    })?;
    match edited {
        None => names.iter().for_each(|_| call.reply.integer(MISSING)),
        Some((0, _)) => {}
        Some((_, is_gone)) => call.tell_taken(Classes::HASH, event, key, is_gone),
    }
    Ok(())
}

pub(crate) fn httl(call: &mut Keyed<'_>) -> Done {
    show_terms(call, TermForm::EX)
}

pub(crate) fn hpttl(call: &mut Keyed<'_>) -> Done {
    show_terms(call, TermForm::PX)
}

pub(crate) fn hexpiretime(call: &mut Keyed<'_>) -> Done {
    show_terms(call, TermForm::EXAT)
}

pub(crate) fn hpexpiretime(call: &mut Keyed<'_>) -> Done {
    show_terms(call, TermForm::PXAT)
}

fn show_terms(call: &mut Keyed<'_>, form: TermForm) -> Done {
    let block = Block::alone(&call.args[2..])?;
    let mismatch = |error: ErrorReply| if error == ErrorReply::not_an_integer() { error } else { ErrorReply::syntax() };
    // These say so to a number that does not fit as well.
    let names = block.names().map_err(mismatch)?;
    let Keyed { args, db, reply, .. } = call;
    let now = db.now();
    let hash = db.view::<Hash>(args[1])?;
    reply.array(names.len());
    for name in names {
        let deadline = hash.and_then(|hash| hash.deadline(name, now));
        reply.integer(match deadline {
            None => MISSING,
            Some(None) => -1,
            Some(Some(deadline)) => form.shown(deadline, now),
        });
    }
    Ok(())
}
