//! One hash slot, and a run of them.

use std::fmt;
use std::ops::RangeInclusive;

/// One hash slot, always below [`Slot::COUNT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// How many slots a cluster has.
    pub const COUNT: u16 = 16_384;

    /// The slot with this number, if it is below [`Slot::COUNT`].
    #[must_use]
    pub const fn new(raw: u16) -> Option<Self> {
        if raw < Self::COUNT { Some(Self(raw)) } else { None }
    }

    /// The slot of a CRC16 checksum: its low 14 bits.
    #[must_use]
    pub const fn from_hash(crc: u16) -> Self {
        Self(crc % Self::COUNT)
    }

    /// The slot's number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The slot's number as an index into an array of [`Slot::COUNT`] entries.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every slot in ascending order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    pub(crate) const fn new_unchecked(raw: u16) -> Self {
        debug_assert!(raw < Self::COUNT);
        Self(raw)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A run of slots, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotRange {
    first: Slot,
    last: Slot,
}

impl SlotRange {
    /// The run from `first` to `last`, or `None` when it would be empty.
    #[must_use]
    pub fn new(first: Slot, last: Slot) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// Its lowest slot.
    #[must_use]
    pub const fn first(self) -> Slot {
        self.first
    }

    /// Its highest slot.
    #[must_use]
    pub const fn last(self) -> Slot {
        self.last
    }

    /// Its slots in ascending order.
    pub fn iter(self) -> impl Iterator<Item = Slot> {
        (self.first.0..=self.last.0).map(Slot)
    }
}

impl From<RangeInclusive<Slot>> for SlotRange {
    /// # Panics
    /// When the range is empty; use [`SlotRange::new`] for input that is not known to be ordered.
    fn from(range: RangeInclusive<Slot>) -> Self {
        Self::new(*range.start(), *range.end()).expect("a slot range starts before it ends")
    }
}

impl fmt::Display for SlotRange {
    /// `7` for a single slot, `0-5460` for more: the form of CLUSTER NODES and nodes.conf.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}
