//! What waits to be sent to a client without having been asked for.

use std::collections::VecDeque;

use bytes::Bytes;
use slotmesh_config::OutputLimit;
use slotmesh_sync::atomic::{AtomicU64, Ordering::Relaxed};
use slotmesh_sync::{Mutex, MutexGuard};
use slotmesh_types::Mono;

use crate::output::Output;

/// Room that is kept when the frames that needed it have left.
const KEPT_FRAMES: usize = 32;

/// What waits to be sent to a client without having been asked for.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Bytes of the frames here.
    queued: AtomicU64,
    /// Bytes that the driver has taken or made itself, and not sent yet.
    buffered: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Bytes>,
    /// Since when the soft limit is exceeded.
    over_soft_since: Option<Mono>,
    /// The client is about to be closed: nothing is kept for it any more.
    closed: bool,
}

impl Outbox {
    /// Adds a frame. Tells whether the driver has to be woken: it has not if others wait here already.
    pub(crate) fn push(&self, frame: &Bytes) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        state.frames.push_back(frame.clone());
        self.queued.fetch_add(frame.len() as u64, Relaxed);
        state.frames.len() == 1
    }

    /// Moves frames to the end of `out` until that holds `enough` bytes.
    pub(crate) fn take(&self, out: &mut Output, enough: usize) {
        if self.queued_bytes() == 0 {
            return;
        }
        let mut state = self.state();
        let mut taken = 0;
        while out.len() < enough {
            let Some(frame) = state.frames.pop_front() else { break };
            taken += frame.len() as u64;
            out.share(&frame);
        }
        state.frames.shrink_to(KEPT_FRAMES);
        self.queued.fetch_sub(taken, Relaxed);
        self.buffered.fetch_add(taken, Relaxed);
    }

    /// Moves every frame to the end of `out`.
    pub(crate) fn take_all(&self, out: &mut Output) {
        if self.queued_bytes() == 0 {
            return;
        }
        let mut state = self.state();
        state.frames.drain(..).for_each(|frame| out.share(&frame));
        self.buffered.fetch_add(self.queued.swap(0, Relaxed), Relaxed);
    }

    /// The driver holds so many bytes that it has not sent.
    pub(crate) fn set_buffered(&self, bytes: usize) {
        self.buffered.store(bytes as u64, Relaxed);
    }

    /// Whether more waits than `limit` allows.
    pub(crate) fn exceeds(&self, limit: OutputLimit, now: Mono) -> bool {
        let waiting = self.queued_bytes() + self.buffered_bytes();
        let reaches = |bytes: u64| bytes > 0 && waiting >= bytes;
        if reaches(limit.hard_bytes) {
            return true;
        }
        if limit.soft_bytes == 0 {
            return false;
        }
        let mut state = self.state();
        if !reaches(limit.soft_bytes) {
            state.over_soft_since = None;
            return false;
        }
        let since = *state.over_soft_since.get_or_insert(now);
        now.since(since).as_secs() > limit.soft_seconds
    }

    /// Drops what waits and keeps nothing from now on. The figure stays, for the log.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.frames = VecDeque::new();
    }

    /// Frames here.
    pub(crate) fn frames(&self) -> usize {
        self.state().frames.len()
    }

    /// Bytes of the frames here.
    pub(crate) fn queued_bytes(&self) -> u64 {
        self.queued.load(Relaxed)
    }

    /// Bytes that the driver has not sent yet.
    pub(crate) fn buffered_bytes(&self) -> u64 {
        self.buffered.load(Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Mono {
        Mono::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn frames_are_taken_in_order_until_it_is_enough() {
        let outbox = Outbox::default();
        assert!(outbox.push(&Bytes::from_static(b"a")), "the driver sleeps");
        assert!(!outbox.push(&Bytes::from_static(b"bc")), "it is awake");
        outbox.push(&Bytes::from_static(b"d"));
        let mut out = Output::default();
        outbox.take(&mut out, 2);
        assert_eq!(out.own(), b"abc");
        assert_eq!((outbox.queued_bytes(), outbox.buffered_bytes()), (1, 3));
        outbox.take_all(&mut out);
        assert_eq!(out.own(), b"abcd");
        assert_eq!((outbox.queued_bytes(), outbox.buffered_bytes()), (0, 4));
    }

    #[test]
    fn the_hard_limit_counts_what_the_driver_holds() {
        let outbox = Outbox::default();
        let limit = OutputLimit { hard_bytes: 10, ..OutputLimit::default() };
        outbox.push(&Bytes::from_static(b"12345"));
        assert!(!outbox.exceeds(limit, second(1)));
        outbox.set_buffered(5);
        assert!(outbox.exceeds(limit, second(1)));
        assert!(!outbox.exceeds(OutputLimit::default(), second(1)), "0 is no limit");
    }

    #[test]
    fn the_soft_limit_waits_and_forgets() {
        let outbox = Outbox::default();
        let limit = OutputLimit { hard_bytes: 0, soft_bytes: 5, soft_seconds: 2 };
        outbox.push(&Bytes::from_static(b"12345"));
        assert!(!outbox.exceeds(limit, second(1)));
        assert!(!outbox.exceeds(limit, second(3)));
        assert!(outbox.exceeds(limit, second(4)));
        outbox.take_all(&mut Output::default());
        outbox.set_buffered(0);
        assert!(!outbox.exceeds(limit, second(5)));
        outbox.push(&Bytes::from_static(b"12345"));
        assert!(!outbox.exceeds(limit, second(6)), "the time begins anew");
    }

    #[test]
    fn a_closed_client_costs_nothing_more() {
        let outbox = Outbox::default();
        outbox.push(&Bytes::from_static(b"a"));
        outbox.close();
        assert!(!outbox.push(&Bytes::from_static(b"b")));
        assert_eq!(outbox.frames(), 0);
        let mut out = Output::default();
        outbox.take(&mut out, 10);
        assert!(out.is_empty());
    }
}
