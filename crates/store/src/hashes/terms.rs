//! Which fields of a hash expire when.

use std::collections::BTreeSet;

/// Deadlines with the fields that have them, the next one first. A field is known by some bits of its hash, and a deadline in
/// steps of [`STEP`], so that both fit into one number. Where two fields have the same number it stands here once.
#[derive(Debug, Default)]
pub(super) struct Terms(BTreeSet<u64>);

/// Bits of a hash that are kept.
pub(super) const HASH_BITS: u32 = 24;
const HASH_MASK: u64 = (1 << HASH_BITS) - 1;
/// Deadlines are rounded up to the next step, in milliseconds: whoever is found has expired for sure.
const STEP: u64 = 16;
/// What comes later, in more than five hundred years, counts as that.
const STEPS_MAX: u64 = (1 << (64 - HASH_BITS)) - 1;
/// What a number takes in a tree whose nodes are filled to two thirds.
const BYTES_EACH: usize = 14;

/// A deadline with its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term(u64);

impl Term {
    pub(super) fn new(deadline: u64, hash: u64) -> Self {
        Self(deadline.div_ceil(STEP).min(STEPS_MAX) << HASH_BITS | hash & HASH_MASK)
    }

    /// The low bits of the field's hash.
    pub(super) fn hash_low(self) -> u64 {
        self.0 & HASH_MASK
    }

    /// When it is over for sure.
    pub(super) fn end(self) -> u64 {
        (self.0 >> HASH_BITS) * STEP
    }
}

impl Terms {
    pub(super) fn insert(&mut self, term: Term) {
        self.0.insert(term.0);
    }

    pub(super) fn remove(&mut self, term: Term) {
        self.0.remove(&term.0);
    }

    pub(super) fn first(&self) -> Option<Term> {
        self.0.first().copied().map(Term)
    }

    /// Bytes on the heap, about.
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * BYTES_EACH
    }

    /// How many allocations there are, about.
    pub(super) fn pieces(&self) -> usize {
        self.0.len() / 7
    }
}
