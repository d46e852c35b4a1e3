//! SLOTMESH.

use super::cluster::known_id;
use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::{Outcome, Question};

pub(crate) fn explain(call: &mut Call<'_>) -> Handled {
    Ok(Outcome::Ask(Question::Explain(known_id(call, call.args[2])?)))
}

pub(crate) fn leave(call: &mut Call<'_>) -> Handled {
    let force = match call.args[2..] {
        [] => false,
        [word] if is_word(word, "force") => true,
        _ => return Err(ErrorReply::syntax()),
    };
    Ok(Outcome::Ask(Question::Leave { force }))
}
