//! The pictures of docs/SIMULATOR.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use slotmesh_gossip::Config;
use slotmesh_sim::{Crash, Setup, World};
use slotmesh_table::Health;
use slotmesh_types::{Slot, SlotRange};

use crate::chart::{self, Frame, Series};
use crate::failover::Case;
use crate::form::Shape;
use crate::rules::Rules;

/// Sizes of the meshes that are drawn.
const SIZES: [usize; 3] = [20, 60, 100];
/// What a picture of a forming mesh shows.
const FORMING: (f64, f64) = (0.002, 30.0);
/// How long traffic is watched, and in which parts.
const WATCHED: Duration = Duration::from_secs(40);
const PART: Duration = Duration::from_secs(1);

/// What to draw.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// The folder to draw into.
    #[arg(default_value = "docs/simulator")]
    folder: PathBuf,
    /// Seeds for the time from a crash to FAIL.
    #[arg(long, default_value_t = 300)]
    seeds: u64,
}

/// Draws every picture and prints the numbers behind it.
pub(crate) fn run(options: &Options) -> Result<()> {
    fs::create_dir_all(&options.folder).with_context(|| format!("can't make {}", options.folder.display()))?;
    forming(&options.folder)?;
    traffic(&options.folder)?;
    failing(&options.folder, options.seeds)?;
    failing_over(&options.folder, (options.seeds / 10).max(1))
}

fn save(folder: &Path, name: &str, picture: &str) -> Result<()> {
    let file = folder.join(name);
    fs::write(&file, picture).with_context(|| format!("can't write {}", file.display()))
}

/// Links of a hub over time, by our rules and by Valkey's.
fn forming(folder: &Path) -> Result<()> {
    for rules in [Rules::Slotmesh, Rules::Valkey] {
        let mut series = Vec::new();
        for count in SIZES {
            let (points, whole) = links_over_time(rules, count);
            let Some(whole) = whole else { bail!("no full mesh of {count} nodes within {}s", FORMING.1) };
            println!("hub of {count} by {rules:?}'s rules: full mesh after {whole:.3} s");
            series.push(Series { name: format!("{count} nodes"), points, dashed: false });
        }
        let (name, title) = match rules {
            Rules::Slotmesh => ("forming.svg", "A hub becomes a mesh: slotmesh"),
            Rules::Valkey => ("forming-valkey.svg", "A hub becomes a mesh: the same engine by Valkey's rules"),
        };
        let frame = Frame {
            title,
            x: "seconds after the MEETs",
            y: "links that stand, %",
            range: FORMING,
            log: true,
            top: 100.0,
            log_from: None,
        };
        save(folder, name, &chart::lines(&frame, &series))?;
    }
    Ok(())
}

/// Percent of all links at each time, and when the mesh was whole.
fn links_over_time(rules: Rules, count: usize) -> (Vec<(f64, f64)>, Option<f64>) {
    let mut world = rules.world(1, count);
    Shape::Hub.meet(&mut world);
    let all = (count * (count - 1)) as f64;
    let (mut points, mut whole) = (vec![(FORMING.0, 0.0)], None);
    let mut at = FORMING.0;
    while at < FORMING.1 {
        let pause = Duration::from_secs_f64(at).saturating_sub(world.elapsed());
        match world.run_until(pause, World::is_full_mesh) {
            Some(_) if whole.is_none() => whole = Some(world.elapsed().as_secs_f64()),
            _ => {}
        }
        let share = 100.0 * world.links_standing() as f64 / all;
        points.push((world.elapsed().as_secs_f64().max(FORMING.0), share));
        if whole.is_some() {
            points.push((FORMING.1, 100.0));
            break;
        }
        at *= 1.05;
    }
    (points, whole)
}

/// Bytes and packets of a node over time, from the first MEET to a quiet mesh.
fn traffic(folder: &Path) -> Result<()> {
    const NODES: usize = 60;
    let mut bytes = Vec::new();
    let mut packets = Vec::new();
    for (rules, name) in [(Rules::Slotmesh, "slotmesh"), (Rules::Valkey, "Valkey's rules")] {
        let mut world = rules.world(1, NODES);
        Shape::Hub.meet(&mut world);
        let (mut sent, mut per_second) = ((0, 0), (Vec::new(), Vec::new()));
        while world.elapsed() < WATCHED {
            world.run_for(PART);
            let at = world.elapsed().as_secs_f64();
            let now = (world.bytes_sent(), world.packets_sent());
            let rate = |now: u64, before: u64| (now - before) as f64 / PART.as_secs_f64() / NODES as f64;
            per_second.0.push((at, rate(now.0, sent.0) / 1024.0));
            per_second.1.push((at, rate(now.1, sent.1)));
            sent = now;
        }
        let quiet = |points: &[(f64, f64)]| {
            let last = &points[points.len() / 2..];
            last.iter().map(|(_, rate)| rate).sum::<f64>() / last.len() as f64
        };
        let first = (per_second.0[0].1 * PART.as_secs_f64(), per_second.1[0].1 * PART.as_secs_f64());
        println!(
            "hub of {NODES} by {rules:?}'s rules: a node sends {:.0} KiB in {:.0} packets in the first {PART:?}, then {:.2} \
             KiB/s in {:.2} packets/s when idle",
            first.0,
            first.1,
            quiet(&per_second.0),
            quiet(&per_second.1)
        );
        bytes.push(Series { name: name.to_owned(), points: per_second.0, dashed: rules == Rules::Valkey });
        packets.push(Series { name: name.to_owned(), points: per_second.1, dashed: rules == Rules::Valkey });
    }
    let range = (0.0, WATCHED.as_secs_f64());
    let frame =
        |title, y, top| Frame { title, x: "seconds after the MEETs", y, range, log: false, top, log_from: Some(1.0) };
    let title = "A hub of 60 becomes a mesh and rests: what a node sends";
    save(
        folder,
        "traffic-bytes.svg",
        &chart::lines(&frame(title, "KiB/s sent by a node (each mark ten times the last)", 10_000.0), &bytes),
    )?;
    save(
        folder,
        "traffic-packets.svg",
        &chart::lines(&frame(title, "packets/s sent by a node (each mark ten times the last)", 1_000.0), &packets),
    )
}

/// From the end of a primary's process, and from that of its machine, to FAIL at all others.
fn failing(folder: &Path, seeds: u64) -> Result<()> {
    for (crash, name, what) in [(Crash::Process, "fail.svg", "process"), (Crash::Power, "fail-silent.svg", "machine")] {
        let title = format!("From the end of a {what} to FAIL everywhere (9 primaries, node timeout 2 s)");
        let picture = compared(&title, seeds, |rules, seed| {
            time_to_fail(rules, crash, seed).with_context(|| format!("seed {seed}: nobody was marked FAIL"))
        })?;
        save(folder, name, &picture)?;
    }
    Ok(())
}

/// From the end of a third of the primaries to new owners of all slots.
fn failing_over(folder: &Path, seeds: u64) -> Result<()> {
    let title = "From the end of 17 of 50 primaries to new owners everywhere (node timeout 2 s)";
    let picture = compared(title, seeds, |rules, seed| {
        let case = Case { nodes: 100, node_timeout: Duration::from_secs(2), rules, killed: 17, seed };
        Ok(case.run(&ProgressBar::hidden()).with_context(|| format!("seed {seed}"))?.replaced)
    })?;
    save(folder, "failover.svg", &picture)
}

/// How long something takes by both rules, in as many clusters as there are seeds.
fn compared(title: &str, seeds: u64, took: impl Fn(Rules, u64) -> Result<Duration>) -> Result<String> {
    let mut series = Vec::new();
    for rules in [Rules::Slotmesh, Rules::Valkey] {
        let mut times = (0..seeds).map(|seed| took(rules, seed)).collect::<Result<Vec<_>>>()?;
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64();
        println!(
            "{title}: by {rules:?}'s rules, {seeds} seeds: median {:.2} s, 5% {:.2} s, 95% {:.2} s, most {:.2} s",
            at(50),
            at(5),
            at(95),
            at(100)
        );
        series.push(times);
    }
    let [ours, theirs] = &series[..] else { bail!("two sides are compared") };
    Ok(chart::histogram(title, "clusters", &[("slotmesh", ours), ("Valkey's rules", theirs)]))
}

/// How long after its end every other node has a primary marked as failing.
fn time_to_fail(rules: Rules, crash: Crash, seed: u64) -> Option<Duration> {
    const NODES: u16 = 9;
    let share = Slot::COUNT / NODES;
    let slot = |raw| Slot::new(raw).expect("below the number of slots");
    let range = |node: u16| SlotRange::new(slot(node * share), slot((node + 1) * share - 1));
    let config = Config { node_timeout: Duration::from_secs(2), rules: rules.of_engine(), ..Config::default() };
    let mut world = World::with_setup(seed, Setup { config, slots: (0..NODES).map(range).collect() });
    Shape::Hub.meet(&mut world);
    world.run_until(Duration::from_secs(60), World::is_full_mesh)?;
    // Some moment of the rhythm of pings, a different one for each seed.
    world.run_for(Duration::from_millis(5_000 + seed * 37 % 1_000));
    let gone = world.id(4);
    world.crash(4, crash);
    let failed = |world: &World| {
        (0..world.count()).filter(|node| world.is_up(*node)).all(|node| world.health(node, gone) == Some(Health::Fail))
    };
    world.run_until(Duration::from_secs(60), failed)
}
