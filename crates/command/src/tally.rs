//! What requests cost, counted together where alike ones come many at a time.

use std::ptr;

use crate::stats::Stats;
use crate::table::Known;

/// What the latest requests of one client have cost, if they were all of one command, and is not among the figures of the server
/// yet: a figure that other threads raise as well takes the same time whether it is raised by one or by a hundred.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    command: Option<&'static Known>,
    calls: u64,
    /// All of them together.
    micros: u64,
    /// How long the last of them took, and how many before it took just as long.
    alike: Option<(u64, u64)>,
}

impl Tally {
    /// A call of a command begins.
    pub(crate) fn add_call(&mut self, stats: &Stats, command: &'static Known) {
        self.turn_to(stats, command);
        self.calls += 1;
    }

    /// A command ran for so many microseconds.
    pub(crate) fn add_time(&mut self, stats: &Stats, command: &'static Known, micros: u64) {
        self.turn_to(stats, command);
        self.micros += micros;
    }

    /// A call of a command took so many microseconds. What it does after it has asked others counts with none.
    pub(crate) fn add_call_time(&mut self, stats: &Stats, command: &'static Known, micros: u64) {
        self.turn_to(stats, command);
        match &mut self.alike {
            Some((of, count)) if *of == micros => *count += 1,
            alike => {
                if let Some((of, count)) = alike.replace((micros, 1)) {
                    stats.add_call_times(command, of, count);
                }
            }
        }
    }

    /// Adds it all to the figures of the server.
    pub(crate) fn settle(&mut self, stats: &Stats) {
        let Some(command) = self.command.take() else { return };
        stats.add_calls(command, self.calls, self.micros);
        if let Some((micros, count)) = self.alike {
            stats.add_call_times(command, micros, count);
        }
        *self = Self::default();
    }

    fn turn_to(&mut self, stats: &Stats, command: &'static Known) {
        if !self.command.is_some_and(|of| ptr::eq(of, command)) {
            self.settle(stats);
            self.command = Some(command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::CommandFigures;
    use crate::table;

    #[test]
    fn what_is_settled_is_what_was_counted() {
        let (stats, mut tally) = (Stats::default(), Tally::default());
        let [get, set] = ["get", "set"].map(|name| table::find(name.as_bytes()).expect("a command"));
        for (command, micros) in [(get, 3), (get, 3), (get, 70), (set, 5), (get, 3)] {
            tally.add_call(&stats, command);
            tally.add_time(&stats, command, micros);
            tally.add_call_time(&stats, command, micros);
        }
        let figures = |calls, micros| CommandFigures { calls, micros, ..CommandFigures::default() };
        assert_eq!(stats.of(get), figures(3, 76), "the last one is not settled");
        tally.settle(&stats);
        tally.settle(&stats);
        assert_eq!((stats.of(get), stats.of(set), stats.commands.get()), (figures(4, 79), figures(1, 5), 5));
        let times = stats.times_of(get).expect("its times were counted");
        assert_eq!((times.count(), times.percentile(75.0), times.percentile(100.0)), (4, 3, 70));
    }
}
