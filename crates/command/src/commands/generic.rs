//! The group `generic`, as far as it names no key. No key can be written so far, so there is nothing to walk over; what
//! is wrong with a request is told all the same.

use slotmesh_resp::parse_integer;

use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;

/// Names that TYPE of SCAN takes.
const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

pub(crate) fn keys(call: &mut Call<'_>) -> Handled {
    call.reply().array(0);
    Ok(Outcome::Continue)
}

pub(crate) fn randomkey(call: &mut Call<'_>) -> Handled {
    call.reply().null();
    Ok(Outcome::Continue)
}

pub(crate) fn scan(call: &mut Call<'_>) -> Handled {
    check_cursor(call.args[1])?;
    let mut options = &call.args[2..];
    while let [option, value, rest @ ..] = options {
        check_scan_option(option, value)?;
        options = rest;
    }
    if !options.is_empty() {
        return Err(ErrorReply::syntax());
    }
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk(b"0");
    reply.array(0);
    Ok(Outcome::Continue)
}

/// A cursor is any number of 64 bits, with a plus if somebody likes.
fn check_cursor(cursor: &[u8]) -> Result<(), ErrorReply> {
    let digits = cursor.strip_prefix(b"+").unwrap_or(cursor);
    let number = digits.first().filter(|first| first.is_ascii_digit()).and_then(|_| str::from_utf8(digits).ok());
    let number = number.and_then(|digits| digits.parse::<u64>().ok());
    number.map(drop).ok_or_else(|| ErrorReply::err("invalid cursor"))
}

/// Checks an option of SCAN that CLUSTERSCAN takes as well.
pub(super) fn check_scan_option(option: &[u8], value: &[u8]) -> Result<(), ErrorReply> {
    if is_word(option, "match") {
        return Ok(());
    }
    if is_word(option, "type") {
        return check_type(value);
    }
    if is_word(option, "count") && parse_integer(value).ok_or_else(ErrorReply::not_an_integer)? > 0 {
        return Ok(());
    }
    Err(ErrorReply::syntax())
}

fn check_type(name: &[u8]) -> Result<(), ErrorReply> {
    if TYPES.iter().any(|known| is_word(name, known)) {
        Ok(())
    } else {
        Err(ErrorReply::echo(&[b"unknown type name '", name, b"'"]))
    }
}
