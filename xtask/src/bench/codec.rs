//! What a heartbeat costs its receiver. The example of `slotmesh-gossip` measures; this builds it as it is shipped and
//! makes a table of what it prints.

use anyhow::{Context, Result, ensure};

use super::report::Report;
use super::sample::Sample;
use crate::process::cargo;

/// How to measure reading and merging.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// How often everything is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

/// How the line about memory begins: of 1000 known nodes.
const MEMORY: &str = "memory\t1000\t";

/// One line of the example.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    case: &'a str,
    entries: u16,
    nanos: f64,
    least: f64,
    allocations: &'a str,
}

/// Runs the example; of its runs the medians count.
pub(crate) fn run(options: Options) -> Result<Report> {
    let bar = super::progress(usize::from(options.runs))?;
    let mut outputs = Vec::new();
    for _ in 0..options.runs {
        bar.set_message("a heartbeat, decoded and merged");
        outputs.push(measure()?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let memory =
        outputs.last().and_then(|output| output.lines().last()).map_or("?", |line| line.trim_start_matches(MEMORY));
    let runs = outputs
        .iter()
        .map(|output| output.lines().filter(|line| !line.starts_with(MEMORY)).map(parse).collect())
        .collect::<Result<Vec<Vec<Line>>>>()?;
    let title = format!(
        "What a heartbeat costs its receiver: nanoseconds a packet, medians of {} runs; a known node takes {memory} bytes",
        options.runs
    );
    let mut report = Report::alone(title, &["entries, what", "ns", "least", "ns an entry", "allocations"]);
    for (index, line) in runs.first().context("nothing was measured")?.iter().enumerate() {
        let lines = || runs.iter().filter_map(|run| run.get(index));
        let nanos = lines().map(|line| line.nanos).collect::<Sample>().median().context("no median")?;
        let least = lines().map(|line| line.least).fold(f64::INFINITY, f64::min);
        report.row(vec![
            format!("{}, {}", line.entries, line.case),
            format!("{nanos:.0}"),
            format!("{least:.0}"),
            format!("{:.1}", nanos / f64::from(line.entries)),
            line.allocations.to_owned(),
        ]);
    }
    Ok(report)
}

fn measure() -> Result<String> {
    let mut example = cargo();
    example.args(["run", "--quiet", "--release", "-p", "slotmesh-gossip", "--example", "codec"]);
    let output = example.output().context("can't run cargo")?;
    ensure!(output.status.success(), "the example failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("the example printed no text")
}

fn parse(line: &str) -> Result<Line<'_>> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [case, entries, nanos, least, _most, allocations] = cells[..] else {
        anyhow::bail!("the example printed {line:?}");
    };
    Ok(Line { case, entries: entries.parse()?, nanos: nanos.parse()?, least: least.parse()?, allocations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_example_are_read() {
        let line = parse("decode and merge\t100\t5443\t5246\t126811\t0.00").unwrap();
        let wanted = Line { case: "decode and merge", entries: 100, nanos: 5443.0, least: 5246.0, allocations: "0.00" };
        assert_eq!(line, wanted);
        assert!(parse("decode\t100").is_err());
    }
}
