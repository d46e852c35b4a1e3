//! How often a command took how long.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Times up to so many microseconds are counted each for itself; above, those that differ by less than a 128th
/// together.
const EXACT: usize = 256;

/// Times above a second count as one.
const MICROS_MAX: u64 = 1_000_000;

/// Figures for each power of two above.
const STEPS: usize = EXACT / 2;

/// How many figures there are: for the exact ones, and for each power of two up to 2^19, which reaches beyond a second.
const FIGURES: usize = EXACT + 12 * STEPS;

/// How often a command took how long, to three digits or so. Counted by any thread.
#[derive(Debug)]
pub(crate) struct Histogram(Box<[AtomicU64]>);

impl Default for Histogram {
    fn default() -> Self {
        Self((0..FIGURES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Histogram {
    /// So many took so many microseconds each.
    pub(crate) fn add(&self, micros: u64, count: u64) {
        self.0[place(micros.min(MICROS_MAX))].fetch_add(count, Relaxed);
    }

    /// Counts what another one has counted.
    pub(crate) fn add_all(&self, other: &Self) {
        for (figure, more) in self.0.iter().zip(&other.0) {
            figure.fetch_add(more.load(Relaxed), Relaxed);
        }
    }

    /// How many times were counted.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|figure| figure.load(Relaxed)).sum()
    }

    /// Back to nothing.
    pub(crate) fn clear(&self) {
        self.0.iter().for_each(|figure| figure.store(0, Relaxed));
    }

    /// The time in microseconds that so many percent did not exceed; 0 when nothing was counted.
    pub(crate) fn percentile(&self, percent: f64) -> u64 {
        let wanted = ((percent / 100.0 * self.count() as f64 + 0.5) as u64).max(1);
        let mut passed = 0;
        let found = self.0.iter().position(|figure| {
            passed += figure.load(Relaxed);
            passed >= wanted
        });
        found.map_or(0, highest)
    }

    /// How many took at most so long, for times that double from one to the next, and only where the count grows. The
    /// times are those that real servers show: 1024 ns, and so on, to the precision of theirs.
    pub(crate) fn doubling(&self) -> Vec<(u64, u64)> {
        let mut shown = Vec::new();
        let (mut passed, mut at) = (0, 0);
        for power in 0..=20 {
            let before = passed;
            let nanos = ((1024_u64 << power) / 128 * 129) - 1;
            while at < FIGURES && highest(at) * 1000 <= nanos {
                passed += self.0[at].load(Relaxed);
                at += 1;
            }
            if passed > before {
                shown.push((nanos / 1000, passed));
            }
        }
        shown
    }
}

/// Where a time is counted.
fn place(micros: u64) -> usize {
    let micros = micros as usize;
    if micros < EXACT {
        return micros;
    }
    // Its highest eight bits tell the place among those of its power of two.
    let shift = micros.ilog2() as usize - 7;
    EXACT + (shift - 1) * STEPS + (micros >> shift) - STEPS
}

/// The longest time that is counted there.
fn highest(place: usize) -> u64 {
    let Some(above) = place.checked_sub(EXACT) else { return place as u64 };
    let shift = above / STEPS + 1;
    (((above % STEPS + STEPS + 1) << shift) - 1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_counted_where_times_are_about_as_long() {
        for micros in (0..2000).chain([65_535, 65_536, 999_999, 1_000_000]) {
            let highest = highest(place(micros));
            assert!(highest >= micros && highest - micros <= micros / 128, "{micros}: {highest}");
        }
        assert_eq!(place(MICROS_MAX), place(MICROS_MAX - 1));
    }

    #[test]
    fn percentiles_are_those_of_the_times_counted() {
        let histogram = Histogram::default();
        assert_eq!(histogram.percentile(50.0), 0);
        (1..=100).for_each(|micros| histogram.add(micros, 1));
        assert_eq!([0.0, 1.0, 50.0, 99.0, 99.9, 100.0].map(|p| histogram.percentile(p)), [1, 1, 50, 99, 100, 100]);
        histogram.add(u64::MAX, 1);
        assert_eq!(histogram.percentile(100.0), highest(place(MICROS_MAX)));
    }

    #[test]
    fn times_that_double_are_shown_where_the_count_grows() {
        let histogram = Histogram::default();
        [0, 1, 2, 4, 112, 4112].into_iter().for_each(|micros| histogram.add(micros, 1));
        assert_eq!(histogram.doubling(), [(1, 2), (2, 3), (4, 4), (132, 5), (4227, 6)]);
        histogram.add(u64::MAX, 1);
        assert_eq!(histogram.doubling().last(), Some(&(1_082_130, 7)));
    }
}
