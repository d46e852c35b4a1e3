//! How long meshes of a size take to form, and what it costs to simulate that.

use std::time::Duration;

use anyhow::{Result, bail};
use slotmesh_sim::World;

use crate::rules::Rules;

/// Longer than any mesh needs.
const LIMIT: Duration = Duration::from_secs(600);

/// Where MEET stands among the counters by type.
const MEET: usize = 2;

/// Who meets whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// The first node meets every other.
    Hub,
    /// Each node meets the next.
    Chain,
}

impl Shape {
    /// Gives the operator's commands.
    pub(crate) fn meet(self, world: &mut World) {
        for node in 1..world.count() {
            match self {
                Self::Hub => world.meet(0, node),
                Self::Chain => world.meet(node - 1, node),
            }
        }
    }
}

/// What to form.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Sizes, smallest first (the peak of memory is that of the process so far).
    #[arg(long, value_delimiter = ',', default_values_t = [12, 20, 60, 100])]
    nodes: Vec<usize>,
    /// Who meets whom.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Shape::Hub])]
    shape: Vec<Shape>,
    /// Whose rules the nodes follow.
    #[arg(long, value_enum, default_value_t = Rules::Slotmesh)]
    rules: Rules,
    /// Give up when so many GiB were sent, and tell how far the mesh has come
    #[arg(long)]
    gib_max: Option<u64>,
    /// Seed of every world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Forms every mesh and prints a line about it.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!(
        "{:>6} {:>6} {:>12} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "shape", "nodes", "mesh after", "links", "MiB sent", "packets", "of MEET", "entries", "CPU time", "peak MiB"
    );
    for (count, shape) in options.nodes.iter().flat_map(|count| options.shape.iter().map(move |shape| (*count, *shape)))
    {
        let before = cpu_seconds();
        let mut world = options.rules.world(options.seed, count);
        shape.meet(&mut world);
        let bytes_max = options.gib_max.map_or(u64::MAX, |gib| gib << 30);
        let is_over = |world: &World| world.bytes_sent() > bytes_max || world.is_full_mesh();
        let Some(took) = world.run_until(LIMIT, is_over) else {
            bail!("no full mesh of {count} nodes after {LIMIT:?}, {}", world.links_standing());
        };
        let stats = |node: usize| world.running(node).view(world.clocks(node)).stats;
        let (meets, entries) = (0..count).map(stats).fold((0, 0), |(meets, entries), stats| {
            (meets + stats.messages[MEET].sent, entries + stats.gossip_entries)
        });
        println!(
            "{:>6} {count:>6} {:>12} {:>6.2}% {:>10.1} {:>10} {meets:>10} {entries:>10} {:>9.1}s {:>10}",
            format!("{shape:?}").to_lowercase(),
            format!("{}{:.1}ms", if world.is_full_mesh() { "" } else { ">" }, took.as_secs_f64() * 1000.0),
            100.0 * world.links_standing() as f64 / (count * (count - 1)).max(1) as f64,
            world.bytes_sent() as f64 / 1_048_576.0,
            world.packets_sent(),
            cpu_seconds() - before,
            peak_memory_mib().map_or_else(|| "?".to_owned(), |peak| peak.to_string()),
        );
    }
    Ok(())
}

/// The most memory that this process has held, where the system tells.
pub(crate) fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

/// CPU time of this thread so far, where the system tells: other programs may be at work as well.
pub(crate) fn cpu_seconds() -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = spent.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    nanos.map_or(f64::NAN, |nanos| nanos as f64 / 1e9)
}
