//! Walks through a listpack.

use std::ops::Range;

use super::Packed;
use super::codec::{place_before, place_behind, read_at};

/// The values of a [`Listpack`](super::Listpack).
#[derive(Clone, Debug)]
pub struct Values<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) range: Range<usize>,
}

/// The values of a [`Listpack`](super::Listpack) with their places.
#[derive(Clone, Debug)]
pub struct Places<'a>(pub(super) Values<'a>);

impl Values<'_> {
    /// Passes by so many values, or all that are left.
    pub(crate) fn skip_front(&mut self, count: usize) {
        for _ in 0..count {
            if self.range.is_empty() {
                return;
            }
            self.range.start = place_behind(self.bytes, self.range.start);
        }
    }

    /// The same from the end.
    pub(crate) fn skip_back(&mut self, count: usize) {
        for _ in 0..count {
            if self.range.is_empty() {
                return;
            }
            self.range.end = place_before(self.bytes, self.range.end);
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Packed<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packed<'a>> {
        if self.range.is_empty() {
            return None;
        }
        let (value, behind) = read_at(self.bytes, self.range.start);
        self.range.start = behind;
        Some(value)
    }

    fn nth(&mut self, count: usize) -> Option<Packed<'a>> {
        self.skip_front(count);
        self.next()
    }
}

impl DoubleEndedIterator for Values<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        self.range.end = place_before(self.bytes, self.range.end);
        Some(read_at(self.bytes, self.range.end).0)
    }

    fn nth_back(&mut self, count: usize) -> Option<Self::Item> {
        self.skip_back(count);
        self.next_back()
    }
}

impl<'a> Iterator for Places<'a> {
    type Item = (usize, Packed<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let place = self.0.range.start;
        Some((place, self.0.next()?))
    }

    fn nth(&mut self, count: usize) -> Option<Self::Item> {
        self.0.skip_front(count);
        self.next()
    }
}

impl DoubleEndedIterator for Places<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let value = self.0.next_back()?;
        Some((self.0.range.end, value))
    }

    fn nth_back(&mut self, count: usize) -> Option<Self::Item> {
        self.0.skip_back(count);
        self.next_back()
    }
}
