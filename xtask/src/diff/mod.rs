//! The same commands to slotmesh and to a live Valkey 9.1, and their raw replies compared.
//!
//! Two stages stand beside each other, one of each kind: a lone node, a cluster of three whose slots stay where they are,
//! a node with keys, and clusters of three in which slots and roles change hands. A script is played on both, step by step; after a step that
//! changes something both have to show the same cluster. What differs from run to run (ids, ports, times) is given names
//! first.

mod full_memory;
mod grammar;
mod keys;
mod moves;
mod normal;
mod pick;
mod prepared;
mod scripts;
mod stage;
mod tracking;

use anyhow::{Context, Result};

use crate::build;
use crate::rack::{self, Rack};
use pick::Pick;
use stage::{Pair, Step};

/// How much to compare.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Picks the generated sequences; the same seed gives the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many generated commands each stage is asked, all sequences together.
    #[arg(long, default_value_t = 1000)]
    steps: usize,
    /// Only the stage with keys.
    #[arg(long)]
    keys: bool,
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Replies that are the same.
    pub same: usize,
    /// Replies of ours that say it is not supported yet.
    pub unsupported: usize,
}

/// Steps of a generated sequence on a lone node, which starts each one anew.
const SEQUENCE: usize = 25;
/// Acts of an operator in a cluster of which each is one to five steps. The next such sequence starts a new cluster.
const ACTS: usize = 20;
/// Generated steps for which there is one such sequence: its steps take long.
const STEPS_PER_MOVES: usize = 250;

/// Installs the real server, builds ours, and compares them; prints what was compared.
///
/// # Errors
/// A reply differs: the error shows it with the seed and the commands that lead there.
pub fn run(options: &Options) -> Result<()> {
    let target_dir = build::target_dir()?;
    rack::install(&target_dir);
    let rack = Rack::new(&target_dir, Some(build::server()?));
    let tally = if options.keys {
        compare_keys(&rack, options.seed, options.steps)?
    } else {
        compare(&rack, options.seed, options.steps)?
    };
    println!("seed {}: {} replies are the same, {} are not supported yet", options.seed, tally.same, tally.unsupported);
    Ok(())
}

/// Plays every written script and the generated ones on both stages.
///
/// # Errors
/// As [`run`].
pub fn compare(rack: &Rack, seed: u64, steps: usize) -> Result<Tally> {
    let mut pick = Pick::new(seed);
    let mut tally = Tally::default();
    let mut lone = Pair::lone(rack)?;
    for script in scripts::LONE {
        play(&mut lone, seed, &scripts::parse(script), &mut tally)?;
    }
    for _ in 0..steps.div_ceil(SEQUENCE) {
        let script: Vec<Step> = (0..SEQUENCE).map(|_| grammar::step(&mut pick, 1)).collect();
        play(&mut lone, seed, &script, &mut tally)?;
    }
    drop(lone);
    let mut trio = Pair::trio(rack)?;
    for script in scripts::TRIO {
        play(&mut trio, seed, &scripts::parse(script), &mut tally)?;
    }
    for _ in 0..steps.div_ceil(SEQUENCE) {
        let script: Vec<Step> = (0..SEQUENCE).map(|_| grammar::step(&mut pick, 3)).collect();
        play(&mut trio, seed, &script, &mut tally)?;
    }
    drop(trio);
    let keys = compare_keys(rack, seed, steps)?;
    tally.same += keys.same;
    for index in 0..steps.div_ceil(STEPS_PER_MOVES) {
        let mut moving = Pair::moving(rack)?;
        let script: Vec<Step> = (0..ACTS).flat_map(|_| moves::act(&mut pick)).collect();
        play_in(&mut moving, seed, if index % 2 == 0 { "3" } else { "2" }, &script, &mut tally)?;
    }
    Ok(tally)
}

/// Commands on keys of a node that owns every slot: of each family alone, while memory is full, and of a client that is told
/// of changes.
fn compare_keys(rack: &Rack, seed: u64, steps: usize) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut whole = Pair::whole(rack)?;
    // Choices of its own: what the other stages are asked stays what it was.
    let mut picks = Pick::new(seed);
    // A script of each family at least.
    let scripts = steps.div_ceil(SEQUENCE).max(keys::FAMILIES.len());
    for number in 0..scripts {
        play_keys(&mut whole, seed, &keys::script(&mut picks, number), &mut tally)?;
    }
    for number in 0..scripts {
        play_keys(&mut whole, seed, &full_memory::script(&mut picks, number), &mut tally)?;
    }
    for _ in 0..scripts {
        play_keys(&mut whole, seed, &tracking::script(&mut picks), &mut tally)?;
    }
    Ok(tally)
}

/// Plays one script in each version of the protocol.
fn play(pair: &mut Pair, seed: u64, script: &[Step], tally: &mut Tally) -> Result<()> {
    ["2", "3"].iter().try_for_each(|protocol| play_in(pair, seed, protocol, script, tally))
}

/// The same of clients that use keys.
fn play_keys(pair: &mut Pair, seed: u64, script: &[Step], tally: &mut Tally) -> Result<()> {
    for protocol in ["2", "3"] {
        pair.connect_clients(protocol)?;
        for step in script {
            let (ours, theirs) = pair.ask_for_keys(step, keys::is_unordered(step))?;
            if ours != theirs && !normal::are_one_moment(&ours, &theirs) {
                return Err(differs(pair, seed, protocol, &ours, &theirs));
            }
            tally.same += 1;
        }
    }
    Ok(())
}

fn differs(pair: &Pair, seed: u64, protocol: &str, ours: &str, theirs: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "seed {seed}, RESP{protocol}, {}: the replies differ\n  slotmesh: {ours:?}\n  valkey:   {theirs:?}\n\
         the commands that lead there:\n{}",
        pair.name(),
        pair.history().join("\n")
    )
}

fn play_in(pair: &mut Pair, seed: u64, protocol: &str, script: &[Step], tally: &mut Tally) -> Result<()> {
    let stage = pair.name();
    pair.begin(protocol).with_context(|| format!("seed {seed}, RESP{protocol}, {stage}"))?;
    for step in script {
        if pair.leaves_out(step)? {
            continue;
        }
        let (ours, theirs) = pair.ask(step)?;
        if ours.contains("is not supported by this release") {
            tally.unsupported += 1;
        } else if ours == theirs {
            tally.same += 1;
        } else {
            return Err(differs(pair, seed, protocol, &ours, &theirs));
        }
    }
    Ok(())
}
