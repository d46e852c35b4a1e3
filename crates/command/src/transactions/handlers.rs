//! MULTI, EXEC, DISCARD, WATCH and UNWATCH. Source: spec of the commands, sections 1 and 11.

use slotmesh_types::key_slot;

use super::Transaction;
use crate::admit::Demand;
use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::turn::Turn;

pub(crate) fn multi(call: &mut Call<'_>) -> Handled {
    call.session.set_transaction(Some(Transaction::new()));
    call.ok()
}

pub(crate) fn discard(call: &mut Call<'_>) -> Handled {
    match call.session.transaction() {
        Some(_) => call.session.set_transaction(None),
        None => return Err(ErrorReply::err("DISCARD without MULTI")),
    }
    call.session.unwatch(call.server, call.now);
    call.ok()
}

/// Writes the head of the reply. Slots and roles have been judged for all requests together; what is wrong with
/// one when it is carried out is its own reply.
pub(crate) fn exec(call: &mut Call<'_>) -> Handled {
    let Some(transaction) = call.session.transaction() else { return Err(ErrorReply::err("EXEC without MULTI")) };
    if transaction.failed {
        call.session.set_transaction(None);
        return Err(ErrorReply::new("EXECABORT Transaction discarded because of previous errors."));
    }
    if transaction.broken {
        call.session.set_transaction(None);
        call.reply().null_array();
        return Ok(Outcome::Continue);
    }
    transaction.running = true;
    let count = transaction.len();
    call.session.show_transaction();
    call.reply().array(count);
    Ok(Outcome::Continue)
}

pub(crate) fn watch(call: &mut Call<'_>) -> Handled {
    let (server, now, args) = (call.server, call.now, call.args);
    let demand = Demand::of(call);
    let mut watched = call.session.watched.take().unwrap_or_default();
    // They are in one slot.
    let mut turn = Turn::new(server, key_slot(args[1]), now);
    let routed = turn.route(call.session, &demand);
    if routed.is_ok() {
        args[1..].iter().for_each(|key| watched.add(&mut turn, key));
    }
    call.session.watched = Some(watched);
    drop(turn);
    routed?;
    call.session.show_transaction();
    call.ok()
}

pub(crate) fn unwatch(call: &mut Call<'_>) -> Handled {
    call.session.unwatch(call.server, call.now);
    call.ok()
}
