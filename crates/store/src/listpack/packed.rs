//! Values of a listpack.

use std::borrow::Cow;

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
    bytes: [u8; Self::BYTES],
    start: usize,
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
            Self::Number(number) => NumberText::new(number).as_ref().to_vec().into(),
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
}

impl<'a> Sought<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, number: canonical_number(text) }
    }

    /// What stands before it wherever it is, if it is a short text that is no number.
    pub(super) fn short_head(self) -> Option<u8> {
        (self.number.is_none() && self.text.len() < 64).then_some(0x80 | self.text.len() as u8)
    }

    #[inline]
    pub(crate) fn is(self, value: Packed<'_>) -> bool {
        match value {
            Packed::Number(number) => self.number == Some(number),
            // Texts that are kept together often begin alike: the last byte tells most of them apart.
            Packed::Text(text) => text.len() == self.text.len() && text.last() == self.text.last() && text == self.text,
        }
    }
}

impl NumberText {
    pub(crate) fn new(number: i64) -> Self {
        let (mut bytes, mut start, mut rest) = ([0; Self::BYTES], Self::BYTES, number.unsigned_abs());
        loop {
            start -= 1;
            bytes[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            start -= 1;
            bytes[start] = b'-';
        }
        Self { bytes, start }
    }

    /// Of the longest number.
    const BYTES: usize = 20;
}

impl AsRef<[u8]> for NumberText {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..]
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
