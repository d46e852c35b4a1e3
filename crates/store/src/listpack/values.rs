//! Walks through a listpack.

use std::ops::Range;

use super::Packed;
use super::codec::{place_before, value_at, whole_size};

/// The values of a [`Listpack`](super::Listpack).
#[derive(Clone, Debug)]
pub struct Values<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) range: Range<usize>,
}

/// The values of a [`Listpack`](super::Listpack) with their places.
#[derive(Clone, Debug)]
pub struct Places<'a>(pub(super) Values<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = Packed<'a>;

    fn next(&mut self) -> Option<Packed<'a>> {
        if self.range.is_empty() {
            return None;
        }
        let place = self.range.start;
        self.range.start += whole_size(self.bytes, place);
        Some(value_at(self.bytes, place))
    }
}

impl DoubleEndedIterator for Values<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        self.range.end = place_before(self.bytes, self.range.end);
        Some(value_at(self.bytes, self.range.end))
    }
}

impl<'a> Iterator for Places<'a> {
    type Item = (usize, Packed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.0.range.start;
        Some((place, self.0.next()?))
    }
}

impl DoubleEndedIterator for Places<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let value = self.0.next_back()?;
        Some((self.0.range.end, value))
    }
}
