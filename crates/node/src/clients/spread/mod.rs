//! Over how many threads clients are spread.
//!
//! Threads that wait for requests are woken for each few of them, which can cost more than the requests do: two threads that are
//! half busy take up to a third more of the processor than one that is busy, and serve less when the clients need the same
//! cores. So connections are placed on one thread until it has much to do, and cores are free; then more threads are tried, and
//! stay if they are worth more. Fewer are tried when these may do, and stay if they are worth as much. What they are worth is how much
//! they serve, and half as much what that costs: how much clients send changes from moment to moment, the cost does much less.

mod judge;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use judge::{Judge, Load};

use super::places::Places;

/// Time between two looks while there is much to do, and while there is not: a node of a quiet mesh takes 2 ms of the processor in
/// a second, and a look 0.05.
const LOOK: Duration = Duration::from_millis(50);
const REST: Duration = Duration::from_secs(1);

/// Looks at what the threads that serve clients have to do, and places connections accordingly.
#[derive(Debug)]
pub(crate) struct Spread {
    /// Ends the thread when it goes.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Spread {
    /// Starts to look. `threads` are where the system tells what each of them uses; where it does not, all of them serve for ever.
    /// `requests` tells how many were served so far.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        places: Arc<Places>,
        threads: Vec<Option<File>>,
        requests: impl Fn() -> u64 + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::sync_channel(1);
        let look = move || {
            let threads: Vec<File> = threads.into_iter().flatten().collect();
            let mut judge = Judge::new(threads.len());
            let mut rests = true;
            let mut last =
                if threads.len() == places.threads() { Use::read(&threads, false, requests()) } else { None };
            while let Some(before) = last {
                if stopped.recv_timeout(if rests { REST } else { LOOK }) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                last = Use::read(&threads, !rests && judge.asks_what_is_free(), requests());
                if let Some(load) = last.as_ref().map(|now| now.since(&before)) {
                    places.set_active(judge.look(load));
                    rests = judge.is_at_rest(load);
                }
            }
            places.set_active(places.threads());
        };
        let thread = thread::Builder::new().name("spread".to_owned()).spawn(look)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Spread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What threads have used and served, and what of the machine was free, since they began.
struct Use {
    at: Instant,
    threads: Duration,
    requests: u64,
    /// Not looked at where nobody asks for it: on a big machine it takes a while.
    free: Option<Duration>,
}

impl Use {
    /// `None` where the system does not tell.
    fn read(threads: &[File], with_free: bool, requests: u64) -> Option<Self> {
        let used = threads.iter().map(thread_time).sum::<Option<Duration>>()?;
        let free = if with_free { Some(free_time()?) } else { None };
        Some(Self { at: Instant::now(), threads: used, requests, free })
    }

    fn since(&self, last: &Self) -> Load {
        let time = self.at.duration_since(last.at).as_secs_f64().max(1e-6);
        let part = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() / time;
        let free = self.free.zip(last.free).map_or(0.0, |(now, before)| part(now, before));
        let rate = self.requests.saturating_sub(last.requests) as f64 / time;
        Load { used: part(self.threads, last.threads), free, rate }
    }
}

/// Where the system tells what the calling thread uses, if it does.
pub(super) fn file_of_this_thread() -> Option<File> {
    let thread = fs::read_link("/proc/thread-self").ok()?;
    File::open(Path::new("/proc").join(thread).join("schedstat")).ok()
}

/// Processor time of a thread.
fn thread_time(file: &File) -> Option<Duration> {
    // Three numbers of 20 digits at most.
    let mut bytes = [0; 64];
    let length = file.read_at(&mut bytes, 0).ok()?;
    let text = str::from_utf8(&bytes[..length]).ok()?;
    Some(Duration::from_nanos(text.split_ascii_whitespace().next()?.parse().ok()?))
}

/// Time that the cores of the machine had nothing to do, all together.
fn free_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    // cpu user nice system idle iowait ...
    let mut fields = text.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace().skip(3);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells() {
        let me = [file_of_this_thread().expect("Linux has it")];
        let before = Use::read(&me, true, 7).expect("Linux has it");
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        let load = Use::read(&me, true, 9).expect("Linux has it").since(&before);
        assert!(load.used > 0.0 && load.used < 1.5 && load.free >= 0.0, "{load:?}");
        assert!(load.rate > 0.0 && load.rate < 2.0 / 0.06, "{load:?}");
    }
}
