//! SLOWLOG: the slow ones of COMMANDLOG, by their older name.

use super::commandlog;
use crate::call::{Call, Handled};
use crate::command_log::LogKind;
use crate::error_reply::wrong_shape;

/// How many entries are shown to those who do not say.
const SHOWN: usize = 10;

pub(crate) fn get(call: &mut Call<'_>) -> Handled {
    let max = match *call.args {
        [_, _] => SHOWN,
        [_, _, count] => commandlog::count(count)?,
        _ => return Err(wrong_shape(call)),
    };
    commandlog::write_entries(call, LogKind::Slow, max)
}

pub(crate) fn len(call: &mut Call<'_>) -> Handled {
    commandlog::write_len(call, LogKind::Slow)
}

pub(crate) fn reset(call: &mut Call<'_>) -> Handled {
    call.server.command_log.clear(LogKind::Slow);
    call.ok()
}
