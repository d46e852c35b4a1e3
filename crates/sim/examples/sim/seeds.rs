//! Runs from many seeds, on all cores.

use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use slotmesh_sim::{Chaos, Outcome};

use crate::chart;

/// Failures that are printed; the others are counted.
const SHOWN: usize = 10;

/// Clusters from many seeds, through accidents and operators' commands; fails when something does not hold.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Seeds to run: `A..B` (without B), or one.
    #[arg(long, default_value = "0..100", value_parser = parse_seeds)]
    seeds: Range<u64>,
    /// Nodes in each cluster; the seed chooses 5 to 9 otherwise.
    #[arg(long)]
    nodes: Option<usize>,
    /// Runs each seed twice and compares what happened.
    #[arg(long)]
    twice: bool,
    /// Prints everything that happens; for one seed.
    #[arg(long)]
    verbose: bool,
    /// Threads; as many as there are cores otherwise.
    #[arg(long)]
    threads: Option<usize>,
    /// Draws how long after the last fault order returned, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

fn parse_seeds(text: &str) -> Result<Range<u64>> {
    let number = |text: &str| text.parse::<u64>().with_context(|| format!("{text:?} is not a seed"));
    let (first, end) = match text.split_once("..") {
        Some((first, end)) => (number(first)?, number(end)?),
        None => (number(text)?, number(text)? + 1),
    };
    ensure!(first < end, "no seed is in {text}");
    Ok(first..end)
}

/// Runs every seed and tells which ones failed: not a single one, if the exit code says success.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.verbose {
        ensure!(options.seeds.clone().count() == 1, "--verbose is for one seed: a thousand would print gigabytes");
        let outcome = chaos(options, options.seeds.start).verbose().run();
        println!("order returned {:?} after the last fault; digest {:016x}", outcome.settled, outcome.digest);
        return Ok(ExitCode::SUCCESS);
    }
    let runs = Batch::new(options).run()?;
    let failed: Vec<_> = runs.iter().filter_map(|(seed, run)| Some((*seed, run.as_ref().err()?))).collect();
    let order: Vec<Duration> = runs.iter().filter_map(|(_, run)| Some(run.as_ref().ok()?.settled)).collect();
    for (seed, what) in failed.iter().take(SHOWN) {
        println!("seed {seed} failed: {what}\n  replay: {}\n", replay(options, *seed));
    }
    if let Some(slowest) = order.iter().max() {
        let packets: u64 = runs.iter().filter_map(|(_, run)| Some(run.as_ref().ok()?.packets)).sum();
        println!("order returned at the latest {slowest:?} after the last fault; {packets} packets");
    }
    if let Some(file) = &options.plot {
        let picture = chart::histogram("From the last fault to order", "seeds", &[("", &order)]);
        std::fs::write(file, picture).with_context(|| format!("can't write {}", file.display()))?;
    }
    println!("{} of {} seeds failed", failed.len(), runs.len());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chaos(options: &Options, seed: u64) -> Chaos {
    Chaos::with_nodes(seed, options.nodes)
}

/// The command that shows what happens in one seed.
fn replay(options: &Options, seed: u64) -> String {
    let nodes = options.nodes.map_or_else(String::new, |nodes| format!(" --nodes {nodes}"));
    format!("cargo xtask sim --seeds {seed}{nodes} --verbose")
}

type Run = Result<Outcome, String>;

struct Batch<'a> {
    options: &'a Options,
    next: AtomicU64,
    runs: Mutex<Vec<(u64, Run)>>,
    bar: ProgressBar,
}

impl<'a> Batch<'a> {
    fn new(options: &'a Options) -> Self {
        let style = "[{bar:40}] {pos}/{len} seeds  {elapsed_precise}  {msg}";
        let style = ProgressStyle::with_template(style).expect("a template that indicatif knows").progress_chars("=> ");
        let bar = ProgressBar::new(options.seeds.end - options.seeds.start).with_style(style);
        Self { options, next: AtomicU64::new(options.seeds.start), runs: Mutex::default(), bar }
    }

    /// Every run in the order of its seed.
    fn run(self) -> Result<Vec<(u64, Run)>> {
        // What a run panics with is told at the end, once.
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..self.options.threads.unwrap_or(cores) {
                scope.spawn(|| self.work());
            }
        });
        panic::set_hook(hook);
        self.bar.finish_and_clear();
        let mut runs = self.runs.into_inner().expect("no thread panics while it holds the list");
        runs.sort_by_key(|(seed, _)| *seed);
        Ok(runs)
    }

    fn work(&self) {
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.options.seeds.end {
                return;
            }
            let run = self.try_seed(seed);
            let mut runs = self.runs.lock().expect("no thread panics while it holds the list");
            runs.push((seed, run));
            let failed = runs.iter().filter(|(_, run)| run.is_err()).count();
            drop(runs);
            self.bar.inc(1);
            if failed > 0 {
                self.bar.set_message(format!("{failed} failed"));
            }
        }
    }

    fn try_seed(&self, seed: u64) -> Run {
        let once = || caught(|| chaos(self.options, seed).run());
        let first = once()?;
        if self.options.twice {
            let second = once()?;
            if first != second {
                return Err(format!("two runs differ: {first:?}, {second:?}"));
            }
        }
        Ok(first)
    }
}

/// What a run panics with, as an error.
fn caught(run: impl FnOnce() -> Outcome) -> Run {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}
