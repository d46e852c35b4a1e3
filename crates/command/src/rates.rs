//! How much was done in a second, as of late.

use std::time::Duration;

use parking_lot::Mutex;
use slotmesh_types::Mono;

use crate::stats::Stats;

/// Looks whose mean is shown. Source: `STATS_METRIC_SAMPLES`.
const LOOKS: usize = 16;

/// What was done in a second, the mean of some looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Requests that ran.
    pub(crate) commands: u64,
    /// Bytes read from clients.
    pub(crate) bytes_in: u64,
    /// Bytes written to clients.
    pub(crate) bytes_out: u64,
}

/// The latest looks.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<Looks>);

#[derive(Debug, Default)]
struct Looks {
    /// The figures at the last look, and when that was.
    last: Option<(Mono, Rate)>,
    rates: [Rate; LOOKS],
    next: usize,
}

impl Rates {
    /// One look more, to be called some times in a second.
    pub(crate) fn look(&self, stats: &Stats, now: Mono) {
        let figures =
            Rate { commands: stats.commands.get(), bytes_in: stats.net_in.get(), bytes_out: stats.net_out.get() };
        let mut looks = self.0.lock();
        if let Some((then, before)) = looks.last.replace((now, figures)) {
            let next = looks.next;
            looks.rates[next] = figures.since(before, now.since(then));
            looks.next = (next + 1) % LOOKS;
        }
    }

    /// The mean of the latest.
    pub(crate) fn mean(&self) -> Rate {
        let looks = self.0.lock();
        let mean = |figure: fn(&Rate) -> u64| looks.rates.iter().map(figure).sum::<u64>() / LOOKS as u64;
        Rate {
            commands: mean(|rate| rate.commands),
            bytes_in: mean(|rate| rate.bytes_in),
            bytes_out: mean(|rate| rate.bytes_out),
        }
    }
}

impl Rate {
    /// What these figures have grown by in a second, when they have in this time. They shrink by CONFIG RESETSTAT.
    fn since(self, before: Self, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = |now: u64, before: u64| now.saturating_sub(before).saturating_mul(1000) / millis;
        Self {
            commands: rate(self.commands, before.commands),
            bytes_in: rate(self.bytes_in, before.bytes_in),
            bytes_out: rate(self.bytes_out, before.bytes_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_latest_looks_is_shown() {
        let (rates, stats) = (Rates::default(), Stats::default());
        let mut now = Mono::from_micros(1);
        rates.look(&stats, now);
        assert_eq!(rates.mean(), Rate::default());
        for _ in 0..LOOKS {
            now = now.after(Duration::from_millis(100));
            stats.commands.add(50);
            stats.net_in.add(1000);
            rates.look(&stats, now);
        }
        assert_eq!(rates.mean(), Rate { commands: 500, bytes_in: 10_000, bytes_out: 0 });
        for _ in 0..LOOKS / 2 {
            now = now.after(Duration::from_millis(100));
            rates.look(&stats, now);
        }
        assert_eq!(rates.mean().commands, 250);
        stats.clear();
        now = now.after(Duration::from_millis(100));
        rates.look(&stats, now);
        assert!(rates.mean().commands < 250, "figures that were set back are no requests");
    }
}
