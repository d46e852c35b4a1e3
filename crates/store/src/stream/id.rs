//! What names an entry of a stream.

use std::fmt;

/// What names an entry of a stream: a moment and a number, rising from entry to entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds, of the wall clock unless a client says otherwise.
    pub ms: u64,
    /// Which one of that millisecond.
    pub seq: u64,
}

/// The id that a client wants an entry to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// `*`: the moment, or just above the last one.
    Auto,
    /// `ms-*`: the next one of that millisecond.
    Within(u64),
    /// This one.
    Exactly(StreamId),
}

/// A text that is no id, or that ends a range where nothing can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It is no id.
    #[error("ERR Invalid stream ID specified as stream command argument")]
    Invalid,
    /// Nothing is above the highest id.
    #[error("ERR invalid start ID for the interval")]
    AboveAll,
    /// Nothing is below the lowest id.
    #[error("ERR invalid end ID for the interval")]
    BelowAll,
}

/// No id is longer, whatever zeros it begins with.
const TEXT_MAX: usize = 127;

impl StreamId {
    /// The lowest; no entry has it.
    pub const MIN: Self = Self { ms: 0, seq: 0 };
    /// The highest.
    pub const MAX: Self = Self { ms: u64::MAX, seq: u64::MAX };

    /// An id of its two parts.
    #[must_use]
    pub const fn new(ms: u64, seq: u64) -> Self {
        Self { ms, seq }
    }

    /// The one behind it; `None` behind the highest.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => self.ms.checked_add(1).map(|ms| Self { ms, seq: 0 }),
        }
    }

    /// The one before it; `None` before the lowest.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => self.ms.checked_sub(1).map(|ms| Self { ms, seq: u64::MAX }),
        }
    }

    /// Reads `ms-seq`, or `ms`, which is the first of that millisecond.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &[u8]) -> Result<Self, IdError> {
        Self::parse_with(text, 0)
    }

    /// Reads where a range begins: `-`, `+`, an id, or `(` and the id that it begins behind.
    ///
    /// # Errors
    /// When it is none of these, or when nothing can be behind it.
    pub fn parse_start(text: &[u8]) -> Result<Self, IdError> {
        match text {
            [b'(', id @ ..] if !id.is_empty() => Self::parse_with(id, 0)?.next().ok_or(IdError::AboveAll),
            _ => Self::parse_edge(text, 0),
        }
    }

    /// Reads where a range ends: `-`, `+`, an id, or `(` and the id that it ends before. A millisecond without a number is the
    /// last one of it.
    ///
    /// # Errors
    /// When it is none of these, or when nothing can be before it.
    pub fn parse_end(text: &[u8]) -> Result<Self, IdError> {
        match text {
            [b'(', id @ ..] if !id.is_empty() => Self::parse_with(id, u64::MAX)?.previous().ok_or(IdError::BelowAll),
            _ => Self::parse_edge(text, u64::MAX),
        }
    }

    /// Its bytes in the order of ids, as real servers have them in their files.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.ms) << 64 | u128::from(self.seq)).to_be_bytes()
    }

    /// The same, back.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let wide = u128::from_be_bytes(bytes);
        Self { ms: (wide >> 64) as u64, seq: wide as u64 }
    }

    fn parse_edge(text: &[u8], seq: u64) -> Result<Self, IdError> {
        match text {
            b"-" => Ok(Self::MIN),
            b"+" => Ok(Self::MAX),
            _ => Self::parse_with(text, seq),
        }
    }

    /// `seq` is for a millisecond without a number.
    fn parse_with(text: &[u8], seq: u64) -> Result<Self, IdError> {
        let (ms, rest) = split(text).ok_or(IdError::Invalid)?;
        let seq = rest.map_or(Some(seq), number).ok_or(IdError::Invalid)?;
        Ok(Self { ms: number(ms).ok_or(IdError::Invalid)?, seq })
    }
}

impl NewId {
    /// Reads `*`, `ms-*`, `ms-seq` or `ms`, which is the first of that millisecond.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &[u8]) -> Result<Self, IdError> {
        if text == b"*" {
            return Ok(Self::Auto);
        }
        match split(text) {
            Some((ms, Some(b"*"))) => number(ms).map(Self::Within).ok_or(IdError::Invalid),
            _ => StreamId::parse(text).map(Self::Exactly),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// The part before the first hyphen and the one behind it.
fn split(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if text.len() > TEXT_MAX {
        return None;
    }
    Some(match text.iter().position(|byte| *byte == b'-') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    })
}

/// Leading zeros and a plus are taken, as real servers do.
fn number(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_or_two_numbers() {
        assert_eq!(StreamId::parse(b"5"), Ok(StreamId::new(5, 0)));
        assert_eq!(StreamId::parse(b"01-+2"), Ok(StreamId::new(1, 2)));
        assert_eq!(StreamId::parse(b"18446744073709551615-18446744073709551615"), Ok(StreamId::MAX));
        for text in ["", "-", "+", "*", "5-", "-5", "5-*", "5-1x", "5--1", "18446744073709551616-1", " 5", "(5"] {
            assert_eq!(StreamId::parse(text.as_bytes()), Err(IdError::Invalid), "{text:?}");
        }
        assert_eq!(StreamId::parse(&[b'0'; 128]), Err(IdError::Invalid));
    }

    #[test]
    fn a_new_id_may_be_left_to_the_server() {
        assert_eq!(NewId::parse(b"*"), Ok(NewId::Auto));
        assert_eq!(NewId::parse(b"7-*"), Ok(NewId::Within(7)));
        assert_eq!(NewId::parse(b"7"), Ok(NewId::Exactly(StreamId::new(7, 0))));
        for text in ["-", "-*", "*-*", "7-**", "x-*"] {
            assert_eq!(NewId::parse(text.as_bytes()), Err(IdError::Invalid), "{text:?}");
        }
    }

    #[test]
    fn ends_of_ranges_are_within_or_without() {
        assert_eq!(StreamId::parse_start(b"-"), Ok(StreamId::MIN));
        assert_eq!(StreamId::parse_start(b"5"), Ok(StreamId::new(5, 0)));
        assert_eq!(StreamId::parse_start(b"(5"), Ok(StreamId::new(5, 1)));
        assert_eq!(StreamId::parse_end(b"+"), Ok(StreamId::MAX));
        assert_eq!(StreamId::parse_end(b"5"), Ok(StreamId::new(5, u64::MAX)));
        assert_eq!(StreamId::parse_end(b"(5-0"), Ok(StreamId::new(4, u64::MAX)));
        assert_eq!(StreamId::parse_end(b"(0-0"), Err(IdError::BelowAll));
        assert_eq!(StreamId::parse_start(b"(18446744073709551615-18446744073709551615"), Err(IdError::AboveAll));
        for text in ["(-", "(+", "(", "((5"] {
            assert_eq!(StreamId::parse_start(text.as_bytes()), Err(IdError::Invalid), "{text:?}");
        }
    }

    #[test]
    fn ids_follow_each_other_and_have_the_order_of_their_bytes() {
        let ids = [StreamId::MIN, StreamId::new(0, u64::MAX), StreamId::new(1, 0), StreamId::MAX];
        for id in ids {
            assert_eq!(id.next().and_then(StreamId::previous), (id != StreamId::MAX).then_some(id));
            assert_eq!(StreamId::from_bytes(id.to_bytes()), id);
        }
        assert!(ids.is_sorted() && ids.map(StreamId::to_bytes).is_sorted());
        assert_eq!((StreamId::MIN.previous(), StreamId::new(3, 4).to_string().as_str()), (None, "3-4"));
    }
}
