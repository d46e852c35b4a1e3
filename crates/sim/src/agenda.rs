//! Everything that will happen, in order.

use std::collections::{BTreeMap, VecDeque};

use slotmesh_types::Mono;

/// What is due when. Things due at one moment come out in the order in which they went in.
///
/// Big worlds have millions of things under way within a few milliseconds of virtual time: a queue for each microsecond
/// keeps the tree small.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    moments: BTreeMap<Mono, VecDeque<T>>,
    /// Queues to use again.
    spare: Vec<VecDeque<T>>,
    len: usize,
}

/// Queues that are kept for later.
const SPARE_MAX: usize = 64;

impl<T> Agenda<T> {
    pub(crate) fn new() -> Self {
        Self { moments: BTreeMap::new(), spare: Vec::new(), len: 0 }
    }

    /// Notes that something will happen.
    pub(crate) fn schedule(&mut self, at: Mono, what: T) {
        self.len += 1;
        let spare = &mut self.spare;
        self.moments.entry(at).or_insert_with(|| spare.pop().unwrap_or_default()).push_back(what);
    }

    /// How many things will happen.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Mono> {
        self.moments.first_key_value().map(|(at, _)| *at)
    }

    /// The next thing, if it is due by `now`.
    pub(crate) fn pop(&mut self, now: Mono) -> Option<T> {
        let mut first = self.moments.first_entry()?;
        if *first.key() > now {
            return None;
        }
        let what = first.get_mut().pop_front();
        self.len -= usize::from(what.is_some());
        if first.get().is_empty() {
            let queue = first.remove();
            if self.spare.len() < SPARE_MAX && queue.capacity() <= SPARE_MAX {
                self.spare.push(queue);
            }
        }
        what
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_out_by_time_and_then_as_they_went_in() {
        let at = Mono::from_micros;
        let mut agenda = Agenda::new();
        for (when, what) in [(5, 'c'), (3, 'a'), (5, 'd'), (3, 'b')] {
            agenda.schedule(at(when), what);
        }
        assert_eq!(agenda.next_at(), Some(at(3)));
        assert_eq!(agenda.pop(at(2)), None, "nothing is due yet");
        let order: String = std::iter::from_fn(|| agenda.pop(at(9))).collect();
        assert_eq!(order, "abcd");
        assert_eq!(agenda.next_at(), None);
    }
}
