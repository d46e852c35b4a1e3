//! What memory costs.

use std::iter::Sum;
use std::ops::{AddAssign, SubAssign};

/// Memory, and in how many pieces it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) bytes: usize,
    pub(super) pieces: usize,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.pieces += more.pieces;
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        let mut sum = Self::default();
        costs.for_each(|cost| sum += cost);
        sum
    }
}

impl SubAssign for Cost {
    fn sub_assign(&mut self, less: Self) {
        self.bytes -= less.bytes;
        self.pieces -= less.pieces;
    }
}

/// What a tree of the standard library with so many items costs, about: its leaves have room for 11, two words besides, and are
/// left with 6 or 7 where items are added in order.
pub(super) const fn tree_cost<K, V>(items: usize) -> Cost {
    let leaf = 11 * (size_of::<K>() + size_of::<V>()) + 2 * size_of::<usize>();
    Cost { bytes: items * leaf / 6, pieces: items.div_ceil(6) }
}
