//! Whether the threads of the node get to their work.
//!
//! The bus keeps its own time, so others see a healthy node even when nobody serves its clients. That must not stay
//! hidden: each client thread has a heartbeat whose lateness is kept, and the bus thread, which waits for none of them,
//! tells when one has been held up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use slotmesh_command::{Responsiveness, ThreadHealth};
use slotmesh_types::Mono;

use crate::clock::Clock;
use crate::delays::Delays;

/// Time between two beats of a client thread. Half of it made a node that had nothing to do use a fifth more CPU.
const BEAT: Duration = Duration::from_millis(500);

/// What is known of every thread.
#[derive(Debug)]
pub(crate) struct Watchdog {
    clock: Clock,
    bus: Delays,
    clients: Vec<Pulse>,
    /// `slotmesh-stall-threshold` in milliseconds; 0 for never.
    threshold_millis: AtomicU64,
    stalls: AtomicU64,
}

/// One client thread.
#[derive(Debug)]
struct Pulse {
    delays: Delays,
    /// When its next beat is due, in microseconds.
    due: AtomicU64,
}

impl Watchdog {
    /// Watches over the bus thread and so many client threads.
    pub(crate) fn new(clock: Clock, clients: usize) -> Arc<Self> {
        let due = clock.now().mono.after(BEAT).as_micros();
        let pulse = |_| Pulse { delays: Delays::new(), due: AtomicU64::new(due) };
        Arc::new(Self {
            clock,
            bus: Delays::new(),
            clients: (0..clients).map(pulse).collect(),
            threshold_millis: AtomicU64::new(0),
            stalls: AtomicU64::new(0),
        })
    }

    /// Changes from when on a thread counts as stalled; zero for never.
    pub(crate) fn set_threshold(&self, threshold: Duration) {
        let millis = u64::try_from(threshold.as_millis()).unwrap_or(u64::MAX);
        self.threshold_millis.store(millis, Ordering::Relaxed);
    }

    /// A timer of the bus thread that was due then has fired.
    pub(crate) fn bus_fired(&self, due: Mono) {
        let now = self.clock.now().mono;
        self.bus.note(now, now.since(due));
    }

    /// Beats on the client thread with this index, for ever.
    pub(crate) async fn beat(&self, thread: usize) {
        let pulse = &self.clients[thread];
        loop {
            let due = self.clock.now().mono.after(BEAT);
            pulse.due.store(due.as_micros(), Ordering::Relaxed);
            tokio::time::sleep(BEAT).await;
            let now = self.clock.now().mono;
            pulse.delays.note(now, now.since(due));
        }
    }

    /// Tells in the log of client threads that are held up, and of their end. Runs on the bus thread, for ever.
    pub(crate) async fn watch(&self) {
        let mut stalled = vec![None; self.clients.len()];
        loop {
            tokio::time::sleep(BEAT).await;
            let now = self.clock.now().mono;
            let threshold = Duration::from_millis(self.threshold_millis.load(Ordering::Relaxed));
            for (index, stalled) in stalled.iter_mut().enumerate() {
                let due = self.due(index);
                let late = now.since(due);
                match *stalled {
                    None if !threshold.is_zero() && late > threshold => {
                        *stalled = Some(due);
                        self.stalls.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(
                            "Client thread {index} has been held up for {} ms: its clients wait, while other nodes see \
                             this one as healthy",
                            late.as_millis()
                        );
                    }
                    Some(since) if due != since => {
                        *stalled = None;
                        tracing::warn!("Client thread {index} serves again, after {} ms", now.since(since).as_millis());
                    }
                    _ => {}
                }
            }
        }
    }

    /// What INFO tells, with so many client threads in use.
    pub(crate) fn report(&self, active: usize) -> Responsiveness {
        let now = self.clock.now().mono;
        let health = |(index, pulse): (usize, &Pulse)| {
            let late = now.since(self.due(index));
            // A beat is not due to the millisecond.
            let stalled = if late > BEAT { late } else { Duration::ZERO };
            ThreadHealth { lateness: pulse.delays.summary(now), stalled }
        };
        Responsiveness {
            bus: self.bus.summary(now),
            clients: self.clients.iter().enumerate().map(health).collect(),
            stalls: self.stalls.load(Ordering::Relaxed),
            active,
        }
    }

    fn due(&self, thread: usize) -> Mono {
        Mono::from_micros(self.clients[thread].due.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Instant;

    use tokio::runtime::Builder;

    use super::*;

    /// Runs something on a runtime of this thread, beside work that never ends.
    fn beside<T>(work: impl Future<Output = ()>, act: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            tokio::select! {
                () = work => unreachable!("it never ends"),
                done = act => done,
            }
        })
    }

    #[test]
    fn a_thread_that_is_held_up_is_counted_once() {
        let watchdog = Watchdog::new(Clock::new(), 1);
        watchdog.set_threshold(Duration::from_secs(1));
        let (release, released) = mpsc::channel::<()>();
        let (end, mut ended) = tokio::sync::watch::channel(());
        thread::scope(|scope| {
            let dog = &watchdog;
            // Held up until it is released, as by a command that takes long.
            scope.spawn(move || {
                beside(dog.beat(0), async {
                    tokio::task::yield_now().await;
                    let _ = released.recv();
                    let _ = ended.changed().await;
                });
            });
            beside(dog.watch(), async {
                let until = async |holds: &dyn Fn(&Responsiveness) -> bool| {
                    let start = Instant::now();
                    while !holds(&dog.report(1)) {
                        assert!(start.elapsed() < Duration::from_secs(60), "in vain: {:?}", dog.report(1));
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                until(&|report| report.stalls == 1 && report.clients[0].stalled > BEAT).await;
                drop(release);
                until(&|report| report.clients[0].lateness.max > BEAT && report.clients[0].stalled.is_zero()).await;
                assert_eq!(dog.report(1).stalls, 1);
                drop(end);
            });
        });
    }
}
