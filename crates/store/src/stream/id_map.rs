//! A map of ids that is small: for what is mostly added at the end and taken out at the beginning.

use std::collections::BTreeMap;

use crate::stream::cost::{Cost, tree_cost};
use crate::stream::id::StreamId;

/// Items in order of their ids, in sorted chunks. A tree of single items would be little more than half full where items are
/// added in order; these are full.
#[derive(Debug)]
pub(super) struct IdMap<V> {
    /// Filed under an id that is not above the first one of the chunk and above the last one of the chunk before. None is empty.
    chunks: BTreeMap<StreamId, Vec<(StreamId, V)>>,
    len: usize,
    /// How many items the chunks have room for.
    room: usize,
}

/// Items of a chunk, at most.
const CHUNK: usize = 64;
/// A chunk with fewer looks for a neighbour to be one with.
const FEW: usize = CHUNK / 4;

impl<V> Default for IdMap<V> {
    fn default() -> Self {
        Self { chunks: BTreeMap::new(), len: 0, room: 0 }
    }
}

impl<V: Clone> Clone for IdMap<V> {
    fn clone(&self) -> Self {
        let chunks = self.chunks.clone();
        // What is copied has no memory to spare.
        let room = chunks.values().map(Vec::capacity).sum();
        Self { chunks, len: self.len, room }
    }
}

impl<V> IdMap<V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn cost(&self) -> Cost {
        let chunks = self.chunks.len();
        let mut cost = tree_cost::<StreamId, Vec<(StreamId, V)>>(chunks);
        cost += Cost { bytes: self.room * size_of::<(StreamId, V)>(), pieces: chunks };
        cost
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&V> {
        let (_, chunk) = self.chunks.range(..=id).next_back()?;
        let at = chunk.binary_search_by_key(&id, |(own, _)| *own).ok()?;
        Some(&chunk[at].1)
    }

    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut V> {
        let (_, chunk) = self.chunks.range_mut(..=id).next_back()?;
        let at = chunk.binary_search_by_key(&id, |(own, _)| *own).ok()?;
        Some(&mut chunk[at].1)
    }

    /// Sets an item; gives what it was before.
    pub(super) fn insert(&mut self, id: StreamId, value: V) -> Option<V> {
        let key = self.key_for(id);
        let chunk = self.chunks.entry(key).or_default();
        let before = chunk.capacity();
        let at = match chunk.binary_search_by_key(&id, |(own, _)| *own) {
            Ok(at) => return Some(std::mem::replace(&mut chunk[at].1, value)),
            Err(at) => at,
        };
        self.len += 1;
        if chunk.len() < CHUNK {
            chunk.insert(at, (id, value));
            self.room = self.room + chunk.capacity() - before;
            return None;
        }
        // What is added at the end leaves full chunks behind.
        let mut behind = if at == CHUNK { Vec::new() } else { chunk.split_off(CHUNK / 2) };
        if at < CHUNK && at <= chunk.len() {
            chunk.insert(at, (id, value));
        } else {
            behind.insert(at - chunk.len(), (id, value));
        }
        self.room = self.room + chunk.capacity() + behind.capacity() - before;
        self.chunks.insert(behind[0].0, behind);
        None
    }

    /// Takes an item out.
    pub(super) fn remove(&mut self, id: StreamId) -> Option<V> {
        let (key, chunk) = self.chunks.range_mut(..=id).next_back()?;
        let at = chunk.binary_search_by_key(&id, |(own, _)| *own).ok()?;
        let before = chunk.capacity();
        let (_, value) = chunk.remove(at);
        if chunk.len() <= before / 4 {
            chunk.shrink_to(chunk.len() * 2);
        }
        self.room = self.room + chunk.capacity() - before;
        self.len -= 1;
        let (key, left) = (*key, chunk.len());
        if left == 0 {
            self.room -= self.chunks.remove(&key).map_or(0, |chunk| chunk.capacity());
        } else if left < FEW {
            self.merge(key);
        }
        Some(value)
    }

    /// Items from an id to another, both included.
    pub(super) fn range(&self, start: StreamId, end: StreamId) -> impl DoubleEndedIterator<Item = (StreamId, &V)> {
        let first = self.chunks.range(..=start).next_back().map_or(start, |(first, _)| *first);
        let chunks = self.chunks.range(first..=end.max(first));
        chunks
            .flat_map(|(_, chunk)| chunk)
            .filter(move |(id, _)| (start..=end).contains(id))
            .map(|(id, value)| (*id, value))
    }

    /// All items.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (StreamId, &V)> {
        self.chunks.values().flatten().map(|(id, value)| (*id, value))
    }

    /// The first item from an id on.
    pub(super) fn first_from(&self, id: StreamId) -> Option<(StreamId, &V)> {
        self.range(id, StreamId::MAX).next()
    }

    /// What the chunk is filed under that an id belongs to.
    fn key_for(&mut self, id: StreamId) -> StreamId {
        if let Some((key, _)) = self.chunks.range(..=id).next_back() {
            return *key;
        }
        // It is before all others: the first chunk is filed anew.
        if let Some((_, chunk)) = self.chunks.pop_first() {
            self.chunks.insert(id, chunk);
        }
        id
    }

    /// Makes a chunk one with the one behind it or else the one before it, if that leaves room in it.
    fn merge(&mut self, key: StreamId) {
        let length = |chunk: &Vec<_>| chunk.len();
        let own = self.chunks.get(&key).map_or(0, length);
        let fits = |(_, chunk): &(&StreamId, &Vec<_>)| own + chunk.len() <= CHUNK / 2;
        let behind = self.chunks.range(key..).nth(1).filter(fits).map(|(behind, _)| (key, *behind));
        let before = || self.chunks.range(..key).next_back().filter(fits).map(|(before, _)| (*before, key));
        let Some((front, back)) = behind.or_else(before) else { return };
        let Some(mut gone) = self.chunks.remove(&back) else { return };
        let Some(chunk) = self.chunks.get_mut(&front) else { return };
        let before = chunk.capacity() + gone.capacity();
        chunk.append(&mut gone);
        self.room = self.room + chunk.capacity() - before;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl<V> IdMap<V> {
        fn check(&self) {
            let chunks: Vec<_> = self.chunks.iter().collect();
            assert_eq!(self.room, chunks.iter().map(|(_, chunk)| chunk.capacity()).sum());
            assert_eq!(self.len, chunks.iter().map(|(_, chunk)| chunk.len()).sum());
            assert!(chunks.iter().all(|(key, chunk)| chunk.first().is_some_and(|(first, _)| **key <= *first)));
            assert!(chunks.windows(2).all(|pair| pair[0].1.last().is_some_and(|(last, _)| last < pair[1].0)));
            assert!(self.iter().map(|(id, _)| id).is_sorted_by(|one, other| one < other));
        }
    }

    fn id(number: u64) -> StreamId {
        StreamId::new(number / 8, number % 8)
    }

    proptest! {
        /// Against a tree of the standard library.
        #[test]
        fn it_does_what_a_tree_does(
            steps in vec((0_u8..8, 0_u64..900), 0..1500),
            (start, end) in (0_u64..900, 0_u64..900),
            fill in 0_u64..600,
        ) {
            let (mut map, mut model) = (IdMap::default(), BTreeMap::new());
            for number in 0..fill {
                map.insert(id(number), number);
                model.insert(id(number), number);
            }
            for (kind, number) in steps {
                match kind {
                    0..3 => prop_assert_eq!(map.insert(id(number), number), model.insert(id(number), number)),
                    3..7 => prop_assert_eq!(map.remove(id(number)), model.remove(&id(number))),
                    _ => prop_assert_eq!(map.get_mut(id(number)), model.get_mut(&id(number))),
                }
            }
            map.check();
            map.clone().check();
            prop_assert!(map.iter().map(|(id, value)| (id, *value)).eq(model.clone()));
            let (start, end) = (id(start), id(end));
            prop_assert!(map.range(start, end).rev().map(|(id, _)| id).eq(
                model.keys().rev().copied().filter(|id| (start..=end).contains(id))
            ));
            prop_assert_eq!(map.first_from(start), model.range(start..).next().map(|(id, value)| (*id, value)));
            prop_assert_eq!(map.get(start), model.get(&start));
            for id in model.into_keys() {
                map.remove(id);
            }
            prop_assert_eq!(map.cost(), Cost::default());
        }
    }

    #[test]
    fn what_comes_in_order_is_packed_and_what_stays_behind_is_gathered() {
        let mut map = IdMap::default();
        for number in 0..6400 {
            map.insert(id(number), [0_u64; 3]);
        }
        assert!(map.cost().bytes < 6400 * 43, "{:?}", map.cost());
        for number in (0..6400).filter(|number| number % 64 != 7) {
            map.remove(id(number));
        }
        map.check();
        assert_eq!(map.len(), 100);
        assert!(map.cost().bytes < 100 * 120, "{:?}", map.cost());
    }
}
