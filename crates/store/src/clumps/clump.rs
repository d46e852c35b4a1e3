//! Some items in one piece of memory.

use std::mem;
use std::ops::Range;

use super::Shape;

/// Longer items have memory of their own, so that little is moved when another one changes.
const SHORT_MAX: usize = 128;
/// So many short items fit; hashes see to it that there are far fewer.
const COUNT_MAX: usize = u8::MAX as usize;

/// Some items, the short ones in one piece of memory:
///
/// | bytes | |
/// |---|---|
/// | 1 | how many |
/// | 1 each | some bits of their hashes |
/// | 1 each | their lengths |
/// | | they |
#[derive(Debug, Default)]
pub(super) struct Clump {
    /// Empty when there is none.
    short: Box<[u8]>,
    long: Option<Box<Long>>,
}

#[derive(Debug, Default)]
struct Long {
    items: Vec<Box<[u8]>>,
    bytes: usize,
}

/// Where a short item is.
struct Place {
    index: usize,
    range: Range<usize>,
}

impl Clump {
    pub(super) fn get<S: Shape>(&self, tag: u8, key: &[u8]) -> Option<&[u8]> {
        if let Some(place) = self.find::<S>(tag, key) {
            return Some(&self.short[place.range]);
        }
        let long = self.long.as_deref()?;
        long.find::<S>(key).map(|index| &*long.items[index])
    }

    pub(super) fn get_mut<S: Shape>(&mut self, tag: u8, key: &[u8]) -> Option<&mut [u8]> {
        if let Some(place) = self.find::<S>(tag, key) {
            return Some(&mut self.short[place.range]);
        }
        let long = self.long.as_deref_mut()?;
        long.find::<S>(key).map(|index| &mut *long.items[index])
    }

    /// Puts an item in the place of the one with this key; tells whether there was none.
    pub(super) fn put<S: Shape>(&mut self, tag: u8, key: &[u8], parts: &[&[u8]]) -> bool {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let found = self.find::<S>(tag, key);
        if length > SHORT_MAX || (found.is_none() && self.count() == COUNT_MAX) {
            if let Some(place) = &found {
                self.short = self.rebuilt(Some(place), None);
            }
            let replaced = self.long.get_or_insert_default().put::<S>(key, parts.concat().into_boxed_slice());
            return found.is_none() && !replaced;
        }
        match found {
            Some(place) if place.range.len() == length => write(&mut self.short[place.range], parts),
            Some(place) => self.short = self.rebuilt(Some(&place), Some((tag, parts))),
            None => {
                self.short = self.rebuilt(None, Some((tag, parts)));
                return !self.remove_long::<S>(key);
            }
        }
        false
    }

    /// Takes an item out; tells whether it was there.
    pub(super) fn remove<S: Shape>(&mut self, tag: u8, key: &[u8]) -> bool {
        let Some(place) = self.find::<S>(tag, key) else { return self.remove_long::<S>(key) };
        self.short = self.rebuilt(Some(&place), None);
        true
    }

    /// Every item.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.shorts().map(|(_, item)| item).chain(self.longs())
    }

    /// The item at an index among all of them.
    pub(super) fn nth(&self, index: usize) -> Option<&[u8]> {
        let count = self.count();
        if index < count {
            return Some(&self.short[self.range(index)]);
        }
        self.long.as_deref()?.items.get(index - count).map(|item| &**item)
    }

    /// Takes some items out, into a clump of their own.
    pub(super) fn split(&mut self, goes: impl Fn(&[u8]) -> bool) -> Self {
        let (longs, old) = (self.take_longs(), mem::take(self));
        let (going, staying) = old.shorts().partition(|(_, item)| goes(item));
        let (long_going, long_staying) = longs.into_iter().partition(|item| goes(item));
        *self = Self::of(staying, long_staying);
        Self::of(going, long_going)
    }

    /// Adds the items of another one.
    pub(super) fn join(&mut self, mut other: Self) {
        let (mut longs, old) = (self.take_longs(), mem::take(self));
        longs.append(&mut other.take_longs());
        let short = old.shorts().chain(other.shorts()).collect();
        *self = Self::of(short, longs);
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.short.len() + self.long.as_ref().map_or(0, |long| long.bytes())
    }

    /// How many allocations there are.
    pub(super) fn pieces(&self) -> usize {
        usize::from(!self.short.is_empty()) + self.long.as_ref().map_or(0, |long| 2 + long.items.len())
    }

    fn of(mut short: Vec<(u8, &[u8])>, mut longs: Vec<Box<[u8]>>) -> Self {
        longs.extend(short.drain(COUNT_MAX.min(short.len())..).map(|(_, item)| Box::from(item)));
        longs.shrink_to_fit();
        let bytes = longs.iter().map(|item| item.len()).sum();
        let long = (!longs.is_empty()).then(|| Box::new(Long { items: longs, bytes }));
        Self { short: packed(&short), long }
    }

    fn shorts(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let count = self.count();
        let mut at = heads(count);
        (0..count).map(move |index| {
            let start = at;
            at += usize::from(self.short[1 + count + index]);
            (self.short[1 + index], &self.short[start..at])
        })
    }

    fn longs(&self) -> impl Iterator<Item = &[u8]> {
        self.long.iter().flat_map(|long| &long.items).map(|item| &**item)
    }

    fn take_longs(&mut self) -> Vec<Box<[u8]>> {
        self.long.take().map(|long| long.items).unwrap_or_default()
    }

    /// How many short items there are.
    fn count(&self) -> usize {
        self.short.first().map_or(0, |count| usize::from(*count))
    }

    fn find<S: Shape>(&self, tag: u8, key: &[u8]) -> Option<Place> {
        let tags = self.short.get(1..1 + self.count())?;
        let same = tags.iter().enumerate().filter(|(_, other)| **other == tag);
        same.map(|(index, _)| Place { index, range: self.range(index) })
            .find(|place| S::key(&self.short[place.range.clone()]) == key)
    }

    fn range(&self, index: usize) -> Range<usize> {
        let count = self.count();
        let before = &self.short[1 + count..1 + count + index];
        let start = heads(count) + before.iter().map(|length| usize::from(*length)).sum::<usize>();
        start..start + usize::from(self.short[1 + count + index])
    }

    /// The short items without one of them and with another one.
    fn rebuilt(&self, without: Option<&Place>, with: Option<(u8, &[&[u8]])>) -> Box<[u8]> {
        let old = self.count();
        let count = old + usize::from(with.is_some()) - usize::from(without.is_some());
        if count == 0 {
            return Box::default();
        }
        let (gone, gap) = without.map_or((old..old, self.short.len()..self.short.len()), |place| {
            (place.index..place.index + 1, place.range.clone())
        });
        let (tag, parts) = with.map_or((None, [].as_slice()), |(tag, parts)| (Some(tag), parts));
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let kept = self.short.len().max(heads(0)) - heads(old) - gap.len();
        let mut bytes = Vec::with_capacity(heads(count) + kept + length);
        bytes.push(count as u8);
        let tags = self.short.get(1..1 + old).unwrap_or_default();
        bytes.extend_from_slice(&tags[..gone.start]);
        bytes.extend_from_slice(&tags[gone.end..]);
        bytes.extend(tag);
        let lengths = self.short.get(1 + old..heads(old)).unwrap_or_default();
        bytes.extend_from_slice(&lengths[..gone.start]);
        bytes.extend_from_slice(&lengths[gone.end..]);
        bytes.extend(tag.map(|_| length as u8));
        bytes.extend_from_slice(self.short.get(heads(old)..gap.start).unwrap_or_default());
        bytes.extend_from_slice(&self.short[gap.end..]);
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes.into_boxed_slice()
    }

    fn remove_long<S: Shape>(&mut self, key: &[u8]) -> bool {
        let Some(long) = &mut self.long else { return false };
        let Some(index) = long.find::<S>(key) else { return false };
        let item = long.items.swap_remove(index);
        long.bytes -= item.len();
        if long.items.is_empty() {
            self.long = None;
        }
        true
    }
}

impl Long {
    fn find<S: Shape>(&self, key: &[u8]) -> Option<usize> {
        self.items.iter().position(|item| S::key(item) == key)
    }

    /// Puts an item in the place of the one with this key; tells whether there was one.
    fn put<S: Shape>(&mut self, key: &[u8], item: Box<[u8]>) -> bool {
        self.bytes += item.len();
        let Some(index) = self.find::<S>(key) else {
            self.items.reserve_exact(1);
            self.items.push(item);
            return false;
        };
        self.bytes -= mem::replace(&mut self.items[index], item).len();
        true
    }

    fn bytes(&self) -> usize {
        self.bytes + self.items.capacity() * size_of::<Box<[u8]>>() + size_of::<Self>()
    }
}

/// Bytes before the first of so many items.
fn heads(count: usize) -> usize {
    1 + 2 * count
}

fn write(mut to: &mut [u8], parts: &[&[u8]]) {
    for part in parts {
        let (here, rest) = to.split_at_mut(part.len());
        here.copy_from_slice(part);
        to = rest;
    }
}

fn packed(items: &[(u8, &[u8])]) -> Box<[u8]> {
    if items.is_empty() {
        return Box::default();
    }
    let length = items.iter().map(|(_, item)| item.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(heads(items.len()) + length);
    bytes.push(items.len() as u8);
    bytes.extend(items.iter().map(|(tag, _)| *tag));
    bytes.extend(items.iter().map(|(_, item)| item.len() as u8));
    items.iter().for_each(|(_, item)| bytes.extend_from_slice(item));
    bytes.into_boxed_slice()
}
