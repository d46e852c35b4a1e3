//! The bus thread's end of the stream of events.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

use slotmesh_gossip::Event;
use slotmesh_table::{ClusterView, NodeFacts};
use slotmesh_types::{Now, SlotSet};
use tokio::sync::mpsc;

use super::counts::Counts;
use crate::bus::Observer;

/// Events that may wait to be taken. Beyond, they are lost and counted: the bus waits for nobody.
const WAITING_MAX: usize = 8192;

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Happening {
    /// From 1, without a gap: a number that does not arrive was lost.
    pub(crate) sequence: u64,
    pub(crate) now: Now,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum What {
    /// The engine tells.
    Engine(Box<Event>),
    /// nodes.conf was saved, or could not be for this reason.
    Saved(Result<(), String>),
    /// This node owns other slots than before.
    Slots(Box<SlotsMoved>),
}

/// Slots that this node took and gave up at the same time.
#[derive(Debug)]
pub(crate) struct SlotsMoved {
    pub(crate) gained: SlotSet,
    pub(crate) lost: SlotSet,
}

/// Takes what happens to the admin thread.
pub(crate) struct Tap {
    counts: Arc<Counts>,
    out: mpsc::Sender<Happening>,
    last: Cell<u64>,
    /// This node as it was published last.
    me: RefCell<Option<Arc<NodeFacts>>>,
}

impl Tap {
    pub(crate) fn new(counts: Arc<Counts>) -> (Self, mpsc::Receiver<Happening>) {
        let (out, events) = mpsc::channel(WAITING_MAX);
        (Self { counts, out, last: Cell::new(0), me: RefCell::default() }, events)
    }

    fn tell(&self, now: Now, what: What) {
        self.counts.add(&what);
        let sequence = self.last.get() + 1;
        self.last.set(sequence);
        // Full: the next event that fits shows by its number that this one is missing.
        let _ = self.out.try_send(Happening { sequence, now, what });
    }
}

impl Observer for Tap {
    fn event(&self, now: Now, event: &Event) {
        self.tell(now, What::Engine(Box::new(event.clone())));
    }

    fn saved(&self, now: Now, result: &io::Result<()>) {
        self.tell(
            now,
            What::Saved(match result {
                Ok(()) => Ok(()),
                Err(error) => Err(error.to_string()),
            }),
        );
    }

    fn published(&self, now: Now, view: &ClusterView) {
        let facts = &view.me().facts;
        let before = self.me.borrow_mut().replace(Arc::clone(facts));
        let Some(before) = before.filter(|before| !Arc::ptr_eq(before, facts) && before.slots() != facts.slots())
        else {
            return;
        };
        let mut gained = SlotSet::new();
        let mut lost = SlotSet::new();
        for slot in facts.slots().differences(before.slots()) {
            if facts.slots().contains(slot) {
                gained.insert(slot)
            } else {
                lost.insert(slot)
            };
        }
        self.tell(now, What::Slots(Box::new(SlotsMoved { gained, lost })));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_beyond_the_queue_are_lost_and_counted_and_show_by_a_gap() {
        let counts = Arc::new(Counts::default());
        let (tap, mut events) = Tap::new(Arc::clone(&counts));
        for _ in 0..WAITING_MAX + 5 {
            tap.event(Now::default(), &Event::EpochTaken(slotmesh_types::ConfigEpoch(1)));
        }
        assert_eq!(events.try_recv().expect("the first").sequence, 1);
        tap.saved(Now::default(), &Ok(()));
        let mut last = 1;
        while let Ok(next) = events.try_recv() {
            last = next.sequence;
        }
        assert_eq!(last, WAITING_MAX as u64 + 6, "five are missing before it");
        let all = counts.events();
        assert!(all.iter().any(|one| one.name == "epoch_changed" && one.count == WAITING_MAX as u64 + 5));
        assert!(all.iter().any(|one| one.name == "config_saved" && one.count == 1));
    }
}
