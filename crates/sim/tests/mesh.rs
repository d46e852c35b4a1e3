//! Meshes form, whoever meets whom, and heal.

use std::time::Duration;

use slotmesh_sim::World;
use slotmesh_table::Health;

const SECOND: Duration = Duration::from_secs(1);

fn forms(mut world: World, limit: Duration) -> World {
    let took = world.run_until(limit, World::is_full_mesh);
    assert!(took.is_some(), "no full mesh within {limit:?}, seed {}", world.seed());
    world
}

fn hub(seed: u64, count: usize) -> World {
    let mut world = World::new(seed, count);
    (1..count).for_each(|other| world.meet(0, other));
    world
}

#[test]
fn a_hub_makes_a_mesh_within_a_second() {
    for seed in 0..10 {
        forms(hub(seed, 20), SECOND);
    }
    forms(hub(10, 60), SECOND);
}

#[test]
fn a_chain_makes_a_mesh_within_a_second() {
    for (seed, count) in [(1, 6), (2, 20), (3, 60)] {
        let mut world = World::new(seed, count);
        (1..count).for_each(|node| world.meet(node - 1, node));
        forms(world, SECOND);
    }
}

#[test]
fn two_nodes_that_meet_each_other_know_each_other_once() {
    for seed in 0..20 {
        let mut world = World::new(seed, 2);
        world.meet(0, 1);
        world.meet(1, 0);
        forms(world, SECOND);
    }
}

#[test]
fn meeting_oneself_ends_and_leaves_nothing() {
    let mut world = World::new(1, 1);
    world.meet(0, 0);
    world.run_for(SECOND);
    assert_eq!(world.running(0).table().len(), 1);
    assert_eq!(world.running(0).handshakes().count(), 0);
}

#[test]
fn meeting_nobody_ends_after_the_node_timeout() {
    let mut world = World::new(1, 2);
    world.kill(1);
    world.meet(0, 1);
    world.run_for(14 * SECOND);
    assert_eq!(world.running(0).table().len(), 2);
    world.run_for(2 * SECOND);
    assert_eq!(world.running(0).table().len(), 1);
}

#[test]
fn a_forgotten_node_stays_forgotten_everywhere() {
    let mut world = forms(hub(3, 5), SECOND);
    let gone = world.id(4);
    world.forget(0, 4);
    world.run_for(30 * SECOND);
    for node in 0..4 {
        assert!(world.sees(node, gone).is_none(), "node {node} sees it");
    }
}

#[test]
fn a_killed_node_is_suspected_and_returns() {
    let mut world = forms(hub(4, 5), SECOND);
    let killed = world.id(2);
    world.kill(2);
    let suspected = |world: &World| [0, 1, 3, 4].iter().all(|node| world.health(*node, killed) == Some(Health::Pfail));
    assert!(world.run_until(25 * SECOND, suspected).is_some());
    world.restart(2, false);
    forms(world, 10 * SECOND);
}

#[test]
fn a_node_that_moved_is_found_again() {
    let mut world = forms(hub(5, 5), SECOND);
    world.run_for(SECOND);
    world.kill(2);
    world.run_for(SECOND);
    world.restart(2, true);
    forms(world, 10 * SECOND);
}

#[test]
fn a_cut_heals() {
    let mut world = forms(hub(6, 6), SECOND);
    for (a, b) in [(0, 1), (1, 0), (2, 3)] {
        world.cut(a, b);
    }
    world.run_for(60 * SECOND);
    world.heal();
    forms(world, 40 * SECOND);
}

#[test]
fn one_seed_gives_one_run() {
    let run = || {
        let mut world = forms(hub(9, 12), SECOND);
        world.run_for(20 * SECOND);
        world.bytes_sent()
    };
    assert_eq!(run(), run());
}
