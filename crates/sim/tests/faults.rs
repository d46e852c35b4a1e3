//! Seeds: accidents, operators and a bad network, then quiet, then order. What must hold at every moment is checked
//! after each event; a failure names its seed, and `SLOTMESH_SEED=n` runs that one alone.

use slotmesh_sim::Chaos;

/// Enough to meet every kind of fault, few enough for every run of the tests.
const SEEDS: u64 = 40;

#[test]
fn order_returns_after_faults() {
    let one = std::env::var("SLOTMESH_SEED").ok().map(|seed| seed.parse().expect("SLOTMESH_SEED is a number"));
    let seeds = one.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    for seed in seeds {
        Chaos::new(seed).run();
    }
}

#[test]
fn seeds_that_once_failed_hold() {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let (seed, found) = line.split_once(char::is_whitespace).expect("a seed and what it found");
        let seed = seed.parse().unwrap_or_else(|_| panic!("{seed} is not a seed"));
        assert!(!found.trim().is_empty(), "seed {seed} has no word on what it found");
        Chaos::new(seed).run();
    }
}

#[test]
fn one_seed_gives_one_run() {
    for seed in [1, 2, 3] {
        assert_eq!(Chaos::new(seed).run(), Chaos::new(seed).run(), "seed {seed}");
    }
    assert_ne!(Chaos::new(1).run().digest, Chaos::new(2).run().digest, "seeds differ");
}
