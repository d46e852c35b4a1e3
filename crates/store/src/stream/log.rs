//! The entries of a stream, and what it remembers of those that are gone.

use std::collections::{BTreeMap, btree_map};
use std::iter::FlatMap;

use crate::listpack::Listpack;
use crate::stream::cost::{Cost, tree_cost};
use crate::stream::entry::Entry;
use crate::stream::id::{NewId, StreamId};
use crate::stream::node::{NODE_BYTES_MAX, Node, NodeEntries, StreamLimits};

/// Why an entry is not added; the stream is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// No entry has the lowest id.
    #[error("ERR The ID specified in XADD must be greater than 0-0")]
    Lowest,
    /// The last entry had the highest id.
    #[error("ERR The stream has exhausted the last possible ID, unable to add more items")]
    Exhausted,
    /// The last entry had that id or a higher one.
    #[error("ERR The ID specified in XADD is equal or smaller than the target stream top item")]
    NotAbove,
    /// An entry has at most 1 GiB.
    #[error("ERR Elements are too large to be stored")]
    TooLarge,
}

/// Why what a stream remembers can't be set so; it is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetIdError {
    /// The id is below the highest deleted one that was given.
    #[error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")]
    BelowGivenDeleted,
    /// The id is below the highest one that was deleted.
    #[error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")]
    BelowDeleted,
    /// The id is below that of the last entry.
    #[error("ERR The ID specified in XSETID is smaller than the target stream top item")]
    BelowLast,
    /// There are more entries than are said to have been added.
    #[error("ERR The entries_added specified in XSETID is smaller than the target stream length")]
    FewerThanLength,
}

/// What a real server has written is no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged stream node {first}")]
pub struct DamagedNode {
    /// What the node is filed under.
    pub first: StreamId,
}

/// What a stream remembers of its entries, whether they are there still or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The id of the first entry that is there; the lowest when none is.
    pub first: StreamId,
    /// The highest id that an entry ever had.
    pub last: StreamId,
    /// The highest id that was deleted, other than by trimming.
    pub max_deleted: StreamId,
    /// How many entries were ever added.
    pub added: u64,
}

/// The entries of a stream, in nodes that are filed under the id of the first entry that each was made for.
#[derive(Debug, Default)]
pub(super) struct Log {
    nodes: BTreeMap<StreamId, Node>,
    length: u64,
    counters: Counters,
    /// Memory of the nodes themselves.
    bytes: usize,
    /// No entry of the last node has a higher id, were it taken out or not.
    newest: StreamId,
}

/// Entries of a stream, from both ends.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    nodes: FlatMap<btree_map::Range<'a, StreamId, Node>, NodeEntries<'a>, NodeToEntries<'a>>,
    start: StreamId,
    end: StreamId,
}

type NodeToEntries<'a> = fn((&'a StreamId, &'a Node)) -> NodeEntries<'a>;

impl Clone for Log {
    fn clone(&self) -> Self {
        let nodes = self.nodes.clone();
        // What is copied has no memory to spare.
        let bytes = nodes.values().map(Node::bytes).sum();
        Self { nodes, bytes, ..*self }
    }
}

impl Log {
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    pub(super) fn cost(&self) -> Cost {
        let mut cost = tree_cost::<StreamId, Node>(self.nodes.len());
        cost += Cost { bytes: self.bytes, pieces: self.nodes.len() };
        cost
    }

    /// The id that the next entry would get.
    pub(super) fn next_id(&self, wanted: NewId, now: u64) -> Result<StreamId, AddError> {
        let last = self.counters.last;
        let id = match wanted {
            NewId::Exactly(StreamId::MIN) => return Err(AddError::Lowest),
            _ if last == StreamId::MAX => return Err(AddError::Exhausted),
            NewId::Auto if now > last.ms => StreamId::new(now, 0),
            NewId::Auto => last.next().ok_or(AddError::Exhausted)?,
            NewId::Within(ms) if ms == last.ms => StreamId::new(ms, last.seq.checked_add(1).ok_or(AddError::NotAbove)?),
            NewId::Within(ms) => StreamId::new(ms, 0),
            NewId::Exactly(id) => id,
        };
        if id > last { Ok(id) } else { Err(AddError::NotAbove) }
    }

    /// Adds an entry behind the last one. Walks the fields of the last node and its last entry.
    pub(super) fn add<'f>(
        &mut self,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: StreamLimits,
    ) -> Result<(), AddError> {
        self.next_id(NewId::Exactly(id), 0)?;
        let more = fields.clone().fold(0_usize, |sum, (name, value)| sum.saturating_add(name.len() + value.len()));
        if more > NODE_BYTES_MAX {
            return Err(AddError::TooLarge);
        }
        if !self.add_to_last(id, more, fields.clone(), limits) {
            let mut node = Node::new(fields.clone());
            node.add(id, id, fields);
            self.bytes += node.bytes();
            self.nodes.insert(id, node);
        }
        self.newest = id;
        if self.length == 0 {
            self.counters.first = id;
        }
        self.length += 1;
        self.counters.last = id;
        self.counters.added = self.counters.added.saturating_add(1);
        Ok(())
    }

    /// Takes an entry out; tells whether it was there. Walks its node.
    pub(super) fn delete(&mut self, id: StreamId) -> bool {
        let Some((first, node)) = self.nodes.range_mut(..=id).next_back() else { return false };
        let before = node.bytes();
        if !node.delete(*first, id) {
            return false;
        }
        self.bytes = self.bytes + node.bytes() - before;
        if node.live() == 0 {
            let first = *first;
            self.remove_node(first);
        }
        self.length -= 1;
        self.counters.max_deleted = self.counters.max_deleted.max(id);
        if id == self.counters.first {
            self.find_first();
        }
        true
    }

    /// Takes out the first node; gives how many entries that were.
    pub(super) fn delete_first_node(&mut self) -> u64 {
        let Some((first, node)) = self.nodes.first_key_value() else { return 0 };
        let (first, gone) = (*first, node.live());
        self.remove_node(first);
        self.length -= gone;
        gone
    }

    /// Takes out entries of the first node, at most so many, until one is not below an id; gives how many.
    pub(super) fn delete_within_first_node(&mut self, most: u64, below: StreamId) -> u64 {
        let Some((first, node)) = self.nodes.iter_mut().next() else { return 0 };
        let before = node.bytes();
        let gone = node.delete_first(*first, most, below);
        self.bytes = self.bytes + node.bytes() - before;
        self.length -= gone;
        if node.live() == 0 {
            let first = *first;
            self.remove_node(first);
        }
        gone
    }

    /// Finds the first entry again after some were taken out.
    pub(super) fn find_first(&mut self) {
        let first = self.range(StreamId::MIN, StreamId::MAX).next();
        self.counters.first = first.map_or(StreamId::MIN, |entry| entry.id());
    }

    /// How many entries the first node has, and the id of the last one, were it taken out or not.
    pub(super) fn first_node(&self) -> Option<(u64, StreamId)> {
        let (first, node) = self.nodes.first_key_value()?;
        Some((node.live(), node.last_id(*first)?))
    }

    pub(super) fn set_id(
        &mut self,
        last: StreamId,
        added: Option<u64>,
        max_deleted: Option<StreamId>,
    ) -> Result<(), SetIdError> {
        if max_deleted.is_some_and(|deleted| last < deleted) {
            return Err(SetIdError::BelowGivenDeleted);
        }
        if last < self.counters.max_deleted {
            return Err(SetIdError::BelowDeleted);
        }
        if self.last_entry().is_some_and(|entry| last < entry.id()) {
            return Err(SetIdError::BelowLast);
        }
        if added.is_some_and(|added| added < self.length) {
            return Err(SetIdError::FewerThanLength);
        }
        self.counters.last = last;
        self.counters.added = added.unwrap_or(self.counters.added);
        self.counters.max_deleted = max_deleted.filter(|id| *id != StreamId::MIN).unwrap_or(self.counters.max_deleted);
        Ok(())
    }

    pub(super) fn range(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        let first = self.nodes.range(..=start).next_back().map_or(start, |(first, _)| *first);
        // A range that ends before it begins is none.
        let nodes = self.nodes.range(first..=end.max(first));
        let to_entries: NodeToEntries<'_> = |(first, node)| node.entries(*first);
        Entries { nodes: nodes.flat_map(to_entries), start, end }
    }

    pub(super) fn last_entry(&self) -> Option<Entry<'_>> {
        self.range(StreamId::MIN, StreamId::MAX).next_back()
    }

    pub(super) fn nodes(&self) -> impl ExactSizeIterator<Item = (StreamId, &Listpack)> {
        self.nodes.iter().map(|(first, node)| (*first, node.pack()))
    }

    /// Adds a node of a real server behind the others. One without entries is left out.
    pub(super) fn load_node(&mut self, first: StreamId, pack: Listpack) -> Result<(), DamagedNode> {
        let before = self.nodes.last_key_value().and_then(|(first, node)| node.last_id(*first));
        let node = Node::from_pack(first, pack).filter(|_| before < Some(first)).ok_or(DamagedNode { first })?;
        let live = node.live();
        if live > 0 {
            self.length += live;
            self.bytes += node.bytes();
            self.newest = node.last_id(first).unwrap_or(first);
            self.nodes.insert(first, node);
            self.counters.last = self.last_entry().map_or(self.counters.last, |entry| entry.id());
            if self.length == live {
                self.find_first();
            }
        }
        Ok(())
    }

    /// Adds an entry to the last node, if that takes it; if it doesn't, it gives back what it doesn't use.
    fn add_to_last<'f>(
        &mut self,
        id: StreamId,
        more: usize,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: StreamLimits,
    ) -> bool {
        let Some(mut last) = self.nodes.last_entry() else { return false };
        let first = *last.key();
        let node = last.get_mut();
        let before = node.bytes();
        // XSETID can go back behind what was taken out.
        let has_room = self.newest < id && !node.is_full(more, limits);
        if has_room {
            node.add(first, id, fields);
        } else {
            node.shrink();
        }
        self.bytes = self.bytes + node.bytes() - before;
        has_room
    }

    fn remove_node(&mut self, first: StreamId) {
        self.bytes -= self.nodes.remove(&first).map_or(0, |node| node.bytes());
    }
}

impl Entries<'_> {
    fn shows(&self, entry: &Entry<'_>) -> bool {
        !entry.is_deleted() && (self.start..=self.end).contains(&entry.id())
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let entry = self.nodes.next()?;
            if self.shows(&entry) {
                return Some(entry);
            }
        }
    }
}

impl DoubleEndedIterator for Entries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.nodes.next_back()?;
            if self.shows(&entry) {
                return Some(entry);
            }
        }
    }
}
