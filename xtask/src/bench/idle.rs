//! What a node of a quiet mesh costs.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;

use super::report::{self, Report};
use super::sample::Sample;
use crate::rack::{Kind, Node, Rack, mesh, usage, wait};

pub(super) const FLAGS: [(&str, &str); 1] = [("cluster-node-timeout", "15000")];

pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// How to measure a quiet mesh.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Sizes of the meshes.
    #[arg(long, value_delimiter = ',', default_value = "30,100")]
    nodes: Vec<usize>,
    #[command(flatten)]
    pace: Pace,
}

/// How long to measure a mesh.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Pace {
    /// Seconds between the full mesh and the measurement: until every node has been pinged at its pace.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub(super) settle: u64,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub(super) window: u64,
}

/// One number for each node.
#[derive(Default)]
pub(super) struct Costs {
    pub(super) cpu_ms_per_second: Sample,
    pub(super) resident_mib: Sample,
    pub(super) proportional_mib: Sample,
    pub(super) anonymous_mib: Sample,
}

/// Measures a mesh of each size, ours and Valkey's.
pub(crate) fn run(rack: &Rack, options: &Options) -> Result<Report> {
    let title = format!("A node of a quiet mesh, node timeout 15 s, {} s: medians over all nodes", options.pace.window);
    let mut report = Report::new(title, &["nodes, what", "slotmesh", "range", "Valkey", "range", "ratio"]);
    let bar = super::progress(2 * options.nodes.len())?;
    for &count in &options.nodes {
        let ours = measure(rack, Kind::Slotmesh, count, options, &bar)?;
        let theirs = measure(rack, Kind::Valkey9, count, options, &bar)?;
        let mut row = |what: &str, ours: &Sample, theirs: &Sample| {
            report.row(vec![
                format!("{count}, {what}"),
                report::median(ours, 2),
                report::range(ours, 2),
                report::median(theirs, 2),
                report::range(theirs, 2),
                report::ratio(ours, theirs),
            ]);
        };
        row("CPU ms per second", &ours.cpu_ms_per_second, &theirs.cpu_ms_per_second);
        row("RSS MiB", &ours.resident_mib, &theirs.resident_mib);
        row("PSS MiB", &ours.proportional_mib, &theirs.proportional_mib);
        row("heap and stacks MiB", &ours.anonymous_mib, &theirs.anonymous_mib);
    }
    bar.finish_and_clear();
    Ok(report)
}

fn measure(rack: &Rack, kind: Kind, count: usize, options: &Options, bar: &ProgressBar) -> Result<Costs> {
    bar.set_message(format!("{count} of {kind}: forming"));
    let nodes = rack.start(&vec![kind; count], &FLAGS)?;
    nodes.windows(2).try_for_each(|pair| pair[0].meet(&pair[1]))?;
    mesh::await_full(&nodes, PATIENCE)?;
    bar.set_message(format!("{count} of {kind}: measuring"));
    let costs = watch(&nodes, options.pace)?;
    bar.inc(1);
    Ok(costs)
}

/// What each of the nodes costs, once they have settled.
pub(super) fn watch(nodes: &[Node], pace: Pace) -> Result<Costs> {
    wait::pause(Duration::from_secs(pace.settle))?;
    let look = |node: &Node| Ok((Instant::now(), usage::cpu_time(node.pid()?)?));
    let before = nodes.iter().map(look).collect::<Result<Vec<_>>>()?;
    wait::pause(Duration::from_secs(pace.window))?;
    let mut costs = Costs::default();
    for (node, (since, used_before)) in nodes.iter().zip(before) {
        let (now, used) = look(node)?;
        let used_ms = (used - used_before).as_secs_f64() * 1e3;
        costs.cpu_ms_per_second.add(used_ms / (now - since).as_secs_f64());
        let memory = usage::memory(node.pid()?)?;
        costs.resident_mib.add(mib(memory.resident_kib));
        costs.proportional_mib.add(mib(memory.proportional_kib));
        costs.anonymous_mib.add(mib(memory.anonymous_kib));
    }
    Ok(costs)
}

#[expect(clippy::cast_precision_loss, reason = "memory of a process is far below 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
