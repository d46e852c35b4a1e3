//! The threads that serve clients. Each has a runtime of its own, and they share nothing but what commands share.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use super::places::Places;
use super::spread::{self, Spread};
use crate::watchdog::Watchdog;

/// How long a thread may wait for its tasks when the node stops.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// The threads that serve clients.
#[derive(Debug)]
pub(crate) struct Threads {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    places: Arc<Places>,
    /// Where the system tells what each of them uses.
    files: Vec<Option<File>>,
    spread: Option<Spread>,
}

impl Threads {
    /// Starts so many, one for each that the watchdog knows.
    ///
    /// # Errors
    /// When the system gives no more threads or descriptors.
    pub(crate) fn start(count: usize, watchdog: &Arc<Watchdog>) -> io::Result<Self> {
        let runtimes: Vec<Runtime> =
            (0..count).map(|_| Builder::new_current_thread().enable_all().build()).collect::<Result<_, _>>()?;
        let places = Arc::new(Places::new(runtimes.iter().map(|runtime| runtime.handle().clone()).collect()));
        let (stop, stopped) = watch::channel(false);
        let mut threads = Self { stop, threads: Vec::new(), places, files: Vec::new(), spread: None };
        let (tell, told) = mpsc::channel();
        for (index, runtime) in runtimes.into_iter().enumerate() {
            let (stopped, watchdog, tell) = (stopped.clone(), Arc::clone(watchdog), tell.clone());
            let thread = thread::Builder::new().name(format!("clients-{index}"));
            threads.threads.push(thread.spawn(move || {
                // Whoever started it waits for this.
                let _ = tell.send(spread::file_of_this_thread());
                serve(runtime, index, &watchdog, stopped);
            })?);
        }
        threads.files = told.iter().take(count).collect();
        Ok(threads)
    }

    /// Spreads connections over as many of them as there is to do. `requests` tells how many were served since the start.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn spread(&mut self, requests: impl Fn() -> u64 + Send + 'static) -> io::Result<()> {
        // Nobody decides where there is nothing to choose.
        if self.threads.len() > 1 {
            let files = std::mem::take(&mut self.files);
            self.spread = Some(Spread::start(Arc::clone(&self.places), files, requests)?);
        }
        Ok(())
    }

    /// The first, for what there is only one of.
    pub(crate) fn first(&self) -> &Handle {
        self.places.first()
    }

    pub(crate) fn places(&self) -> Arc<Places> {
        Arc::clone(&self.places)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.spread = None;
        // A thread that has ended needs no word.
        let _ = self.stop.send(true);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
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
