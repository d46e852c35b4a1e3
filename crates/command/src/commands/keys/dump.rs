//! DUMP and RESTORE. Source: `cluster.c` of Valkey.

use slotmesh_rdb::Limits;
use slotmesh_store::Expiry;

use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed, Prepared};
use crate::settings::Settings;

/// The last millisecond at which a key may expire, as PEXPIRETIME can tell it.
const DEADLINE_MAX: u64 = i64::MAX.unsigned_abs();

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
    /// For how many seconds it was not used.
    idle_seconds: Option<u64>,
    /// How often it was used.
    frequency: Option<u8>,
}

/// RESTORE and RESTORE-ASKING.
pub(crate) fn restore(call: &mut Keyed<'_>) -> Done {
    let (key, options) = (call.args[1], parse_options(&call.args[4..])?);
    if !options.replaces && call.db.exists(key) {
        return Err(ErrorReply::new("BUSYKEY Target key name already exists."));
    }
    let term = numbers::integer(call.args[2])?;
    let term = u64::try_from(term).map_err(|_| ErrorReply::err("Invalid TTL value, must be >= 0"))?;
    let value = call.prepared.take().unwrap_or_else(|| prepare(call.args, call.settings));
    let value = value.map_err(|error| ErrorReply::err(error.to_string()))?;
    let start = if options.is_absolute { 0 } else { call.db.now() };
    let deadline = (term > 0).then(|| start.saturating_add(term));
    if deadline.is_some_and(|deadline| deadline > DEADLINE_MAX) {
        return Err(ErrorReply::err("invalid expire time in 'restore' command"));
    }
    if deadline.is_some_and(|deadline| deadline <= call.db.now()) {
        if call.db.remove(key) {
            call.tell(Classes::GENERIC, "del", key);
        }
        return call.ok();
    }
    call.db.put(key, value, deadline.map_or(Expiry::Never, Expiry::At));
    if let Some(seconds) = options.idle_seconds {
        call.db.set_idle_seconds(key, seconds);
    }
    if let Some(frequency) = options.frequency {
        call.db.set_frequency(key, frequency);
    }
    call.tell(Classes::GENERIC, "restore", key);
    call.ok()
}

/// Makes the value of a payload, which takes as long as that is large.
pub(crate) fn prepare(args: &[&[u8]], settings: &Settings) -> Prepared {
    let limits = Limits {
        list: settings.list,
        hash: settings.hash,
        set: settings.set,
        sorted_set: settings.sorted_set,
        text_bytes: settings.text_bytes,
    };
    slotmesh_rdb::restore(args[3], &limits)
}

/// How long a key was idle, or how often it was used: only one of both may be said.
fn parse_options(mut words: &[&[u8]]) -> Result<Options, ErrorReply> {
    let mut options = Options::default();
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
            [seconds, rest @ ..] if is_word(word, "idletime") && options.frequency.is_none() => {
                options.idle_seconds = Some(number(seconds, "Invalid IDLETIME value, must be >= 0")?);
                rest
            }
            [times, rest @ ..] if is_word(word, "freq") && options.idle_seconds.is_none() => {
                options.frequency = Some(number(times, "Invalid FREQ value, must be >= 0 and <= 255")?);
                rest
            }
            _ => return Err(ErrorReply::syntax()),
        };
    }
    Ok(options)
}

fn number<N: TryFrom<i64>>(word: &[u8], otherwise: &str) -> Result<N, ErrorReply> {
    N::try_from(numbers::integer(word)?).map_err(|_| ErrorReply::err(otherwise))
}
