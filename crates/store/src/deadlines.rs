//! Which keys expire when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The deadlines of a dictionary's keys, the next one first. A key is known by its hash; a deadline that has been changed or whose
/// key is gone stays until it is due, or until there are more such than valid ones.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// Deadline in milliseconds, and the hash of the key.
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    /// Keys that have a deadline.
    keys: usize,
}

/// So many deadlines more than keys are borne.
const SLACK: usize = 64;

impl Deadlines {
    /// How many keys have one.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    /// When the next key may be due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// A key's deadline has changed. `is_valid` tells whether a key with that hash has that deadline still.
    pub(crate) fn change(
        &mut self,
        hash: u64,
        before: Option<u64>,
        after: Option<u64>,
        is_valid: impl Fn(u64, u64) -> bool,
    ) {
        if before == after {
            return;
        }
        self.keys = self.keys + usize::from(after.is_some()) - usize::from(before.is_some());
        if let Some(deadline) = after {
            self.heap.push(Reverse((deadline, hash)));
        }
        if self.heap.len() > 2 * self.keys + SLACK {
            let mut left = std::mem::take(&mut self.heap).into_vec();
            left.retain(|Reverse((deadline, hash))| is_valid(*deadline, *hash));
            // A deadline that was changed and changed back stands here twice.
            left.sort_unstable();
            left.dedup();
            self.heap = left.into();
        }
    }

    /// Takes out the next deadline, if it is past.
    pub(crate) fn pop(&mut self, now: u64) -> Option<(u64, u64)> {
        self.next().filter(|deadline| *deadline <= now)?;
        self.heap.pop().map(|Reverse(due)| due)
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<(u64, u64)>()
    }
}
