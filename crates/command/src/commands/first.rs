//! Commands that take something from the first of their keys that has something, or wait until one has.

use super::numbers;
use crate::error_reply::ErrorReply;
use crate::keyed::{Done, Keyed};
use crate::waiting::WaitEnd;

/// Takes from the first key that `take` finds something in. Tells whether there is one.
pub(super) fn from_first(
    call: &mut Keyed<'_>,
    keys: &[&[u8]],
    mut take: impl FnMut(&mut Keyed<'_>, &[u8]) -> Result<bool, ErrorReply>,
) -> Result<bool, ErrorReply> {
    for key in keys {
        if take(call, key)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same for a command that waits as long as `timeout` says where there is nothing.
pub(super) fn from_first_or_wait(
    call: &mut Keyed<'_>,
    keys: &[&[u8]],
    timeout: &[u8],
    take: impl FnMut(&mut Keyed<'_>, &[u8]) -> Result<bool, ErrorReply>,
) -> Done {
    let timeout = numbers::timeout(call, timeout)?;
    if from_first(call, keys, take)? { Ok(()) } else { call.wait(keys.iter().copied(), timeout, WaitEnd::NullArray) }
}
