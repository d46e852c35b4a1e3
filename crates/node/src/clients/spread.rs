//! Over how many threads clients are spread.
//!
//! Threads that wait for requests are woken for each few of them, which can cost more than the requests do: two threads that are
//! half busy take up to a third more of the processor than one that is busy, and serve less when the clients need the same
//! cores. So connections are placed on one thread until it has much to do, and cores are free; then more threads are tried, and
//! stay if they serve more. Fewer are tried when these may do, and stay if they serve as much.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::places::Places;

/// Time between two looks while there is much to do, and while there is not: a node of a quiet mesh takes 2 ms of the processor in
/// a second, and a look 0.05.
const LOOK: Duration = Duration::from_millis(50);
const REST: Duration = Duration::from_secs(1);

/// What is served is told by so many looks.
const LOOKS: usize = 3;
/// Connections move with their next request, and clients that begin are not at their pace at once: that many looks tell nothing.
const MOVING_LOOKS: u32 = 2;
/// A trial takes so many.
const TRIAL_LOOKS: u32 = MOVING_LOOKS + LOOKS as u32;
/// So many looks in a row have to find that more threads may help, or that fewer may do.
const CROWDED_LOOKS: u32 = TRIAL_LOOKS;
const ROOMY_LOOKS: u32 = 20;
/// After a trial the next one waits for so many looks, each time twice as many, until so many times as much or as little is served.
const PAUSE_LOOKS: u32 = 20;
const PAUSE_LOOKS_MAX: u32 = 1200;
const CHANGE: f64 = 1.5;

/// Threads that are busy for this part of the time may do better with others beside them.
const BUSY: f64 = 0.3;
/// These can't do more than they do.
const FULL: f64 = 0.92;
/// Fewer threads may do that would be busy for less than this part of the time, and will do below that.
const ROOMY: f64 = 0.85;
const IDLE: f64 = 0.15;
/// So much of a core has to be free for each thread that is added.
const FREE: f64 = 0.25;
/// So many times as much has to be served by more threads than before, and by more than full ones, whose clients may just wait
/// less, and by fewer.
const GAIN: f64 = 1.04;
const GAIN_WHEN_FULL: f64 = 0.97;
const GAIN_OF_FEWER: f64 = 0.97;

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
                if threads.len() == places.threads() { Use::read(&threads, rests, requests()) } else { None };
            while let Some(before) = last {
                if stopped.recv_timeout(if rests { REST } else { LOOK }) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                last = Use::read(&threads, rests, requests());
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

/// What was done since the last look.
#[derive(Clone, Copy, Debug)]
struct Load {
    /// How many cores the threads have used.
    used: f64,
    /// How many cores were free, as far as that is known.
    free: f64,
    /// Requests served in a second.
    rate: f64,
}

/// What threads have used and served, and what of the machine was free, since they began.
struct Use {
    at: Instant,
    threads: Duration,
    requests: u64,
    /// Not looked at while there is little to do: on a big machine it takes a while.
    free: Option<Duration>,
}

impl Use {
    /// `None` where the system does not tell.
    fn read(threads: &[File], rests: bool, requests: u64) -> Option<Self> {
        let used = threads.iter().map(thread_time).sum::<Option<Duration>>()?;
        let free = if rests { None } else { Some(free_time()?) };
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

/// Makes up its mind from one look to the next.
#[derive(Debug)]
struct Judge {
    threads: usize,
    active: usize,
    /// What so many looks in a row have found.
    found: Found,
    looks: u32,
    /// What was served at the last looks.
    rates: [f64; LOOKS],
    trial: Option<Trial>,
    /// Whether fewer are tried next where more may help and fewer may do: in turn.
    fewer_next: bool,
    /// Looks until the next trial may begin, and how many it will be after that.
    pause: u32,
    patience: u32,
    /// What was served after the last trial.
    known: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// As many threads as there should be.
    Enough,
    /// More may serve more.
    Crowded,
    /// Fewer may do.
    Roomy,
}

/// Other threads than before, to see how much they serve.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// How many there were before.
    from: usize,
    /// What was served before, and how many times as much has to be for them to stay.
    before: f64,
    gain: f64,
    looks: u32,
}

impl Judge {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            active: 1,
            found: Found::Enough,
            looks: 0,
            rates: [0.0; LOOKS],
            trial: None,
            fewer_next: false,
            pause: 0,
            patience: PAUSE_LOOKS,
            known: 0.0,
        }
    }

    /// Over how many threads to spread from here on.
    fn look(&mut self, load: Load) -> usize {
        self.rates.rotate_left(1);
        self.rates[LOOKS - 1] = load.rate;
        match self.trial.take() {
            Some(trial) => self.go_on_with(trial),
            None => self.consider(load),
        }
        self.active
    }

    fn consider(&mut self, load: Load) {
        let found = self.find(load);
        self.pause = self.pause.saturating_sub(1);
        let served = self.served();
        if served > self.known * CHANGE || served * CHANGE < self.known {
            (self.pause, self.patience, self.known, self.fewer_next) = (0, PAUSE_LOOKS, served, false);
        }
        self.looks = if found == self.found { self.looks + 1 } else { 1 };
        self.found = found;
        let (looks, active, gain) = match found {
            Found::Enough => return,
            Found::Crowded => {
                // Twice as many at most: what is free is known only as long as nobody takes it.
                let more = self.active.min((load.free / FREE) as usize);
                let gain = if load.used > FULL * self.active as f64 { GAIN_WHEN_FULL } else { GAIN };
                (CROWDED_LOOKS, (self.active + more).min(self.threads), gain)
            }
            Found::Roomy => {
                let idle = load.used < IDLE * (self.active - 1) as f64;
                (ROOMY_LOOKS, self.active - 1, if idle { 0.0 } else { GAIN_OF_FEWER })
            }
        };
        if self.looks >= looks && self.pause == 0 {
            self.trial = Some(Trial { from: self.active, before: served, gain, looks: 0 });
            self.active = active;
        }
    }

    fn find(&self, load: Load) -> Found {
        let active = self.active as f64;
        let crowded = load.used > BUSY * active && load.free > FREE && self.active < self.threads;
        let roomy = self.active > 1 && load.used < ROOMY * (active - 1.0);
        if roomy && (self.fewer_next || !crowded) {
            Found::Roomy
        } else if crowded {
            Found::Crowded
        } else {
            Found::Enough
        }
    }

    fn go_on_with(&mut self, trial: Trial) {
        let looks = trial.looks + 1;
        if looks < TRIAL_LOOKS {
            self.trial = Some(Trial { looks, ..trial });
            return;
        }
        self.known = self.served();
        if self.known < trial.before * trial.gain {
            (self.active, self.known) = (trial.from, trial.before);
        }
        self.fewer_next = !self.fewer_next;
        (self.found, self.looks, self.pause) = (Found::Enough, 0, self.patience);
        self.patience = (self.patience * 2).min(PAUSE_LOOKS_MAX);
    }

    /// At the last looks.
    fn served(&self) -> f64 {
        self.rates.iter().sum()
    }

    /// Whether nothing can change soon.
    fn is_at_rest(&self, load: Load) -> bool {
        self.active == 1 && load.used < BUSY / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many looks that find the same.
    fn looks(judge: &mut Judge, count: u32, used: f64, free: f64, rate: f64) -> usize {
        (0..count).map(|_| judge.look(Load { used, free, rate })).last().expect("a look")
    }

    #[test]
    fn threads_are_added_where_cores_are_free_and_stay_if_they_serve_more() {
        let mut judge = Judge::new(8);
        assert_eq!(looks(&mut judge, MOVING_LOOKS, 0.8, 7.0, 1.0), 1, "they begin");
        assert_eq!(looks(&mut judge, CROWDED_LOOKS - MOVING_LOOKS - 1, 0.8, 7.0, 100.0), 1);
        assert_eq!(looks(&mut judge, 1, 0.8, 7.0, 100.0), 2);
        assert_eq!(looks(&mut judge, MOVING_LOOKS, 0.1, 7.0, 1.0), 2, "they move");
        assert_eq!(looks(&mut judge, TRIAL_LOOKS - MOVING_LOOKS, 1.4, 6.0, 105.0), 2);
        assert_eq!(looks(&mut judge, PAUSE_LOOKS - 1, 1.4, 6.0, 105.0), 2);
        assert_eq!(looks(&mut judge, 1, 1.4, 6.0, 105.0), 4);
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, 2.6, 0.5, 300.0), 4);
        looks(&mut judge, 2 * PAUSE_LOOKS - 1, 2.6, 0.5, 300.0);
        assert_eq!(looks(&mut judge, 1, 2.6, 0.5, 300.0), 6, "as far as cores are free");
        looks(&mut judge, TRIAL_LOOKS, 5.0, 0.1, 400.0);
        assert_eq!(looks(&mut judge, 200, 5.0, 0.1, 400.0), 6);
        assert_eq!(looks(&mut judge, CROWDED_LOOKS, 5.0, 4.0, 400.0), 8, "not more than there are");
    }

    #[test]
    fn more_that_serve_no_more_are_given_up_and_tried_again_ever_later_or_when_the_load_is_another() {
        let mut judge = Judge::new(2);
        assert_eq!(looks(&mut judge, CROWDED_LOOKS, 0.8, 0.5, 100.0), 2);
        for pause in [PAUSE_LOOKS, 2 * PAUSE_LOOKS, 4 * PAUSE_LOOKS] {
            assert_eq!(looks(&mut judge, TRIAL_LOOKS - 1, 1.2, 0.1, 103.0), 2);
            assert_eq!(looks(&mut judge, 1, 1.2, 0.1, 103.0), 1);
            assert_eq!(looks(&mut judge, pause - 1, 0.8, 0.5, 100.0), 1);
            assert_eq!(looks(&mut judge, 1, 0.8, 0.5, 100.0), 2);
        }
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, 1.2, 0.1, 103.0), 1);
        assert_eq!(looks(&mut judge, CROWDED_LOOKS, 0.8, 0.5, 200.0), 2);
        // Clients whose pace is their own: there is nothing to gain but that they wait less.
        let mut judge = Judge::new(2);
        assert_eq!(looks(&mut judge, CROWDED_LOOKS + TRIAL_LOOKS, 0.95, 0.5, 100.0), 2);
    }

    #[test]
    fn more_and_fewer_are_tried_in_turn() {
        let mut judge = Judge { active: 4, ..Judge::new(8) };
        for (pause, tried) in [(CROWDED_LOOKS, 8), (PAUSE_LOOKS, 3), (2 * PAUSE_LOOKS, 8), (4 * PAUSE_LOOKS, 3)] {
            looks(&mut judge, pause, 2.0, 4.0, 100.0);
            assert_eq!(judge.active, tried);
            assert_eq!(looks(&mut judge, TRIAL_LOOKS, 2.0, 4.0, 90.0), 4);
        }
    }

    #[test]
    fn clients_that_need_the_cores_themselves_keep_them() {
        let mut judge = Judge::new(2);
        assert_eq!(looks(&mut judge, 100, 1.0, 0.05, 1.0), 1);
        looks(&mut judge, CROWDED_LOOKS - 1, 1.0, 0.5, 1.0);
        looks(&mut judge, 1, 1.0, 0.0, 1.0);
        assert_eq!(looks(&mut judge, CROWDED_LOOKS - 1, 1.0, 0.5, 1.0), 1, "a moment is not enough");
    }

    #[test]
    fn fewer_stay_if_they_serve_as_much() {
        let mut judge = Judge { active: 4, ..Judge::new(4) };
        assert_eq!(looks(&mut judge, 100, 2.6, 0.0, 100.0), 4, "three would be full");
        assert_eq!(looks(&mut judge, ROOMY_LOOKS, 2.5, 0.0, 100.0), 3);
        assert_eq!(looks(&mut judge, TRIAL_LOOKS, 2.2, 0.0, 96.0), 4, "they serve less");
        looks(&mut judge, PAUSE_LOOKS, 3.0, 0.0, 100.0);
        assert_eq!(looks(&mut judge, ROOMY_LOOKS + TRIAL_LOOKS, 2.5, 0.0, 100.0), 3);
        assert_eq!(looks(&mut judge, ROOMY_LOOKS - 1, 0.1, 3.9, 10.0), 3);
        looks(&mut judge, 1, 2.0, 3.9, 100.0);
        assert_eq!(looks(&mut judge, ROOMY_LOOKS - 1, 0.1, 3.9, 10.0), 3, "a pause is not enough");
        assert_eq!(looks(&mut judge, 1, 0.1, 3.9, 10.0), 2);
        assert_eq!(
            looks(&mut judge, TRIAL_LOOKS + ROOMY_LOOKS + TRIAL_LOOKS, 0.1, 3.9, 1.0),
            1,
            "whatever little they serve"
        );
        let load = |used| Load { used, free: 0.0, rate: 0.0 };
        assert!(judge.is_at_rest(load(0.1)) && !judge.is_at_rest(load(0.5)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells() {
        let me = [file_of_this_thread().expect("Linux has it")];
        let before = Use::read(&me, false, 7).expect("Linux has it");
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        let load = Use::read(&me, false, 9).expect("Linux has it").since(&before);
        assert!(load.used > 0.0 && load.used < 1.5 && load.free >= 0.0, "{load:?}");
        assert!(load.rate > 0.0 && load.rate < 2.0 / 0.06, "{load:?}");
    }
}
