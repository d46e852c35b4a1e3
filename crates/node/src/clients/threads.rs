//! The threads that serve clients. Each has a runtime of its own: a connection stays where it was placed, and threads
//! share nothing but what commands share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::watchdog::Watchdog;

/// How long a thread may wait for its tasks when the node stops.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// The threads that serve clients.
#[derive(Debug)]
pub(crate) struct Threads {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    handles: Vec<Handle>,
}

/// Where to place connections, in turn.
#[derive(Debug)]
pub(crate) struct Places {
    handles: Vec<Handle>,
    next: AtomicUsize,
}

impl Threads {
    /// Starts so many, one for each that the watchdog knows.
    ///
    /// # Errors
    /// When the system gives no more threads or descriptors.
    pub(crate) fn start(count: usize, watchdog: &Arc<Watchdog>) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut threads = Self { stop, threads: Vec::new(), handles: Vec::new() };
        for index in 0..count {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            threads.handles.push(runtime.handle().clone());
            let (stopped, watchdog) = (stopped.clone(), Arc::clone(watchdog));
            let thread = thread::Builder::new().name(format!("clients-{index}"));
            threads.threads.push(thread.spawn(move || serve(runtime, index, &watchdog, stopped))?);
        }
        Ok(threads)
    }

    /// The first, for what there is only one of.
    pub(crate) fn first(&self) -> &Handle {
        &self.handles[0]
    }

    pub(crate) fn places(&self) -> Places {
        Places { handles: self.handles.clone(), next: AtomicUsize::new(0) }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A thread that has ended needs no word.
        let _ = self.stop.send(true);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Places {
    /// The thread for the next connection.
    pub(crate) fn next(&self) -> &Handle {
        &self.handles[self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len()]
    }
}

fn serve(runtime: Runtime, index: usize, watchdog: &Watchdog, mut stopped: watch::Receiver<bool>) {
    runtime.block_on(async {
        tokio::select! {
            // An error means that the sender is gone, so it is time to stop as well.
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = watchdog.beat(index) => {}
        }
    });
    runtime.shutdown_timeout(STOP_TIMEOUT);
}
