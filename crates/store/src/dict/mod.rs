//! A hash table whose buckets stand in the order of the hashes.
//!
//! With `n` buckets, bucket `i` holds the hashes from `i/n` to `(i+1)/n` of the whole range. So `n` need not be a power of two,
//! and a position among the hashes means the same whatever `n` is:
//! - a table grows by half, not to the double, and stays well filled;
//! - it moves to its new size a bucket at a time, from the lowest hashes to the highest: what is below the boundary is in the
//!   new table, all else in the old one. Both are made of segments that come and go as the boundary passes, so nothing
//!   is ever allocated, filled or freed in one go;
//! - a cursor of [`Dict::scan`] is a position. Whoever was there all the time is seen, however often the table has moved. The
//!   first 48 bits of a hash are its position, so that a cursor has room for a slot beside it.

mod bucket;
mod table;

use std::mem;

use bucket::{Bucket, WIDTH};
use table::Table;

use crate::hash::hash;

/// Something that is found by a key.
pub(crate) trait Item: Default {
    /// The key.
    fn key(&self) -> &[u8];
}

/// More items than so many for each bucket make the table grow, fewer than that let it shrink.
const FULL: usize = 7;
const SPARSE: usize = 1;
/// A table of at most so many buckets moves in one go, which takes some microseconds.
const AT_ONCE: usize = 32;
/// Bits of a hash that say where it belongs, the first ones.
const POSITION_BITS: u32 = 48;
/// Bits of a position by which [`Dict::show_hashes`] finds items, the first ones.
const PLACE_BITS: u32 = 16;
/// Bits of a tag.
const TAG_BITS: u32 = 8;

/// A set of items, each with a key of its own.
#[derive(Debug)]
pub(crate) struct Dict<T> {
    table: Table<T>,
    moving: Option<Box<Moving<T>>>,
    len: usize,
    /// Buckets that hang on others.
    hanging: usize,
}

/// The table before, of which the buckets below `next` are in the new one.
#[derive(Debug)]
struct Moving<T> {
    from: Table<T>,
    next: usize,
}

impl<T> Default for Dict<T> {
    fn default() -> Self {
        Self { table: Table::default(), moving: None, len: 0, hanging: 0 }
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

    /// Adds an item whose key is not there.
    pub(crate) fn add(&mut self, hash: u64, item: T) {
        debug_assert!(self.get(hash, item.key()).is_none(), "each key is there once");
        if self.table.buckets == 0 {
            self.table = Table::whole(1);
        }
        self.step();
        let hangs = self.bucket_mut(hash).expect("the table has buckets").add(tag(hash), item);
        self.hanging += usize::from(hangs);
        self.len += 1;
        if self.moving.is_none() && self.len > self.table.buckets * FULL {
            self.resize(self.table.buckets + self.table.buckets.div_ceil(2));
        }
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        let (item, is_gone) = self.bucket_mut(hash)?.remove(tag(hash), key)?;
        self.hanging -= usize::from(is_gone);
        self.len -= 1;
        if self.len == 0 {
            *self = Self::default();
            return Some(item);
        }
        self.step();
        if self.moving.is_none() && self.table.buckets > 1 && self.len < self.table.buckets * SPARSE {
            self.resize(self.len.div_ceil(FULL - 2));
        }
        Some(item)
    }

    /// Every item, in the order of the hashes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let new = self.table.segments.iter().flatten();
        let old = self.moving.iter().flat_map(|moving| moving.from.segments.iter().flatten());
        new.chain(old).flat_map(Bucket::chain).flat_map(Bucket::taken)
    }

    /// Shows the items of a bucket, the one at a position among the hashes, and gives the position of the next, which has 48
    /// bits; 0 is the first, and comes again after the last. Whoever is there from the call with 0 to the one that gives 0 is
    /// shown, some more than once if the table has moved meanwhile.
    pub(crate) fn scan(&self, position: u64, show: impl FnMut(&T)) -> u64 {
        if self.is_empty() {
            return 0;
        }
        // Below the boundary a bucket that nobody has come to may not be made yet; what follows it is still to be shown.
        if let Some(bucket) = self.bucket(hash_at(position)) {
            bucket.chain().flat_map(Bucket::taken).for_each(show);
        }
        self.behind(position)
    }

    /// The bits of a hash that [`Dict::show_hashes`] takes.
    pub(crate) fn bits_of(hash: u64) -> u64 {
        hash >> (u64::BITS - PLACE_BITS) << TAG_BITS | u64::from(tag(hash))
    }

    /// Shows the items whose hashes have these bits, and maybe some others. Tables of less than half a million items are looked at
    /// in one place, and items of another tag are not touched.
    pub(crate) fn show_hashes(&self, bits: u64, mut show: impl FnMut(&T)) {
        let (first, tag) = (bits >> TAG_BITS << (POSITION_BITS - PLACE_BITS), bits as u8);
        let last = first | ((1 << (POSITION_BITS - PLACE_BITS)) - 1);
        let mut position = first;
        if self.is_empty() {
            return;
        }
        loop {
            for bucket in self.bucket(hash_at(position)).into_iter().flat_map(Bucket::chain) {
                let same = (0..WIDTH).filter(|at| bucket.is_taken(*at) && bucket.tags[*at] == tag);
                same.for_each(|at| show(&bucket.items[at]));
            }
            position = self.behind(position);
            if position == 0 || position > last {
                return;
            }
        }
    }

    /// The position of the bucket behind the one at a position; 0 behind the last.
    fn behind(&self, position: u64) -> u64 {
        let (table, index) = self.place(hash_at(position));
        match &self.moving {
            // The last bucket of the new table can hold more than has been moved; what is above the boundary is in the old one.
            Some(moving) if std::ptr::eq(table, &self.table) => {
                let (boundary, next) = (moving.from.start_of(moving.next), table.start_of(index + 1));
                if next == 0 || next > boundary { boundary } else { next }
            }
            _ => table.start_of(index + 1),
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
        let most = self.moving.as_ref().map_or(0, |moving| moving.from.buckets).max(self.table.buckets) as u64;
        loop {
            let (position, place) = (random(), (random() % PLACES) as usize);
            let (table, index) = self.place(position);
            // While the table moves, buckets come in two sizes.
            let Some(bucket) = table.get(index).filter(|_| random() % most < table.buckets as u64) else { continue };
            let found = bucket.chain().nth(place / WIDTH).filter(|bucket| bucket.is_taken(place % WIDTH));
            if let Some(bucket) = found {
                return Some(&bucket.items[place % WIDTH]);
            }
        }
    }

    /// Bytes of the table itself.
    pub(crate) fn table_bytes(&self) -> usize {
        let old = self.moving.as_ref().map_or(0, |moving| size_of::<Moving<T>>() + moving.from.bytes());
        self.table.bytes() + old + self.hanging * size_of::<Bucket<T>>()
    }

    /// How many pieces of memory the table is in.
    pub(crate) fn table_pieces(&self) -> usize {
        let old = self.moving.as_ref().map_or(0, |moving| 1 + moving.from.pieces());
        self.table.pieces() + old + self.hanging
    }

    /// Moves some buckets, if the table is about to move: as many as it takes to be done before it moves again.
    fn step(&mut self) {
        let Some(moving) = &self.moving else { return };
        for _ in 0..moving.from.buckets.div_ceil(self.table.buckets) {
            self.move_bucket();
        }
    }

    fn move_bucket(&mut self) {
        let Some(moving) = &mut self.moving else { return };
        let bucket = moving.from.take(moving.next);
        moving.next += 1;
        let done = moving.next == moving.from.buckets;
        let mut next = Some(bucket);
        while let Some(mut bucket) = next {
            for at in 0..WIDTH {
                if bucket.is_taken(at) {
                    let item = mem::take(&mut bucket.items[at]);
                    let hash = hash(item.key());
                    let hangs = self.table.open(self.table.index_of(hash)).add(tag(hash), item);
                    self.hanging += usize::from(hangs);
                }
            }
            next = bucket.more.take().map(|more| *more);
            self.hanging -= usize::from(next.is_some());
        }
        if done {
            self.moving = None;
            // No item may have come so far.
            self.table.open(self.table.buckets - 1);
        }
    }

    fn resize(&mut self, buckets: usize) {
        let from = mem::replace(&mut self.table, Table::to_come(buckets));
        let at_once = from.buckets <= AT_ONCE;
        self.moving = Some(Box::new(Moving { from, next: 0 }));
        while at_once && self.moving.is_some() {
            self.move_bucket();
        }
    }

    /// The table in which a hash is, and its bucket there.
    fn place(&self, hash: u64) -> (&Table<T>, usize) {
        if let Some(moving) = &self.moving {
            let index = moving.from.index_of(hash);
            if index >= moving.next {
                return (&moving.from, index);
            }
        }
        (&self.table, self.table.index_of(hash))
    }

    fn bucket(&self, hash: u64) -> Option<&Bucket<T>> {
        let (table, index) = self.place(hash);
        table.get(index)
    }

    fn bucket_mut(&mut self, hash: u64) -> Option<&mut Bucket<T>> {
        if let Some(moving) = &mut self.moving {
            let index = moving.from.index_of(hash);
            if index >= moving.next {
                return moving.from.get_mut(index);
            }
            let index = self.table.index_of(hash);
            return Some(self.table.open(index));
        }
        let index = self.table.index_of(hash);
        self.table.get_mut(index)
    }
}

/// The lowest hash at a position. What no scan has given is taken by its low bits.
fn hash_at(position: u64) -> u64 {
    position << (u64::BITS - POSITION_BITS)
}

/// The bits of a hash that are kept beside its item: low ones, since the high ones choose the bucket.
fn tag(hash: u64) -> u8 {
    hash as u8
}

#[cfg(test)]
mod tests;
