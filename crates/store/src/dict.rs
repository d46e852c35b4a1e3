//! A hash table whose buckets stand in the order of the hashes.
//!
//! With `n` buckets, bucket `i` holds the hashes from `i/n` to `(i+1)/n` of the whole range. So `n` need not be a power of two,
//! and a position among the hashes means the same whatever `n` is:
//! - a table grows by half, not to the double, and stays well filled;
//! - it moves to its new size a bucket at a time, from the lowest hashes to the highest: what is below the boundary is in the
//!   new table, all else in the old one. Both are made of segments that come and go as the boundary passes, so nothing
//!   is ever allocated, filled or freed in one go;
//! - a cursor of [`Dict::scan`] is a position. Whoever was there all the time is seen, however often the table has moved.

use std::mem;

use crate::hash::hash;

/// Something that is found by a key.
pub(crate) trait Item: Default {
    /// The key.
    fn key(&self) -> &[u8];
}

/// Items in a bucket: with their tags, and what follows, it fills two cache lines.
const WIDTH: usize = 7;
/// Buckets in a segment.
const SEGMENT: usize = 256;
/// More items than so many for each bucket make the table grow, fewer than that let it shrink.
const FULL: usize = 7;
const SPARSE: usize = 1;
/// A table of at most so many buckets moves in one go, which takes some microseconds.
const AT_ONCE: usize = 32;

/// A set of items, each with a key of its own.
#[derive(Debug)]
pub(crate) struct Dict<T> {
    table: Table<T>,
    moving: Option<Box<Moving<T>>>,
    len: usize,
}

/// The table before, of which the buckets below `next` are in the new one.
#[derive(Debug)]
struct Moving<T> {
    from: Table<T>,
    next: usize,
}

#[derive(Debug)]
struct Table<T> {
    /// Empty where a table moves and has not come to, or has left.
    segments: Vec<Box<[Bucket<T>]>>,
    buckets: usize,
}

#[derive(Debug)]
struct Bucket<T> {
    /// Some bits of the hash of each item; the last byte has a bit for each place that is taken.
    tags: [u8; WIDTH + 1],
    items: [T; WIDTH],
    more: Option<Box<Bucket<T>>>,
}

impl<T> Default for Dict<T> {
    fn default() -> Self {
        Self { table: Table { segments: Vec::new(), buckets: 0 }, moving: None, len: 0 }
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
        self.bucket_mut(hash).expect("the table has buckets").add(tag(hash), item);
        self.len += 1;
        if self.moving.is_none() && self.len > self.table.buckets * FULL {
            self.resize(self.table.buckets + self.table.buckets.div_ceil(2));
        }
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        let item = self.bucket_mut(hash)?.remove(tag(hash), key)?;
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

    /// Shows the items of a bucket, the one at a position among the hashes, and gives the position of the next; 0 is the
    /// first, and comes again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, some
    /// more than once if the table has moved meanwhile.
    pub(crate) fn scan(&self, position: u64, mut show: impl FnMut(&T)) -> u64 {
        if self.is_empty() {
            return 0;
        }
        // Below the boundary a bucket that nobody has come to may not be made yet; what follows it is still to be shown.
        if let Some(bucket) = self.bucket(position) {
            bucket.chain().flat_map(Bucket::taken).for_each(&mut show);
        }
        let (table, index) = self.place(position);
        match &self.moving {
            // The last bucket of the new table can hold more than has been moved; what is above the boundary is in the old one.
            Some(moving) if std::ptr::eq(table, &self.table) => {
                let (boundary, next) = (moving.from.start_of(moving.next), table.start_of(index + 1));
                if next == 0 || next > boundary { boundary } else { next }
            }
            _ => table.start_of(index + 1),
        }
    }

    /// Shows the items whose hash is probably this one.
    pub(crate) fn scan_hash(&self, hash: u64, mut show: impl FnMut(&T)) {
        for bucket in self.bucket(hash).into_iter().flat_map(Bucket::chain) {
            let same = (0..WIDTH).filter(|at| bucket.is_taken(*at) && bucket.tags[*at] == tag(hash));
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
        let old = self.moving.as_ref().map_or(0, |moving| moving.from.buckets.saturating_sub(moving.next));
        (self.table.buckets + old) * size_of::<Bucket<T>>()
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
                    self.table.open(self.table.index_of(hash)).add(tag(hash), item);
                }
            }
            next = bucket.more.take().map(|more| *more);
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

impl<T: Item> Table<T> {
    /// A table with all its buckets.
    fn whole(buckets: usize) -> Self {
        let mut table = Self::to_come(buckets);
        table.open(buckets - 1);
        table
    }

    /// A table whose buckets come when they are wanted, in their order.
    fn to_come(buckets: usize) -> Self {
        Self { segments: Vec::new(), buckets }
    }

    fn index_of(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.buckets as u128) >> 64) as usize
    }

    /// The lowest hash of a bucket; 0 for the one after the last.
    fn start_of(&self, index: usize) -> u64 {
        let start = ((index as u128) << 64).div_ceil(self.buckets as u128);
        u64::try_from(start).unwrap_or(0)
    }

    fn get(&self, index: usize) -> Option<&Bucket<T>> {
        self.segments.get(index / SEGMENT)?.get(index % SEGMENT)
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut Bucket<T>> {
        self.segments.get_mut(index / SEGMENT)?.get_mut(index % SEGMENT)
    }

    /// A bucket, which is made with all that go before it if it is not there yet.
    fn open(&mut self, index: usize) -> &mut Bucket<T> {
        while self.segments.len() <= index / SEGMENT {
            let buckets = (self.buckets - self.segments.len() * SEGMENT).min(SEGMENT);
            self.segments.push((0..buckets).map(|_| Bucket::default()).collect());
        }
        &mut self.segments[index / SEGMENT][index % SEGMENT]
    }

    /// Takes a bucket out; a segment that has been taken out to its end goes.
    fn take(&mut self, index: usize) -> Bucket<T> {
        let segment = &mut self.segments[index / SEGMENT];
        let bucket = mem::take(&mut segment[index % SEGMENT]);
        if index % SEGMENT + 1 == segment.len() {
            *segment = Box::default();
        }
        bucket
    }
}

impl<T: Item> Default for Bucket<T> {
    fn default() -> Self {
        Self { tags: [0; WIDTH + 1], items: Default::default(), more: None }
    }
}

impl<T: Item> Bucket<T> {
    fn is_taken(&self, at: usize) -> bool {
        self.tags[WIDTH] & (1 << at) != 0
    }

    fn taken(&self) -> impl Iterator<Item = &T> {
        (0..WIDTH).filter(|at| self.is_taken(*at)).map(|at| &self.items[at])
    }

    /// The bucket and those that hang on it.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |bucket| bucket.more.as_deref())
    }

    /// Where the item is, in this bucket alone.
    fn find(&self, tag: u8, key: &[u8]) -> Option<usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = 0x80 * ONES;
        // The top bit of each byte that is the tag; now and then also of one behind such a byte, which the key then shows.
        let differs = u64::from_le_bytes(self.tags) ^ (u64::from(tag) * ONES);
        let mut same = differs.wrapping_sub(ONES) & !differs & TOPS;
        while same != 0 {
            let at = (same.trailing_zeros() / 8) as usize;
            if at < WIDTH && self.is_taken(at) && self.items[at].key() == key {
                return Some(at);
            }
            same &= same - 1;
        }
        None
    }

    fn add(&mut self, tag: u8, item: T) {
        let mut bucket = self;
        while bucket.tags[WIDTH].trailing_ones() as usize >= WIDTH {
            bucket = bucket.more.get_or_insert_default();
        }
        let at = bucket.tags[WIDTH].trailing_ones() as usize;
        bucket.tags[at] = tag;
        bucket.tags[WIDTH] |= 1 << at;
        bucket.items[at] = item;
    }

    fn remove(&mut self, tag: u8, key: &[u8]) -> Option<T> {
        if let Some(at) = self.find(tag, key) {
            self.tags[WIDTH] &= !(1 << at);
            return Some(mem::take(&mut self.items[at]));
        }
        let more = self.more.as_deref_mut()?;
        let item = more.remove(tag, key)?;
        if more.tags[WIDTH] == 0 {
            self.more = more.more.take();
        }
        Some(item)
    }
}

/// The bits of a hash that are kept beside its item: low ones, since the high ones choose the bucket.
fn tag(hash: u64) -> u8 {
    hash as u8
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl Item for Box<[u8]> {
        fn key(&self) -> &[u8] {
            self
        }
    }

    fn name(number: u32) -> Box<[u8]> {
        number.to_string().into_bytes().into()
    }

    fn add(dict: &mut Dict<Box<[u8]>>, number: u32) {
        let name = name(number);
        if dict.get(hash(&name), &name).is_none() {
            dict.add(hash(&name), name);
        }
    }

    fn remove(dict: &mut Dict<Box<[u8]>>, number: u32) -> bool {
        let name = name(number);
        dict.remove(hash(&name), &name).is_some()
    }

    #[test]
    fn a_bucket_fills_two_cache_lines() {
        assert_eq!(size_of::<Bucket<Box<[u8]>>>(), 128);
    }

    #[test]
    fn it_grows_and_shrinks_without_losing_anybody() {
        let mut dict = Dict::default();
        for number in 0..20_000 {
            add(&mut dict, number);
        }
        assert_eq!(dict.len(), 20_000);
        assert!((0..20_000).all(|number| dict.get(hash(&name(number)), &name(number)).is_some()));
        assert_eq!(dict.iter().collect::<BTreeSet<_>>().len(), 20_000);
        let filled = dict.len() as f64 / (dict.table_bytes() / 128) as f64;
        assert!(filled > 3.0, "{filled} items in a bucket");
        for number in 0..19_990 {
            assert!(remove(&mut dict, number));
        }
        assert!(dict.table_bytes() < 20_000, "{}", dict.table_bytes());
        assert!((19_990..20_000).all(|number| remove(&mut dict, number)));
        assert_eq!((dict.len(), dict.table_bytes()), (0, 0));
    }

    #[test]
    fn every_item_is_about_as_likely_as_any_other() {
        let mut dict = Dict::default();
        (0..60).for_each(|number| add(&mut dict, number));
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            state ^ (state >> 29)
        };
        let mut drawn: BTreeMap<Box<[u8]>, usize> = BTreeMap::new();
        for _ in 0..60_000 {
            *drawn.entry(dict.random(&mut random).expect("it is not empty").clone()).or_default() += 1;
        }
        assert_eq!(drawn.len(), 60);
        assert!(drawn.values().all(|count| (700..1300).contains(count)), "{drawn:?}");
    }

    proptest! {
        /// Against a set of the standard library.
        #[test]
        fn it_does_what_a_set_does(changes in vec((any::<bool>(), 0_u32..400), 0..2000)) {
            let (mut dict, mut set) = (Dict::default(), BTreeSet::new());
            for (adds, number) in changes {
                if adds {
                    add(&mut dict, number);
                    set.insert(name(number));
                } else {
                    prop_assert_eq!(remove(&mut dict, number), set.remove(&name(number)));
                }
                prop_assert_eq!(dict.len(), set.len());
            }
            prop_assert_eq!(dict.iter().cloned().collect::<BTreeSet<_>>(), set);
        }

        /// Whoever is there all the time is seen, whatever comes and goes between two steps.
        #[test]
        fn a_scan_misses_nobody(stays in 1_u32..3000, comes in vec((any::<bool>(), 3000_u32..9000), 0..200)) {
            let mut dict = Dict::default();
            (0..stays).for_each(|number| add(&mut dict, number));
            let (mut seen, mut position, mut comes) = (BTreeSet::new(), 0, comes.into_iter());
            loop {
                position = dict.scan(position, |item| {
                    seen.insert(item.clone());
                });
                if position == 0 {
                    break;
                }
                if let Some((adds, from)) = comes.next() {
                    for number in from..from + 200 {
                        if adds { add(&mut dict, number) } else { let _ = remove(&mut dict, number); }
                    }
                }
            }
            prop_assert!((0..stays).all(|number| seen.contains(&name(number))));
        }

        #[test]
        fn a_scan_of_a_table_that_rests_shows_each_item_once(count in 0_u32..3000) {
            let mut dict = Dict::default();
            (0..count).for_each(|number| add(&mut dict, number));
            let (mut shown, mut position) = (0, 0);
            loop {
                position = dict.scan(position, |_| shown += 1);
                if position == 0 {
                    break;
                }
            }
            // One bucket on either side of the boundary may be shown twice while the table moves.
            prop_assert!(shown >= dict.len() && shown <= dict.len() + 64, "{} of {}", shown, dict.len());
        }
    }
}
