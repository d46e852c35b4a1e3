//! Some entries that follow each other, in one listpack of the very format that real servers use.
//!
//! ```text
//! live, deleted, number of fields, the fields ..., 0          what entries of the node have in common
//! flags, ms, seq, values ..., length                          an entry with these fields
//! flags, ms, seq, number of fields, field, value, ..., length an entry with others
//! ```
//!
//! `ms` and `seq` are what an id has more than the one that the node is filed under; the length is the number of values before
//! it, to go backwards. An entry that is taken out is only flagged, and is gone with its node.

use crate::listpack::{Listpack, Packed, Sought, Values};
use crate::stream::entry::{DELETED, Entry, SAME_FIELDS};
use crate::stream::id::StreamId;

/// How full a node gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// `stream-node-max-bytes`; 0 is 1 GiB.
    pub node_bytes: usize,
    /// `stream-node-max-entries`, those included that were taken out; 0 is no limit.
    pub node_entries: u64,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { node_bytes: 4096, node_entries: 100 }
    }
}

/// No node gets bigger, and no entry.
pub(super) const NODE_BYTES_MAX: usize = 1 << 30;

/// Some entries that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node(Listpack);

/// The entries of a node, from both ends, those included that were taken out.
#[derive(Clone, Debug)]
pub(super) struct NodeEntries<'a> {
    pack: &'a Listpack,
    first: StreamId,
    names: usize,
    count: usize,
    /// Where the next one begins.
    front: usize,
    /// Where the last one ends.
    back: usize,
}

/// What entries of a node have in common.
#[derive(Clone, Copy)]
struct Head {
    live: i64,
    deleted: i64,
    /// How many fields.
    count: usize,
    /// The place of the first field.
    names: usize,
}

impl Node {
    /// A node without entries for entries with these fields.
    pub(super) fn new<'f>(fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])>) -> Self {
        let count = Packed::Number(fields.len() as i64);
        let head = [Packed::Number(0), Packed::Number(0), count];
        let names = fields.map(|(name, _)| Packed::Text(name));
        let mut pack = Listpack::default();
        pack.append(head.into_iter().chain(names).chain([Packed::Number(0)]));
        Self(pack)
    }

    /// Takes what a real server has written; `None` if that is no node. `first` is what it is filed under.
    pub(super) fn from_pack(first: StreamId, pack: Listpack) -> Option<Self> {
        let (live, deleted) = check(first, &pack)?;
        let node = Self(pack);
        let head = node.head();
        (head.live == live && head.deleted == deleted).then_some(node)
    }

    pub(super) fn pack(&self) -> &Listpack {
        &self.0
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity()
    }

    /// Entries that are there still.
    pub(super) fn live(&self) -> u64 {
        self.head().live.unsigned_abs()
    }

    /// Whether another entry with so many bytes of fields and values goes elsewhere.
    pub(super) fn is_full(&self, more: usize, limits: StreamLimits) -> bool {
        let bytes = if limits.node_bytes == 0 { NODE_BYTES_MAX } else { limits.node_bytes.min(NODE_BYTES_MAX) };
        let head = self.head();
        self.0.as_bytes().len() + more >= bytes
            || limits.node_entries > 0 && (head.live + head.deleted).unsigned_abs() >= limits.node_entries
    }

    /// Adds an entry behind the others.
    pub(super) fn add<'f>(
        &mut self,
        first: StreamId,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
    ) {
        let head = self.head();
        let same = self.has_fields(&head, fields.clone());
        let count = fields.len() as i64;
        let flags = if same { SAME_FIELDS } else { 0 };
        let length = if same { count + 3 } else { 2 * count + 4 };
        let start = [flags, id.ms.wrapping_sub(first.ms) as i64, id.seq.wrapping_sub(first.seq) as i64];
        let own_count = (!same).then_some(count);
        let content = fields.flat_map(|(name, value)| {
            let name = (!same).then_some(Packed::Text(name));
            name.into_iter().chain([Packed::Text(value)])
        });
        let numbers = start.into_iter().chain(own_count).map(Packed::Number);
        self.0.append(numbers.chain(content).chain([Packed::Number(length)]));
        self.0.replace_number(Listpack::FIRST, head.live + 1);
    }

    /// Flags an entry; tells whether it was there. Walks the node.
    pub(super) fn delete(&mut self, first: StreamId, id: StreamId) -> bool {
        let mut entries = self.entries(first);
        loop {
            let place = entries.front;
            match entries.next() {
                Some(entry) if entry.id < id => {}
                Some(entry) if entry.id == id && !entry.is_deleted() => {
                    let flags = entry.flags | DELETED;
                    self.0.replace_number(place, flags);
                    let head = self.head();
                    self.set_counts(head.live - 1, head.deleted + 1);
                    return true;
                }
                _ => return false,
            }
        }
    }

    /// Flags entries from the first on, at most so many, until one is not below an id; tells how many.
    pub(super) fn delete_first(&mut self, first: StreamId, most: u64, below: StreamId) -> u64 {
        let mut gone = 0;
        let NodeEntries { names, count, front: mut place, back, .. } = self.entries(first);
        while gone < most {
            let mut entries = NodeEntries { pack: &self.0, first, names, count, front: place, back };
            let Some(entry) = entries.next().filter(|entry| entry.id < below) else { break };
            let next = entries.front;
            if !entry.is_deleted() {
                let flags = entry.flags | DELETED;
                // As long as before: what is behind it stays where it is.
                self.0.replace_number(place, flags);
                gone += 1;
            }
            place = next;
        }
        let head = self.head();
        self.set_counts(head.live - gone as i64, head.deleted + gone as i64);
        gone
    }

    /// The id of the last entry, were it taken out or not.
    pub(super) fn last_id(&self, first: StreamId) -> Option<StreamId> {
        self.entries(first).next_back().map(|entry| entry.id)
    }

    /// Its entries, those included that were taken out.
    pub(super) fn entries(&self, first: StreamId) -> NodeEntries<'_> {
        let head = self.head();
        let mut front = head.names;
        // The fields and the 0 behind them.
        for _ in 0..=head.count {
            front = self.0.next(front);
        }
        NodeEntries { pack: &self.0, first, names: head.names, count: head.count, front, back: self.0.end() }
    }

    /// Gives memory back that is not used.
    pub(super) fn shrink(&mut self) {
        self.0.shrink();
    }

    fn head(&self) -> Head {
        let pack = self.0.view();
        let (live, deleted_at) = pack.number(Listpack::FIRST);
        let (deleted, count_at) = pack.number(deleted_at);
        let (count, names) = pack.number(count_at);
        Head { live, deleted, count: count as usize, names }
    }

    fn set_counts(&mut self, live: i64, deleted: i64) {
        self.0.replace_number(Listpack::FIRST, live);
        self.0.replace_number(self.0.next(Listpack::FIRST), deleted);
    }

    fn has_fields<'f>(&self, head: &Head, fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])>) -> bool {
        let mut place = head.names;
        fields.len() == head.count
            && fields.into_iter().all(|(name, _)| {
                let same = self.0.get(place).is_some_and(|own| Sought::new(name).is(own));
                place = self.0.next(place);
                same
            })
    }
}

impl<'a> NodeEntries<'a> {
    /// The entry at a place, and the place behind it.
    fn entry_at(&self, place: usize) -> (Entry<'a>, usize) {
        let pack = self.pack;
        let ms = pack.next(place);
        let seq = pack.next(ms);
        let flags = number(pack, place);
        let id = StreamId {
            ms: self.first.ms.wrapping_add_signed(number(pack, ms)),
            seq: self.first.seq.wrapping_add_signed(number(pack, seq)),
        };
        let mut content = pack.next(seq);
        let mut count = self.count;
        let same = flags & SAME_FIELDS != 0;
        if !same {
            count = number(pack, content) as usize;
            content = pack.next(content);
        }
        let mut end = content;
        for _ in 0..if same { count } else { 2 * count } {
            end = pack.next(end);
        }
        let names = same.then_some(self.names);
        (Entry { id, flags, pack, names, content, count }, pack.next(end))
    }
}

impl<'a> Iterator for NodeEntries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.front >= self.back {
            return None;
        }
        let (entry, end) = self.entry_at(self.front);
        self.front = end;
        Some(entry)
    }
}

impl DoubleEndedIterator for NodeEntries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        let mut place = self.pack.previous(self.back)?;
        for _ in 0..number(self.pack, place) {
            place = self.pack.previous(place)?;
        }
        self.back = place;
        Some(self.entry_at(place).0)
    }
}

/// The number at a place, where the format has one.
fn number(pack: &Listpack, place: usize) -> i64 {
    match pack.get(place) {
        Some(Packed::Number(number)) => number,
        _ => 0,
    }
}

/// Walks a node that somebody else has made; gives how many entries are there and how many were taken out. `None` if it
/// is none, or if its ids do not rise.
fn check(first: StreamId, pack: &Listpack) -> Option<(i64, i64)> {
    let mut values = pack.iter();
    next_number(&mut values)?;
    next_number(&mut values)?;
    let names = usize::try_from(next_number(&mut values)?).ok()?;
    skip(&mut values, names)?;
    if next_number(&mut values)? != 0 {
        return None;
    }
    let (mut live, mut deleted, mut last) = (0, 0, None);
    while values.clone().next().is_some() {
        let (id, flags) = check_entry(first, names, &mut values)?;
        if id < first || last >= Some(id) {
            return None;
        }
        last = Some(id);
        if flags & DELETED == 0 {
            live += 1;
        } else {
            deleted += 1;
        }
    }
    Some((live, deleted))
}

/// Passes an entry by; gives its id and flags.
fn check_entry(first: StreamId, names: usize, values: &mut Values<'_>) -> Option<(StreamId, i64)> {
    let flags = next_number(values)?;
    let ms = first.ms.wrapping_add_signed(next_number(values)?);
    let seq = first.seq.wrapping_add_signed(next_number(values)?);
    let (count, fixed) = if flags & SAME_FIELDS != 0 {
        (names, 3)
    } else {
        (usize::try_from(next_number(values)?).ok()?.checked_mul(2)?, 4)
    };
    skip(values, count)?;
    let length = i64::try_from(count.checked_add(fixed)?).ok()?;
    (next_number(values)? == length).then_some((StreamId { ms, seq }, flags))
}

fn next_number(values: &mut Values<'_>) -> Option<i64> {
    match values.next() {
        Some(Packed::Number(number)) => Some(number),
        _ => None,
    }
}

/// Passes so many values by; `None` if there are not so many.
fn skip(values: &mut Values<'_>, count: usize) -> Option<()> {
    match count.checked_sub(1) {
        Some(last) => values.nth(last).map(|_| ()),
        None => Some(()),
    }
}
