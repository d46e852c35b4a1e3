//! FUNCTION, as far as tools ask for it that add a node to a cluster: there are no functions here, and none can come.

use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

/// What a dump of no functions is made of: the version of the format and a checksum, in bytes.
const EMPTY_DUMP_BYTES: usize = 2 + 8;

pub(crate) fn list(call: &mut Call<'_>) -> Handled {
    let (mut with_code, mut by_name) = (false, false);
    let mut words = &call.args[2..];
    while let [word, rest @ ..] = words {
        words = if is_word(word, "withcode") && !std::mem::replace(&mut with_code, true) {
            rest
        } else if is_word(word, "libraryname") && !std::mem::replace(&mut by_name, true) {
            let given = rest.split_first().map(|(_, rest)| rest);
            given.ok_or_else(|| ErrorReply::err("library name argument was not given"))?
        } else {
            return Err(ErrorReply::echo(&[b"Unknown argument ", word]));
        };
    }
    call.reply().array(0);
    Ok(Outcome::Continue)
}

/// Takes what holds no function, so that a node can be added to a cluster that has none.
pub(crate) fn restore(call: &mut Call<'_>) -> Handled {
    let policies = ["flush", "append", "replace"];
    match call.args[3..] {
        [] => {}
        [policy] if policies.iter().any(|known| is_word(policy, known)) => {}
        [_] => {
            return Err(ErrorReply::err(
                "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
        _ => {
            let typed = call.args[1];
            let shape: &[u8] = b"unknown subcommand or wrong number of arguments for '";
            return Err(ErrorReply::echo(&[shape, typed, b"'. Try FUNCTION HELP."]));
        }
    }
    match call.args[2].len() {
        EMPTY_DUMP_BYTES => call.ok(),
        ..EMPTY_DUMP_BYTES => Err(ErrorReply::err("DUMP payload version or checksum are wrong")),
        _ => Err(ErrorReply::err("functions are not supported by this release of slotmesh")),
    }
}
