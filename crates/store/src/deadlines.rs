//! What expires when: the keys of a slot, the fields of a hash, the hashes with such fields.

use std::collections::BTreeSet;

/// Deadlines with those who have them, the next one first. Somebody is known by some bits of a hash, and a deadline in steps of
/// [`STEP`], so that both fit into one number. Where two have the same number it stands here once.
///
/// Nothing is kept of a deadline that was changed: memory comes back, and no call has to clean up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deadlines {
    terms: BTreeSet<u64>,
    count: usize,
}

/// Bits of a hash that are kept: whoever owns the deadlines says which.
pub(crate) const HASH_BITS: u32 = 24;
const HASH_MASK: u64 = (1 << HASH_BITS) - 1;
/// Deadlines are rounded up to the next step, in milliseconds: whoever is found has expired for sure.
pub(crate) const STEP: u64 = 16;
/// What comes later, in more than five hundred years, counts as that.
const STEPS_MAX: u64 = (1 << (64 - HASH_BITS)) - 1;
/// Most deadlines that are passed on the way to one by chance.
const WALK_MAX: usize = 256;
/// What a number takes in a tree whose nodes are filled to two thirds.
const BYTES_EACH: usize = 14;

/// A deadline with some bits of the hash of whoever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term(u64);

impl Term {
    pub(crate) fn new(deadline: u64, bits: u64) -> Self {
        Self(Self::step(deadline) << HASH_BITS | bits & HASH_MASK)
    }

    /// The bits of the hash.
    pub(crate) fn bits(self) -> u64 {
        self.0 & HASH_MASK
    }

    /// Whether a deadline is in its step.
    pub(crate) fn has(self, deadline: Option<u64>) -> bool {
        deadline.is_some_and(|deadline| Self::new(deadline, self.bits()) == self)
    }

    /// The step of a deadline.
    pub(crate) fn step(deadline: u64) -> u64 {
        deadline.div_ceil(STEP).min(STEPS_MAX)
    }

    /// When it may be over.
    pub(crate) fn start(self) -> u64 {
        self.end().saturating_sub(STEP - 1)
    }

    /// When it is over for sure.
    pub(crate) fn end(self) -> u64 {
        (self.0 >> HASH_BITS) * STEP
    }
}

impl Deadlines {
    /// How many have one.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The next one.
    pub(crate) fn first(&self) -> Option<Term> {
        self.terms.first().copied().map(Term)
    }

    /// The one that a number by chance stands for.
    pub(crate) fn by_chance(&self, random: u64) -> Option<Term> {
        let (first, last) = (*self.terms.first()?, *self.terms.last()?);
        let span = (last - first).saturating_add(1);
        // Up to so many lie near each other without any of them coming too often.
        let behind = (random >> 32) as usize % self.terms.len().min(WALK_MAX);
        let from = first + if self.terms.len() > WALK_MAX { random % span } else { 0 };
        self.terms.range(from..).chain(&self.terms).nth(behind).copied().map(Term)
    }

    /// The next one, if it is past.
    pub(crate) fn due(&self, now: u64) -> Option<Term> {
        self.first().filter(|term| term.end() <= now)
    }

    /// Somebody with these bits has another deadline now. `is_shared` tells whether anybody has a term still.
    pub(crate) fn change(
        &mut self,
        bits: u64,
        before: Option<u64>,
        after: Option<u64>,
        is_shared: impl FnOnce(Term) -> bool,
    ) {
        self.count = self.count + usize::from(after.is_some()) - usize::from(before.is_some());
        let [before, after] = [before, after].map(|deadline| deadline.map(|deadline| Term::new(deadline, bits)));
        if before == after {
            return;
        }
        if let Some(before) = before.filter(|before| !is_shared(*before)) {
            self.terms.remove(&before.0);
        }
        if let Some(after) = after {
            self.terms.insert(after.0);
        }
    }

    /// How many are past, as far as that is counted.
    pub(crate) fn overdue(&self, now: u64, count_max: usize) -> usize {
        self.terms.iter().take(count_max).take_while(|term| Term(**term).end() <= now).count()
    }

    /// Bytes on the heap, about.
    pub(crate) fn bytes(&self) -> usize {
        self.terms.len() * BYTES_EACH
    }

    /// How many allocations there are, about.
    pub(crate) fn pieces(&self) -> usize {
        self.terms.len() / 7
    }
}

#[cfg(test)]
impl Deadlines {
    /// Counts anew, given all deadlines with the bits of who has them.
    pub(crate) fn check(&self, all: impl Iterator<Item = (u64, u64)>) {
        let terms: Vec<_> = all.map(|(deadline, bits)| Term::new(deadline, bits).0).collect();
        assert_eq!((self.count, &self.terms), (terms.len(), &terms.into_iter().collect()));
    }
}
