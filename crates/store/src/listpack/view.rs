//! Looking at a listpack.

use std::ops::Range;

use super::codec::{place_before, place_behind, read_at};
use super::{HEAD, Packed, Places, Sought, UNCOUNTED, Values};

/// A [`Listpack`](super::Listpack), wherever its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListpackRef<'a>(pub(super) &'a [u8]);

impl<'a> ListpackRef<'a> {
    /// Its bytes, as real servers have them.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// How many values there are.
    #[must_use]
    pub fn len(self) -> usize {
        match u16::from_le_bytes([self.0[4], self.0[5]]) {
            UNCOUNTED => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.len() == HEAD + 1
    }

    /// The values, from both ends.
    #[must_use]
    pub fn iter(self) -> Values<'a> {
        self.between(HEAD..self.end())
    }

    /// The values with their places, from both ends. A place is good until the listpack is changed before or at it.
    #[must_use]
    pub fn places(self) -> Places<'a> {
        Places(self.iter())
    }

    /// The place of the value at that index.
    #[must_use]
    pub fn place(self, index: usize) -> Option<usize> {
        let mut values = self.iter();
        values.skip_front(index);
        Some(values.range.start).filter(|place| *place < self.end())
    }

    /// The place behind the last value, where another one can be put.
    #[must_use]
    pub fn end(self) -> usize {
        self.0.len() - 1
    }

    /// The value at a place.
    #[must_use]
    #[inline]
    pub fn get(self, place: usize) -> Option<Packed<'a>> {
        (place < self.end()).then(|| read_at(self.0, place).0)
    }

    /// The number at a place, and the place behind it; 0 where there is no number.
    pub(crate) fn number(self, place: usize) -> (i64, usize) {
        match read_at(self.0, place) {
            (Packed::Number(number), behind) => (number, behind),
            (Packed::Text(_), behind) => (0, behind),
        }
    }

    /// The place of the value behind the one at a place.
    #[must_use]
    #[inline]
    pub fn next(self, place: usize) -> usize {
        place_behind(self.0, place)
    }

    /// The place of the value before the one at a place or at [`ListpackRef::end`]; the first has none.
    #[must_use]
    pub fn previous(self, place: usize) -> Option<usize> {
        (place > HEAD).then(|| place_before(self.0, place))
    }

    /// The values between two places, from both ends.
    pub(crate) fn between(self, places: Range<usize>) -> Values<'a> {
        Values { bytes: self.0, range: places }
    }

    /// The place of the value at an offset among so many, looked for from the nearer end; the end for none.
    pub(crate) fn place_among(self, count: usize, offset: usize) -> usize {
        let mut values = self.iter();
        if offset <= count / 2 {
            values.skip_front(offset);
            return values.range.start;
        }
        values.skip_back(count.saturating_sub(offset));
        values.range.end
    }

    /// The place of the first value that is this text, of every `step`-th one.
    pub(crate) fn find(self, text: &[u8], step: usize) -> Option<usize> {
        let (sought, end, mut place) = (Sought::new(text), self.end(), HEAD);
        let short_head = sought.short_head();
        while place < end {
            // Most are told apart by what stands before the text.
            let may_be = short_head.is_none_or(|head| head == self.0[place]);
            if may_be && sought.is(read_at(self.0, place).0) {
                return Some(place);
            }
            for _ in 0..step {
                if place < end {
                    place = place_behind(self.0, place);
                }
            }
        }
        None
    }

    /// Whether a text is there twice among every `step`-th one. Takes as long as sorting them.
    pub(crate) fn has_doubles(self, step: usize) -> bool {
        let mut texts: Vec<_> = self.iter().step_by(step).map(Packed::to_vec).collect();
        texts.sort_unstable();
        texts.windows(2).any(|two| two[0] == two[1])
    }
}
