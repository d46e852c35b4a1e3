//! What took longer than `latency-monitor-threshold`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};

/// Most samples of one event. Source: `LATENCY_TS_LEN`.
const SAMPLES_MAX: usize = 160;

/// The longest an event took in one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Seconds since 1970.
    pub(crate) at: u64,
    pub(crate) millis: u64,
}

/// What is known of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    /// The oldest first; never empty.
    pub(crate) samples: VecDeque<Sample>,
    /// The longest ever.
    pub(crate) max: u64,
    /// All of them together.
    pub(crate) sum: u64,
    /// How often it happened.
    pub(crate) count: u64,
}

/// What took longer than allowed, by the names of events.
#[derive(Debug, Default)]
pub(crate) struct Spikes {
    /// Microseconds from which on something counts; 0 for never.
    threshold: AtomicU64,
    events: Mutex<BTreeMap<&'static str, Series>>,
}

impl Spikes {
    pub(crate) fn set_threshold(&self, millis: u64) {
        self.threshold.store(millis.saturating_mul(1000), Relaxed);
    }

    /// The threshold in milliseconds; 0 for none.
    pub(crate) fn threshold(&self) -> u64 {
        self.threshold.load(Relaxed) / 1000
    }

    /// Whether something that took so many microseconds counts.
    pub(crate) fn wants(&self, micros: u64) -> bool {
        let threshold = self.threshold.load(Relaxed);
        threshold > 0 && micros >= threshold
    }

    /// An event took so many microseconds, at a time in seconds since 1970.
    pub(crate) fn add(&self, event: &'static str, at: u64, micros: u64) {
        let millis = micros / 1000;
        let mut events = self.events();
        let series = events.entry(event).or_default();
        series.max = series.max.max(millis);
        series.sum = series.sum.saturating_add(millis);
        series.count += 1;
        match series.samples.back_mut() {
            Some(last) if last.at == at => last.millis = last.millis.max(millis),
            _ => series.samples.push_back(Sample { at, millis }),
        }
        if series.samples.len() > SAMPLES_MAX {
            series.samples.pop_front();
        }
    }

    /// All events.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, Series> {
        self.events().clone()
    }

    /// One event.
    pub(crate) fn of(&self, event: &[u8]) -> Option<Series> {
        self.events().iter().find(|(name, _)| name.as_bytes() == event).map(|(_, series)| series.clone())
    }

    /// Forgets the events with these names, or all where there are none. Tells how many that were.
    pub(crate) fn forget(&self, names: &[&[u8]]) -> usize {
        let mut events = self.events();
        let before = events.len();
        events.retain(|event, _| !names.is_empty() && !names.contains(&event.as_bytes()));
        before - events.len()
    }

    fn events(&self) -> MutexGuard<'_, BTreeMap<&'static str, Series>> {
        self.events.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> u64 {
        millis * 1000
    }

    #[test]
    fn only_what_reaches_the_threshold_counts() {
        let spikes = Spikes::default();
        assert!(!spikes.wants(millis(u64::from(u32::MAX))), "0 is no threshold");
        spikes.set_threshold(3);
        assert!(!spikes.wants(2999));
        assert!(spikes.wants(millis(3)));
    }

    #[test]
    fn a_second_has_one_sample_and_an_event_has_a_bounded_number() {
        let spikes = Spikes::default();
        for (at, time) in [(1, 10), (1, 30), (1, 20)] {
            spikes.add("command", at, millis(time));
        }
        let series = spikes.of(b"command").expect("samples");
        assert_eq!((series.max, series.sum, series.count), (30, 60, 3));
        assert_eq!(series.samples, [Sample { at: 1, millis: 30 }]);
        (2..=161).for_each(|at| spikes.add("command", at, millis(1)));
        let series = spikes.of(b"command").expect("samples");
        assert_eq!((series.samples.len(), series.samples[0].at, series.max), (160, 2, 30));
        assert_eq!((spikes.forget(&[b"other"]), spikes.forget(&[b"command"]), spikes.forget(&[])), (0, 1, 0));
    }
}
