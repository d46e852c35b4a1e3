//! A group of consumers: each entry is given to one of them and remembered until it is acknowledged.

use crate::stream::consumer::{Consumer, ConsumerId, Consumers};
use crate::stream::cost::Cost;
use crate::stream::id::StreamId;
use crate::stream::id_map::IdMap;

/// An entry that was given to a consumer and is not acknowledged; it may be gone from the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When it was last given to it, in milliseconds of the wall clock.
    pub delivered: u64,
    /// How often it was given to somebody.
    pub count: u64,
    /// To whom it was given last.
    pub consumer: ConsumerId,
}

/// A group of consumers.
#[derive(Clone, Debug)]
pub struct Group {
    pub(super) last: StreamId,
    pub(super) read: Option<u64>,
    pub(super) pending: IdMap<Pending>,
    pub(super) consumers: Consumers,
}

impl Group {
    pub(super) fn new(last: StreamId, read: Option<u64>) -> Self {
        Self { last, read, pending: IdMap::default(), consumers: Consumers::default() }
    }

    /// The id of the last entry that was given to anyone; new ones are above it.
    #[must_use]
    pub fn last(&self) -> StreamId {
        self.last
    }

    /// How many entries the group has read, those included that were before it; `None` where that is not known.
    #[must_use]
    pub fn read(&self) -> Option<u64> {
        self.read
    }

    /// How many entries are pending.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// What is pending from an id to another, both included, in order.
    pub fn pending(&self, start: StreamId, end: StreamId) -> impl DoubleEndedIterator<Item = (StreamId, Pending)> {
        self.pending.range(start, end).map(|(id, pending)| (id, *pending))
    }

    /// The same of one consumer. Each step takes a search.
    pub fn pending_of(
        &self,
        consumer: ConsumerId,
        start: StreamId,
        end: StreamId,
    ) -> impl Iterator<Item = (StreamId, Pending)> {
        let own = self.consumers.get(consumer).map(|consumer| consumer.pending.range(start, end));
        own.into_iter().flatten().filter_map(|(id, ())| Some((id, *self.pending.get(id)?)))
    }

    /// How many consumers there are.
    #[must_use]
    pub fn consumers_len(&self) -> usize {
        self.consumers.len()
    }

    /// The consumers in order of their names.
    pub fn consumers(&self) -> impl Iterator<Item = (ConsumerId, &Consumer)> {
        self.consumers.iter()
    }

    /// The consumer of that name.
    #[must_use]
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.consumers.find(name)
    }

    /// A consumer; `None` when it is gone.
    #[must_use]
    pub fn consumer(&self, id: ConsumerId) -> Option<&Consumer> {
        self.consumers.get(id)
    }

    pub(super) fn cost(&self) -> Cost {
        let mut cost = self.pending.cost();
        cost += self.consumers.cost();
        cost
    }

    /// An entry is pending with this consumer now, and with no other.
    pub(super) fn give(&mut self, id: StreamId, pending: Pending) {
        let before = self.pending.insert(id, pending).map(|before| before.consumer);
        if before == Some(pending.consumer) {
            return;
        }
        if let Some(before) = before {
            self.consumers.edit(before, |consumer| consumer.pending.remove(id));
        }
        self.consumers.edit(pending.consumer, |consumer| consumer.pending.insert(id, ()));
    }

    /// An entry is not pending any more.
    pub(super) fn release(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(id)?;
        self.consumers.edit(pending.consumer, |consumer| consumer.pending.remove(id));
        Some(pending)
    }
}
