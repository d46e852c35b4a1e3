//! A hash table for many small items, which share pieces of memory: a dozen of them lie in one, a clump.
//!
//! An item is a run of bytes that holds its key. That saves what an allocation and a pointer for each item would take, which is
//! more than most items are long. The price is that a clump is written anew when something in it changes its length.
//!
//! The table grows by one clump at a time, see [`crate::linear`].

mod clump;

use std::fmt;
use std::marker::PhantomData;

use clump::Clump;

use crate::arena::Arena;
use crate::hash::hash;
use crate::linear::{behind, bucket_of, buckets_of, hash_at, origin, tag};

/// How an item holds its key.
pub(crate) trait Shape {
    /// The key of an item.
    fn key(item: &[u8]) -> &[u8];
}

/// More items than so many for each clump split one, fewer than that join two.
const FULL: usize = 12;
const SPARSE: usize = 8;
/// Bits of a position, so that clients may keep cursors in signed numbers. Nobody has memory for 2^32 clumps.
const POSITION_BITS: u32 = 32;
/// Items of a clump that can be drawn. No clump has more, unless somebody knows the seed of the hash.
const DRAWN: u64 = 64;

/// Items, each with a key of its own.
pub(crate) struct Clumps<S> {
    clumps: Arena<Clump>,
    len: usize,
    /// Of the clumps, with what belongs to them.
    bytes: usize,
    pieces: usize,
    shape: PhantomData<S>,
}

impl<S> Default for Clumps<S> {
    fn default() -> Self {
        Self { clumps: Arena::default(), len: 0, bytes: 0, pieces: 0, shape: PhantomData }
    }
}

impl<S: Shape> Clone for Clumps<S> {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        self.iter().for_each(|item| _ = copy.put(hash(S::key(item)), S::key(item), &[item]));
        copy
    }
}

impl<S> fmt::Debug for Clumps<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clumps").field("len", &self.len).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl<S: Shape> Clumps<S> {
    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.clumps.bytes()
    }

    /// How many separate allocations there are.
    pub(crate) fn pieces(&self) -> usize {
        self.pieces + self.clumps.pieces()
    }

    /// The item with this key, whose hash is given as well.
    pub(crate) fn get(&self, hash: u64, key: &[u8]) -> Option<&[u8]> {
        self.clumps[self.index_of(hash)?].get::<S>(tag(hash), key)
    }

    /// The same, to change bytes that are not part of its key.
    pub(crate) fn get_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut [u8]> {
        let index = self.index_of(hash)?;
        self.clumps[index].get_mut::<S>(tag(hash), key)
    }

    /// Puts an item, given in parts, in the place of the one with this key. Tells whether there was none.
    pub(crate) fn put(&mut self, hash: u64, key: &[u8], parts: &[&[u8]]) -> bool {
        if self.len == 0 {
            self.push(Clump::default());
        }
        let index = self.index_of(hash).expect("the table has clumps");
        let added = self.change(index, |clump| clump.put::<S>(tag(hash), key, parts));
        self.len += usize::from(added);
        if self.len > self.clumps.len() * FULL {
            self.split();
        }
        added
    }

    /// Takes an item out; tells whether it was there.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) -> bool {
        let Some(index) = self.index_of(hash) else { return false };
        if !self.change(index, |clump| clump.remove::<S>(tag(hash), key)) {
            return false;
        }
        self.len -= 1;
        if self.len == 0 {
            *self = Self::default();
        } else if self.clumps.len() > 1 && self.len < self.clumps.len() * SPARSE {
            self.join();
        }
        true
    }

    /// Every item, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.clumps.iter().flat_map(Clump::iter)
    }

    /// Shows the items of a clump, the one at a position, and gives the position of the next, which has 32 bits; 0 is the first,
    /// and comes again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, some more than
    /// once if the table has shrunk meanwhile.
    pub(crate) fn scan<'a>(&'a self, position: u64, show: impl FnMut(&'a [u8])) -> u64 {
        let index = self.index_of(hash_at(position, POSITION_BITS));
        index.into_iter().flat_map(|index| self.clumps[index].iter()).for_each(show);
        behind(position, POSITION_BITS, self.clumps.len())
    }

    /// Shows the items of the clump where hashes with these low bits are, or of all such clumps.
    pub(crate) fn show_hashes(&self, low: u64, bits: u32, show: impl FnMut(&[u8])) {
        buckets_of(low, bits, self.clumps.len()).flat_map(|index| self.clumps[index].iter()).for_each(show);
    }

    /// An item, each about as likely as any other. `random` gives numbers.
    pub(crate) fn random(&self, mut random: impl FnMut() -> u64) -> Option<&[u8]> {
        if self.len == 0 {
            return None;
        }
        // Clumps differ in how much they hold: a place is drawn, not an item, and drawn again when nobody is there.
        loop {
            let clump = &self.clumps[(random() % self.clumps.len() as u64) as u32];
            let place = (random() % DRAWN) as usize;
            if let Some(item) = clump.nth(place) {
                return Some(item);
            }
        }
    }

    /// The clump of a hash.
    fn index_of(&self, hash: u64) -> Option<u32> {
        bucket_of(hash, self.clumps.len())
    }

    /// Changes a clump and keeps count.
    fn change<R>(&mut self, index: u32, change: impl FnOnce(&mut Clump) -> R) -> R {
        let clump = &mut self.clumps[index];
        let (bytes, pieces) = (clump.bytes(), clump.pieces());
        let result = change(clump);
        let (bytes_now, pieces_now) = (clump.bytes(), clump.pieces());
        self.bytes = self.bytes + bytes_now - bytes;
        self.pieces = self.pieces + pieces_now - pieces;
        result
    }

    /// Splits the next clump in turn.
    fn split(&mut self) {
        let index = self.clumps.len() as u32;
        let goes = |item: &[u8]| bucket_of(hash(S::key(item)), index as usize + 1) == Some(index);
        let halved = self.change(origin(index), |clump| clump.split(goes));
        self.push(halved);
    }

    /// Joins the last clump to the one that it was split from.
    fn join(&mut self) {
        let index = self.clumps.len() as u32 - 1;
        let last = self.clumps.swap_remove(index);
        self.bytes -= last.bytes();
        self.pieces -= last.pieces();
        self.change(origin(index), |clump| clump.join(last));
    }

    /// Adds a clump at the end.
    fn push(&mut self, clump: Clump) {
        self.bytes += clump.bytes();
        self.pieces += clump.pieces();
        self.clumps.push(clump);
    }
}

#[cfg(test)]
mod tests;
