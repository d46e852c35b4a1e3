//! Numbers in requests, and what is counted by them, with what is said of those that are wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use slotmesh_resp::parse_integer;
use slotmesh_store::LongDouble;

use crate::call::is_word;
use crate::error_reply::ErrorReply;
use crate::keyed::Keyed;

/// An integer of 64 bits.
pub(super) fn integer(word: &[u8]) -> Result<i64, ErrorReply> {
    parse_integer(word).ok_or_else(ErrorReply::not_an_integer)
}

/// An integer whose negative is one as well.
pub(super) fn signed_count(word: &[u8]) -> Result<i64, ErrorReply> {
    let text = "value is out of range, value must between -9223372036854775807 and 9223372036854775807";
    Some(integer(word)?).filter(|number| *number > i64::MIN).ok_or_else(|| ErrorReply::err(text))
}

/// A number of things; of a wrong one it is said that it must be positive, also where it may be 0.
pub(super) fn count(word: &[u8]) -> Result<usize, ErrorReply> {
    count_in(word, 0..=i64::MAX, "value is out of range, must be positive")
}

/// A number of things that is at least 1.
pub(super) fn count_above_0(word: &[u8], complaint: &str) -> Result<usize, ErrorReply> {
    count_in(word, 1..=i64::MAX, complaint)
}

/// A number of things within a range; anything else leads to this complaint.
pub(super) fn count_in(word: &[u8], range: RangeInclusive<i64>, complaint: &str) -> Result<usize, ErrorReply> {
    let number = parse_integer(word).filter(|number| range.contains(number));
    number.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| ErrorReply::err(complaint))
}

/// What LMPOP, ZMPOP and their like name: keys behind their number, an end, which is read by `end`, and COUNT.
#[derive(Debug)]
pub(super) struct PopWords<'w, 'a, E> {
    pub(super) keys: &'w [&'a [u8]],
    pub(super) end: E,
    pub(super) count: usize,
}

impl<'w, 'a, E> PopWords<'w, 'a, E> {
    pub(super) fn parse(
        words: &'w [&'a [u8]],
        end: impl FnOnce(&[u8]) -> Result<E, ErrorReply>,
    ) -> Result<Self, ErrorReply> {
        let count = count_above_0(words[0], "numkeys should be greater than 0")?;
        let (keys, rest) = words[1..].split_at_checked(count).ok_or_else(ErrorReply::syntax)?;
        let (place, options) = rest.split_first().ok_or_else(ErrorReply::syntax)?;
        let end = end(place)?;
        let count = match options {
            [] => 1,
            [option, number, rest @ ..] if is_word(option, "count") => {
                let count = count_above_0(number, "count should be greater than 0")?;
                if !rest.is_empty() {
                    return Err(ErrorReply::syntax());
                }
                count
            }
            _ => return Err(ErrorReply::syntax()),
        };
        Ok(Self { keys, end, count })
    }
}

/// How long a request waits at most, given in seconds; `None` for ever. Source: `getTimeoutFromObjectOrReply`.
pub(super) fn timeout(call: &Keyed<'_>, word: &[u8]) -> Result<Option<Duration>, ErrorReply> {
    let seconds = LongDouble::parse(word);
    let seconds = seconds.ok_or_else(|| ErrorReply::err("timeout is not a float or out of range"))?;
    let out_of_range = || ErrorReply::err("timeout is out of range");
    let millis = seconds.thousandfold().ok_or_else(out_of_range)?;
    let millis = u64::try_from(millis).map_err(|_| ErrorReply::err("timeout is negative"))?;
    // It must end at a moment that can be told.
    i64::try_from(millis.saturating_add(call.db.now())).map_err(|_| out_of_range())?;
    Ok((millis > 0).then(|| Duration::from_millis(millis)))
}
