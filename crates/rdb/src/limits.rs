//! How what is read is kept.

use slotmesh_store::{HashLimits, ListLimit, SetLimits, SortedSetLimits};

/// How what is read is kept, and how long it may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of lists.
    pub list: ListLimit,
    /// Of hashes.
    pub hash: HashLimits,
    /// Of sets.
    pub set: SetLimits,
    /// Of sorted sets.
    pub sorted_set: SortedSetLimits,
    /// Bytes of the longest text, also of one that is compressed.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            list: ListLimit::default(),
            hash: HashLimits::default(),
            set: SetLimits::default(),
            sorted_set: SortedSetLimits { entries: 128, value: 64 },
            text_bytes: 512 << 20,
        }
    }
}
