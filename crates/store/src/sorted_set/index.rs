//! In which leaf a member is.

use crate::arena::Arena;

/// For each member a part of its hash with the number of its leaf, ordered by that hash.
///
/// The range of the hashes is cut in halves, these in halves again, until each part has at most [`FULL`] members. The first
/// bits of a hash lead through the directory to its part. Adding or taking out moves at most the members of two parts,
/// and the directory, which has a few bytes for each hundred members.
#[derive(Debug)]
pub(super) struct Index {
    parts: Arena<Part>,
    /// 2 to the power of `depth` numbers of parts; a part that was cut less often is there more than once.
    directory: Vec<u32>,
    depth: u32,
    /// How many parts were cut as often as `depth` says.
    deepest: usize,
    len: usize,
    /// Bytes of the members' places.
    bytes: usize,
}

#[derive(Debug)]
struct Part {
    /// Hashes, above the numbers of the leaves, in the order of the hashes.
    places: Vec<u64>,
    /// The lowest hash that belongs here.
    start: u32,
    /// How often the range was cut in halves.
    depth: u32,
}

const FULL: usize = 128;
/// How far from where a hash should be it is looked for first.
const NEAR: usize = 8;
/// Two parts that have fewer in sum become one.
const SPARSE: usize = FULL / 2;

impl Default for Index {
    fn default() -> Self {
        let mut parts = Arena::default();
        parts.push(Part { places: Vec::new(), start: 0, depth: 0 });
        Self { parts, directory: vec![0], depth: 0, deepest: 1, len: 0, bytes: 0 }
    }
}

impl Index {
    /// The leaf of a member with this hash, as somebody who looks into the leaves knows it.
    pub(super) fn find<T>(&self, hash: u32, look: impl FnMut(u32) -> Option<T>) -> Option<T> {
        let part = &self.parts[self.part_of(hash)];
        part.with_hash(hash).iter().map(|place| *place as u32).find_map(look)
    }

    pub(super) fn insert(&mut self, hash: u32, leaf: u32) {
        self.len += 1;
        let number = self.part_of(hash);
        self.change(number, |part| {
            let at = part.first_from(hash);
            if part.places.capacity() == part.places.len() {
                part.places.reserve_exact((part.places.len() / 8).max(4));
            }
            part.places.insert(at, place(hash, leaf));
        });
        let part = &self.parts[number];
        // Some hundred members with the same first bits would make a directory beyond measure; they may stay together.
        if part.places.len() > FULL && part.depth < 32 && (SPARSE / 4) << part.depth <= self.len {
            self.cut(number);
        }
    }

    pub(super) fn remove(&mut self, hash: u32, leaf: u32) {
        let number = self.part_of(hash);
        self.len -= 1;
        self.change(number, |part| {
            let at = part.position(hash, leaf);
            part.places.remove(at);
            if part.places.capacity() > part.places.len() * 3 / 2 + 8 {
                part.places.shrink_to_fit();
            }
        });
        self.join(number);
    }

    /// A member has come into another leaf.
    pub(super) fn relocate(&mut self, hash: u32, from: u32, to: u32) {
        let number = self.part_of(hash);
        let part = &mut self.parts[number];
        let at = part.position(hash, from);
        part.places[at] = place(hash, to);
    }

    /// Shows hashes with leaves from a hash on, at least so many if there are, and gives the hash that comes next. Members with
    /// the same hash are shown together.
    pub(super) fn scan(&self, from: u32, count: usize, mut show: impl FnMut(u32, u32)) -> Option<u32> {
        let (mut from, mut shown, mut last) = (from, 0, None);
        loop {
            let part = &self.parts[self.part_of(from)];
            let start = part.places.partition_point(|place| hash_of(*place) < from);
            for place in &part.places[start..] {
                let hash = hash_of(*place);
                if shown >= count && last != Some(hash) {
                    return Some(hash);
                }
                show(hash, *place as u32);
                last = Some(hash);
                shown += 1;
            }
            from = part.end()?;
        }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.parts.bytes() + self.directory.capacity() * size_of::<u32>()
    }

    /// Pieces of memory.
    pub(super) fn pieces(&self) -> usize {
        self.parts.len() + self.parts.pieces() + 1
    }

    fn part_of(&self, hash: u32) -> u32 {
        self.directory[self.first(hash)]
    }

    /// The place in the directory for a hash.
    fn first(&self, hash: u32) -> usize {
        (u64::from(hash) >> (32 - self.depth)) as usize
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Part)) {
        let part = &mut self.parts[number];
        let before = part.places.capacity();
        change(part);
        self.bytes = self.bytes - before * 8 + part.places.capacity() * 8;
    }

    /// Cuts a part in halves.
    fn cut(&mut self, number: u32) {
        if self.parts[number].depth == self.depth {
            self.directory = self.directory.iter().flat_map(|part| [*part; 2]).collect();
            self.depth += 1;
            self.deepest = 0;
        }
        let mut upper = Vec::new();
        self.change(number, |part| {
            part.depth += 1;
            let middle = part.middle();
            let at = part.places.partition_point(|place| hash_of(*place) < middle);
            upper = part.places[at..].to_vec();
            part.places.truncate(at);
            part.places.shrink_to_fit();
        });
        let (depth, middle) = (self.parts[number].depth, self.parts[number].middle());
        self.bytes += upper.capacity() * 8;
        let right = self.parts.push(Part { places: upper, start: middle, depth });
        self.lead_to(right);
        self.deepest += if depth == self.depth { 2 } else { 0 };
    }

    /// Makes one of a part and the one it was cut from, as long as both have few members.
    fn join(&mut self, mut number: u32) {
        loop {
            let Part { depth, start, ref places, .. } = self.parts[number];
            if depth == 0 {
                return;
            }
            let other = self.part_of(start ^ (1 << (32 - depth)));
            let with = &self.parts[other];
            if with.depth != depth || with.places.len() + places.len() > SPARSE {
                return;
            }
            let (left, right) = if with.start < start { (other, number) } else { (number, other) };
            number = self.join_two(left, right);
            self.halve_directory();
        }
    }

    fn join_two(&mut self, left: u32, right: u32) -> u32 {
        let last = self.parts.len() as u32 - 1;
        let gone = self.parts.swap_remove(right);
        // The last one has taken the number of the one that is gone.
        let left = if left == last { right } else { left };
        if right != last {
            self.lead_to(right);
        }
        self.deepest -= if gone.depth == self.depth { 2 } else { 0 };
        self.bytes -= gone.places.capacity() * 8;
        self.change(left, |part| {
            part.places.reserve_exact(gone.places.len());
            part.places.extend_from_slice(&gone.places);
            part.depth -= 1;
        });
        self.lead_to(left);
        left
    }

    fn halve_directory(&mut self) {
        while self.deepest == 0 && self.depth > 0 {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.depth -= 1;
            let deepest = |part: &&Part| part.depth == self.depth;
            self.deepest = self.parts.iter().filter(deepest).count();
        }
    }

    /// Writes the number of a part wherever it belongs in the directory.
    fn lead_to(&mut self, number: u32) {
        let Part { start, depth, .. } = self.parts[number];
        let first = self.first(start);
        self.directory[first..first + (1 << (self.depth - depth))].fill(number);
    }
}

impl Part {
    /// The first hash of the upper half, as the part was before it was cut.
    fn middle(&self) -> u32 {
        self.start | 1 << (32 - self.depth)
    }

    /// The first hash behind it; `None` when it is the last.
    fn end(&self) -> Option<u32> {
        u32::try_from(u64::from(self.start) + (1 << (32 - self.depth))).ok()
    }

    /// The place of the first hash that is not below this one.
    fn first_from(&self, hash: u32) -> usize {
        let is_below = |place: &u64| hash_of(*place) < hash;
        let places = &self.places;
        // Hashes are spread evenly: it is nearly always close to where it should be, which saves most of the search, and with
        // it most of the waiting for memory.
        let share = (u64::from(hash - self.start) * places.len() as u64) >> (32 - self.depth);
        let (low, high) = ((share as usize).saturating_sub(NEAR), (share as usize + NEAR).min(places.len()));
        let begins_before = low == 0 || is_below(&places[low - 1]);
        if begins_before && (high == places.len() || !is_below(&places[high])) {
            low + places[low..high].partition_point(is_below)
        } else {
            places.partition_point(is_below)
        }
    }

    fn with_hash(&self, hash: u32) -> &[u64] {
        let start = self.first_from(hash);
        let count = self.places[start..].iter().take_while(|place| hash_of(**place) == hash).count();
        &self.places[start..start + count]
    }

    fn position(&self, hash: u32, leaf: u32) -> usize {
        let start = self.first_from(hash);
        let found = self.places[start..].iter().position(|known| *known == place(hash, leaf));
        start + found.expect("whoever is in a leaf is in the index")
    }
}

fn place(hash: u32, leaf: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(leaf)
}

fn hash_of(place: u64) -> u32 {
    (place >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn check(index: &Index, model: &BTreeMap<u32, u32>) {
        let mut shown = Vec::new();
        let mut from = Some(0);
        while let Some(hash) = from {
            from = index.scan(hash, 10, |hash, leaf| shown.push((hash, leaf)));
        }
        assert!(shown.iter().copied().eq(model.iter().map(|(hash, leaf)| (*hash, *leaf))));
        let bytes: usize = index.parts.iter().map(|part| part.places.capacity() * 8).sum();
        assert_eq!((index.bytes, index.len), (bytes, model.len()));
        let deepest = index.parts.iter().filter(|part| part.depth == index.depth).count();
        assert_eq!((index.deepest, index.directory.len()), (deepest, 1 << index.depth));
        for (number, part) in index.parts.iter().enumerate() {
            assert_eq!(index.part_of(part.start) as usize, number);
        }
    }

    proptest! {
        #[test]
        fn it_knows_every_leaf_while_members_come_and_go(seed in any::<u32>(), waves in vec(0_u32..6000, 1..4)) {
            let (mut index, mut model) = (Index::default(), BTreeMap::new());
            for (wave, count) in waves.into_iter().enumerate() {
                for number in 0..count {
                    let hash = (number ^ seed).wrapping_mul(0x9e37_79b1);
                    if model.insert(hash, number).is_none() {
                        index.insert(hash, number);
                    } else {
                        let before = index.find(hash, Some).expect("it is there");
                        index.relocate(hash, before, number);
                    }
                }
                check(&index, &model);
                let gone: Vec<_> = model.iter().map(|(hash, leaf)| (*hash, *leaf)).filter(|(_, leaf)| leaf % 7 != wave as u32).collect();
                for (hash, leaf) in gone {
                    index.remove(hash, leaf);
                    model.remove(&hash);
                    prop_assert_eq!(index.find(hash, Some), None);
                }
                check(&index, &model);
            }
            for (hash, leaf) in model {
                index.remove(hash, leaf);
            }
            prop_assert_eq!((index.parts.len(), index.directory.len()), (1, 1));
        }
    }

    #[test]
    fn members_with_the_same_hash_do_not_make_a_directory_beyond_measure() {
        let mut index = Index::default();
        (0..2000).for_each(|leaf| index.insert(7, leaf));
        assert!(index.directory.len() <= 2000, "{}", index.directory.len());
        assert_eq!(index.find(7, |leaf| (leaf == 1234).then_some(leaf)), Some(1234));
        assert_eq!(index.scan(0, 5, |_, _| {}), None);
    }
}
