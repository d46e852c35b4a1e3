//! The connections of one thread, served in rounds.
//!
//! In a round everybody who has something to do has up to three turns, and whoever asks to go on after the others does so when they
//! have had theirs: all read, then all execute, then all send. Tasks of tokio can do that as well, at the price of tokio's way
//! through its queue for each turn; docs/BENCHMARKS.md has what that is. One task of tokio serves them all, so whatever they wait for
//! besides their sockets is tokio's, as anywhere.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};
use parking_lot::Mutex;
use slab::Slab;
use slotmesh_sync::Wish;
use slotmesh_types::Now;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::UnboundedReceiver;

use super::guest::Guest;
use super::stream::Readiness;
use crate::clock::Clock;

/// Sockets that are heard of in one round: what else the thread has to do waits for it.
const EVENTS: usize = 128;

/// Turns that a connection may have in one round.
const TURNS: usize = 3;

thread_local! {
    /// Whether the connection whose turn it is goes on after the others.
    static AGAIN: Cell<bool> = const { Cell::new(false) };
    /// Whether there are others.
    static COMPANY: Cell<bool> = const { Cell::new(false) };
    /// What time it is, if anybody has looked since these turns began.
    static TIME: Cell<Option<Now>> = const { Cell::new(None) };
}

/// What time it is, as those know who had their turn before: one look at the clock is enough for them all.
pub(crate) fn time(clock: &Clock) -> Now {
    TIME.get().unwrap_or_else(|| {
        let now = clock.now();
        note_time(now);
        now
    })
}

/// Somebody has looked at the clock.
pub(crate) fn note_time(now: Now) {
    TIME.set(Some(now));
}

/// Whether others have something to do in this round.
pub(crate) fn has_company() -> bool {
    COMPANY.get()
}

/// Lets whoever else has something to do in this round go first, if anybody has. For connections that are served in rounds.
pub(crate) async fn after_others() {
    let mut is_over = !has_company();
    poll_fn(|_| {
        if is_over {
            return Poll::Ready(());
        }
        is_over = true;
        AGAIN.set(true);
        Poll::Pending
    })
    .await;
}

/// Serves a connection to its end, or until another thread is to serve it.
pub(crate) type Service = Pin<Box<dyn Future<Output = Option<Guest>>>>;

/// The connections of one thread.
pub(crate) struct Rounds {
    sockets: AsyncFd<mio::Poll>,
    events: Events,
    connections: Slab<Served>,
    /// Who has something to do in this round.
    due: Vec<usize>,
    woken: Arc<Woken>,
}

struct Served {
    service: Service,
    readiness: Rc<Readiness>,
    bell: Arc<Bell>,
    waker: Waker,
    is_due: bool,
}

/// Wakes one connection. Rung for one that has ended, it may wake another for nothing.
struct Bell {
    key: usize,
    /// That it has a turn.
    wish: Wish,
    woken: Arc<Woken>,
}

/// Who was woken by something else than a socket.
#[derive(Default)]
struct Woken {
    keys: Mutex<Vec<usize>>,
    /// The task that serves the connections.
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.wish.make() {
            return;
        }
        self.woken.keys.lock().push(self.key);
        if let Some(task) = &*self.woken.task.lock() {
            task.wake_by_ref();
        }
    }
}

impl Rounds {
    /// Serves nobody yet. To be called within a runtime of tokio.
    ///
    /// # Errors
    /// When the system gives no more descriptors.
    #[expect(unsafe_code, reason = "tokio can be asked to watch a descriptor in no other way")]
    pub(crate) fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        // SAFETY: a poll has one descriptor, open from its beginning to its end, and nothing here replaces the poll.
        let sockets = unsafe { AsyncFd::register_with_interest(poll, tokio::io::Interest::READABLE) };
        Ok(Self {
            sockets: sockets.map_err(io::Error::from)?,
            events: Events::with_capacity(EVENTS),
            connections: Slab::new(),
            due: Vec::new(),
            woken: Arc::default(),
        })
    }

    /// Serves whoever comes, for ever.
    pub(crate) async fn serve(mut self, mut guests: UnboundedReceiver<Guest>) {
        poll_fn(|cx| {
            *self.woken.task.lock() = Some(cx.waker().clone());
            while let Poll::Ready(Some(guest)) = guests.poll_recv(cx) {
                self.admit(guest);
            }
            self.hear_of_sockets(cx);
            self.hear_of_others();
            self.round();
            Poll::<()>::Pending
        })
        .await;
    }

    fn admit(&mut self, guest: Guest) {
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let (descriptor, interest) = (guest.socket.as_raw_fd(), Interest::READABLE | Interest::WRITABLE);
        let registry = self.sockets.get_ref().registry();
        if let Err(error) = registry.register(&mut SourceFd(&descriptor), Token(key), interest) {
            return guest.turn_away(&error);
        }
        let readiness = Rc::new(Readiness::default());
        let bell = Arc::new(Bell { key, wish: Wish::default(), woken: Arc::clone(&self.woken) });
        let waker = Waker::from(Arc::clone(&bell));
        entry.insert(Served { service: guest.service(Rc::clone(&readiness)), readiness, bell, waker, is_due: true });
        self.due.push(key);
    }

    fn hear_of_sockets(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Ok(mut ready)) = self.sockets.poll_read_ready_mut(cx) {
            let is_heard = ready.get_inner_mut().poll(&mut self.events, Some(Duration::ZERO)).is_ok();
            let is_all = is_heard && self.events.iter().count() < EVENTS;
            if is_all {
                ready.clear_ready();
            }
            for event in &self.events {
                let key = event.token().0;
                if let Some(served) = self.connections.get_mut(key) {
                    served.readiness.note(event);
                    served.note_due(key, &mut self.due);
                }
            }
            if !is_all {
                // The others have their turn in the next round, as all have where a signal has come between.
                return cx.waker().wake_by_ref();
            }
        }
    }

    fn hear_of_others(&mut self) {
        let keys = mem::take(&mut *self.woken.keys.lock());
        for key in keys {
            if let Some(served) = self.connections.get_mut(key) {
                served.bell.wish.take();
                served.note_due(key, &mut self.due);
            }
        }
    }

    fn round(&mut self) {
        let mut due = mem::take(&mut self.due);
        COMPANY.set(due.len() > 1);
        for _ in 0..TURNS {
            TIME.set(None);
            due.retain(|key| self.has_turn(*key));
        }
        for key in due.drain(..) {
            self.connections[key].waker.wake_by_ref();
        }
        self.due = due;
    }

    /// Lets a connection do what it has to do; tells whether it goes on after the others.
    fn has_turn(&mut self, key: usize) -> bool {
        let served = &mut self.connections[key];
        served.is_due = false;
        let mut cx = Context::from_waker(&served.waker);
        // Whoever panics takes nobody along, as if each were a task; where it did is told by then.
        let ended = match catch_unwind(AssertUnwindSafe(|| served.service.as_mut().poll(&mut cx))) {
            Ok(Poll::Pending) => return AGAIN.take(),
            Ok(Poll::Ready(leaving)) => leaving,
            Err(_) => None,
        };
        AGAIN.set(false);
        self.connections.remove(key);
        if let Some(guest) = ended {
            self.send_away(guest);
        }
        false
    }

    /// Leaves somebody to the thread of his place.
    fn send_away(&self, guest: Guest) {
        let descriptor = guest.socket.as_raw_fd();
        match self.sockets.get_ref().registry().deregister(&mut SourceFd(&descriptor)) {
            Ok(()) => guest.go_to_place(),
            Err(error) => guest.turn_away(&error),
        }
    }
}

impl Served {
    fn note_due(&mut self, key: usize, due: &mut Vec<usize>) {
        if !mem::replace(&mut self.is_due, true) {
            due.push(key);
        }
    }
}
