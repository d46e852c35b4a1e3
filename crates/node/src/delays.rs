//! How late a thread was over the last minute.

use std::array;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use slotmesh_command::Lateness;
use slotmesh_types::Mono;

/// A minute is kept in slices of this length.
const SLICE: Duration = Duration::from_secs(5);
const SLICES: usize = 12;
/// Delays are counted in steps of an eighth, from a microsecond to two minutes; what is longer counts as that.
const STEPS: usize = 8;
const BUCKETS: usize = 25 * STEPS;

/// Delays of the last minute, noted by one thread and read by any. Nobody waits: a reader that comes while the oldest
/// slice is made new may miss a delay.
#[derive(Debug)]
pub(crate) struct Delays(Box<[Slice; SLICES]>);

#[derive(Debug)]
struct Slice {
    /// Which stretch of time it is about.
    number: AtomicU64,
    max_micros: AtomicU64,
    counts: [AtomicU32; BUCKETS],
}

impl Delays {
    pub(crate) fn new() -> Self {
        let slice = |_| Slice {
            number: AtomicU64::new(0),
            max_micros: AtomicU64::new(0),
            counts: array::from_fn(|_| AtomicU32::new(0)),
        };
        Self(Box::new(array::from_fn(slice)))
    }

    /// Notes how late the thread was.
    pub(crate) fn note(&self, now: Mono, delay: Duration) {
        let number = slice_at(now);
        let slice = &self.0[(number % SLICES as u64) as usize];
        if slice.number.load(Ordering::Relaxed) != number {
            slice.counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            slice.max_micros.store(0, Ordering::Relaxed);
            slice.number.store(number, Ordering::Relaxed);
        }
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        slice.max_micros.fetch_max(micros, Ordering::Relaxed);
        slice.counts[bucket(micros)].fetch_add(1, Ordering::Relaxed);
    }

    /// The last minute.
    pub(crate) fn summary(&self, now: Mono) -> Lateness {
        let last = slice_at(now);
        let fresh = |slice: &&Slice| slice.number.load(Ordering::Relaxed) + SLICES as u64 > last;
        let mut counts = [0_u64; BUCKETS];
        let mut max = 0;
        for slice in self.0.iter().filter(fresh) {
            max = max.max(slice.max_micros.load(Ordering::Relaxed));
            for (sum, count) in counts.iter_mut().zip(&slice.counts) {
                *sum += u64::from(count.load(Ordering::Relaxed));
            }
        }
        let mut above = counts.iter().sum::<u64>() / 100;
        let p99 = (0..BUCKETS).rev().find(|index| {
            let here = counts[*index];
            let found = here > above;
            above = above.saturating_sub(here);
            found
        });
        let p99 = p99.map_or(0, |index| upper_edge(index).min(max));
        Lateness { max: Duration::from_micros(max), p99: Duration::from_micros(p99) }
    }
}

fn slice_at(now: Mono) -> u64 {
    now.as_micros() / SLICE.as_micros() as u64
}

/// Delays of one octave fall into `STEPS` buckets.
fn bucket(micros: u64) -> usize {
    let wide = micros.max(STEPS as u64);
    let octave = wide.ilog2() as usize - STEPS.ilog2() as usize;
    let step = (wide >> octave) as usize - STEPS;
    (octave * STEPS + step).min(BUCKETS - 1)
}

/// The longest delay of a bucket.
fn upper_edge(index: usize) -> u64 {
    let (octave, step) = (index / STEPS, index % STEPS);
    (((STEPS + step + 1) as u64) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono::from_micros(1_795_000_000_000_000);

    #[test]
    fn each_delay_falls_between_the_edges_of_its_bucket() {
        for micros in [0, 1, 8, 9, 100, 1023, 1024, 1025, 999_999, 60_000_000] {
            let index = bucket(micros);
            assert!(micros <= upper_edge(index), "{micros}");
            assert!(index == 0 || micros > upper_edge(index - 1), "{micros}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn the_longest_and_the_ninety_ninth() {
        let delays = Delays::new();
        (0..980).for_each(|_| delays.note(START, Duration::from_micros(100)));
        (0..20).for_each(|_| delays.note(START, Duration::from_millis(3)));
        delays.note(START, Duration::from_millis(70));
        let seen = delays.summary(START);
        assert_eq!(seen.max, Duration::from_millis(70));
        assert!((3000..3400).contains(&seen.p99.as_micros()), "{seen:?}");
    }

    #[test]
    fn after_a_minute_it_is_forgotten() {
        let delays = Delays::new();
        delays.note(START, Duration::from_millis(70));
        assert_eq!(delays.summary(START.after(Duration::from_secs(54))).max, Duration::from_millis(70));
        assert_eq!(delays.summary(START.after(Duration::from_secs(66))), Lateness::default());
        delays.note(START.after(Duration::from_secs(60)), Duration::from_millis(1));
        assert_eq!(delays.summary(START.after(Duration::from_secs(60))).max, Duration::from_millis(1));
    }
}
