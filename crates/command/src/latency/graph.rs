//! Samples drawn with letters (LATENCY GRAPH).

use super::spikes::Series;

/// Lines of the graph itself.
const ROWS: usize = 4;

/// Heights that one letter can show, the lowest first. What is higher stands on bars.
const LETTERS: [char; 3] = ['_', 'o', '#'];

/// Letters of the line below the head.
const COLUMNS: usize = 80;

/// Draws the samples of an event: a column for each, its age written below from top to bottom.
pub(crate) fn graph(event: &str, series: &Series, now: u64) -> String {
    let times = series.samples.iter().map(|sample| sample.millis);
    let (high, low) = (times.clone().max().unwrap_or_default(), times.min().unwrap_or_default());
    let head = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", series.max);
    let mut text = head + &"-".repeat(COLUMNS) + "\n";
    let columns = || series.samples.iter();
    for row in (0..ROWS).rev() {
        let line = columns().map(|sample| letter(height(sample.millis - low, high - low), row));
        text.extend(line.chain(['\n']));
    }
    let ages: Vec<Vec<char>> = columns().map(|sample| age(now.saturating_sub(sample.at)).chars().collect()).collect();
    // A free line parts the graph from the ages.
    text.extend(ages.iter().map(|_| ' ').chain(['\n']));
    for row in 0..ages.iter().map(Vec::len).max().unwrap_or_default() {
        text.extend(ages.iter().map(|age| age.get(row).copied().unwrap_or(' ')).chain(['\n']));
    }
    text
}

/// How high a value stands among those from 0 to `range`.
fn height(value: u64, range: u64) -> usize {
    let steps = (ROWS * LETTERS.len()) as u64;
    let height = value.saturating_mul(steps) / range.max(1);
    height.min(steps - 1) as usize
}

/// What a column of that height shows in a row, counted from below.
fn letter(height: usize, row: usize) -> char {
    match height.checked_sub(row * LETTERS.len()) {
        None => ' ',
        Some(rest) => LETTERS.get(rest).copied().unwrap_or('|'),
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::spikes::Sample;

    #[test]
    fn a_graph_shows_how_long_and_how_long_ago() {
        let samples = [(7200, 20), (9998, 30), (10_000, 50)].map(|(at, millis)| Sample { at, millis });
        let series = Series { samples: samples.into(), max: 60, sum: 100, count: 3 };
        let head = format!("command - high 50 ms, low 20 ms (all time high 60 ms)\n{}\n", "-".repeat(80));
        assert_eq!(graph("command", &series, 10_000), head + "  #\n  |\n o|\n_||\n   \n420\n6ss\nm  \n");
    }
}
