//! Parts of a structure, found by number.

use std::ops::{Index, IndexMut};

/// Parts that lie beside each other. They are never all moved when there are more of them. All chunks are full but the last.
#[derive(Debug)]
pub(crate) struct Arena<T>(Vec<Vec<T>>);

const CHUNK: usize = 128;

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Arena<T> {
    /// Adds one and gives its number.
    pub(crate) fn push(&mut self, part: T) -> u32 {
        if self.0.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            make_room(&mut self.0, usize::MAX);
            self.0.push(Vec::new());
        }
        let number = self.len();
        let chunk = self.0.last_mut().expect("there is a chunk");
        make_room(chunk, CHUNK);
        chunk.push(part);
        u32::try_from(number).expect("memory ends before the numbers do")
    }

    /// Takes one out. The last one takes its number.
    pub(crate) fn swap_remove(&mut self, number: u32) -> T {
        let chunk = self.0.last_mut().expect("it is there");
        let last = chunk.pop().expect("no chunk is empty");
        if chunk.len() < chunk.capacity() / 4 {
            chunk.shrink_to(chunk.len() * 2);
        }
        if chunk.is_empty() {
            self.0.pop();
            self.0.shrink_to(self.0.len() * 2);
        }
        if number as usize == self.len() { last } else { std::mem::replace(&mut self[number], last) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }

    /// Bytes of the parts themselves.
    pub(crate) fn bytes(&self) -> usize {
        let last = self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.capacity());
        last * size_of::<T>() + self.0.capacity() * size_of::<Vec<T>>()
    }

    /// Pieces of memory.
    pub(crate) fn pieces(&self) -> usize {
        self.0.len() + usize::from(self.0.capacity() > 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

/// Lets a vector grow by half, not to the double, as most are small; and never beyond what it may hold.
fn make_room<T>(vec: &mut Vec<T>, most: usize) {
    if vec.len() == vec.capacity() {
        vec.reserve_exact((vec.len() / 2).max(1).min(most - vec.len()));
    }
}

impl<T> Index<u32> for Arena<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.0[number as usize / CHUNK][number as usize % CHUNK]
    }
}

impl<T> IndexMut<u32> for Arena<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.0[number as usize / CHUNK][number as usize % CHUNK]
    }
}

#[cfg(test)]
impl<T> Arena<T> {
    /// Counts anew what is counted along.
    pub(crate) fn check(&self) {
        let chunks: usize = self.0.iter().map(|chunk| chunk.capacity() * size_of::<T>()).sum();
        assert_eq!(self.bytes(), chunks + self.0.capacity() * size_of::<Vec<T>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_that_shrank_and_grew_again_is_counted_right() {
        let mut arena = Arena::default();
        (0..128_u64).for_each(|number| _ = arena.push(number));
        (0..97).for_each(|_| _ = arena.swap_remove(0));
        arena.check();
        (0..200).for_each(|number| _ = arena.push(number));
        arena.check();
    }
}
