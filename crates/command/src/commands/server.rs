//! The group `server`, INFO, COMMAND and CONFIG aside.

use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::{Outcome, Save, Shutdown};

pub(crate) use super::info::info;

pub(crate) fn time(call: &mut Call<'_>) -> Handled {
    let (millis, micros) = (call.now.unix.0, call.now.mono.as_micros() % 1000);
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk((millis / 1000).to_string().as_bytes());
    reply.bulk((millis % 1000 * 1000 + micros).to_string().as_bytes());
    Ok(Outcome::Continue)
}

pub(crate) fn dbsize(call: &mut Call<'_>) -> Handled {
    let keys = call.server.keyspace.len();
    call.reply().integer(i64::try_from(keys).unwrap_or(i64::MAX));
    Ok(Outcome::Continue)
}

/// FLUSHALL and FLUSHDB: there is one database.
pub(crate) fn flushall(call: &mut Call<'_>) -> Handled {
    match call.args[1..] {
        [] => {}
        [word] if is_word(word, "sync") || is_word(word, "async") => {}
        _ => return Err(ErrorReply::syntax()),
    }
    call.server.keyspace.flush();
    call.ok()
}

pub(crate) fn swapdb(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err("SWAPDB is not allowed in cluster mode"))
}

pub(crate) fn shutdown(call: &mut Call<'_>) -> Handled {
    let (mut shutdown, mut abort) = (Shutdown::default(), false);
    let words = &call.args[1..];
    for word in words {
        if is_word(word, "nosave") && shutdown.save != Save::Always {
            shutdown.save = Save::Never;
        } else if is_word(word, "save") && shutdown.save != Save::Never {
            shutdown.save = Save::Always;
        } else if is_word(word, "now") {
            shutdown.now = true;
        } else if is_word(word, "force") {
            shutdown.force = true;
        } else if is_word(word, "safe") {
            shutdown.safe = true;
        } else if is_word(word, "failover") {
            shutdown.failover = true;
        } else if is_word(word, "abort") {
            abort = true;
        } else {
            return Err(ErrorReply::syntax());
        }
    }
    match (abort, words.len()) {
        (true, 1) => Err(ErrorReply::err("No shutdown in progress.")),
        (true, _) => Err(ErrorReply::syntax()),
        _ => Ok(Outcome::Shutdown(shutdown)),
    }
}
