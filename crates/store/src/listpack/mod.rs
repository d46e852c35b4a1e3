//! Many short values in one piece of memory, in the format that real servers call listpack.
//!
//! Having their format costs nothing and saves a conversion wherever values are handed over: in RDB files, in DUMP
//! payloads, to replicas.
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the whole, little endian |
//! | 2 | how many values; 65535 for "count them" |
//! | | the values |
//! | 1 | 255 |
//!
//! A value is a head that says what follows, what follows, and the length of both, to be read backwards.

mod codec;
mod packed;
mod values;

use std::ops::Range;

pub use packed::Packed;
pub(crate) use packed::{NumberText, Sought, canonical_number};
pub use values::{Places, Values};

use codec::{back_bytes, encode, encoded, place_before, size_at, value_at, whole_size};

/// Many short values in one piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listpack(Vec<u8>);

/// Bytes that are no listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged listpack at byte {at}")]
pub struct DamagedListpack {
    /// Where.
    pub at: usize,
}

const HEAD: usize = 6;
const END: u8 = 255;
/// A count that says nothing.
const UNCOUNTED: u16 = u16::MAX;

impl Default for Listpack {
    fn default() -> Self {
        Self(vec![7, 0, 0, 0, 0, 0, END])
    }
}

impl Listpack {
    /// What holds others keeps them in another way when they take more bytes, whatever its limits say.
    pub(crate) const BYTES_MAX: usize = 1 << 30;

    /// Takes bytes that somebody else has made.
    ///
    /// # Errors
    /// When they are no listpack; every value is looked at.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DamagedListpack> {
        let damaged = |at| DamagedListpack { at };
        let length = bytes.first_chunk().map(|length| u32::from_le_bytes(*length) as usize);
        if length != Some(bytes.len()) || bytes.len() <= HEAD || bytes.last() != Some(&END) {
            return Err(damaged(0));
        }
        let (end, mut at, mut count) = (bytes.len() - 1, HEAD, 0_usize);
        while at < end {
            let size = size_at(&bytes[..end], at).filter(|size| *size <= end - at).ok_or(damaged(at))?;
            let back = back_bytes(size);
            if bytes[..end].get(at + size..at + size + back.len()) != Some(&back) {
                return Err(damaged(at));
            }
            at += size + back.len();
            count += 1;
        }
        let said = u16::from_le_bytes([bytes[4], bytes[5]]);
        if said != UNCOUNTED && usize::from(said) != count {
            return Err(damaged(4));
        }
        Ok(Self(bytes))
    }

    /// Its bytes, as real servers have them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes of memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match u16::from_le_bytes([self.0[4], self.0[5]]) {
            UNCOUNTED => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEAD + 1
    }

    /// The values, from both ends.
    #[must_use]
    pub fn iter(&self) -> Values<'_> {
        Values { bytes: &self.0, range: HEAD..self.0.len() - 1 }
    }

    /// The values with their places, from both ends. A place is good until the listpack is changed before or at it.
    #[must_use]
    pub fn places(&self) -> Places<'_> {
        Places(self.iter())
    }

    /// The place of the value at that index.
    #[must_use]
    pub fn place(&self, index: usize) -> Option<usize> {
        self.places().nth(index).map(|(place, _)| place)
    }

    /// The place behind the last value, where another one can be put.
    #[must_use]
    pub fn end(&self) -> usize {
        self.0.len() - 1
    }

    /// The value at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<Packed<'_>> {
        (place < self.end()).then(|| value_at(&self.0, place))
    }

    /// The place of the value behind the one at a place.
    #[must_use]
    pub fn next(&self, place: usize) -> usize {
        place + whole_size(&self.0, place)
    }

    /// The place of the value before the one at a place or at [`Listpack::end`]; the first has none.
    #[must_use]
    pub fn previous(&self, place: usize) -> Option<usize> {
        (place > HEAD).then(|| place_before(&self.0, place))
    }

    /// Whether a text is there twice among every `step`-th one. Takes as long as sorting them.
    pub(crate) fn has_doubles(&self, step: usize) -> bool {
        let mut texts: Vec<_> = self.iter().step_by(step).map(Packed::to_vec).collect();
        texts.sort_unstable();
        texts.windows(2).any(|two| two[0] == two[1])
    }

    /// Adds many values at the end, with some room for more: [`Listpack::shrink`] gives it back.
    pub fn append<'v>(&mut self, values: impl IntoIterator<Item = Packed<'v>>) {
        let mut more = 0_u16;
        self.0.pop();
        for value in values {
            let room = self.0.capacity() - self.0.len();
            let needed = value.packed_max();
            if room < needed {
                // By a quarter, so that what is added bit by bit is not copied each time.
                self.0.reserve_exact(needed.max(self.0.len() / 4));
            }
            encode(&mut self.0, value);
            more = more.saturating_add(1);
        }
        self.0.push(END);
        self.note_length();
        let said = u16::from_le_bytes([self.0[4], self.0[5]]);
        self.0[4..HEAD].copy_from_slice(&said.saturating_add(more).to_le_bytes());
    }

    /// Replaces the value at a place by a number.
    pub fn replace_number(&mut self, place: usize, number: i64) {
        let mut bytes = Vec::with_capacity(10);
        encode(&mut bytes, Packed::Number(number));
        let range = place..self.next(place);
        if bytes.len() == range.len() {
            self.0[range].copy_from_slice(&bytes);
        } else {
            self.splice(range, &bytes, 0);
        }
    }

    /// Adds a value at the end.
    pub fn push_back(&mut self, text: &[u8]) {
        self.insert(self.end(), text);
    }

    /// Adds a value at the beginning.
    pub fn push_front(&mut self, text: &[u8]) {
        self.insert(HEAD, text);
    }

    /// Puts a value before the one at a place, or at [`Listpack::end`].
    pub fn insert(&mut self, place: usize, text: &[u8]) {
        self.splice(place..place, &encoded(text), 1);
    }

    /// Replaces the value at a place.
    pub fn replace(&mut self, place: usize, text: &[u8]) {
        self.splice(place..self.next(place), &encoded(text), 0);
    }

    /// Takes out so many values from a place on.
    pub fn remove(&mut self, place: usize, count: usize) {
        let (mut end, mut gone) = (place, 0);
        while gone < count && end < self.end() {
            end = self.next(end);
            gone += 1;
        }
        self.splice(place..end, &[], -(gone as isize));
    }

    /// The values between two places, from both ends.
    #[must_use]
    pub(crate) fn between(&self, places: Range<usize>) -> Values<'_> {
        Values { bytes: &self.0, range: places }
    }

    /// Adds the values of another one at the end.
    pub(crate) fn append_all(&mut self, other: &Self) {
        self.splice(self.end()..self.end(), &other.0[HEAD..other.end()], other.len().cast_signed());
    }

    /// Takes out all values that are not to be kept; tells how many went. One walk, however many go.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Packed<'_>) -> bool) -> usize {
        let (mut from, mut to, mut gone) = (HEAD, HEAD, 0);
        while from < self.end() {
            let next = self.next(from);
            if keep(value_at(&self.0, from)) {
                self.0.copy_within(from..next, to);
                to += next - from;
            } else {
                gone += 1;
            }
            from = next;
        }
        self.splice(to..from, &[], -(gone as isize));
        gone
    }

    /// Gives memory back that is not used.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn splice(&mut self, range: Range<usize>, with: &[u8], more: isize) {
        let said = u16::from_le_bytes([self.0[4], self.0[5]]);
        // Memory is given exactly: what is packed is packed to be small.
        self.0.reserve_exact(with.len().saturating_sub(range.len()));
        self.0.splice(range, with.iter().copied());
        self.note_length();
        let count = if said == UNCOUNTED {
            // Real servers count again when somebody asks; then it may fit again.
            self.iter().count()
        } else {
            usize::from(said).saturating_add_signed(more)
        };
        let count = u16::try_from(count).unwrap_or(UNCOUNTED);
        self.0[4..HEAD].copy_from_slice(&count.to_le_bytes());
    }

    fn note_length(&mut self) {
        let length = u32::try_from(self.0.len()).expect("listpacks are kept far below 4 GiB");
        self.0[..4].copy_from_slice(&length.to_le_bytes());
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Listpack {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut bytes = vec![0; HEAD];
        let mut count = 0_usize;
        for text in texts {
            bytes.extend_from_slice(&encoded(text.as_ref()));
            count += 1;
        }
        bytes.push(END);
        let length = u32::try_from(bytes.len()).expect("listpacks are kept far below 4 GiB");
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes[4..HEAD].copy_from_slice(&u16::try_from(count).unwrap_or(UNCOUNTED).to_le_bytes());
        bytes.shrink_to_fit();
        Self(bytes)
    }
}

#[cfg(test)]
mod tests;
