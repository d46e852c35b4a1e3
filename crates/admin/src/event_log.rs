//! The events that are remembered for those who watch.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::proto;

/// The last events of one run of a node.
#[derive(Debug)]
pub(crate) struct EventLog {
    run_id: String,
    events: Mutex<VecDeque<Arc<proto::Event>>>,
    head: watch::Sender<u64>,
}

/// What comes after an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Nothing yet.
    Nothing,
    /// This one.
    Event(Arc<proto::Event>),
    /// So many are lost; the one with this number is next.
    Gap { missed: u64, next: u64 },
}

impl EventLog {
    /// Most events that are remembered.
    pub(crate) const EVENTS_MAX: usize = 8192;

    pub(crate) fn new(run_id: String) -> Self {
        Self { run_id, events: Mutex::default(), head: watch::Sender::new(0) }
    }

    /// Takes the next event. Its number is in its cursor.
    pub(crate) fn push(&self, mut event: proto::Event) {
        let cursor = event.cursor.get_or_insert_default();
        cursor.run_id.clone_from(&self.run_id);
        let sequence = cursor.sequence;
        let mut events = self.lock();
        if events.len() == Self::EVENTS_MAX {
            events.pop_front();
        }
        events.push_back(Arc::new(event));
        drop(events);
        self.head.send_replace(sequence);
    }

    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Number of the last event.
    pub(crate) fn last(&self) -> u64 {
        *self.head.borrow()
    }

    /// Number of the oldest remembered event; of the next one when there is none.
    pub(crate) fn oldest(&self) -> u64 {
        self.lock().front().map_or(self.last() + 1, |event| sequence_of(event))
    }

    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// What comes after the event with this number.
    pub(crate) fn after(&self, sequence: u64) -> Next {
        let events = self.lock();
        let next = events.partition_point(|event| sequence_of(event) <= sequence);
        let Some(event) = events.get(next) else { return Next::Nothing };
        let number = sequence_of(event);
        if number == sequence + 1 {
            Next::Event(Arc::clone(event))
        } else {
            Next::Gap { missed: number - sequence - 1, next: number }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<proto::Event>>> {
        self.events.lock()
    }
}

fn sequence_of(event: &proto::Event) -> u64 {
    event.cursor.as_ref().map_or(0, |cursor| cursor.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64) -> proto::Event {
        let cursor = Some(proto::EventCursor { run_id: String::new(), sequence });
        proto::Event { cursor, ..proto::Event::default() }
    }

    #[test]
    fn a_reader_behind_the_ring_and_one_behind_a_lost_event_are_told_how_many_they_miss() {
        let log = EventLog::new("run".into());
        assert_eq!((log.oldest(), log.after(0)), (1, Next::Nothing));
        for sequence in 1..=EventLog::EVENTS_MAX as u64 + 10 {
            log.push(event(sequence));
        }
        assert_eq!(log.oldest(), 11);
        assert_eq!(log.after(4), Next::Gap { missed: 6, next: 11 });
        assert!(
            matches!(log.after(10), Next::Event(event) if sequence_of(&event) == 11 && event.cursor.as_ref().is_some_and(|cursor| cursor.run_id == "run"))
        );
        let last = log.last();
        log.push(event(last + 3));
        assert_eq!(log.after(last), Next::Gap { missed: 2, next: last + 3 });
        assert_eq!(log.after(last + 3), Next::Nothing);
    }
}
