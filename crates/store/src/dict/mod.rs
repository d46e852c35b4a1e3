//! A hash table that grows by one bucket at a time.
//!
//! Two tables, of which one moves into the other by and by, were measured beside it: they were no faster, took as much memory
//! for many items and more for some hundreds, and needed twice the code.

mod bucket;

use std::mem;

use bucket::{Bucket, WIDTH};
use slotmesh_prefetch::prefetch;

use crate::arena::Arena;
use crate::hash::hash;
use crate::linear::{behind, bucket_of, buckets_of, hash_at, origin, position_of, tag};

/// Something that is found by a key.
pub(crate) trait Item: Default {
    /// The key.
    fn key(&self) -> &[u8];

    /// Asks for the memory that the key and what belongs to it lie in.
    fn prefetch(&self);
}

/// More items than so many for two buckets split one, fewer than that join two. A bucket that is about to be split holds 11 on
/// average, so some have another one; with fewer items each of them takes more memory, with more it takes longer to find.
const FULL: usize = 11;
const SPARSE: usize = 8;
/// Bits of a position, so that a cursor has room for a slot beside it.
const POSITION_BITS: u32 = 48;
/// Low bits of a hash by which [`Dict::show_hashes`] finds buckets, beside the tag.
const PLACE_BITS: u32 = 16;

/// A set of items, each with a key of its own.
#[derive(Debug)]
pub(crate) struct Dict<T> {
    buckets: Arena<Bucket<T>>,
    len: usize,
    /// Buckets that hang on others.
    hanging: usize,
}

impl<T> Default for Dict<T> {
    fn default() -> Self {
        Self { buckets: Arena::default(), len: 0, hanging: 0 }
    }
}

impl<T: Item> Dict<T> {
    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The item with this key, whose hash is given as well.
    pub(crate) fn get(&self, hash: u64, key: &[u8]) -> Option<&T> {
        let mut bucket = self.bucket(hash)?;
        loop {
            if let Some(at) = bucket.find(tag(hash), key) {
                return Some(&bucket.items[at]);
            }
            bucket = bucket.more.as_deref()?;
        }
    }

    /// The same, to change it. Its key must stay.
    pub(crate) fn get_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut T> {
        let mut bucket = self.bucket_mut(hash)?;
        loop {
            if let Some(at) = bucket.find(tag(hash), key) {
                return Some(&mut bucket.items[at]);
            }
            bucket = bucket.more.as_deref_mut()?;
        }
    }

    /// Asks for the memory of the bucket in which an item with this hash would be.
    pub(crate) fn prefetch_bucket(&self, hash: u64) {
        if let Some(bucket) = self.bucket(hash) {
            prefetch(bucket);
        }
    }

    /// Asks for the memory of the items that may be the one with this hash, or of where else to look.
    pub(crate) fn prefetch_item(&self, hash: u64) {
        let Some(bucket) = self.bucket(hash) else { return };
        let mut candidates = bucket.candidates(tag(hash)).peekable();
        match &bucket.more {
            Some(more) if candidates.peek().is_none() => prefetch(more.as_ref()),
            _ => candidates.for_each(|at| bucket.items[at].prefetch()),
        }
    }

    /// Adds an item whose key is not there.
    pub(crate) fn add(&mut self, hash: u64, item: T) {
        debug_assert!(self.get(hash, item.key()).is_none(), "each key is there once");
        if self.is_empty() {
            self.buckets.push(Bucket::default());
        }
        self.put(hash, item);
        self.len += 1;
        // One bucket that has all of them is filled first.
        if self.len * 2 > self.buckets.len() * FULL && self.len > WIDTH {
            self.split();
        }
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        let (item, is_gone) = self.bucket_mut(hash)?.remove(tag(hash), key)?;
        self.hanging -= usize::from(is_gone);
        self.len -= 1;
        if self.is_empty() {
            *self = Self::default();
        } else if self.is_sparse() {
            self.join();
        }
        Some(item)
    }

    /// Every item, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.buckets.iter().flat_map(Bucket::chain).flat_map(Bucket::taken)
    }

    /// Shows the items of a bucket, the one at a position, and gives the position of the next, which has 48 bits; 0 is the first,
    /// and comes again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, some more than
    /// once if the table has shrunk meanwhile.
    pub(crate) fn scan(&self, position: u64, show: impl FnMut(&T)) -> u64 {
        let bucket = self.bucket(hash_at(position, POSITION_BITS));
        bucket.into_iter().flat_map(Bucket::chain).flat_map(Bucket::taken).for_each(show);
        behind(position, POSITION_BITS, self.buckets.len())
    }

    /// The position of an item with this hash, in the order of [`Dict::scan`].
    pub(crate) fn position_of(hash: u64) -> u64 {
        position_of(hash, POSITION_BITS)
    }

    /// The bits of a hash that [`Dict::show_hashes`] takes.
    pub(crate) fn bits_of(hash: u64) -> u64 {
        u64::from(tag(hash)) << PLACE_BITS | hash & ((1 << PLACE_BITS) - 1)
    }

    /// Shows the items whose hashes have these bits, and maybe some others. Tables of less than a third of a million items are
    /// looked at in one place, and items of another tag are not touched.
    pub(crate) fn show_hashes(&self, bits: u64, mut show: impl FnMut(&T)) {
        let (tag, low) = ((bits >> PLACE_BITS) as u8, bits & ((1 << PLACE_BITS) - 1));
        let buckets = buckets_of(low, PLACE_BITS, self.buckets.len());
        for bucket in buckets.flat_map(|index| self.buckets[index].chain()) {
            let same = (0..WIDTH).filter(|at| bucket.is_taken(*at) && bucket.tags[*at] == tag);
            same.for_each(|at| show(&bucket.items[at]));
        }
    }

    /// An item, each of them about as likely as any other. `random` gives numbers.
    pub(crate) fn random(&self, mut random: impl FnMut() -> u64) -> Option<&T> {
        if self.is_empty() {
            return None;
        }
        // Whoever stands in a bucket with few others would come too often: a place is drawn, not an item, and drawn again when
        // nobody is there. Chains are seldom longer than that.
        const PLACES: u64 = 4 * WIDTH as u64;
        loop {
            let (index, place) = (random() % self.buckets.len() as u64, (random() % PLACES) as usize);
            let found = self.buckets[index as u32].chain().nth(place / WIDTH);
            if let Some(bucket) = found.filter(|bucket| bucket.is_taken(place % WIDTH)) {
                return Some(&bucket.items[place % WIDTH]);
            }
        }
    }

    /// Bytes of the table itself.
    pub(crate) fn table_bytes(&self) -> usize {
        self.buckets.bytes() + self.hanging * size_of::<Bucket<T>>()
    }

    /// How many pieces of memory the table is in.
    pub(crate) fn table_pieces(&self) -> usize {
        self.buckets.pieces() + self.hanging
    }

    fn is_sparse(&self) -> bool {
        match self.buckets.len() {
            1 => false,
            // Not at once when one bucket would do, so that it does not change to and fro.
            2 => self.len < WIDTH - 1,
            count => self.len * 2 < count * SPARSE,
        }
    }

    fn put(&mut self, hash: u64, item: T) {
        let hangs = self.bucket_mut(hash).expect("the table has buckets").add(tag(hash), item);
        self.hanging += usize::from(hangs);
    }

    /// Splits the next bucket in turn.
    fn split(&mut self) {
        let index = self.buckets.push(Bucket::default());
        let whole = mem::take(&mut self.buckets[origin(index)]);
        self.put_all(whole);
    }

    /// Joins the last bucket to the one that it was split from.
    fn join(&mut self) {
        let last = self.buckets.swap_remove(self.buckets.len() as u32 - 1);
        self.put_all(last);
    }

    /// Puts the items of a bucket that was taken out where they belong.
    fn put_all(&mut self, bucket: Bucket<T>) {
        let mut next = Some(bucket);
        while let Some(mut bucket) = next {
            for at in 0..WIDTH {
                if bucket.is_taken(at) {
                    let item = mem::take(&mut bucket.items[at]);
                    self.put(hash(item.key()), item);
                }
            }
            next = bucket.more.take().map(|more| *more);
            self.hanging -= usize::from(next.is_some());
        }
    }

    fn bucket(&self, hash: u64) -> Option<&Bucket<T>> {
        bucket_of(hash, self.buckets.len()).map(|index| &self.buckets[index])
    }

    fn bucket_mut(&mut self, hash: u64) -> Option<&mut Bucket<T>> {
        bucket_of(hash, self.buckets.len()).map(|index| &mut self.buckets[index])
    }
}

#[cfg(test)]
mod tests;
