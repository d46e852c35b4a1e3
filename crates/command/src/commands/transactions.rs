//! MULTI, EXEC and DISCARD. Source: spec of the commands, sections 1 and 11.

use crate::call::{Call, Handled};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::transaction::Transaction;

pub(crate) fn multi(call: &mut Call<'_>) -> Handled {
    call.session.set_transaction(Some(Transaction::new()));
    call.ok()
}

pub(crate) fn discard(call: &mut Call<'_>) -> Handled {
    match call.session.transaction() {
        Some(_) => call.session.set_transaction(None),
        None => return Err(ErrorReply::err("DISCARD without MULTI")),
    }
    call.ok()
}

/// Writes the head of the reply. Slots and roles have been judged for all requests together (`admit_queued`); what is wrong with
/// one when it is carried out is its own reply.
pub(crate) fn exec(call: &mut Call<'_>) -> Handled {
    let Some(transaction) = call.session.transaction() else { return Err(ErrorReply::err("EXEC without MULTI")) };
    if transaction.failed {
        call.session.set_transaction(None);
        return Err(ErrorReply::new("EXECABORT Transaction discarded because of previous errors."));
    }
    transaction.running = true;
    let count = transaction.len();
    call.session.show_transaction();
    call.reply().array(count);
    Ok(Outcome::Continue)
}
