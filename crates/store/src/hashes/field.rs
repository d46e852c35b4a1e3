//! A field of a big hash.

use crate::clumps::Shape;

/// How a field lies in memory:
///
/// | bytes | |
/// |---|---|
/// | 1 | length of the name, [`LONG`] for one that follows; [`TERM`] |
/// | 8 | length of a long name |
/// | | the name |
/// | 8 | its deadline, if it has one |
/// | | the value |
#[derive(Debug)]
pub(super) struct Field;

/// A name whose length does not fit.
const LONG: u8 = 127;
/// Bytes before a name, at most.
const HEAD_MAX: usize = 9;
/// It has a deadline.
const TERM: u8 = 128;

impl Shape for Field {
    fn key(item: &[u8]) -> &[u8] {
        let (start, end) = name_range(item);
        &item[start..end]
    }
}

/// A field, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) deadline: Option<u64>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(item: &'a [u8]) -> Self {
        let (start, end) = name_range(item);
        let value_start = value_start(item, end);
        let deadline = item[end..value_start].first_chunk().map(|deadline| u64::from_le_bytes(*deadline));
        Self { name: &item[start..end], value: &item[value_start..], deadline }
    }

    /// Whether it has not expired by `now`.
    pub(super) fn lives(&self, now: u64) -> bool {
        self.deadline.is_none_or(|deadline| deadline > now)
    }
}

/// What stands before the name.
pub(super) fn head(name: &[u8], has_deadline: bool) -> ([u8; HEAD_MAX], usize) {
    let term = if has_deadline { TERM } else { 0 };
    if name.len() < usize::from(LONG) {
        return ([term | name.len() as u8, 0, 0, 0, 0, 0, 0, 0, 0], 1);
    }
    let mut head = [term | LONG; HEAD_MAX];
    head[1..].copy_from_slice(&(name.len() as u64).to_le_bytes());
    (head, HEAD_MAX)
}

/// Sets the deadline of a field that has one.
pub(super) fn set_deadline(item: &mut [u8], deadline: u64) {
    let (_, end) = name_range(item);
    item[end..end + 8].copy_from_slice(&deadline.to_le_bytes());
}

fn value_start(item: &[u8], name_end: usize) -> usize {
    if item[0] & TERM == 0 { name_end } else { name_end + 8 }
}

fn name_range(item: &[u8]) -> (usize, usize) {
    let length = item[0] & LONG;
    if length < LONG {
        return (1, 1 + usize::from(length));
    }
    let length = item[1..].first_chunk().map_or(0, |length| u64::from_le_bytes(*length) as usize);
    (HEAD_MAX, HEAD_MAX + length)
}
