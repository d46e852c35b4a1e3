//! What HSCAN, SSCAN and ZSCAN have in common: cursors and options.

use std::str;

use slotmesh_config::glob;
use slotmesh_resp::ReplyWriter;
use slotmesh_store::Packed;

use super::numbers;
use super::shown::write_packed;
use crate::call::is_word;
use crate::error_reply::ErrorReply;

/// Positions looked at for each member that is wanted: where few are left in a large table, a scan returns early.
const POSITIONS_PER_MEMBER: usize = 10;

/// Where a scan goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(pub(super) u64);

impl Position {
    /// Any number of 64 bits, with spaces and a plus before it if somebody likes.
    pub(super) fn parse(text: &[u8]) -> Result<Self, ErrorReply> {
        let digits = text.trim_ascii_start();
        let digits = digits.strip_prefix(b"+").unwrap_or(digits);
        let number = str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| ErrorReply::err("invalid cursor"))
    }
}

/// Options of a scan.
#[derive(Debug)]
pub(super) struct Options<'a> {
    /// COUNT: so many are looked at, about.
    count: usize,
    /// MATCH.
    pattern: Option<&'a [u8]>,
    /// Whether only names are shown, and nothing that belongs to them.
    pub(super) names_only: bool,
}

impl<'a> Options<'a> {
    /// Takes the options of a command, one of which (or none) leaves out all but names.
    pub(super) fn parse(mut words: &[&'a [u8]], names_option: Option<&str>) -> Result<Self, ErrorReply> {
        let mut found = Self { count: 10, pattern: None, names_only: false };
        while let [option, rest @ ..] = words {
            words = rest;
            match rest {
                [count, rest @ ..] if is_word(option, "count") => {
                    let count = numbers::integer(count)?;
                    found.count =
                        usize::try_from(count).ok().filter(|count| *count > 0).ok_or_else(ErrorReply::syntax)?;
                    words = rest;
                }
                [pattern, rest @ ..] if is_word(option, "match") => {
                    // It matches an empty name too, as no pattern does.
                    found.pattern = Some(*pattern).filter(|pattern| *pattern != b"*");
                    words = rest;
                }
                _ if names_option.is_some_and(|name| is_word(option, name)) => found.names_only = true,
                _ if is_word(option, "novalues") => return Err(only_in("NOVALUES", "HSCAN")),
                _ if is_word(option, "noscores") => return Err(only_in("NOSCORES", "ZSCAN")),
                _ => return Err(ErrorReply::syntax()),
            }
        }
        Ok(found)
    }

    /// Whether a name is shown.
    pub(super) fn wants(&self, name: Packed<'_>) -> bool {
        self.pattern.is_none_or(|pattern| name.with_text(|text| glob::matches(pattern, text)))
    }

    /// Goes on until enough was looked at, or all. `step` looks at what is at a position, and gives the next one with
    /// how many there were, shown or not. Gives the position where to go on.
    pub(super) fn walk(&self, from: Position, mut step: impl FnMut(u64) -> (u64, usize)) -> u64 {
        let (Position(mut position), mut seen) = (from, 0);
        for _ in 0..=self.count.saturating_mul(POSITIONS_PER_MEMBER) {
            let (next, count) = step(position);
            position = next;
            seen += count;
            if position == 0 || seen >= self.count {
                break;
            }
        }
        position
    }
}

/// Replies with where to go on and what was found.
pub(super) fn write_found(reply: &mut ReplyWriter<'_>, next: u64, found: &[Packed<'_>]) {
    reply.array(2);
    reply.bulk(next.to_string().as_bytes());
    reply.array(found.len());
    found.iter().for_each(|found| write_packed(reply, *found));
}

fn only_in(option: &str, command: &str) -> ErrorReply {
    ErrorReply::err(format!("{option} option can only be used in {command}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_numbers_of_64_bits() {
        let cursors = [("0", Some(0)), ("+7", Some(7)), (" 00", Some(0)), ("18446744073709551615", Some(u64::MAX))];
        let wrong = ["", "+", "-1", "x", "0x", "1 ", "18446744073709551616"].map(|text| (text, None));
        for (text, number) in cursors.into_iter().chain(wrong) {
            assert_eq!(Position::parse(text.as_bytes()).ok(), number.map(Position), "{text}");
        }
    }

    #[test]
    fn a_walk_ends_at_the_end_or_with_enough_or_after_looking_long() {
        let parse = |words: &[&'static str]| {
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            Options::parse(&words, Some("novalues")).expect("valid options")
        };
        let options = parse(&["count", "3"]);
        assert_eq!(options.walk(Position(5), |position| (position + 1, 1)), 8);
        assert_eq!(options.walk(Position(5), |position| ((position + 1) % 7, 1)), 0);
        assert_eq!(options.walk(Position(5), |position| (position + 1, 0)), 36);
        assert!(parse(&["MATCH", "1*", "NOVALUES"]).names_only);
        assert!(parse(&["MATCH", "1*"]).wants(Packed::Number(12)));
        assert!(!parse(&["MATCH", "1*"]).wants(Packed::Text(b"21")));
    }
}
