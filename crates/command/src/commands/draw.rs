//! How much is drawn at random.

use super::numbers;
use crate::error_reply::ErrorReply;

/// How many are to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    /// So many different ones, or all there are.
    Distinct(usize),
    /// So many, some of them maybe more than once.
    Repeated(usize),
}

/// More are not drawn with repetition. Real servers go on until they have no memory left.
const REPEATED_MAX: usize = 1 << 24;

impl Draw {
    /// Reads a count: below 0 there may be repetitions.
    pub(super) fn parse(count: &[u8]) -> Result<Self, ErrorReply> {
        let number = numbers::signed_count(count)?;
        let count = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(if number < 0 { Self::Repeated(count) } else { Self::Distinct(count) })
    }

    /// The same where each one that is drawn takes two places in the reply.
    pub(super) fn parse_pairs(count: &[u8]) -> Result<Self, ErrorReply> {
        match Self::parse(count)? {
            Self::Distinct(count) | Self::Repeated(count) if count > isize::MAX as usize / 2 => Err(out_of_range()),
            draw => Ok(draw),
        }
    }

    /// Refuses what would be too much to reply, to be asked where there is something to draw from.
    pub(super) fn check(self) -> Result<(), ErrorReply> {
        if matches!(self, Self::Repeated(count) if count > REPEATED_MAX) { Err(out_of_range()) } else { Ok(()) }
    }
}

fn out_of_range() -> ErrorReply {
    ErrorReply::err("value is out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_below_0_repeat_and_have_limits() {
        assert_eq!(Draw::parse(b"3"), Ok(Draw::Distinct(3)));
        assert_eq!(Draw::parse(b"-3"), Ok(Draw::Repeated(3)));
        assert_eq!(Draw::parse(b"-9223372036854775807"), Ok(Draw::Repeated(isize::MAX as usize)));
        assert!(Draw::parse(b"-9223372036854775808").is_err());
        assert_eq!(Draw::parse_pairs(b"4611686018427387903"), Ok(Draw::Distinct(isize::MAX as usize / 2)));
        assert_eq!(Draw::parse_pairs(b"-4611686018427387904"), Err(out_of_range()));
    }
}
