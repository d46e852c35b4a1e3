//! On which thread each connection is served.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::Handle;

/// The threads that serve clients, and over how many of them connections are placed at present.
#[derive(Debug)]
pub(crate) struct Places {
    handles: Vec<Handle>,
    active: AtomicUsize,
    /// Whether all of them are, whatever there is to do.
    always_all: AtomicBool,
    next: AtomicUsize,
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
    pub(crate) fn new(handles: Vec<Handle>) -> Self {
        assert!(!handles.is_empty(), "somebody serves");
        Self { handles, active: AtomicUsize::new(1), always_all: AtomicBool::new(false), next: AtomicUsize::new(0) }
    }

    /// The first thread, for what there is only one of.
    pub(crate) fn first(&self) -> &Handle {
        &self.handles[0]
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.handles.len()
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
        &self.handles[place.thread()]
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
