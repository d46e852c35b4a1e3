//! A set of numbers.

use crate::room::{give_back, make_room, room_for};
use crate::seen::seen_as;

/// Numbers in order, in the format that real servers call intset, all as wide as the widest has to be. All little endian:
///
/// | bytes | |
/// |---|---|
/// | 4 | bytes of a number: 2, 4 or 8 |
/// | 4 | how many there are |
/// | | they |
///
/// Somebody else's bytes may go before them in the same piece of memory.
#[derive(Debug, Default)]
pub struct IntSet {
    /// Up to `start` somebody else's; then the set, or nothing where there is none.
    bytes: Vec<u8>,
    start: usize,
}

/// An [`IntSet`], wherever its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntSetRef<'a>(&'a [u8]);

/// Bytes that are no set of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged set of numbers")]
pub struct DamagedIntSet;

const HEAD: usize = 8;

const EMPTY: [u8; HEAD] = [2, 0, 0, 0, 0, 0, 0, 0];

impl Clone for IntSet {
    /// Its numbers alone.
    fn clone(&self) -> Self {
        Self { bytes: self.as_bytes().to_vec(), start: 0 }
    }
}

impl PartialEq for IntSet {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl Eq for IntSet {}

impl IntSet {
    /// Takes bytes that somebody else has made.
    ///
    /// # Errors
    /// When they are no set of numbers; every one is looked at.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DamagedIntSet> {
        if size_within(&bytes) != Some(bytes.len()) {
            return Err(DamagedIntSet);
        }
        let set = Self { bytes, start: 0 };
        if set.iter().is_sorted_by(|one, other| one < other) { Ok(set) } else { Err(DamagedIntSet) }
    }

    /// Takes memory in which a set begins at a place; behind it there may be room for more.
    pub(crate) fn within(memory: Box<[u8]>, start: usize) -> Self {
        let mut bytes = memory.into_vec();
        let length = ints_within(&bytes[start..]).as_bytes().len();
        bytes.truncate(start + length);
        Self { bytes, start }
    }

    /// Its memory, and where it begins there.
    pub(crate) fn into_memory(self) -> (Vec<u8>, usize) {
        (self.bytes, self.start)
    }

    /// The same, to look at.
    #[must_use]
    pub fn view(&self) -> IntSetRef<'_> {
        let own = &self.bytes[self.start..];
        IntSetRef(if own.is_empty() { &EMPTY } else { own })
    }

    seen_as! { IntSetRef:
        as_bytes() -> &[u8];
        len() -> usize;
        is_empty() -> bool;
        iter() -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator;
        contains(number: i64) -> bool;
    }

    /// Adds a number; tells whether it is new. Moves those behind it.
    pub(super) fn insert(&mut self, number: i64) -> bool {
        let Err(index) = self.view().search(number) else { return false };
        let needed = width_of(number);
        if self.bytes.len() == self.start {
            self.bytes.extend_from_slice(&EMPTY);
        }
        if needed > self.view().width() {
            self.widen(needed);
        }
        let width = self.view().width();
        let (at, all) = (self.start + HEAD + index * width, self.bytes.len());
        make_room(&mut self.bytes, width);
        self.bytes.resize(all + width, 0);
        self.bytes.copy_within(at..all, at + width);
        self.bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
        self.count();
        true
    }

    /// Takes a number out; tells whether it was there. Moves those behind it.
    pub(super) fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.view().search(number) else { return false };
        let width = self.view().width();
        let at = self.start + HEAD + index * width;
        self.bytes.drain(at..at + width);
        give_back(&mut self.bytes);
        self.count();
        true
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn widen(&mut self, width: usize) {
        let mut bytes = Vec::with_capacity(room_for(self.start + HEAD + (self.len() + 1) * width));
        bytes.extend_from_slice(&self.bytes[..self.start]);
        bytes.extend_from_slice(&[width as u8, 0, 0, 0, 0, 0, 0, 0]);
        self.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
        self.bytes = bytes;
    }

    fn count(&mut self) {
        let count = u32::try_from(self.len_by_bytes()).expect("sets of numbers are kept far below 4 GiB");
        self.bytes[self.start + 4..self.start + HEAD].copy_from_slice(&count.to_le_bytes());
    }

    fn len_by_bytes(&self) -> usize {
        (self.bytes.len() - self.start - HEAD) / self.view().width()
    }
}

impl<'a> IntSetRef<'a> {
    /// Its bytes, as real servers have them.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// How many numbers there are.
    #[must_use]
    pub fn len(self) -> usize {
        (self.0.len() - HEAD) / self.width()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.len() == HEAD
    }

    /// The numbers, in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + use<'a> {
        self.0[HEAD..].chunks_exact(self.width()).map(number)
    }

    /// The number at an index.
    #[must_use]
    pub fn get(self, index: usize) -> Option<i64> {
        let at = HEAD + index.checked_mul(self.width())?;
        self.0.get(at..at + self.width()).map(number)
    }

    /// Whether a number is there.
    #[must_use]
    pub fn contains(self, number: i64) -> bool {
        self.search(number).is_ok()
    }

    fn width(self) -> usize {
        usize::from(self.0[0])
    }

    fn search(self, wanted: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).map(|number| number.cmp(&wanted)) {
                Some(std::cmp::Ordering::Equal) => return Ok(middle),
                Some(std::cmp::Ordering::Less) => low = middle + 1,
                _ => high = middle,
            }
        }
        Err(low)
    }
}

/// A set of numbers that was put into memory, where there may be something behind it.
pub(crate) fn ints_within(bytes: &[u8]) -> IntSetRef<'_> {
    IntSetRef(size_within(bytes).and_then(|size| bytes.get(..size)).unwrap_or(&EMPTY))
}

/// How many bytes the set has whose head some bytes begin with.
fn size_within(bytes: &[u8]) -> Option<usize> {
    let word = |at: usize| bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_le_bytes(*word) as usize);
    match (word(0)?, word(4)?) {
        (width @ (2 | 4 | 8), count) => count.checked_mul(width)?.checked_add(HEAD),
        _ => None,
    }
}

impl FromIterator<i64> for IntSet {
    /// In any order.
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> Self {
        let mut numbers: Vec<_> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let ends = numbers.first().into_iter().chain(numbers.last());
        let width = ends.map(|number| width_of(*number)).max().unwrap_or(2);
        let mut bytes = Vec::with_capacity(HEAD + numbers.len() * width);
        bytes.extend_from_slice(&[width as u8, 0, 0, 0, 0, 0, 0, 0]);
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
        let mut set = Self { bytes, start: 0 };
        set.count();
        set
    }
}

/// A number of 2, 4 or 8 bytes.
fn number(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[8 - bytes.len()..].copy_from_slice(bytes);
    i64::from_le_bytes(wide) >> (64 - 8 * bytes.len())
}

fn width_of(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What Valkey 9.1.2 puts behind the type of a set in `DUMP`, after `SADD s 3 -1 70000`.
    #[test]
    fn it_is_what_real_servers_have() {
        let set: IntSet = [3, -1, 70_000].into_iter().collect();
        let real = [4, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0, 0x70, 0x11, 1, 0];
        assert_eq!(set.as_bytes(), real);
    }

    proptest! {
        #[test]
        fn it_does_what_a_set_does(changes in vec((any::<bool>(), prop_oneof![
            4 => -20_i64..20, 1 => any::<i16>().prop_map(i64::from), 1 => any::<i32>().prop_map(i64::from), 1 => any::<i64>()
        ]), 0..100)) {
            let (mut set, mut model) = (IntSet::default(), BTreeSet::new());
            for (adds, number) in changes {
                if adds {
                    prop_assert_eq!(set.insert(number), model.insert(number));
                } else {
                    prop_assert_eq!(set.remove(number), model.remove(&number));
                }
                prop_assert_eq!(set.contains(number), model.contains(&number));
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            let collected: IntSet = model.iter().rev().copied().collect();
            prop_assert!(collected.iter().eq(model.iter().copied()));
            prop_assert_eq!(IntSet::from_bytes(set.as_bytes().to_vec()), Ok(set));
        }

        #[test]
        fn any_bytes_are_a_set_or_an_error(bytes in vec(0_u8..9, 0..40)) {
            if let Ok(set) = IntSet::from_bytes(bytes) {
                prop_assert_eq!(set.iter().count(), set.len());
            }
        }
    }
}
