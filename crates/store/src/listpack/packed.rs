//! Values of a listpack.

use std::borrow::Cow;
use std::io::Write as _;

/// A value in a listpack. What looks like a number is kept as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packed<'a> {
    /// A number, written as [`i64`] is.
    Number(i64),
    /// Any other text.
    Text(&'a [u8]),
}

/// A text that is looked for among values. Whoever made a listpack may have kept as a text what is a number: it is found either
/// way, without a look at the digits for each value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'a> {
    text: &'a [u8],
    number: Option<i64>,
}

/// A number as it is written, without memory of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberText {
    bytes: [u8; 20],
    length: usize,
}

impl<'a> Packed<'a> {
    /// A text, as it would be kept.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        canonical_number(text).map_or(Self::Text(text), Self::Number)
    }

    /// The value as a text.
    #[must_use]
    pub fn text(self) -> Cow<'a, [u8]> {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.to_string().into_bytes().into(),
        }
    }

    /// The same value as everybody would have it: tables give numbers as texts.
    pub(crate) fn normal(self) -> Self {
        match self {
            Self::Text(text) => Self::of(text),
            Self::Number(_) => self,
        }
    }
}

impl Packed<'_> {
    /// The value as a text of its own.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        self.text().into_owned()
    }

    /// Reads the value as a text, without memory for that.
    pub fn with_text<R>(self, read: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Number(number) => read(NumberText::new(number).as_ref()),
            Self::Text(text) => read(text),
        }
    }

    /// Bytes of the value as a text.
    #[must_use]
    pub fn text_len(self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Number(number) => {
                number.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1 + usize::from(number < 0)
            }
        }
    }

    /// Bytes that it takes in a listpack, at most.
    pub(super) fn packed_max(self) -> usize {
        match self {
            Self::Number(_) => 10,
            Self::Text(text) => text.len() + 10,
        }
    }
}

impl<'a> Sought<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, number: canonical_number(text) }
    }

    pub(crate) fn is(self, value: Packed<'_>) -> bool {
        match value {
            Packed::Number(number) => self.number == Some(number),
            Packed::Text(text) => self.text == text,
        }
    }
}

impl NumberText {
    pub(crate) fn new(number: i64) -> Self {
        let mut bytes = [0; 20];
        let mut rest = &mut bytes[..];
        write!(rest, "{number}").expect("the longest number has 20 characters");
        let length = 20 - rest.len();
        Self { bytes, length }
    }
}

impl AsRef<[u8]> for NumberText {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The number that a text is, if it is just how that number is written. The same rules as those of
/// `parse_integer` in `resp`, which reads what clients write: this crate knows nothing of clients.
pub(crate) fn canonical_number(text: &[u8]) -> Option<i64> {
    // The longest is that of `i64::MIN`.
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    str::from_utf8(text).ok().filter(|_| canonical)?.parse().ok()
}
