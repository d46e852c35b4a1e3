//! How soon the death of a node is known, and that nothing else is taken for it.

use std::time::Duration;

use slotmesh_gossip::Config;
use slotmesh_sim::{Faults, Setup, World};
use slotmesh_table::Health;
use slotmesh_types::{Slot, SlotRange};

const TIMEOUTS: [u64; 5] = [300, 500, 1000, 2000, 15_000];
const MINUTE: Duration = Duration::from_secs(60);

/// Primaries that share the slots, in a full mesh.
fn primaries(seed: u64, count: u16, node_timeout: Duration, fast_detection: bool) -> World {
    let part = Slot::COUNT / count;
    let range = |index: u16| SlotRange::new(Slot::new(index * part)?, Slot::new(index * part + part - 1)?);
    let config = Config { node_timeout, fast_detection, require_full_coverage: false, ..Config::default() };
    let mut world = World::with_setup(seed, Setup { config, slots: (0..count).map(range).collect() });
    for node in 1..usize::from(count) {
        world.meet(0, node);
    }
    world.run_until(MINUTE, World::is_full_mesh).unwrap_or_else(|| panic!("seed {seed}: no mesh"));
    // Epochs collide at first; and heartbeats come to their own pace.
    world.run_for(Duration::from_secs(5) + Duration::from_millis(seed * 37 % 1000));
    world
}

fn is_failed_for_all(world: &World, dead: usize, id: slotmesh_types::NodeId) -> bool {
    (0..world.count()).filter(|node| *node != dead).all(|node| world.health(node, id) == Some(Health::Fail))
}

/// Whether any running node says this of any other.
fn anybody_says(world: &World, health: Health) -> bool {
    let up = (0..world.count()).filter(|node| world.is_up(*node));
    up.map(|node| world.running(node).table()).any(|table| table.nodes().any(|(_, node)| node.health == health))
}

/// From the death of a process to FAIL at every other node.
fn time_to_fail(seed: u64, node_timeout: Duration, fast: bool) -> Duration {
    let mut world = primaries(seed, 5, node_timeout, fast);
    let id = world.id(2);
    world.kill(2);
    let took = world.run_until(3 * node_timeout + MINUTE, |world| is_failed_for_all(world, 2, id));
    took.unwrap_or_else(|| panic!("seed {seed}: the death was never agreed upon"))
}

/// The one in the middle and the longest.
fn spread(times: &[Duration]) -> (Duration, Duration) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    (sorted[sorted.len() / 2], sorted[sorted.len() - 1])
}

/// [gone-1]
#[test]
fn a_dead_process_is_failed_in_a_fraction_of_the_node_timeout() {
    for millis in TIMEOUTS {
        let timeout = Duration::from_millis(millis);
        let [fast, slow] =
            [true, false].map(|fast| (0..8).map(|seed| time_to_fail(seed, timeout, fast)).collect::<Vec<_>>());
        println!("{millis} ms: {:?}, by silence {:?}", spread(&fast), spread(&slow));
        assert!(slow.iter().all(|time| *time >= timeout), "by silence alone nothing comes early: {slow:?}");
        let bound = (timeout / 4).max(Duration::from_millis(150)) + Duration::from_millis(60) + timeout / 20;
        assert!(fast.iter().all(|time| *time <= bound), "node timeout {timeout:?}: {fast:?}");
    }
}

#[test]
fn a_node_that_starts_again_at_once_is_not_even_suspected() {
    for (millis, pause) in [(300, 120), (500, 120), (1000, 220), (2000, 470), (15_000, 3600)] {
        for seed in 0..10 {
            let mut world = primaries(seed, 5, Duration::from_millis(millis), true);
            world.kill(2);
            world.run_for(Duration::from_millis(pause));
            world.restart(2, false);
            let suspected = world.run_until(Duration::from_millis(2 * millis), |world| {
                anybody_says(world, Health::Pfail) || anybody_says(world, Health::Fail)
            });
            assert_eq!(suspected, None, "seed {seed}, node timeout {millis} ms");
        }
    }
}

/// [gone-1], [gone-2]
#[test]
fn a_single_bad_path_makes_nobody_suspect_before_the_node_timeout() {
    for millis in TIMEOUTS {
        for seed in 0..10 {
            let timeout = Duration::from_millis(millis);
            let mut world = primaries(seed, 5, timeout, true);
            world.bar(1, 3);
            let early = world.run_until(timeout * 99 / 100, |world| anybody_says(world, Health::Pfail));
            assert_eq!(early, None, "seed {seed}, node timeout {millis} ms: others reach it");
            assert_eq!(world.run_until(3 * timeout, |world| anybody_says(world, Health::Fail)), None, "seed {seed}");
        }
    }
}

/// Networks in which links break all the time and new ones are refused, with every node up.
fn bad_networks() -> [(&'static str, Faults); 5] {
    let stalls = (50, Duration::from_millis(400));
    [
        ("slow", Faults { latency_micros: (100, 20_000), ..Faults::NONE }),
        ("links break, a tenth refused", Faults { break_rate: 100, refuse_rate: 1000, ..Faults::NONE }),
        ("links break, half refused", Faults { break_rate: 200, refuse_rate: 5000, ..Faults::NONE }),
        ("links break, most refused", Faults { break_rate: 200, refuse_rate: 8000, ..Faults::NONE }),
        (
            "everything",
            Faults {
                latency_micros: (100, 20_000),
                stall: stalls,
                break_rate: 100,
                silent_break_rate: 2000,
                refuse_rate: 2000,
                hang_rate: 500,
                twin_rate: 500,
                ..Faults::NONE
            },
        ),
    ]
}

/// Whether somebody came to suspect a node in half a minute of `faults`, and whether one was failed.
fn false_alarm(seed: u64, timeout: Duration, fast: bool, faults: Faults) -> (bool, bool) {
    let mut world = primaries(seed, 5, timeout, fast);
    world.set_faults(faults);
    let start = world.elapsed();
    let suspected = world.run_until(MINUTE / 2, |world| anybody_says(world, Health::Pfail)).is_some();
    let left = (MINUTE / 2).saturating_sub(world.elapsed().saturating_sub(start));
    (suspected, suspected && world.run_until(left, |world| anybody_says(world, Health::Fail)).is_some())
}

/// `SLOTMESH_SEEDS` sets how many worlds of each kind are tried.
#[test]
fn bad_networks_cause_no_fail_that_silence_alone_would_not() {
    let seeds = std::env::var("SLOTMESH_SEEDS").map_or(2, |seeds| seeds.parse().expect("a number"));
    for (name, faults) in bad_networks() {
        for millis in TIMEOUTS {
            let timeout = Duration::from_millis(millis);
            let [fast, silence] = [true, false].map(|fast| {
                let alarms: Vec<_> = (0..seeds).map(|seed| false_alarm(seed, timeout, fast, faults)).collect();
                (alarms.iter().filter(|(pfail, _)| *pfail).count(), alarms.iter().filter(|(_, fail)| *fail).count())
            });
            println!("{name}, {millis} ms: (suspected, failed) {fast:?}, by silence {silence:?}, of {seeds}");
            assert!(fast.1 <= silence.1, "{name}, node timeout {millis} ms: {fast:?} and by silence {silence:?}");
        }
    }
}
