//! A set of slots, laid out as the cluster bus lays it out.

use crate::{Slot, SlotRange};

/// A set of slots: a bitmap of 2048 bytes, slot `s` being bit `s % 8` (lowest first) of byte `s / 8`, which is the
/// layout on the wire, so a received bitmap is compared and stored without conversion. Source: bus header, `myslots`.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotSet {
    bits: [u8; SlotSet::BYTES],
}

impl SlotSet {
    /// Size of the bitmap in bytes.
    pub const BYTES: usize = Slot::COUNT as usize / 8;

    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { bits: [0; Self::BYTES] }
    }

    /// The set that holds every slot.
    #[must_use]
    pub const fn full() -> Self {
        Self { bits: [0xff; Self::BYTES] }
    }

    /// The set with this bitmap; every bitmap is valid.
    #[must_use]
    pub const fn from_bytes(bits: [u8; Self::BYTES]) -> Self {
        Self { bits }
    }

    /// The bitmap.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.bits
    }

    /// Adds `slot`; tells whether it was absent.
    pub const fn insert(&mut self, slot: Slot) -> bool {
        let was = self.contains(slot);
        self.bits[slot.index() / 8] |= 1 << (slot.index() % 8);
        !was
    }

    /// Removes `slot`; tells whether it was present.
    pub const fn remove(&mut self, slot: Slot) -> bool {
        let was = self.contains(slot);
        self.bits[slot.index() / 8] &= !(1 << (slot.index() % 8));
        was
    }

    /// Adds every slot of `range`.
    pub fn insert_range(&mut self, range: SlotRange) {
        for slot in range.iter() {
            self.insert(slot);
        }
    }

    /// Whether `slot` is in the set.
    #[must_use]
    pub const fn contains(&self, slot: Slot) -> bool {
        self.bits[slot.index() / 8] & (1 << (slot.index() % 8)) != 0
    }

    /// How many slots are in the set.
    #[must_use]
    pub fn len(&self) -> u16 {
        let ones: u32 = self.words().map(u64::count_ones).sum();
        u16::try_from(ones).expect("a set holds at most 16384 slots")
    }

    /// Whether the set has no slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words().all(|word| word == 0)
    }

    /// The slots in ascending order. Skips empty stretches 64 slots at a time.
    pub fn iter(&self) -> impl Iterator<Item = Slot> {
        self.words().enumerate().flat_map(|(index, word)| Ones(word).map(move |bit| slot_at(index, bit)))
    }

    /// The maximal runs of slots in ascending order.
    pub fn ranges(&self) -> impl Iterator<Item = SlotRange> {
        let mut slots = self.iter().peekable();
        std::iter::from_fn(move || {
            let first = slots.next()?;
            let mut last = first;
            while let Some(next) = slots.next_if(|next| next.get() == last.get() + 1) {
                last = next;
            }
            SlotRange::new(first, last)
        })
    }

    /// The slots that are in exactly one of the two sets, in ascending order.
    pub fn differences(&self, other: &Self) -> impl Iterator<Item = Slot> {
        self.words()
            .zip(other.words())
            .enumerate()
            .flat_map(|(index, (a, b))| Ones(a ^ b).map(move |bit| slot_at(index, bit)))
    }

    /// The slots of both sets together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine | theirs)
    }

    /// The slots that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine & theirs)
    }

    /// The slots that are not in the other set.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine & !theirs)
    }

    fn combine(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        let mut combined = Self::new();
        let chunks = combined.bits.as_chunks_mut::<8>().0.iter_mut();
        for (chunk, (mine, theirs)) in chunks.zip(self.words().zip(other.words())) {
            *chunk = operation(mine, theirs).to_le_bytes();
        }
        combined
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        self.bits.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk))
    }
}

/// The slot of bit `bit` in 64-slot word `index`.
fn slot_at(index: usize, bit: u32) -> Slot {
    let raw = index as u32 * 64 + bit;
    Slot::new_unchecked(u16::try_from(raw).expect("256 words of 64 bits"))
}

/// Positions of the set bits of a word, lowest first.
struct Ones(u64);

impl Iterator for Ones {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

impl Default for SlotSet {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut set = Self::new();
        for slot in slots {
            set.insert(slot);
        }
        set
    }
}

impl std::fmt::Debug for SlotSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.ranges().map(|range| range.to_string())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(raw: u16) -> Slot {
        Slot::new(raw).unwrap()
    }

    #[test]
    fn the_layout_is_lowest_bit_first() {
        let set: SlotSet = [0, 8, 16_383].map(slot).into_iter().collect();
        assert_eq!((set.as_bytes()[0], set.as_bytes()[1], set.as_bytes()[2047]), (0x01, 0x01, 0x80));
    }

    #[test]
    fn ranges_are_maximal_and_ordered() {
        let set: SlotSet = [0, 1, 2, 7, 63, 64, 65, 16_383].map(slot).into_iter().collect();
        let ranges: Vec<String> = set.ranges().map(|range| range.to_string()).collect();
        assert_eq!(ranges, ["0-2", "7", "63-65", "16383"]);
        assert_eq!(SlotSet::full().ranges().map(|r| r.to_string()).collect::<Vec<_>>(), ["0-16383"]);
    }

    #[test]
    fn insert_and_remove_tell_what_changed() {
        let mut set = SlotSet::new();
        assert!(set.insert(slot(5)) && !set.insert(slot(5)));
        assert_eq!(set.len(), 1);
        assert!(set.remove(slot(5)) && !set.remove(slot(5)));
        assert!(set.is_empty());
    }

    #[test]
    fn differences_are_symmetric() {
        let a: SlotSet = [1, 2, 3].map(slot).into_iter().collect();
        let b: SlotSet = [3, 4].map(slot).into_iter().collect();
        assert_eq!(a.differences(&b).map(Slot::get).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(b.differences(&a).count(), 3);
    }

    #[test]
    fn sets_are_combined_a_word_at_a_time() {
        let a: SlotSet = [1, 64, 16_383].map(slot).into_iter().collect();
        let b: SlotSet = [1, 65].map(slot).into_iter().collect();
        let raw = |set: SlotSet| set.iter().map(Slot::get).collect::<Vec<_>>();
        assert_eq!(raw(a.union(&b)), [1, 64, 65, 16_383]);
        assert_eq!(raw(a.intersection(&b)), [1]);
        assert_eq!(raw(a.without(&b)), [64, 16_383]);
        assert_eq!(raw(b.without(&a)), [65]);
    }
}
