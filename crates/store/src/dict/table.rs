//! The buckets of a table.

use std::mem;

use super::bucket::Bucket;
use super::{Item, POSITION_BITS};

/// Buckets in a segment.
const SEGMENT: usize = 256;

/// Buckets, each for a part of the hashes.
#[derive(Debug)]
pub(super) struct Table<T> {
    /// Empty where a table moves and has not come to, or has left.
    pub(super) segments: Vec<Box<[Bucket<T>]>>,
    /// How many buckets there are when all are made.
    pub(super) buckets: usize,
    /// How many there are now.
    made: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { segments: Vec::new(), buckets: 0, made: 0 }
    }
}

impl<T: Item> Table<T> {
    /// A table with all its buckets.
    pub(super) fn whole(buckets: usize) -> Self {
        let mut table = Self::to_come(buckets);
        table.open(buckets - 1);
        table
    }

    /// A table whose buckets come when they are wanted, in their order.
    pub(super) fn to_come(buckets: usize) -> Self {
        Self { buckets, ..Self::default() }
    }

    pub(super) fn index_of(&self, hash: u64) -> usize {
        ((u128::from(position_of(hash)) * self.buckets as u128) >> POSITION_BITS) as usize
    }

    /// The lowest position of a bucket; 0 for the one after the last.
    pub(super) fn start_of(&self, index: usize) -> u64 {
        let start = ((index as u128) << POSITION_BITS).div_ceil(self.buckets as u128);
        start as u64 & ((1 << POSITION_BITS) - 1)
    }

    pub(super) fn bytes(&self) -> usize {
        self.made * size_of::<Bucket<T>>() + self.segments.capacity() * size_of::<Box<[Bucket<T>]>>()
    }

    pub(super) fn pieces(&self) -> usize {
        self.made.div_ceil(SEGMENT) + usize::from(self.segments.capacity() > 0)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Bucket<T>> {
        self.segments.get(index / SEGMENT)?.get(index % SEGMENT)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Bucket<T>> {
        self.segments.get_mut(index / SEGMENT)?.get_mut(index % SEGMENT)
    }

    /// A bucket, which is made with all that go before it if it is not there yet.
    pub(super) fn open(&mut self, index: usize) -> &mut Bucket<T> {
        while self.segments.len() <= index / SEGMENT {
            let buckets = (self.buckets - self.segments.len() * SEGMENT).min(SEGMENT);
            self.segments.push((0..buckets).map(|_| Bucket::default()).collect());
            self.made += buckets;
        }
        &mut self.segments[index / SEGMENT][index % SEGMENT]
    }

    /// Takes a bucket out; a segment that has been taken out to its end goes.
    pub(super) fn take(&mut self, index: usize) -> Bucket<T> {
        let segment = &mut self.segments[index / SEGMENT];
        let bucket = mem::take(&mut segment[index % SEGMENT]);
        if index % SEGMENT + 1 == segment.len() {
            self.made -= segment.len();
            *segment = Box::default();
        }
        bucket
    }
}

fn position_of(hash: u64) -> u64 {
    hash >> (u64::BITS - POSITION_BITS)
}
