//! The fields that a request names at its end: `FIELDS`, how many, and the fields.

use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;

/// The fields that a request names at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'w, 'a> {
    /// How many, as it is written.
    number: &'a [u8],
    /// The fields, with their values if they have some.
    words: &'w [&'a [u8]],
}

impl<'w, 'a> Block<'w, 'a> {
    /// Parts the words of a request where the block begins: options stand before it.
    ///
    /// # Errors
    /// When there is none. Nothing is said of the options then.
    pub(super) fn split(words: &'w [&'a [u8]]) -> Result<(&'w [&'a [u8]], Self), ErrorReply> {
        let place = words.iter().position(|word| is_word(word, "fields")).unwrap_or(words.len());
        match words.split_at(place) {
            (options, [_, number, words @ ..]) => Ok((options, Self { number, words })),
            _ => Err(mismatch()),
        }
    }

    /// The block of a request that has nothing else.
    ///
    /// # Errors
    /// When something stands before it.
    pub(super) fn alone(words: &'w [&'a [u8]]) -> Result<Self, ErrorReply> {
        match Self::split(words) {
            Ok(([], block)) => Ok(block),
            _ => Err(ErrorReply::syntax()),
        }
    }

    /// The names of the fields.
    ///
    /// # Errors
    /// When they are not as many as the number says.
    pub(super) fn names(self) -> Result<&'w [&'a [u8]], ErrorReply> {
        self.words(1)
    }

    /// The names of the fields, each with a value behind it.
    ///
    /// # Errors
    /// When they are not as many as the number says.
    pub(super) fn pairs(self) -> Result<&'w [&'a [u8]], ErrorReply> {
        self.words(2)
    }

    fn words(self, each: usize) -> Result<&'w [&'a [u8]], ErrorReply> {
        let number = numbers::integer(self.number)?;
        let words = usize::try_from(number).ok().and_then(|number| number.checked_mul(each));
        if number > 0 && words == Some(self.words.len()) { Ok(self.words) } else { Err(mismatch()) }
    }
}

/// What commands say to a number of fields that does not fit.
fn mismatch() -> ErrorReply {
    ErrorReply::err("numfields should be greater than 0 and match the provided number of fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_before_the_fields_and_the_number_fits() {
        let words: [&[u8]; 6] = [b"NX", b"fields", b"2", b"a", b"fields", b"x"];
        let (options, block) = Block::split(&words).expect("there is a block");
        assert_eq!(options, &words[..1]);
        assert_eq!(block.names(), Err(mismatch()));
        let (_, block) = Block::split(&words[..5]).expect("there is a block");
        assert_eq!(block.names(), Ok(&words[3..5]));
        assert_eq!(block.pairs(), Err(mismatch()));
        assert_eq!(Block::alone(&words), Err(ErrorReply::syntax()));
        assert!(Block::alone(&words[1..]).is_ok());
        assert_eq!(Block::split(&words[..2]), Err(mismatch()), "there is no number");
    }
}
