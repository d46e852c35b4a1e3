//! From the death of a process to FAIL at every other node.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;

use super::report::{self, Report};
use super::sample::Sample;
use super::shared_conf;
use crate::rack::mesh::Mesh;
use crate::rack::{Kind, Node, Rack, interrupt, ports, wait};

/// How long a mesh may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How to measure detection.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How often each case is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Node timeouts in milliseconds.
    #[arg(long, value_delimiter = ',', default_values_t = [300, 500, 1000, 2000, 15_000])]
    timeouts: Vec<u64>,
}

/// Five primaries; the last one dies, and three of the others have to agree.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    kinds: [Kind; 5],
}

const CASES: usize = 4;

const fn cases() -> [Case; CASES] {
    use Kind::{Slotmesh as S, Valkey9 as V};
    [
        Case { name: "slotmesh", kinds: [S, S, S, S, S] },
        Case { name: "3 slotmesh, 2 Valkey", kinds: [S, S, S, V, V] },
        Case { name: "2 slotmesh, 3 Valkey", kinds: [S, S, V, V, V] },
        Case { name: "Valkey", kinds: [V, V, V, V, V] },
    ]
}

/// Measures every case at every node timeout, one after another in each round.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let mut samples: Vec<[Sample; CASES]> = options.timeouts.iter().map(|_| Default::default()).collect();
    let bar = super::progress(options.timeouts.len() * CASES * usize::from(options.runs))?;
    for round in 0..options.runs {
        for (timeout, samples) in options.timeouts.iter().zip(&mut samples) {
            for (case, sample) in cases().iter().zip(samples) {
                match measure(rack, *case, *timeout, round, &bar) {
                    Ok(time) => sample.add(time.as_secs_f64() * 1000.0),
                    Err(error) => {
                        interrupt::check()?;
                        bar.suspend(|| eprintln!("a run is lost: {error:#}"));
                    }
                }
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(table(options, &samples))
}

fn measure(rack: &Rack, case: Case, timeout: u64, round: u16, bar: &ProgressBar) -> Result<Duration> {
    bar.set_message(format!("{}, node timeout {timeout} ms", case.name));
    let mut nodes = start(rack, case, timeout)?;
    Mesh::of(&nodes)?.await_full(PATIENCE, |_| ())?;
    // Heartbeats come to their own pace, and the death falls at another point of it in each round.
    wait::pause(Duration::from_millis(1500 + u64::from(round) * 97 % 500))?;
    let mut dead = nodes.pop().context("five nodes")?;
    let id = dead.id()?;
    let start = Instant::now();
    dead.kill();
    let limit = Duration::from_millis(timeout) * 4 + PATIENCE;
    for node in &nodes {
        wait::until("FAIL", limit, || {
            let line = node.line_of(&id)?.context("unknown")?;
            ensure!(line.has("fail"), "{} at port {} says {line:?}", node.kind(), node.port());
            Ok(())
        })?;
    }
    Ok(start.elapsed())
}

fn start(rack: &Rack, case: Case, timeout: u64) -> Result<Vec<Node>> {
    let ports = case.kinds.iter().map(|_| ports::free()).collect::<Result<Vec<_>>>()?;
    let timeout = timeout.to_string();
    let flags = [("cluster-node-timeout", timeout.as_str())];
    let spawn = |(index, kind): (usize, &Kind)| {
        rack.spawn_at(ports[index], *kind, Some(&shared_conf::of(index, &ports)), &flags)
    };
    let mut nodes = case.kinds.iter().enumerate().map(spawn).collect::<Result<Vec<_>>>()?;
    nodes.iter_mut().try_for_each(Node::await_ready)?;
    Ok(nodes)
}

fn table(options: &Options, samples: &[[Sample; CASES]]) -> Report {
    let title = format!("Milliseconds from kill -9 to FAIL at all survivors, medians of {} runs", options.runs);
    let mut columns = vec!["node timeout".to_owned()];
    for case in cases() {
        columns.extend([case.name.to_owned(), "range".to_owned()]);
        if !case.name.starts_with("Valkey") {
            columns.push("ratio".to_owned());
        }
    }
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut report = Report::new(title, &columns);
    for (timeout, samples) in options.timeouts.iter().zip(samples) {
        let mut row = vec![format!("{timeout} ms")];
        let theirs = &samples[samples.len() - 1];
        for (index, sample) in samples.iter().enumerate() {
            row.extend([report::median(sample, 0), report::range(sample, 0)]);
            if index + 1 < samples.len() {
                row.push(report::ratio(sample, theirs));
            }
        }
        report.row(row);
    }
    report
}
