//! Some dozens of members with their scores, in their order, in few pieces of memory.

use std::ops::Range;

/// More members are never in a leaf when nobody is changing it.
pub(super) const MOST: usize = 64;
/// Longer members have memory of their own, so that nobody moves much to make room.
const INLINE: usize = 128;

/// Some dozens of members with their scores, in their order.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    marks: Vec<Mark>,
    /// The members that are not long, one behind the other.
    bytes: Vec<u8>,
    /// The long members.
    long: Vec<Box<[u8]>>,
    /// The leaves beside it.
    pub(super) before: Option<u32>,
    pub(super) behind: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    score: f64,
    hash: u32,
    /// Where the member ends in the bytes.
    end: u16,
    is_long: bool,
}

const _: () = assert!(size_of::<Mark>() == 16 && (MOST + 1) * INLINE <= u16::MAX as usize);

impl Leaf {
    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn score(&self, at: usize) -> f64 {
        self.marks[at].score
    }

    /// The part of the hash by which the member is found.
    pub(super) fn hash(&self, at: usize) -> u32 {
        self.marks[at].hash
    }

    pub(super) fn member(&self, at: usize) -> &[u8] {
        if self.marks[at].is_long {
            return &self.long[self.long_before(at)];
        }
        &self.bytes[self.start(at)..usize::from(self.marks[at].end)]
    }

    /// Where a member is.
    pub(super) fn find(&self, hash: u32, member: &[u8]) -> Option<usize> {
        let same = |at: &usize| self.marks[*at].hash == hash && self.member(*at) == member;
        (0..self.len()).find(same)
    }

    pub(super) fn set_score(&mut self, at: usize, score: f64) {
        self.marks[at].score = score;
    }

    pub(super) fn insert(&mut self, at: usize, score: f64, hash: u32, member: &[u8]) {
        let start = self.start(at);
        let is_long = member.len() > INLINE;
        let more = if is_long { 0 } else { member.len() };
        if is_long {
            let before = self.long_before(at);
            self.long.insert(before, member.into());
        } else {
            make_room(&mut self.bytes, more);
            let length = self.bytes.len();
            self.bytes.resize(length + more, 0);
            self.bytes.copy_within(start..length, start + more);
            self.bytes[start..start + more].copy_from_slice(member);
        }
        make_room(&mut self.marks, 1);
        self.marks.insert(at, Mark { score, hash, end: start as u16, is_long });
        self.marks[at..].iter_mut().for_each(|mark| mark.end += more as u16);
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        let (start, end) = (self.start(range.start), self.start(range.end));
        self.long.drain(self.long_before(range.start)..self.long_before(range.end));
        self.bytes.drain(start..end);
        self.marks.drain(range.clone());
        self.marks[range.start..].iter_mut().for_each(|mark| mark.end -= (end - start) as u16);
        self.give_back();
    }

    /// Takes out all from a place on, as a leaf of their own.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let start = self.start(at);
        let mut right = Self {
            long: self.long.split_off(self.long_before(at)),
            bytes: self.bytes[start..].to_vec(),
            marks: self.marks[at..].to_vec(),
            before: None,
            behind: None,
        };
        right.marks.iter_mut().for_each(|mark| mark.end -= start as u16);
        self.bytes.truncate(start);
        self.marks.truncate(at);
        self.give_back();
        right
    }

    /// Adds what a leaf behind it holds.
    pub(super) fn append(&mut self, mut right: Self) {
        let start = self.bytes.len() as u16;
        right.marks.iter_mut().for_each(|mark| mark.end += start);
        make_room(&mut self.marks, right.marks.len());
        make_room(&mut self.bytes, right.bytes.len());
        self.marks.append(&mut right.marks);
        self.bytes.append(&mut right.bytes);
        self.long.append(&mut right.long);
    }

    /// Gives back all memory that is not used.
    pub(super) fn fit(&mut self) {
        self.marks.shrink_to_fit();
        self.bytes.shrink_to_fit();
        self.long.shrink_to_fit();
    }

    /// Bytes besides the leaf itself.
    pub(super) fn memory(&self) -> usize {
        let long: usize = self.long.iter().map(|member| member.len()).sum();
        let places = self.marks.capacity() * size_of::<Mark>() + self.long.capacity() * size_of::<Box<[u8]>>();
        places + self.bytes.capacity() + long
    }

    /// Pieces of memory.
    pub(super) fn pieces(&self) -> usize {
        2 + self.long.len()
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| usize::from(self.marks[before].end))
    }

    fn long_before(&self, at: usize) -> usize {
        if self.long.is_empty() {
            return 0;
        }
        self.marks[..at].iter().filter(|mark| mark.is_long).count()
    }

    fn give_back(&mut self) {
        if self.marks.capacity() > self.marks.len() * 3 / 2 + 8 {
            self.marks.shrink_to_fit();
            self.long.shrink_to_fit();
        }
        if self.bytes.capacity() > self.bytes.len() * 3 / 2 + 64 {
            self.bytes.shrink_to_fit();
        }
    }
}

/// A vector of the standard library grows to the double; there are many of these.
fn make_room<T>(vec: &mut Vec<T>, more: usize) {
    if vec.capacity() - vec.len() < more {
        vec.reserve_exact(more.max(vec.len() / 8).max(4));
    }
}
