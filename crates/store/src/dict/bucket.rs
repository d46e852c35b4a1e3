//! Some items whose hashes are close.

use std::mem;

use super::Item;

/// Items in a bucket: with their tags, and what follows, it fills two cache lines.
pub(super) const WIDTH: usize = 7;

/// Items whose hashes are close.
#[derive(Debug)]
pub(super) struct Bucket<T> {
    /// Some bits of the hash of each item; the last byte has a bit for each place that is taken.
    pub(super) tags: [u8; WIDTH + 1],
    pub(super) items: [T; WIDTH],
    pub(super) more: Option<Box<Bucket<T>>>,
}

impl<T: Item> Default for Bucket<T> {
    fn default() -> Self {
        Self { tags: [0; WIDTH + 1], items: Default::default(), more: None }
    }
}

/// One after the other: a chain may be long where somebody knows the seed of the hash.
impl<T> Drop for Bucket<T> {
    fn drop(&mut self) {
        let mut next = self.more.take();
        while let Some(mut bucket) = next {
            next = bucket.more.take();
        }
    }
}

impl<T: Item> Bucket<T> {
    pub(super) fn is_taken(&self, at: usize) -> bool {
        self.tags[WIDTH] & (1 << at) != 0
    }

    pub(super) fn taken(&self) -> impl Iterator<Item = &T> {
        (0..WIDTH).filter(|at| self.is_taken(*at)).map(|at| &self.items[at])
    }

    /// The bucket and those that hang on it.
    pub(super) fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |bucket| bucket.more.as_deref())
    }

    /// Where the item is, in this bucket alone.
    pub(super) fn find(&self, tag: u8, key: &[u8]) -> Option<usize> {
        self.candidates(tag).find(|at| self.items[*at].key() == key)
    }

    /// Where the items with this tag are, and now and then another one.
    pub(super) fn candidates(&self, tag: u8) -> impl Iterator<Item = usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = 0x80 * ONES;
        // The top bit of each byte that is the tag; now and then also of one behind such a byte, which the key then shows.
        let differs = u64::from_le_bytes(self.tags) ^ (u64::from(tag) * ONES);
        let mut same = differs.wrapping_sub(ONES) & !differs & TOPS;
        std::iter::from_fn(move || {
            let at = (same != 0).then(|| (same.trailing_zeros() / 8) as usize)?;
            same &= same - 1;
            Some(at)
        })
        .filter(|at| *at < WIDTH && self.is_taken(*at))
    }

    /// Tells whether one more bucket hangs on this one now.
    pub(super) fn add(&mut self, tag: u8, item: T) -> bool {
        let (mut bucket, mut hangs) = (self, false);
        while bucket.tags[WIDTH].trailing_ones() as usize >= WIDTH {
            hangs = bucket.more.is_none();
            bucket = bucket.more.get_or_insert_default();
        }
        let at = bucket.tags[WIDTH].trailing_ones() as usize;
        bucket.tags[at] = tag;
        bucket.tags[WIDTH] |= 1 << at;
        bucket.items[at] = item;
        hangs
    }

    /// Tells as well whether a bucket that hung on this one has gone.
    pub(super) fn remove(&mut self, tag: u8, key: &[u8]) -> Option<(T, bool)> {
        if let Some(at) = self.find(tag, key) {
            return Some((self.take(at), false));
        }
        let mut link = &mut self.more;
        let at = loop {
            match link.as_ref()?.find(tag, key) {
                Some(at) => break at,
                None => link = &mut link.as_mut()?.more,
            }
        };
        let bucket = link.as_mut()?;
        let (item, is_empty) = (bucket.take(at), bucket.tags[WIDTH] == 0);
        if is_empty {
            let rest = bucket.more.take();
            *link = rest;
        }
        Some((item, is_empty))
    }

    pub(super) fn take(&mut self, at: usize) -> T {
        self.tags[WIDTH] &= !(1 << at);
        mem::take(&mut self.items[at])
    }
}
