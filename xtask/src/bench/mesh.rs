//! From the first MEET to the full mesh.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;

use super::report::{self, Report};
use super::sample::Sample;
use crate::rack::mesh::Mesh;
use crate::rack::{Kind, Node, Rack, interrupt};

/// Longest time for a mesh; a run that takes longer is lost, and counted.
const PATIENCE: Duration = Duration::from_secs(120);

/// How to measure meshes.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How often each case is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Only cases whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Who meets whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// The first meets all others.
    Hub,
    /// Each meets the next.
    Chain,
}

/// One kind of mesh; two that are equal need to be measured only once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Setup {
    shape: Shape,
    kinds: Vec<Kind>,
}

/// A setup beside the one of Valkey nodes only.
struct Case {
    name: String,
    ours: Setup,
    theirs: Setup,
}

#[derive(Default)]
struct Outcome {
    seconds: Sample,
    lost: u16,
}

impl Setup {
    /// A hub that meets `others` nodes of the kinds in turn.
    fn hub(hub: Kind, others: usize, kinds: &[Kind]) -> Self {
        let kinds = std::iter::once(hub).chain(kinds.iter().copied().cycle().take(others)).collect();
        Self { shape: Shape::Hub, kinds }
    }

    fn chain(kind: Kind, nodes: usize) -> Self {
        Self { shape: Shape::Chain, kinds: vec![kind; nodes] }
    }

    /// Hubs run with all settings at their defaults. A chain of Valkey nodes would wait for handshakes to time out; at
    /// 5 s it shows its better side.
    fn flags(&self) -> &'static [(&'static str, &'static str)] {
        match self.shape {
            Shape::Hub => &[],
            Shape::Chain => &[("cluster-node-timeout", "5000")],
        }
    }
}

fn cases() -> Vec<Case> {
    use Kind::{Slotmesh, Valkey9};
    let hubs = [12, 20, 60].map(|others| Case {
        name: format!("hub meets {others}"),
        ours: Setup::hub(Slotmesh, others, &[Slotmesh]),
        theirs: Setup::hub(Valkey9, others, &[Valkey9]),
    });
    let chains = [20, 60, 100].map(|nodes| Case {
        name: format!("chain of {nodes}"),
        ours: Setup::chain(Slotmesh, nodes),
        theirs: Setup::chain(Valkey9, nodes),
    });
    let of_valkeys = [20, 60].map(|others| Case {
        name: format!("slotmesh hub meets {others} Valkey"),
        ours: Setup::hub(Slotmesh, others, &[Valkey9]),
        theirs: Setup::hub(Valkey9, others, &[Valkey9]),
    });
    let mixed = [Slotmesh, Valkey9].map(|hub| {
        let other = if hub == Slotmesh { Valkey9 } else { Slotmesh };
        Case {
            name: format!("mixed 20, half Valkey, hub {hub}"),
            ours: Setup::hub(hub, 19, &[other, hub]),
            theirs: Setup::hub(Valkey9, 19, &[Valkey9]),
        }
    });
    hubs.into_iter().chain(chains).chain(of_valkeys).chain(mixed).collect()
}

/// Measures all cases `runs` times, one after another in each round, so that a slow spell of the machine hits all.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let mut cases = cases();
    cases.retain(|case| options.only.as_ref().is_none_or(|text| case.name.contains(text)));
    let mut outcomes: BTreeMap<&Setup, Outcome> = BTreeMap::new();
    for case in &cases {
        outcomes.entry(&case.ours).or_default();
        outcomes.entry(&case.theirs).or_default();
    }
    let bar = super::progress(outcomes.len() * usize::from(options.runs))?;
    for _ in 0..options.runs {
        for (setup, outcome) in &mut outcomes {
            outcome.add(&bar, measure(rack, setup, &bar))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(table(&cases, &outcomes, options.runs))
}

impl Outcome {
    fn add(&mut self, bar: &ProgressBar, measured: Result<Duration>) -> Result<()> {
        match measured {
            Ok(elapsed) => self.seconds.add(elapsed.as_secs_f64()),
            Err(error) => {
                interrupt::check()?;
                bar.suspend(|| eprintln!("a run is lost: {error}"));
                self.lost += 1;
            }
        }
        Ok(())
    }
}

/// Time from before the first MEET to when the last node was seen to be there.
fn measure(rack: &Rack, setup: &Setup, bar: &ProgressBar) -> Result<Duration> {
    let name = format!("{:?} of {}, first {}", setup.shape, setup.kinds.len(), setup.kinds[0]);
    bar.set_message(format!("{name}: starting"));
    let nodes = rack.start(&setup.kinds, setup.flags())?;
    let mesh = Mesh::of(&nodes)?;
    let start = Instant::now();
    meet(setup.shape, &nodes)?;
    mesh.await_full(PATIENCE, |count| bar.set_message(format!("{name}: {count} nodes have all links")))?;
    Ok(start.elapsed())
}

fn meet(shape: Shape, nodes: &[Node]) -> Result<()> {
    match shape {
        Shape::Hub => nodes[1..].iter().try_for_each(|node| nodes[0].meet(node)),
        Shape::Chain => nodes.windows(2).try_for_each(|pair| pair[0].meet(&pair[1])),
    }
}

fn table(cases: &[Case], outcomes: &BTreeMap<&Setup, Outcome>, runs: u16) -> Report {
    let title = format!("Seconds from the first MEET to the full mesh, medians of {runs} runs");
    let mut report = Report::new(title, &["case", "this", "range", "lost", "all Valkey", "range", "lost", "ratio"]);
    for case in cases {
        let (ours, theirs) = (&outcomes[&case.ours], &outcomes[&case.theirs]);
        report.row(vec![
            case.name.clone(),
            report::median(&ours.seconds, 3),
            report::range(&ours.seconds, 3),
            ours.lost.to_string(),
            report::median(&theirs.seconds, 3),
            report::range(&theirs.seconds, 3),
            theirs.lost.to_string(),
            report::ratio(&ours.seconds, &theirs.seconds),
        ]);
    }
    report
}
