//! Streams: entries in the order of their ids, and groups of consumers that read them.
//!
//! ```
//! use slotmesh_store::stream::{Acknowledged, NewId, Stream, StreamId, StreamLimits};
//!
//! let mut stream = Stream::default();
//! let id = stream.next_id(NewId::Auto, 1_000).expect("there are ids left");
//! let fields: [(&[u8], &[u8]); 1] = [(b"temperature", b"21")];
//! stream.add(id, fields.into_iter(), StreamLimits::default()).expect("it is above the last");
//! stream.create_group(b"readers", StreamId::MIN, None);
//!
//! let mut group = stream.group_mut(b"readers").expect("it has just been made");
//! let (alice, _) = group.consumer_or_new(b"alice", 1_001);
//! group.read_new(alice, 10, Acknowledged::Later, 1_001, |entry| assert_eq!(entry.id(), StreamId::new(1_000, 0)));
//! assert!(group.acknowledge(id));
//! ```

mod consumer;
mod cost;
mod delivery;
mod entry;
mod group;
mod id;
mod id_map;
mod lag;
mod log;
mod node;
mod radix;
mod trim;

use std::collections::BTreeMap;

pub use consumer::{Consumer, ConsumerId};
pub use delivery::{Acknowledged, Claim, Claimed, GroupMut};
pub use entry::{Entry, Fields};
pub use group::{Group, Pending};
pub use id::{IdError, NewId, StreamId};
pub use log::{AddError, Counters, DamagedNode, Entries, SetIdError};
pub use node::StreamLimits;
pub use trim::{Trim, TrimTo};

use crate::listpack::Listpack;
use crate::stream::cost::{Cost, tree_cost};
use crate::stream::log::Log;

/// Entries in the order of their ids, and groups of consumers that read them.
///
/// An entry is found by a search of the nodes and a walk within one, whose size [`StreamLimits`] bound.
#[derive(Debug, Default)]
pub struct Stream {
    log: Log,
    groups: BTreeMap<Box<[u8]>, Group>,
    /// What the groups cost besides their places in the tree.
    groups_cost: Cost,
}

impl Clone for Stream {
    fn clone(&self) -> Self {
        let groups = self.groups.clone();
        let groups_cost = groups.iter().map(|(name, group)| group_cost(name, group)).sum();
        Self { log: self.log.clone(), groups, groups_cost }
    }
}

impl Stream {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.log.len()
    }

    /// Whether there is none. An empty stream stays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it remembers of its entries.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.log.counters()
    }

    /// The id that an entry would get that is added at this moment, in milliseconds of the wall clock.
    ///
    /// # Errors
    /// When no entry can be added so.
    pub fn next_id(&self, wanted: NewId, now: u64) -> Result<StreamId, AddError> {
        self.log.next_id(wanted, now)
    }

    /// Adds an entry behind the last one: its fields, each with its value. Walks the fields of the last node.
    ///
    /// # Errors
    /// When the id is not above the last one, or the entry is too large. Nothing is changed then.
    pub fn add<'f>(
        &mut self,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: StreamLimits,
    ) -> Result<(), AddError> {
        self.log.add(id, fields, limits)
    }

    /// Takes an entry out; tells whether it was there. Walks its node.
    pub fn delete(&mut self, id: StreamId) -> bool {
        self.log.delete(id)
    }

    /// Shortens it; gives how many entries went. The work is a step for each node that goes, and a walk of one that stays.
    pub fn trim(&mut self, trim: Trim) -> u64 {
        self.log.trim(trim)
    }

    /// Sets the id of the last entry and, where they are given, how many were ever added and the highest one that was deleted.
    ///
    /// # Errors
    /// When these do not go together, or not with the entries. Nothing is changed then.
    pub fn set_id(
        &mut self,
        last: StreamId,
        added: Option<u64>,
        max_deleted: Option<StreamId>,
    ) -> Result<(), SetIdError> {
        self.log.set_id(last, added, max_deleted)
    }

    /// The entry with that id.
    #[must_use]
    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.range(id, id).next()
    }

    /// The entries from an id to another, both included, from both ends.
    #[must_use]
    pub fn range(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        self.log.range(start, end)
    }

    /// The entries behind an id.
    pub fn after(&self, id: StreamId) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        id.next().map(|start| self.range(start, StreamId::MAX)).into_iter().flatten()
    }

    /// The last entry that is there still; its id can be below the last one of [`Stream::counters`].
    #[must_use]
    pub fn last_entry(&self) -> Option<Entry<'_>> {
        self.log.last_entry()
    }

    /// Whether somebody who has read until an id has something to read.
    #[must_use]
    pub fn has_after(&self, id: StreamId) -> bool {
        self.last_entry().is_some_and(|entry| entry.id() > id)
    }

    /// The nodes as real servers have them, each with the id that it is filed under: the first that was ever in it, so that the
    /// first of these is what a trim by [`TrimTo::From`] is told to replicas as.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (StreamId, &Listpack)> {
        self.log.nodes()
    }

    /// How many nodes real servers would have in their radix tree, as XINFO STREAM tells it. A step for each node of the stream.
    #[must_use]
    pub fn radix_nodes(&self) -> usize {
        radix::radix_nodes(self.nodes().map(|(first, _)| first))
    }

    /// Adds a node that a real server has written, behind the others. [`Stream::set_id`] completes what is loaded.
    ///
    /// # Errors
    /// When it is no node, or when its ids are not above those before it.
    pub fn load_node(&mut self, first: StreamId, pack: Listpack) -> Result<(), DamagedNode> {
        self.log.load_node(first, pack)
    }

    /// Makes a group that reads behind an id and has read so many entries, if that is known; tells whether it was not there.
    pub fn create_group(&mut self, name: &[u8], last: StreamId, read: Option<u64>) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        let group = Group::new(last, read);
        self.groups_cost += group_cost(name, &group);
        self.groups.insert(name.into(), group);
        true
    }

    /// Takes a group out; what it remembers may be big, and is best dropped when no lock is held.
    pub fn destroy_group(&mut self, name: &[u8]) -> Option<Group> {
        let group = self.groups.remove(name)?;
        self.groups_cost -= group_cost(name, &group);
        Some(group)
    }

    /// A group.
    #[must_use]
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// A group, to read for it and to change it.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<GroupMut<'_>> {
        let group = self.groups.get_mut(name)?;
        Some(GroupMut::new(&self.log, group, &mut self.groups_cost))
    }

    /// The groups in the order of their names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// How many entries a group has still to read; `None` where that can't be known. Below 0 when it is said to have read more
    /// than were ever added.
    #[must_use]
    pub fn lag(&self, group: &Group) -> Option<i64> {
        self.log.lag(group.last(), group.read())
    }

    /// How it is kept, as OBJECT ENCODING tells it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// Bytes that it takes besides itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.cost().bytes
    }

    /// How many pieces of memory it has.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.cost().pieces
    }

    fn cost(&self) -> Cost {
        let mut cost = self.log.cost();
        cost += self.groups_cost;
        cost += tree_cost::<Box<[u8]>, Group>(self.groups.len());
        cost
    }
}

fn group_cost(name: &[u8], group: &Group) -> Cost {
    let mut cost = group.cost();
    cost += Cost { bytes: name.len(), pieces: 1 };
    cost
}

#[cfg(test)]
mod tests;
