//! Parts of a structure, found by number.

use std::ops::{Index, IndexMut};

/// Parts that lie beside each other. They are never all moved when there are more of them. All chunks are full but the last.
///
/// Most arenas have one chunk, so the first is found without a look at where the others are.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    first: Vec<T>,
    more: Option<Box<More<T>>>,
}

/// The chunks behind the first.
#[derive(Debug)]
struct More<T>(Vec<Vec<T>>);

const CHUNK: usize = 128;

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: None }
    }
}

impl<T> Arena<T> {
    /// Adds one and gives its number.
    pub(crate) fn push(&mut self, part: T) -> u32 {
        let number = self.len();
        let chunk = if number < CHUNK { &mut self.first } else { self.more.get_or_insert_default().room() };
        make_room(chunk, CHUNK);
        chunk.push(part);
        u32::try_from(number).expect("memory ends before the numbers do")
    }

    /// Takes one out. The last one takes its number.
    pub(crate) fn swap_remove(&mut self, number: u32) -> T {
        let chunk = self.more.as_mut().and_then(|more| more.0.last_mut()).unwrap_or(&mut self.first);
        let last = chunk.pop().expect("it is there");
        if chunk.len() < chunk.capacity() / 4 {
            chunk.shrink_to(chunk.len() * 2);
        }
        if let Some(more) = &mut self.more {
            more.shrink();
            if more.0.is_empty() {
                self.more = None;
            }
        }
        if number as usize == self.len() { last } else { std::mem::replace(&mut self[number], last) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.more.as_ref().map_or(0, |more| more.filled(Vec::len))
    }

    /// Bytes of the parts themselves, and of what says where they are.
    pub(crate) fn bytes(&self) -> usize {
        let of_more = |more: &More<T>| {
            more.filled(Vec::capacity) * size_of::<T>() + more.0.capacity() * size_of::<Vec<T>>() + size_of::<More<T>>()
        };
        self.first.capacity() * size_of::<T>() + self.more.as_deref().map_or(0, of_more)
    }

    /// Pieces of memory.
    pub(crate) fn pieces(&self) -> usize {
        usize::from(self.first.capacity() > 0) + self.more.as_ref().map_or(0, |more| more.0.len() + 2)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.more.iter().flat_map(|more| &more.0).flatten())
    }
}

impl<T> Default for More<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> More<T> {
    /// A chunk with room for one more.
    fn room(&mut self) -> &mut Vec<T> {
        if self.0.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            make_room(&mut self.0, usize::MAX);
            self.0.push(Vec::new());
        }
        self.0.last_mut().expect("there is a chunk")
    }

    /// Lets the last chunk go if it is empty.
    fn shrink(&mut self) {
        if self.0.pop_if(|chunk| chunk.is_empty()).is_some() {
            self.0.shrink_to(self.0.len() * 2);
        }
    }

    /// A figure of the chunks, which is that of a full one for all but the last.
    fn filled(&self, figure: impl Fn(&Vec<T>) -> usize) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + figure(last))
    }
}

/// Lets a vector grow by a quarter, not to the double, as most are small; and never beyond what it may hold. By half, keys took one
/// to two bytes more each, and no less time.
fn make_room<T>(vec: &mut Vec<T>, most: usize) {
    if vec.len() == vec.capacity() {
        vec.reserve_exact((vec.len() / 4).max(1).min(most - vec.len()));
    }
}

impl<T> Index<u32> for Arena<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        let number = number as usize;
        match &self.more {
            Some(more) if number >= CHUNK => &more.0[number / CHUNK - 1][number % CHUNK],
            _ => &self.first[number],
        }
    }
}

impl<T> IndexMut<u32> for Arena<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        let number = number as usize;
        match &mut self.more {
            Some(more) if number >= CHUNK => &mut more.0[number / CHUNK - 1][number % CHUNK],
            _ => &mut self.first[number],
        }
    }
}

#[cfg(test)]
impl<T> Arena<T> {
    /// Counts anew what is counted along.
    pub(crate) fn check(&self) {
        let chunks = || std::iter::once(&self.first).chain(self.more.iter().flat_map(|more| &more.0));
        let parts: usize = chunks().map(|chunk| chunk.capacity() * size_of::<T>()).sum();
        let places = |more: &More<T>| more.0.capacity() * size_of::<Vec<T>>() + size_of::<More<T>>();
        assert_eq!(self.bytes(), parts + self.more.as_deref().map_or(0, places));
        assert_eq!(self.len(), chunks().map(Vec::len).sum());
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
