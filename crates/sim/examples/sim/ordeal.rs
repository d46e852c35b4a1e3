//! One big cluster through everything: formed from a chain, a third cut off, nodes killed and revived.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use slotmesh_gossip::Config;
use slotmesh_sim::{Setup, World};
use slotmesh_table::Health;
use slotmesh_types::{Slot, SlotRange};

use crate::form::{Shape, cpu_seconds, peak_memory_mib};

/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(50);
/// Longer than anything takes.
const LIMIT: Duration = Duration::from_secs(600);

/// Which cluster.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Nodes, all of them primaries that share the slots.
    #[arg(long, default_value_t = 1000)]
    nodes: usize,
    /// How many are killed and revived.
    #[arg(long, default_value_t = 50)]
    killed: usize,
    /// Node timeout in milliseconds.
    #[arg(long, default_value_t = 15_000)]
    node_timeout: u64,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs it; safety is checked all the while.
pub(crate) fn run(options: &Options) -> Result<()> {
    let count = options.nodes;
    let config = Config { node_timeout: Duration::from_millis(options.node_timeout), ..Config::default() };
    let mut world = World::with_setup(options.seed, Setup { config, slots: vec![None; count] });
    println!("{:<44} {:>9} {:>11} {:>10} {:>8} {:>9}", "what", "after s", "packets", "MiB sent", "CPU s", "peak MiB");
    Shape::Chain.meet(&mut world);
    phase(&mut world, "chain of MEETs: full mesh", World::is_full_mesh)?;
    phase(&mut world, "every node has an epoch of its own", |world| {
        let epochs: BTreeSet<_> = (0..count).map(|node| world.running(node).table().me().config_epoch).collect();
        epochs.len() == count
    })?;
    for node in 0..count {
        let slot = |raw: usize| Slot::new(raw as u16).expect("below the number of slots");
        let share = |node: usize| node * usize::from(Slot::COUNT) / count;
        let range = SlotRange::new(slot(share(node)), slot(share(node + 1) - 1)).expect("a slot for each node");
        world.add_slots(node, range)?;
    }
    phase(&mut world, "slots dealt: every node serves", |world| {
        (0..count).all(|node| world.running(node).is_serving())
    })?;
    let side: Vec<usize> = (0..count / 3).collect();
    world.split(&side);
    phase(&mut world, "a third cut off: FAIL at all others", |world| {
        (count / 3..count).all(|node| fails(world, node, Health::Fail) == side.len())
    })?;
    phase(&mut world, "and nobody of the third serves", |world| {
        side.iter().all(|node| !world.running(*node).is_serving())
    })?;
    world.heal();
    phase(&mut world, "healed: full mesh, all serve", |world| {
        world.is_full_mesh() && (0..count).all(|node| world.running(node).is_serving())
    })?;
    let gone: Vec<usize> = (0..options.killed).map(|index| (index * 19 + 7) % count).collect();
    gone.iter().for_each(|node| world.kill(*node));
    phase(&mut world, &format!("{} killed: FAIL at all others", gone.len()), |world| {
        (0..count).filter(|node| world.is_up(*node)).all(|node| fails(world, node, Health::Fail) == gone.len())
    })?;
    gone.iter().for_each(|node| world.restart(*node, false));
    phase(&mut world, "revived: full mesh, all serve", |world| {
        world.is_full_mesh() && (0..count).all(|node| world.running(node).is_serving())
    })?;
    println!("no rule was broken");
    Ok(())
}

fn fails(world: &World, node: usize, health: Health) -> usize {
    world.running(node).table().nodes().filter(|(_, node)| node.health == health).count()
}

/// Lets time pass until `done` holds, and prints what that took.
fn phase(world: &mut World, what: &str, done: impl Fn(&World) -> bool) -> Result<()> {
    let (start, packets, bytes, cpu) = (world.elapsed(), world.packets_sent(), world.bytes_sent(), cpu_seconds());
    while !done(world) {
        if world.elapsed() > start + LIMIT {
            bail!("{what}: not after {LIMIT:?}");
        }
        world.run_for(LOOK);
    }
    println!(
        "{what:<44} {:>9.2} {:>11} {:>10} {:>8.0} {:>9}",
        (world.elapsed() - start).as_secs_f64(),
        world.packets_sent() - packets,
        (world.bytes_sent() - bytes) >> 20,
        cpu_seconds() - cpu,
        peak_memory_mib().map_or_else(|| "?".to_owned(), |peak| peak.to_string()),
    );
    Ok(())
}
