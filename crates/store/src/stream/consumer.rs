//! The consumers of a group.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stream::cost::{Cost, tree_cost};
use crate::stream::id::StreamId;
use crate::stream::id_map::IdMap;

/// A consumer of a group, for as long as it is there; after that it may be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsumerId(u32);

/// Who reads entries for a group.
#[derive(Clone, Debug)]
pub struct Consumer {
    name: Arc<[u8]>,
    /// When it last tried to read or claim, in milliseconds of the wall clock.
    pub(super) seen: u64,
    /// When it last got something by that.
    pub(super) active: Option<u64>,
    pub(super) pending: IdMap<()>,
}

/// The consumers of a group.
#[derive(Debug, Default)]
pub(super) struct Consumers {
    places: Vec<Option<Consumer>>,
    /// Places that are empty.
    free: Vec<u32>,
    names: BTreeMap<Arc<[u8]>, ConsumerId>,
    /// Of the consumers, without their places.
    cost: Cost,
}

impl Consumer {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// When it last tried to read or claim, in milliseconds of the wall clock.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// When it last got something by that, in milliseconds of the wall clock; `None` if it never did.
    #[must_use]
    pub fn active(&self) -> Option<u64> {
        self.active
    }

    /// How many entries were given to it and are not acknowledged.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Which entries were given to it and are not acknowledged, in order.
    pub fn pending_ids(&self) -> impl DoubleEndedIterator<Item = StreamId> {
        self.pending.iter().map(|(id, ())| id)
    }

    /// Its name stands in memory once, behind two counts.
    fn cost(&self) -> Cost {
        let mut cost = self.pending.cost();
        cost += Cost { bytes: self.name.len() + 16, pieces: 1 };
        cost
    }
}

impl Clone for Consumers {
    fn clone(&self) -> Self {
        let (places, free, names) = (self.places.clone(), self.free.clone(), self.names.clone());
        // What is copied has no memory to spare.
        let cost = places.iter().flatten().map(Consumer::cost).sum();
        Self { places, free, names, cost }
    }
}

impl Consumers {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn cost(&self) -> Cost {
        let mut cost = tree_cost::<Arc<[u8]>, ConsumerId>(self.names.len());
        cost += self.cost;
        cost += Cost { bytes: self.places_bytes(), pieces: 1 };
        cost
    }

    pub(super) fn places_bytes(&self) -> usize {
        self.places.capacity() * size_of::<Option<Consumer>>() + self.free.capacity() * size_of::<u32>()
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<ConsumerId> {
        self.names.get(name).copied()
    }

    pub(super) fn get(&self, id: ConsumerId) -> Option<&Consumer> {
        self.places.get(id.0 as usize)?.as_ref()
    }

    /// The consumers in order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConsumerId, &Consumer)> {
        self.names.values().filter_map(|id| Some((*id, self.get(*id)?)))
    }

    /// Adds one whose name is not there yet.
    pub(super) fn add(&mut self, name: &[u8], now: u64) -> ConsumerId {
        let name: Arc<[u8]> = name.into();
        let consumer = Consumer { name: name.clone(), seen: now, active: None, pending: IdMap::default() };
        self.cost += consumer.cost();
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place as usize] = Some(consumer);
                place
            }
            None => {
                self.places.push(Some(consumer));
                u32::try_from(self.places.len() - 1).expect("memory ends before consumers are four milliards")
            }
        };
        self.names.insert(name, ConsumerId(place));
        ConsumerId(place)
    }

    pub(super) fn remove(&mut self, id: ConsumerId) -> Option<Consumer> {
        let consumer = self.places.get_mut(id.0 as usize)?.take()?;
        self.cost -= consumer.cost();
        self.names.remove(&consumer.name);
        self.free.push(id.0);
        if self.names.is_empty() {
            (self.places, self.free) = (Vec::new(), Vec::new());
        }
        Some(consumer)
    }

    /// Changes one.
    pub(super) fn edit<R>(&mut self, id: ConsumerId, edit: impl FnOnce(&mut Consumer) -> R) -> Option<R> {
        let consumer = self.places.get_mut(id.0 as usize)?.as_mut()?;
        self.cost -= consumer.cost();
        let result = edit(consumer);
        self.cost += consumer.cost();
        Some(result)
    }
}
