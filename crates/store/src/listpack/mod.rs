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
mod view;

use std::ops::Range;

pub(crate) use codec::Encoded;
pub use packed::Packed;
pub(crate) use packed::{NumberText, Sought, canonical_number};
pub use values::{Places, Values};
pub use view::ListpackRef;

use crate::room::{give_back, make_room, whole_room};
use crate::seen::seen_as;
use codec::{back_bytes, place_behind, read_at, size_at};

/// Many short values in one piece of memory, in which somebody else's bytes may go before them.
#[derive(Debug, Default)]
pub struct Listpack {
    /// Up to `start` somebody else's; then the values, or nothing where there is none.
    bytes: Vec<u8>,
    start: usize,
}

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
const EMPTY: [u8; HEAD + 1] = [7, 0, 0, 0, 0, 0, END];

impl Clone for Listpack {
    /// Its values alone.
    fn clone(&self) -> Self {
        Self { bytes: self.as_bytes().to_vec(), start: 0 }
    }
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl Eq for Listpack {}

impl Listpack {
    /// What holds others keeps them in another way when they take more bytes, whatever its limits say.
    pub(crate) const BYTES_MAX: usize = 1 << 30;
    /// The place of the first value, if there is one.
    pub(crate) const FIRST: usize = HEAD;

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
            let back = back.as_slice();
            if bytes[..end].get(at + size..at + size + back.len()) != Some(back) {
                return Err(damaged(at));
            }
            at += size + back.len();
            count += 1;
        }
        let said = u16::from_le_bytes([bytes[4], bytes[5]]);
        if said != UNCOUNTED && usize::from(said) != count {
            return Err(damaged(4));
        }
        Ok(Self { bytes, start: 0 })
    }

    /// Takes memory in which a listpack begins at a place; behind it there may be room for more.
    pub(crate) fn within(memory: Box<[u8]>, start: usize) -> Self {
        let mut bytes = memory.into_vec();
        let length = view_within(&bytes[start..]).as_bytes().len();
        bytes.truncate(start + length);
        Self { bytes, start }
    }

    /// Its memory, and where it begins there.
    pub(crate) fn into_memory(self) -> (Vec<u8>, usize) {
        (self.bytes, self.start)
    }

    /// The same, to look at.
    #[must_use]
    pub fn view(&self) -> ListpackRef<'_> {
        let own = &self.bytes[self.start..];
        ListpackRef(if own.is_empty() { &EMPTY } else { own })
    }

    seen_as! { ListpackRef:
        as_bytes() -> &[u8];
        len() -> usize;
        is_empty() -> bool;
        iter() -> Values<'_>;
        places() -> Places<'_>;
        place(index: usize) -> Option<usize>;
        end() -> usize;
        get(place: usize) -> Option<Packed<'_>>;
        next(place: usize) -> usize;
        previous(place: usize) -> Option<usize>;
    }

    /// Bytes of memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds many values at the end, with some room for more: [`Listpack::shrink`] gives it back.
    pub fn append<'v>(&mut self, values: impl IntoIterator<Item = Packed<'v>>) {
        let mut more = 0_u16;
        self.begin();
        self.bytes.pop();
        for value in values {
            let value = Encoded::new(value);
            let room = self.bytes.capacity() - self.bytes.len();
            let needed = value.len() + 1;
            if room < needed {
                // By a quarter, so that what is added bit by bit is not copied each time.
                self.bytes.reserve_exact(needed.max(self.bytes.len() / 4));
            }
            value.push_to(&mut self.bytes);
            more = more.saturating_add(1);
        }
        self.bytes.push(END);
        let count = self.said().saturating_add(more);
        self.note(count);
    }

    /// Replaces the value at a place by a number.
    pub fn replace_number(&mut self, place: usize, number: i64) {
        let value = Encoded::of_number(number);
        if place_behind(self.as_bytes(), place) - place == value.len() {
            value.write(&mut self.bytes[self.start + place..]);
        } else {
            self.put(place..self.next(place), &[value], 0);
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
        self.insert_all(place, [Encoded::new(Packed::Text(text))]);
    }

    /// The same with some values at once.
    pub(crate) fn insert_all<const N: usize>(&mut self, place: usize, values: [Encoded<'_>; N]) {
        self.put(place..place, &values, N.cast_signed());
    }

    /// Replaces the value at a place.
    pub fn replace(&mut self, place: usize, text: &[u8]) {
        self.put(place..self.next(place), &[Encoded::new(Packed::Text(text))], 0);
    }

    /// Takes out so many values from a place on.
    pub fn remove(&mut self, place: usize, count: usize) {
        let (mut end, mut gone) = (place, 0);
        while gone < count && end < self.end() {
            end = self.next(end);
            gone += 1;
        }
        self.put(place..end, &[], -(gone as isize));
    }

    /// Adds the values of another one at the end.
    pub(crate) fn append_all(&mut self, other: &Self) {
        let (end, values) = (self.end(), &other.as_bytes()[HEAD..other.end()]);
        self.open(end..end, values.len()).copy_from_slice(values);
        self.count_more(other.len().cast_signed());
    }

    /// Takes out all values that are not to be kept; tells how many went. One walk, however many go.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Packed<'_>) -> bool) -> usize {
        let (mut from, mut to, mut gone) = (HEAD, HEAD, 0);
        while from < self.end() {
            let (value, next) = read_at(self.as_bytes(), from);
            if keep(value) {
                self.bytes[self.start..].copy_within(from..next, to);
                to += next - from;
            } else {
                gone += 1;
            }
            from = next;
        }
        self.put(to..from, &[], -(gone as isize));
        gone
    }

    /// Takes memory for so many bytes in all.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve_exact(whole_room(bytes).saturating_sub(self.bytes.len()));
    }

    /// Gives memory back that is not used.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Puts values in the place of others; so many more there are then.
    fn put(&mut self, range: Range<usize>, values: &[Encoded<'_>], more: isize) {
        let mut to = self.open(range, values.iter().map(Encoded::len).sum());
        for value in values {
            to = value.write(to);
        }
        self.count_more(more);
    }

    /// Has a range of bytes be so long, and gives it.
    fn open(&mut self, range: Range<usize>, length: usize) -> &mut [u8] {
        self.begin();
        let (place, end, all) = (self.start + range.start, self.start + range.end, self.bytes.len());
        if let Some(less) = range.len().checked_sub(length) {
            if less > 0 {
                self.bytes.copy_within(end..all, end - less);
                self.bytes.truncate(all - less);
                give_back(&mut self.bytes);
            }
        } else {
            let more = length - range.len();
            make_room(&mut self.bytes, more);
            self.bytes.resize(all + more, 0);
            self.bytes.copy_within(end..all, end + more);
        }
        &mut self.bytes[place..place + length]
    }

    /// Writes what an empty one has.
    fn begin(&mut self) {
        if self.bytes.len() == self.start {
            make_room(&mut self.bytes, EMPTY.len());
            self.bytes.extend_from_slice(&EMPTY);
        }
    }

    fn count_more(&mut self, more: isize) {
        let count = match self.said() {
            // Real servers count again when somebody asks; then it may fit again.
            UNCOUNTED => self.iter().count(),
            said => usize::from(said).saturating_add_signed(more),
        };
        self.note(u16::try_from(count).unwrap_or(UNCOUNTED));
    }

    /// The count that its head says.
    fn said(&self) -> u16 {
        let bytes = self.as_bytes();
        u16::from_le_bytes([bytes[4], bytes[5]])
    }

    /// Writes its length and count.
    fn note(&mut self, count: u16) {
        let own = &mut self.bytes[self.start..];
        let length = u32::try_from(own.len()).expect("listpacks are kept far below 4 GiB");
        own[..4].copy_from_slice(&length.to_le_bytes());
        own[4..HEAD].copy_from_slice(&count.to_le_bytes());
    }
}

/// A listpack that was put into memory, where there may be something behind it.
pub(crate) fn view_within(bytes: &[u8]) -> ListpackRef<'_> {
    let length = bytes.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    ListpackRef(bytes.get(..length).filter(|own| own.len() >= EMPTY.len()).unwrap_or(&EMPTY))
}

impl<T: AsRef<[u8]>> FromIterator<T> for Listpack {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut pack = Self { bytes: EMPTY[..HEAD].to_vec(), start: 0 };
        let mut count = 0_usize;
        for text in texts {
            Encoded::new(Packed::Text(text.as_ref())).push_to(&mut pack.bytes);
            count += 1;
        }
        pack.bytes.push(END);
        pack.bytes.shrink_to_fit();
        pack.note(u16::try_from(count).unwrap_or(UNCOUNTED));
        pack
    }
}

#[cfg(test)]
mod tests;
