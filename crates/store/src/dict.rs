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

#[derive(Debug)]
struct Table<T> {
    /// Empty where a table moves and has not come to, or has left.
    segments: Vec<Box<[Bucket<T>]>>,
    /// How many buckets there are when all are made.
    buckets: usize,
    /// How many there are now.
    made: usize,
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
        Self { table: Table { segments: Vec::new(), buckets: 0, made: 0 }, moving: None, len: 0, hanging: 0 }
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

impl<T: Item> Table<T> {
    /// A table with all its buckets.
    fn whole(buckets: usize) -> Self {
        let mut table = Self::to_come(buckets);
        table.open(buckets - 1);
        table
    }

    /// A table whose buckets come when they are wanted, in their order.
    fn to_come(buckets: usize) -> Self {
        Self { segments: Vec::new(), buckets, made: 0 }
    }

    fn index_of(&self, hash: u64) -> usize {
        ((u128::from(position_of(hash)) * self.buckets as u128) >> POSITION_BITS) as usize
    }

    /// The lowest position of a bucket; 0 for the one after the last.
    fn start_of(&self, index: usize) -> u64 {
        let start = ((index as u128) << POSITION_BITS).div_ceil(self.buckets as u128);
        start as u64 & ((1 << POSITION_BITS) - 1)
    }

    fn bytes(&self) -> usize {
        self.made * size_of::<Bucket<T>>() + self.segments.capacity() * size_of::<Box<[Bucket<T>]>>()
    }

    fn pieces(&self) -> usize {
        self.made.div_ceil(SEGMENT) + usize::from(self.segments.capacity() > 0)
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
            self.made += buckets;
        }
        &mut self.segments[index / SEGMENT][index % SEGMENT]
    }

    /// Takes a bucket out; a segment that has been taken out to its end goes.
    fn take(&mut self, index: usize) -> Bucket<T> {
        let segment = &mut self.segments[index / SEGMENT];
        let bucket = mem::take(&mut segment[index % SEGMENT]);
        if index % SEGMENT + 1 == segment.len() {
            self.made -= segment.len();
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

    /// Tells whether one more bucket hangs on this one now.
    fn add(&mut self, tag: u8, item: T) -> bool {
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
    fn remove(&mut self, tag: u8, key: &[u8]) -> Option<(T, bool)> {
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

    fn take(&mut self, at: usize) -> T {
        self.tags[WIDTH] &= !(1 << at);
        mem::take(&mut self.items[at])
    }
}

fn position_of(hash: u64) -> u64 {
    hash >> (u64::BITS - POSITION_BITS)
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
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::{iter, ptr};

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::generator::generator;

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

    /// Counts anew what is counted along.
    fn check(dict: &Dict<Box<[u8]>>) {
        let tables = || iter::once(&dict.table).chain(dict.moving.iter().map(|moving| &moving.from));
        let buckets: usize =
            tables().flat_map(|table| table.segments.iter().flatten()).map(|bucket| bucket.chain().count()).sum();
        let segments: usize = tables().map(|table| table.segments.capacity() * 16).sum();
        let moving = dict.moving.as_ref().map_or(0, |_| size_of::<Moving<Box<[u8]>>>());
        assert_eq!(dict.table_bytes(), buckets * 128 + segments + moving);
        assert_eq!(dict.len(), dict.iter().count());
    }

    /// Until it is in the midst of moving.
    fn half_moved() -> (Dict<Box<[u8]>>, u32) {
        let (mut dict, mut count) = (Dict::default(), 0);
        while dict.moving.as_ref().is_none_or(|moving| moving.next < moving.from.buckets / 2) {
            add(&mut dict, count);
            count += 1;
        }
        (dict, count)
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
        check(&dict);
        assert_eq!(dict.len(), 20_000);
        assert!((0..20_000).all(|number| dict.get(hash(&name(number)), &name(number)).is_some()));
        assert_eq!(dict.iter().collect::<BTreeSet<_>>().len(), 20_000);
        let filled = dict.len() as f64 / (dict.table_bytes() / 128) as f64;
        assert!(filled > 3.0, "{filled} items in a bucket");
        for number in 0..19_990 {
            assert!(remove(&mut dict, number));
            if number % 1000 == 0 {
                check(&dict);
            }
        }
        check(&dict);
        assert!(dict.table_bytes() < 20_000, "{}", dict.table_bytes());
        assert!((19_990..20_000).all(|number| remove(&mut dict, number)));
        assert_eq!((dict.len(), dict.table_bytes()), (0, 0));
    }

    fn draws(dict: &Dict<Box<[u8]>>, count: usize) -> BTreeMap<Box<[u8]>, usize> {
        let (mut random, mut drawn) = (generator(1), BTreeMap::new());
        for _ in 0..count {
            *drawn.entry(dict.random(&mut random).expect("it is not empty").clone()).or_default() += 1;
        }
        drawn
    }

    #[test]
    fn every_item_is_about_as_likely_as_any_other() {
        let mut dict = Dict::default();
        (0..60).for_each(|number| add(&mut dict, number));
        let drawn = draws(&dict, 60_000);
        assert_eq!(drawn.len(), 60);
        assert!(drawn.values().all(|count| (700..1300).contains(count)), "{drawn:?}");
    }

    #[test]
    fn what_is_moved_and_what_is_not_yet_are_as_likely() {
        let (dict, count) = half_moved();
        let drawn = draws(&dict, 1000 * count as usize);
        let (moved, others): (Vec<_>, Vec<_>) =
            drawn.iter().partition(|(name, _)| ptr::eq(dict.place(hash(name)).0, &dict.table));
        for half in [moved, others] {
            let each = half.iter().map(|(_, times)| **times).sum::<usize>() / half.len();
            assert!(half.len() > 50 && (970..1030).contains(&each), "{each} for each of {}", half.len());
        }
    }

    #[test]
    fn items_are_shown_by_bits_of_their_hashes() {
        let (moving, count) = half_moved();
        let mut large = Dict::default();
        (0..count).for_each(|number| add(&mut large, number));
        // In a table of more buckets than there are places in those bits, each is looked for in several.
        while large.moving.is_some() {
            large.move_bucket();
        }
        large.resize(1 << 18);
        while large.moving.is_some() {
            large.move_bucket();
        }
        for dict in [moving, large] {
            for number in 0..count {
                let (name, mut shown) = (name(number), 0);
                dict.show_hashes(Dict::<Box<[u8]>>::bits_of(hash(&name)), |item| shown += usize::from(*item == name));
                assert_eq!(shown, 1, "{number}");
            }
        }
    }

    #[test]
    fn a_chain_of_any_length_is_walked_without_recursion() {
        let mut bucket = Bucket::default();
        let (mut hanging, count) = (0, 300_000_u32);
        let mut last = &mut bucket;
        for number in 0..count {
            if last.add(7, name(number)) {
                hanging += 1;
                last = last.more.as_mut().expect("one hangs on it");
            }
        }
        assert_eq!(hanging, bucket.chain().count() - 1);
        let (item, is_gone) = bucket.remove(7, &name(count - 1)).expect("it is there");
        assert_eq!((item, is_gone), (name(count - 1), count as usize % WIDTH == 1));
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
            check(&dict);
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
                prop_assert!(position < 1 << 48, "a slot has room beside it");
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
            let mut number = count;
            while dict.moving.is_some() {
                add(&mut dict, number);
                number += 1;
            }
            let (mut shown, mut position) = (Vec::new(), 0);
            loop {
                position = dict.scan(position, |item| shown.push(item.clone()));
                if position == 0 {
                    break;
                }
            }
            prop_assert_eq!(shown.len(), dict.len());
            prop_assert_eq!(shown.into_iter().collect::<BTreeSet<_>>().len(), dict.len());
        }
    }
}
