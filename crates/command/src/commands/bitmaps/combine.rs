//! BITOP.

use slotmesh_store::bits::{self, Combine};
use slotmesh_store::{Expiry, WrongType};

use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn bitop(call: &mut Keyed<'_>) -> Done {
    let (target, sources) = (call.args[2], &call.args[3..]);
    let how = parse_operation(call.args[1])?;
    if how.is_none() && sources.len() != 1 {
        return Err(ErrorReply::err("BITOP NOT must be called with a single source key."));
    }
    let mut texts = Vec::with_capacity(sources.len());
    for value in call.db.get_all(sources.iter().copied()) {
        // A key that is not there is an empty text.
        texts.push(value.map(|value| value.text().ok_or(WrongType)).transpose()?.unwrap_or_default());
    }
    let texts: Vec<&[u8]> = texts.iter().map(|text| &**text).collect();
    let result = match how {
        Some(how) => bits::combine(how, &texts),
        None => bits::not(texts[0]),
    };
    if !result.is_empty() {
        call.db.set_text(target, &result, Expiry::Never);
        call.tell(Classes::STRING, "set", target);
    } else if call.db.remove(target) {
        call.tell(Classes::GENERIC, "del", target);
    }
    call.count(result.len())
}

/// `None` is NOT, which has one source.
fn parse_operation(word: &[u8]) -> Result<Option<Combine>, ErrorReply> {
    let operations =
        [("and", Some(Combine::And)), ("or", Some(Combine::Or)), ("xor", Some(Combine::Xor)), ("not", None)];
    let found = operations.into_iter().find(|(name, _)| is_word(word, name));
    found.map(|(_, how)| how).ok_or_else(ErrorReply::syntax)
}
