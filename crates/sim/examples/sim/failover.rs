//! How long a cluster is without an owner for some slots when primaries die together.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use slotmesh_gossip::rand_core::Rng;
use slotmesh_gossip::{Config, SplitMix};
use slotmesh_sim::{Member, World};
use slotmesh_table::Health;
use slotmesh_types::NodeId;

use crate::form::cpu_seconds;
use crate::rules::Rules;

/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(10);
/// Longer than anything takes.
const LIMIT: Duration = Duration::from_secs(600);

/// Which clusters, and how many primaries die.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Nodes; half of them are primaries with a replica each.
    #[arg(long, default_value_t = 100)]
    nodes: usize,
    /// Percent of the primaries that are killed at once, at least one; "0" is one.
    #[arg(long, value_delimiter = ',', default_values_t = [0.0])]
    killed: Vec<f64>,
    /// Node timeout in milliseconds.
    #[arg(long, default_value_t = 2000)]
    node_timeout: u64,
    /// Whose rules the nodes follow.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Rules::Slotmesh, Rules::Valkey])]
    rules: Vec<Rules>,
    /// Seeds: a cluster each.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
}

/// A cluster in which primaries die together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) nodes: usize,
    pub(crate) node_timeout: Duration,
    pub(crate) rules: Rules,
    pub(crate) killed: usize,
    pub(crate) seed: u64,
}

/// When things happened after the crash.
pub(crate) struct Times {
    suspected: Duration,
    failed: Duration,
    /// All have heard of the new owners.
    pub(crate) replaced: Duration,
}

/// Kills primaries in every cluster and prints how long it took.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!(
        "{:>8} {:>6} {:>7} {:>6}   seconds from the crash, median (least-most) of {} clusters",
        "rules", "nodes", "killed", "CPU s", options.seeds
    );
    println!("{:>31}{:>26}{:>26}{:>26}", "", "first PFAIL", "FAIL everywhere", "new owners everywhere");
    for (rules, killed) in options.rules.iter().flat_map(|rules| options.killed.iter().map(move |part| (*rules, *part)))
    {
        let primaries = options.nodes / 2;
        let count = ((primaries as f64 * killed / 100.0).round() as usize).max(1);
        let before = cpu_seconds();
        let mut times = Vec::new();
        for seed in 0..options.seeds {
            let node_timeout = Duration::from_millis(options.node_timeout);
            let case = Case { nodes: options.nodes, node_timeout, rules, killed: count, seed };
            times.push(case.run(&bar(seed, count)).with_context(|| format!("seed {seed}"))?);
        }
        println!(
            "{:>8} {:>6} {count:>7} {:>6.0} {:>26}{:>26}{:>26}",
            format!("{rules:?}").to_lowercase(),
            options.nodes,
            cpu_seconds() - before,
            spread(times.iter().map(|times| times.suspected)),
            spread(times.iter().map(|times| times.failed)),
            spread(times.iter().map(|times| times.replaced)),
        );
    }
    Ok(())
}

/// Shows how many of the killed are replaced, and how much time has passed in the cluster: a big one takes an hour.
fn bar(seed: u64, killed: usize) -> ProgressBar {
    let style = "[{bar:40}] {pos}/{len} shards of seed {prefix} have a new owner  {elapsed_precise}  {msg}";
    let style = ProgressStyle::with_template(style).expect("a template that indicatif knows").progress_chars("=> ");
    ProgressBar::new(killed as u64).with_style(style).with_prefix(seed.to_string())
}

fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<f64> = times.map(|time| time.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (times.first(), times.last()) else { return "-".to_owned() };
    format!("{:.2} ({least:.2}-{most:.2})", times[times.len() / 2])
}

impl Case {
    /// Kills the primaries, and waits until all who are left have new owners for all slots.
    pub(crate) fn run(&self, bar: &ProgressBar) -> Result<Times> {
        bar.set_message("the mesh forms");
        let primaries = self.nodes / 2;
        let mut world = self.grown()?;
        // Some moment of the rhythm of pings, a different one for each seed.
        world.run_for(Duration::from_millis(self.seed * 373 % self.node_timeout.as_millis() as u64));
        let mut rng = SplitMix::new(self.seed);
        let mut left: Vec<usize> = (0..primaries).collect();
        let mut gone = Vec::new();
        for _ in 0..self.killed {
            let node = left.swap_remove(rng.next_u64() as usize % left.len());
            gone.push((node, world.id(node)));
        }
        gone.iter().for_each(|(node, _)| world.kill(*node));
        let up: Vec<usize> = (0..world.count()).filter(|node| world.is_up(*node)).collect();
        let crashed = world.elapsed();
        let sees = |world: &World, least: Health| {
            let bad = |node: usize| {
                gone.iter().filter(move |(_, id)| match world.health(node, *id) {
                    Some(Health::Fail) => true,
                    Some(Health::Pfail) => least == Health::Pfail,
                    _ => false,
                })
            };
            match least {
                Health::Pfail => up.iter().any(|node| bad(*node).next().is_some()),
                _ => up.iter().all(|node| bad(*node).count() == gone.len()),
            }
        };
        // As far as a node knows.
        let is_replaced = |world: &World, node: usize, id: &NodeId| {
            let table = world.running(node).table();
            table.lookup(id).is_none_or(|key| table.node(key).slot_count() == 0)
        };
        let is_over = |world: &World| {
            up.iter().all(|node| {
                world.running(*node).is_serving() && gone.iter().all(|(_, id)| is_replaced(world, *node, id))
            })
        };
        let (mut suspected, mut failed) = (None, None);
        while world.elapsed() < crashed + LIMIT {
            world.run_for(LOOK);
            let now = world.elapsed() - crashed;
            bar.set_position(gone.iter().filter(|(_, id)| is_replaced(&world, up[0], id)).count() as u64);
            bar.set_message(format!("{:.2} s after the crash", now.as_secs_f64()));
            if suspected.is_none() && sees(&world, Health::Pfail) {
                suspected = Some(now);
            }
            if failed.is_none() && sees(&world, Health::Fail) {
                failed = Some(now);
            }
            if is_over(&world) {
                bar.finish_and_clear();
                // A node may hear of the new owner before it hears of FAIL.
                let suspected = suspected.unwrap_or(now);
                return Ok(Times { suspected, failed: failed.unwrap_or(now), replaced: now });
            }
        }
        bail!("some slots have no owner after {LIMIT:?}")
    }

    /// A cluster whose replicas follow.
    fn grown(&self) -> Result<World> {
        let primaries = self.nodes / 2;
        let config = Config { node_timeout: self.node_timeout, rules: self.rules.of_engine(), ..Config::default() };
        let mut world = World::founded(self.seed, config, &Member::pairs(primaries));
        world.run_until(LIMIT, World::is_full_mesh).context("no full mesh")?;
        world.keep_no_files();
        // A primary that has just started does not serve for two seconds.
        world.run_for(Duration::from_secs(3));
        if let Some(node) = (0..primaries).find(|node| !world.running(*node).is_serving()) {
            bail!("node {node} does not serve after 3 s");
        }
        Ok(world)
    }
}
