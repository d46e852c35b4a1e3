//! Replicas take the place of their primaries: by election, by an operator's word, and not otherwise.

use std::time::Duration;

use slotmesh_gossip::{Config, FailoverMode};
use slotmesh_sim::{Member, Setup, World};
use slotmesh_table::Health;
use slotmesh_types::{Slot, SlotRange};

const SECOND: Duration = Duration::from_secs(1);
const NODE_TIMEOUT: Duration = Duration::from_secs(2);

/// Three primaries (0 to 2) that share the slots, and `replicas` of node 0, with streams that move.
fn cluster(seed: u64, replicas: usize) -> World {
    let third = |index: u16| {
        let last = if index == 2 { Slot::COUNT - 1 } else { (index + 1) * 5461 - 1 };
        SlotRange::new(Slot::new(index * 5461)?, Slot::new(last)?)
    };
    let mut slots: Vec<_> = (0..3).map(third).collect();
    slots.resize(3 + replicas, None);
    let config = Config { node_timeout: NODE_TIMEOUT, ..Config::default() };
    let mut world = World::with_setup(seed, Setup { config, slots });
    for node in 1..world.count() {
        world.meet(0, node);
    }
    await_that(&mut world, "a mesh", SECOND, World::is_full_mesh);
    // Epochs of fresh nodes collide; roles are given when that has settled.
    world.run_for(5 * SECOND);
    for replica in 3..world.count() {
        world.replicate(replica, 0).expect("an empty node");
    }
    world.run_for(5 * SECOND);
    assert!((0..3).all(|node| world.running(node).is_serving()), "seed {seed}");
    world
}

fn await_that(world: &mut World, what: &str, limit: Duration, holds: impl Fn(&World) -> bool) -> Duration {
    let seed = world.seed();
    world.run_until(limit, holds).unwrap_or_else(|| panic!("seed {seed}: no {what} within {limit:?}"))
}

/// Whether every running node takes `node` for the owner of the first third.
fn all_follow(world: &World, node: usize) -> bool {
    let (id, first) = (world.id(node), Slot::new(0).expect("a slot"));
    (0..world.count()).filter(|other| world.is_up(*other)).all(|other| {
        let table = world.running(other).table();
        let owner = table.owner(first).map(|key| table.node(key));
        owner.is_some_and(|owner| *owner.id() == id && owner.slot_count() == 5461) && world.running(other).is_serving()
    })
}

fn is_replica_of(world: &World, replica: usize, primary: usize) -> bool {
    let table = world.running(replica).table();
    table.me().primary_key() == table.lookup(&world.id(primary)) && table.me().is_replica()
}

#[test]
fn a_replica_takes_the_place_of_its_dead_primary() {
    for seed in 0..20 {
        let mut world = cluster(seed, 1);
        world.kill(0);
        await_that(&mut world, "failover", 3 * NODE_TIMEOUT, |world| all_follow(world, 3));
    }
}

#[test]
fn the_old_primary_becomes_a_replica_when_it_returns() {
    let mut world = cluster(30, 2);
    world.kill(0);
    world.run_for(5 * NODE_TIMEOUT);
    world.restart(0, false);
    world.run_for(5 * NODE_TIMEOUT);
    let winner = [3, 4].into_iter().find(|node| all_follow(&world, *node)).expect("a new primary");
    let other = 7 - winner;
    assert!(is_replica_of(&world, 0, winner) && is_replica_of(&world, other, winner));
    assert_eq!(world.running(0).table().me().shard, world.running(winner).table().me().shard);
}

#[test]
fn the_replica_with_the_newest_data_wins() {
    for seed in 40..60 {
        let mut world = cluster(seed, 3);
        // Two replicas are left behind.
        for replica in [3, 5] {
            world.cut(0, replica);
            world.cut(replica, 0);
        }
        world.run_for(SECOND);
        world.kill(0);
        world.heal();
        await_that(&mut world, "failover", 4 * NODE_TIMEOUT, |world| all_follow(world, 4));
    }
}

#[test]
fn a_replica_without_data_does_not_stand() {
    let mut world = cluster(61, 1);
    world.stop_writing();
    world.kill(0);
    world.forget_data(3);
    world.run_for(20 * NODE_TIMEOUT);
    assert!(world.running(3).table().me().is_replica());
}

/// \[vote-3\], \[vote-4\]
#[test]
fn shards_that_fail_together_are_taken_over_one_after_the_other() {
    const PRIMARIES: usize = 20;
    const KILLED: usize = 9;
    for seed in 100..130 {
        let mut world = pairs(seed, PRIMARIES, 15 * SECOND);
        // Some moment of the rhythm of pings.
        world.run_for(Duration::from_millis(seed * 373));
        let dead: Vec<_> = (0..KILLED).map(|node| world.id(node)).collect();
        (0..KILLED).for_each(|node| world.kill(node));
        await_that(&mut world, "FAIL", 20 * SECOND, |world| {
            dead.iter().all(|id| world.health(PRIMARIES, *id) == Some(Health::Fail))
        });
        // An election takes some 10 ms; a replica whose turn is not kept leaves half a second to each shard before its own.
        await_that(&mut world, "new owners", SECOND, |world| {
            (KILLED..2 * PRIMARIES).all(|node| world.running(node).is_serving())
        });
    }
}

/// Primaries that share the slots, each with a replica that follows.
fn pairs(seed: u64, primaries: usize, node_timeout: Duration) -> World {
    let config = Config { node_timeout, ..Config::default() };
    let mut world = World::founded(seed, config, &Member::pairs(primaries));
    await_that(&mut world, "a mesh", 5 * SECOND, World::is_full_mesh);
    // A primary that has just started does not serve for two seconds.
    world.run_for(3 * SECOND);
    assert!((0..primaries).all(|node| world.running(node).is_serving()), "seed {seed}");
    world
}

#[test]
fn without_a_majority_nobody_is_elected() {
    let mut world = cluster(62, 1);
    world.kill(0);
    world.kill(1);
    world.run_for(20 * NODE_TIMEOUT);
    assert!(world.running(3).table().me().is_replica());
    assert!(!world.running(2).is_serving());
}

#[test]
fn a_primary_hands_over_without_losing_a_byte() {
    for seed in 70..80 {
        let mut world = cluster(seed, 1);
        world.failover(3, FailoverMode::Coordinated).expect("a replica");
        await_that(&mut world, "handover", 5 * SECOND, |world| all_follow(world, 3) && is_replica_of(world, 0, 3));
        world.run_for(SECOND);
        world.failover(0, FailoverMode::Coordinated).expect("a replica");
        await_that(&mut world, "handover", 5 * SECOND, |world| all_follow(world, 0) && is_replica_of(world, 3, 0));
    }
}

#[test]
fn force_does_without_the_primary_and_takeover_without_everybody() {
    let mut world = cluster(81, 1);
    world.kill(0);
    world.failover(3, FailoverMode::Force).expect("a replica");
    await_that(&mut world, "election by force", SECOND, |world| all_follow(world, 3));

    let mut world = cluster(82, 1);
    world.kill(0);
    world.kill(1);
    world.failover(3, FailoverMode::Takeover).expect("a replica");
    assert!(world.running(3).table().me().is_primary(), "at once");
    world.restart(1, false);
    await_that(&mut world, "takeover", 10 * SECOND, |world| all_follow(world, 3));
}

#[test]
fn a_handover_that_takes_too_long_is_given_up() {
    let mut world = cluster(83, 1);
    world.failover(3, FailoverMode::Coordinated).expect("a replica");
    world.kill(3);
    world.run_for(11 * SECOND);
    let before = world.offset(0);
    world.run_for(SECOND);
    assert!(world.offset(0) > before, "the primary writes again");
    assert!(world.running(0).table().me().is_primary());
}

#[test]
fn a_replica_moves_to_an_orphaned_primary() {
    let mut world = cluster(84, 3);
    world.replicate(5, 1).expect("an empty node");
    world.run_for(2 * SECOND);
    world.kill(5);
    world.run_for(30 * SECOND);
    let moved = [3, 4].into_iter().filter(|node| is_replica_of(&world, *node, 1)).count();
    assert_eq!(moved, 1, "one of two replicas moves");
}
