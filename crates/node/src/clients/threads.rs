//! The threads that serve clients. Each has a runtime of its own, and they share nothing but what commands share.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc as channel, watch};

use super::places::{Places, Thread};
use super::rounds::Rounds;
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
        let (guests, coming): (Vec<_>, Vec<_>) = (0..count).map(|_| channel::unbounded_channel()).unzip();
        let thread = |(runtime, guests): (&Runtime, _)| Thread { handle: runtime.handle().clone(), guests };
        let places = Arc::new(Places::new(runtimes.iter().zip(guests).map(thread).collect()));
        let (stop, stopped) = watch::channel(false);
        let mut threads = Self { stop, threads: Vec::new(), places, files: Vec::new(), spread: None };
        let (tell, told) = mpsc::channel();
        for (index, (runtime, guests)) in runtimes.into_iter().zip(coming).enumerate() {
            let (stopped, watchdog, tell) = (stopped.clone(), Arc::clone(watchdog), tell.clone());
            let thread = thread::Builder::new().name(format!("clients-{index}"));
            threads.threads.push(thread.spawn(move || {
                // Whoever started it waits for the word.
                match runtime.block_on(async { Rounds::new() }) {
                    Ok(rounds) => {
                        let _ = tell.send(Ok(spread::file_of_this_thread()));
                        serve(runtime, rounds.serve(guests), watchdog.beat(index), stopped);
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            })?);
        }
        threads.files = told.iter().take(count).collect::<io::Result<_>>()?;
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

fn serve(
    runtime: Runtime,
    rounds: impl Future<Output = ()>,
    beats: impl Future<Output = ()>,
    mut stopped: watch::Receiver<bool>,
) {
    runtime.block_on(async {
        tokio::select! {
            // An error means that the sender is gone, so it is time to stop as well.
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = rounds => {}
            () = beats => {}
        }
    });
    runtime.shutdown_timeout(STOP_TIMEOUT);
}
