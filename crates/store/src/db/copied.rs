//! A key that is looked at without its lock.

use super::Db;
use crate::entry::Entry;
use crate::value::ValueRef;

/// A copy of a key and what it holds.
#[derive(Debug)]
pub struct Copied(Entry);

impl Copied {
    /// What it holds.
    #[must_use]
    pub fn value(&self) -> ValueRef<'_> {
        self.0.value()
    }

    /// When it expires, in milliseconds of the wall clock.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.0.deadline()
    }
}

impl Db<'_> {
    /// A copy of a key, which is made faster than most of what is done with one. That is no use of the key.
    pub fn copied(&mut self, key: &[u8]) -> Option<Copied> {
        self.peek(key).map(|entry| Copied(entry.copied(key)))
    }
}
