//! DUMP and RESTORE. Source: `cluster.c` of Valkey.

use slotmesh_rdb::Limits;
use slotmesh_store::Expiry;

use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

pub(crate) fn dump(call: &mut Keyed<'_>) -> Done {
    match call.db.get(call.args[1]) {
        Some(value) => call.reply.bulk(&slotmesh_rdb::dump(value)),
        None => call.reply.null(),
    }
    Ok(())
}

/// What RESTORE is told besides key, term and payload.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    replaces: bool,
    /// The term is a moment.
    is_absolute: bool,
}

/// RESTORE and RESTORE-ASKING.
pub(crate) fn restore(call: &mut Keyed<'_>) -> Done {
    let (key, options) = (call.args[1], parse_options(&call.args[4..])?);
    if !options.replaces && call.db.exists(key) {
        return Err(ErrorReply::new("BUSYKEY Target key name already exists."));
    }
    let term = numbers::integer(call.args[2])?;
    let term = u64::try_from(term).map_err(|_| ErrorReply::err("Invalid TTL value, must be >= 0"))?;
    let value =
        slotmesh_rdb::restore(call.args[3], &limits(call)).map_err(|error| ErrorReply::err(error.to_string()))?;
    let start = if options.is_absolute { 0 } else { call.db.now() };
    let deadline = (term > 0).then(|| start.saturating_add(term));
    if deadline.is_some_and(|deadline| deadline <= call.db.now()) {
        if call.db.remove(key) {
            call.tell(Classes::GENERIC, "del", key);
        }
        return call.ok();
    }
    call.db.put(key, value, deadline.map_or(Expiry::Never, Expiry::At));
    call.tell(Classes::GENERIC, "restore", key);
    call.ok()
}

fn limits(call: &Keyed<'_>) -> Limits {
    let settings = call.settings;
    Limits {
        list: settings.list,
        hash: settings.hash,
        set: settings.set,
        sorted_set: settings.sorted_set,
        text_bytes: settings.text_bytes,
    }
}

/// How long a key was idle, or how often it was used, is checked and not kept: nothing is told from it yet. Only one of
/// both may be said.
fn parse_options(mut words: &[&[u8]]) -> Result<Options, ErrorReply> {
    let (mut options, mut idle, mut frequency) = (Options::default(), false, false);
    while let [word, rest @ ..] = words {
        words = match rest {
            _ if is_word(word, "replace") => {
                options.replaces = true;
                rest
            }
            _ if is_word(word, "absttl") => {
                options.is_absolute = true;
                rest
            }
            [seconds, rest @ ..] if is_word(word, "idletime") && !frequency => {
                check_between(seconds, i64::MAX, "Invalid IDLETIME value, must be >= 0")?;
                idle = true;
                rest
            }
            [times, rest @ ..] if is_word(word, "freq") && !idle => {
                check_between(times, 255, "Invalid FREQ value, must be >= 0 and <= 255")?;
                frequency = true;
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
    }
    Ok(options)
}

fn check_between(number: &[u8], max: i64, otherwise: &str) -> Done {
    let number = numbers::integer(number)?;
    if (0..=max).contains(&number) { Ok(()) } else { Err(ErrorReply::err(otherwise)) }
}
