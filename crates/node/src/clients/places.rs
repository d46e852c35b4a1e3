//! On which thread each connection is served.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

use super::guest::Guest;

/// The threads that serve clients, and over how many of them connections are placed at present.
#[derive(Debug)]
pub(crate) struct Places {
    threads: Vec<Thread>,
    active: AtomicUsize,
    /// Whether all of them are, whatever there is to do.
    always_all: AtomicBool,
    next: AtomicUsize,
}

/// A thread as others reach it.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) handle: Handle,
    /// Whom it shall serve.
    pub(crate) guests: UnboundedSender<Guest>,
}

/// Where a connection is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    number: usize,
    /// How many threads there were to choose from.
    active: usize,
}

impl Place {
    fn thread(self) -> usize {
        self.number % self.active
    }
}

impl Places {
    /// The first of these threads is the only one that connections are placed on.
    pub(crate) fn new(threads: Vec<Thread>) -> Self {
        assert!(!threads.is_empty(), "somebody serves");
        Self { threads, active: AtomicUsize::new(1), always_all: AtomicBool::new(false), next: AtomicUsize::new(0) }
    }

    /// The first thread, for what there is only one of.
    pub(crate) fn first(&self) -> &Handle {
        &self.threads[0].handle
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.threads.len()
    }

    /// On how many of them connections are placed.
    pub(crate) fn active(&self) -> usize {
        if self.always_all.load(Ordering::Relaxed) { self.threads() } else { self.active.load(Ordering::Relaxed) }
    }

    /// Places connections on so many threads from here on, unless they are always on all of them.
    pub(crate) fn set_active(&self, active: usize) {
        self.active.store(active.clamp(1, self.threads()), Ordering::Relaxed);
    }

    /// Whether connections are always placed on all threads.
    pub(crate) fn set_always_all(&self, always: bool) {
        self.always_all.store(always, Ordering::Relaxed);
    }

    /// For the next connection, in turn.
    pub(crate) fn next(&self) -> Place {
        Place { number: self.next.fetch_add(1, Ordering::Relaxed), active: self.active() }
    }

    /// The thread of a place.
    pub(crate) fn handle(&self, place: Place) -> &Handle {
        &self.threads[place.thread()].handle
    }

    /// Has a client served by the thread of its place.
    pub(crate) fn welcome(&self, guest: Guest) {
        // Nobody listens any more: the node is ending, and so is the connection.
        let _ = self.threads[guest.place.thread()].guests.send(guest);
    }

    /// Whether the connection is to be served by another thread from here on; its place says by which.
    pub(crate) fn moved(&self, place: &mut Place) -> bool {
        let active = self.active();
        if active == place.active {
            return false;
        }
        let before = place.thread();
        place.active = active;
        place.thread() != before
    }
}
