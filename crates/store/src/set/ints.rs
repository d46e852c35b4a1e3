//! A set of numbers.

/// Numbers in order, in the format that real servers call intset, all as wide as the widest has to be. All little endian:
///
/// | bytes | |
/// |---|---|
/// | 4 | bytes of a number: 2, 4 or 8 |
/// | 4 | how many there are |
/// | | they |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntSet(Vec<u8>);

/// Bytes that are no set of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged set of numbers")]
pub struct DamagedIntSet;

const HEAD: usize = 8;

impl Default for IntSet {
    fn default() -> Self {
        Self(vec![2, 0, 0, 0, 0, 0, 0, 0])
    }
}

impl IntSet {
    /// Takes bytes that somebody else has made.
    ///
    /// # Errors
    /// When they are no set of numbers; every one is looked at.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DamagedIntSet> {
        let word = |at: usize| bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_le_bytes(*word) as usize);
        let (Some(width @ (2 | 4 | 8)), Some(count)) = (word(0), word(4)) else { return Err(DamagedIntSet) };
        if count.checked_mul(width).and_then(|numbers| numbers.checked_add(HEAD)) != Some(bytes.len()) {
            return Err(DamagedIntSet);
        }
        let set = Self(bytes);
        if set.iter().is_sorted_by(|one, other| one < other) { Ok(set) } else { Err(DamagedIntSet) }
    }

    /// Its bytes, as real servers have them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many numbers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.0.len() - HEAD) / self.width()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEAD
    }

    /// The numbers, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator {
        self.0[HEAD..].chunks_exact(self.width()).map(number)
    }

    /// The number at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<i64> {
        let at = HEAD + index.checked_mul(self.width())?;
        self.0.get(at..at + self.width()).map(number)
    }

    /// Whether a number is there.
    #[must_use]
    pub fn contains(&self, number: i64) -> bool {
        self.search(number).is_ok()
    }

    /// Adds a number; tells whether it is new. Moves those behind it.
    pub(super) fn insert(&mut self, number: i64) -> bool {
        let Err(index) = self.search(number) else { return false };
        let needed = width_of(number);
        if needed > self.width() {
            self.widen(needed);
        }
        let (width, at) = (self.width(), HEAD + index * self.width());
        self.0.reserve_exact(width);
        self.0.splice(at..at, number.to_le_bytes().into_iter().take(width));
        self.count();
        true
    }

    /// Takes a number out; tells whether it was there. Moves those behind it.
    pub(super) fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.search(number) else { return false };
        let (width, at) = (self.width(), HEAD + index * self.width());
        self.0.drain(at..at + width);
        if self.0.len() < self.0.capacity() / 2 {
            self.0.shrink_to_fit();
        }
        self.count();
        true
    }

    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn width(&self) -> usize {
        usize::from(self.0[0])
    }

    fn search(&self, wanted: i64) -> Result<usize, usize> {
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

    fn widen(&mut self, width: usize) {
        let mut bytes = Vec::with_capacity(HEAD + (self.len() + 1) * width);
        bytes.extend_from_slice(&[width as u8, 0, 0, 0, 0, 0, 0, 0]);
        self.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
        self.0 = bytes;
    }

    fn count(&mut self) {
        let count = u32::try_from(self.len()).expect("sets of numbers are kept far below 4 GiB");
        self.0[4..HEAD].copy_from_slice(&count.to_le_bytes());
    }
}

impl FromIterator<i64> for IntSet {
    /// In any order.
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> Self {
        let mut numbers: Vec<_> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut set = Self::default();
        let width = numbers.first().into_iter().chain(numbers.last()).map(|number| width_of(*number)).max();
        set.0[0] = width.unwrap_or(2) as u8;
        set.0.reserve_exact(numbers.len() * set.width());
        let width = set.width();
        numbers.iter().for_each(|number| set.0.extend_from_slice(&number.to_le_bytes()[..width]));
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
