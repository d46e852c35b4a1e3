//! The group `server`, INFO, COMMAND and CONFIG aside.

use slotmesh_types::Slot;

use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::turn::{Readers, Turn};

pub(crate) use super::info::info;

pub(crate) fn time(call: &mut Call<'_>) -> Handled {
    let micros = call.server.surroundings.unix_micros();
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk((micros / 1_000_000).to_string().as_bytes());
    reply.bulk((micros % 1_000_000).to_string().as_bytes());
    Ok(Outcome::Continue)
}

/// There are no modules.
pub(crate) fn modules(call: &mut Call<'_>) -> Handled {
    call.reply().array(0);
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
    for slot in Slot::all() {
        Turn::new(call.server, slot, call.now).flush(Readers::Forgotten);
    }
    call.server.invalidate_all(false, call.now.mono);
    call.ok()
}

pub(crate) fn swapdb(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err("SWAPDB is not allowed in cluster mode"))
}

/// There are no files to save keys to and no replicas to wait for, so SAVE, NOSAVE and NOW change nothing. What would
/// keep slots served is refused where it can't be had, never ignored.
pub(crate) fn shutdown(call: &mut Call<'_>) -> Handled {
    let words = &call.args[1..];
    let asked = |name: &str| words.iter().any(|word| is_word(word, name));
    let known = ["nosave", "save", "now", "force", "safe", "failover", "abort"];
    if !words.iter().all(|word| known.iter().any(|name| is_word(word, name))) || (asked("save") && asked("nosave")) {
        return Err(ErrorReply::syntax());
    }
    if asked("abort") {
        let alone = words.iter().all(|word| is_word(word, "abort"));
        return Err(if alone { ErrorReply::err("No shutdown in progress.") } else { ErrorReply::syntax() });
    }
    if !asked("force") && call.server.view().me().facts.is_voting() {
        if asked("safe") {
            return Err(ErrorReply::err(
                "Errors trying to SHUTDOWN: this node owns slots; move them away, let a replica take over, or say FORCE",
            ));
        }
        if asked("failover") {
            return Err(ErrorReply::err(
                "SHUTDOWN FAILOVER is not supported by this release of slotmesh; fail over by a replica first, or say FORCE",
            ));
        }
    }
    Ok(Outcome::Shutdown)
}
