//! Terms of keys and fields, as commands take them: EX, PX, EXAT and PXAT, and the family of EXPIRE.

use slotmesh_store::TermIf;

use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::keyed::Keyed;

/// How a term is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TermForm {
    /// In seconds, else in milliseconds.
    pub(super) in_seconds: bool,
    /// From now on, else since 1970.
    pub(super) from_now: bool,
}

impl TermForm {
    pub(super) const EX: Self = Self { in_seconds: true, from_now: true };
    pub(super) const PX: Self = Self { in_seconds: false, from_now: true };
    pub(super) const EXAT: Self = Self { in_seconds: true, from_now: false };
    pub(super) const PXAT: Self = Self { in_seconds: false, from_now: false };

    /// The form that an option announces.
    pub(super) fn of_option(option: &[u8]) -> Option<Self> {
        let forms = [("ex", Self::EX), ("px", Self::PX), ("exat", Self::EXAT), ("pxat", Self::PXAT)];
        forms.into_iter().find(|(name, _)| is_word(option, name)).map(|(_, form)| form)
    }

    /// The end of the term in milliseconds since 1970, of a number that is above 0.
    pub(super) fn positive(self, call: &Keyed<'_>, number: &[u8]) -> Result<u64, ErrorReply> {
        self.end_of(call, number, 1)
    }

    /// The same of a number that may be 0 as well, as terms of fields are written.
    pub(super) fn not_negative(self, call: &Keyed<'_>, number: &[u8]) -> Result<u64, ErrorReply> {
        self.end_of(call, number, 0)
    }

    fn end_of(self, call: &Keyed<'_>, number: &[u8], min: i64) -> Result<u64, ErrorReply> {
        let number = numbers::integer(number)?;
        let end = if number >= min { self.end(number, call.db.now()) } else { None };
        end.and_then(|end| u64::try_from(end).ok()).ok_or_else(|| invalid(call))
    }

    /// The end of the term in milliseconds since 1970, negative before; `None` if it is further away than 64 bits
    /// reach.
    pub(super) fn end(self, number: i64, now: u64) -> Option<i64> {
        let millis = if self.in_seconds { number.checked_mul(1000)? } else { number };
        if self.from_now { millis.checked_add(i64::try_from(now).ok()?) } else { Some(millis) }
    }

    /// An end in this form. Seconds are rounded: a term of 10 seconds shows 10 for a while.
    pub(super) fn shown(self, end: u64, now: u64) -> i64 {
        let millis = if self.from_now { end.saturating_sub(now) } else { end };
        let number = if self.in_seconds { millis.saturating_add(500) / 1000 } else { millis };
        i64::try_from(number).unwrap_or(i64::MAX)
    }
}

/// What becomes of a term, as options say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Term<'a> {
    /// Nothing is said.
    #[default]
    None,
    /// KEEPTTL.
    Kept,
    /// PERSIST.
    Ended,
    Until(TermForm, &'a [u8]),
}

impl<'a> Term<'a> {
    /// Takes an option: KEEPTTL of a command that sets something, PERSIST of one that does not, or one that announces a
    /// number. Gives what is left of the words; `None` if it makes no sense. The same option twice: the last one holds.
    pub(super) fn take<'w>(&mut self, word: &[u8], rest: &'w [&'a [u8]], sets: bool) -> Option<&'w [&'a [u8]]> {
        let (name, plain) = if sets { ("keepttl", Self::Kept) } else { ("persist", Self::Ended) };
        if is_word(word, name) && matches!(*self, before if before == Self::None || before == plain) {
            *self = plain;
            return Some(rest);
        }
        let form = TermForm::of_option(word)?;
        let (number, rest) = rest.split_first()?;
        let fits = match *self {
            Self::None => true,
            Self::Until(before, _) => before == form,
            Self::Kept | Self::Ended => false,
        };
        *self = Self::Until(form, number);
        fits.then_some(rest)
    }
}

/// The condition for a change of a term: the words NX, XX, GT and LT.
pub(super) fn parse_condition(words: &[&[u8]]) -> Result<TermIf, ErrorReply> {
    let (mut unset, mut set, mut later, mut earlier) = (false, false, false, false);
    for word in words {
        let known = [("nx", &mut unset), ("xx", &mut set), ("gt", &mut later), ("lt", &mut earlier)];
        match known.into_iter().find(|(name, _)| is_word(word, name)) {
            Some((_, flag)) => *flag = true,
            None => return Err(ErrorReply::echo(&[b"Unsupported option ", word])),
        }
    }
    if unset && (set || later || earlier) {
        return Err(ErrorReply::err("NX and XX, GT or LT options at the same time are not compatible"));
    }
    if later && earlier {
        return Err(ErrorReply::err("GT and LT options at the same time are not compatible"));
    }
    Ok(match (set, later, earlier) {
        _ if unset => TermIf::Unset,
        // No term is the longest one: there is none that ends later.
        (_, true, _) => TermIf::Later,
        (true, _, true) => TermIf::SetEarlier,
        (false, _, true) => TermIf::Earlier,
        (true, _, false) => TermIf::Set,
        (false, _, false) => TermIf::Always,
    })
}

pub(super) fn invalid(call: &Keyed<'_>) -> ErrorReply {
    ErrorReply::err(format!("invalid expire time in '{}' command", call.command.full_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded() {
        assert_eq!(TermForm::EX.shown(10_499, 0), 10);
        assert_eq!(TermForm::EX.shown(10_500, 0), 11);
        assert_eq!(TermForm::PX.shown(10_500, 500), 10_000);
        assert_eq!(TermForm::EXAT.shown(u64::MAX, 500), (u64::MAX / 1000) as i64);
        assert_eq!(TermForm::PXAT.shown(10_500, 20_000), 10_500);
        assert_eq!(TermForm::PX.shown(10_500, 20_000), 0);
    }

    #[test]
    fn options_of_terms_exclude_each_other_but_not_themselves() {
        let parse = |words: &[&'static str], sets| {
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            let (mut term, mut left) = (Term::None, &words[..]);
            while let [word, rest @ ..] = left {
                left = term.take(word, rest, sets)?;
            }
            Some(term)
        };
        assert_eq!(parse(&["ex", "1", "EX", "2"], true), Some(Term::Until(TermForm::EX, b"2")));
        assert_eq!(parse(&["KeepTTL", "keepttl"], true), Some(Term::Kept));
        assert_eq!(parse(&["persist"], false), Some(Term::Ended));
        for refused in
            [&["ex", "1", "px", "1"][..], &["keepttl", "ex", "1"], &["ex", "1", "keepttl"], &["ex"], &["persist"]]
        {
            assert_eq!(parse(refused, true), None, "{refused:?}");
        }
    }

    #[test]
    fn conditions_of_terms_add_up() {
        let parse = |words: &[&'static str]| {
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            parse_condition(&words).map_err(|error| String::from_utf8_lossy(error.text()).into_owned())
        };
        assert_eq!(parse(&[]), Ok(TermIf::Always));
        assert_eq!(parse(&["nx", "NX"]), Ok(TermIf::Unset));
        assert_eq!(parse(&["xx"]), Ok(TermIf::Set));
        assert_eq!(parse(&["xx", "lt"]), Ok(TermIf::SetEarlier));
        assert_eq!(parse(&["gt", "xx"]), Ok(TermIf::Later));
        assert_eq!(parse(&["foo", "nx", "xx"]), Err("ERR Unsupported option foo".into()));
        let several = "ERR NX and XX, GT or LT options at the same time are not compatible";
        assert_eq!(parse(&["gt", "lt", "nx"]), Err(several.into()));
    }
}
