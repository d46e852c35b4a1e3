//! Nodes that find each other by their seeds, and do not where they must not.

use std::time::Duration;

use slotmesh_gossip::{Config, Event, HandshakeEnd, HandshakeOrigin};
use slotmesh_sim::{Crash, Setup, World};
use slotmesh_table::Health;

const SECOND: Duration = Duration::from_secs(1);

/// Nodes with seeds, and a node timeout of two seconds.
fn seeded(seed: u64, count: usize) -> World {
    let config = Config { node_timeout: 2 * SECOND, has_seeds: true, ..Config::default() };
    World::with_setup(seed, Setup { config, slots: vec![None; count] })
}

/// All of them have these seeds.
fn all_know(world: &mut World, seeds: &[usize]) {
    (0..world.count()).for_each(|node| world.set_seeds(node, seeds));
}

fn forms(mut world: World, limit: Duration) -> World {
    let took = world.run_until(limit, World::is_full_mesh);
    assert!(took.is_some(), "no full mesh within {limit:?}, seed {}: {:?}", world.seed(), world.disorder());
    world
}

/// A mesh that has been quiet for a while.
fn settled(seed: u64, count: usize, seeds: &[usize]) -> World {
    let mut world = seeded(seed, count);
    all_know(&mut world, seeds);
    let mut world = forms(world, 5 * SECOND);
    world.run_for(5 * SECOND);
    world
}

/// [seed-1]
#[test]
fn ten_nodes_with_one_list_start_at_once_and_become_one_mesh() {
    for seed in 0..20 {
        let mut world = seeded(seed, 10);
        let list: Vec<usize> = (0..10).collect();
        all_know(&mut world, &list);
        forms(world, 3 * SECOND);
    }
}

#[test]
fn ten_nodes_with_one_common_seed_become_one_mesh() {
    for seed in 0..20 {
        let mut world = seeded(seed, 10);
        all_know(&mut world, &[4]);
        forms(world, 3 * SECOND);
    }
}

#[test]
fn two_nodes_that_are_each_others_seeds_know_each_other_once() {
    for seed in 0..50 {
        let mut world = seeded(seed, 2);
        world.set_seeds(0, &[1]);
        world.set_seeds(1, &[0]);
        let mut world = forms(world, 3 * SECOND);
        world.run_for(10 * SECOND);
        assert_eq!(world.disorder(), None, "seed {seed}");
    }
}

#[test]
fn the_own_address_among_the_seeds_is_found_out_and_left_alone() {
    let mut world = seeded(1, 1);
    world.set_seeds(0, &[0]);
    world.run_for(30 * SECOND);
    let own = |world: &World| {
        let ended = world.running(0).ended_handshakes();
        let seeds = ended.filter(|record| record.handshake.origin == HandshakeOrigin::Seed);
        seeds.map(|record| record.end).collect::<Vec<_>>()
    };
    assert_eq!(own(&world), [HandshakeEnd::Itself], "once in half a minute");
    assert!(world.running(0).is_seeking());
}

#[test]
fn a_seed_that_starts_late_is_found() {
    let mut world = seeded(2, 2);
    world.crash(1, Crash::Power);
    world.set_seeds(0, &[1]);
    world.run_for(60 * SECOND);
    world.restart(1, false);
    let took = world.run_until(15 * SECOND, World::is_full_mesh);
    assert!(took.is_some(), "rounds are at most ten seconds apart");
}

/// [seed-2]
#[test]
fn all_nodes_restarted_at_new_addresses_find_each_other_by_their_seeds() {
    for seed in 0..20 {
        let list: Vec<usize> = (0..7).collect();
        // Names lead to wherever their nodes are now; some know all of them, some only one.
        for seeds in [&list[..], &[3]] {
            let mut world = settled(seed, 7, seeds);
            let ids: Vec<_> = (0..7).map(|node| world.id(node)).collect();
            (0..7).for_each(|node| world.crash(node, Crash::Power));
            world.run_for(20 * SECOND);
            (0..7).for_each(|node| world.restart(node, true));
            let world = forms(world, 30 * SECOND);
            assert_eq!((0..7).map(|node| world.id(node)).collect::<Vec<_>>(), ids);
        }
    }
}

#[test]
fn nodes_restarted_at_each_others_addresses_are_taken_for_who_they_say_they_are() {
    for seed in 0..20 {
        let mut world = settled(seed, 6, &[0, 1, 2, 3, 4, 5]);
        let ids: Vec<_> = (0..6).map(|node| world.id(node)).collect();
        (0..6).for_each(|node| world.crash(node, Crash::Process));
        for (a, b) in [(0, 1), (2, 3), (4, 5), (0, 2)] {
            world.swap_addresses(a, b);
        }
        (0..6).for_each(|node| world.restart(node, false));
        let world = forms(world, 60 * SECOND);
        assert_eq!((0..6).map(|node| world.id(node)).collect::<Vec<_>>(), ids);
    }
}

#[test]
fn without_seeds_they_do_not() {
    let mut world = settled(3, 5, &[0]);
    all_know(&mut world, &[]);
    (0..5).for_each(|node| world.crash(node, Crash::Power));
    (0..5).for_each(|node| world.restart(node, true));
    world.run_for(120 * SECOND);
    assert!(!world.is_full_mesh());
    let ids: Vec<_> = (0..5).map(|node| world.id(node)).collect();
    assert!((1..5).all(|node| world.health(0, ids[node]) == Some(Health::Pfail)));
}

/// [seed-2]
#[test]
fn a_strangers_cluster_at_a_seed_is_not_merged_nor_believed() {
    for seed in 0..10 {
        // Nodes 0 to 2 are one cluster, 3 and 4 another.
        let mut world = seeded(seed, 5);
        (0..3).for_each(|node| world.set_seeds(node, &[0, 1, 2]));
        (3..5).for_each(|node| world.set_seeds(node, &[3, 4]));
        world.run_for(8 * SECOND);
        let ids: Vec<_> = (0..5).map(|node| world.id(node)).collect();
        world.crash(1, Crash::Power);
        world.crash(2, Crash::Power);
        // What names of its own peers led to now leads to the others.
        world.set_seeds(0, &[3, 4]);
        world.watch(0);
        world.run_for(120 * SECOND);
        for (node, others) in [(0, 3..5), (3, 0..3), (4, 0..3)] {
            assert!(others.into_iter().all(|other| world.sees(node, ids[other]).is_none()), "seed {seed}, node {node}");
        }
        let unknown =
            |event: &&Event| matches!(event, Event::SeedUnknown { id: Some(id), .. } if ids[3..].contains(id));
        assert!(world.watched().iter().filter(unknown).count() >= 2, "both answered and are told of");
        assert!(
            !world
                .watched()
                .iter()
                .any(|event| matches!(event, Event::AddressUpdated { .. } | Event::SeedKnown { .. }))
        );
        // The right ones come back at other places, and are believed.
        world.set_seeds(0, &[1, 2, 3, 4]);
        world.restart(1, true);
        world.restart(2, true);
        let whole = |world: &World| {
            [(0, 1), (1, 2), (2, 0)].iter().all(|(a, b)| world.health(*a, ids[*b]) == Some(Health::Online))
        };
        assert!(world.run_until(90 * SECOND, whole).is_some(), "seed {seed}");
        assert_eq!(world.running(0).table().len(), 3);
    }
}

#[test]
fn a_node_that_reaches_a_majority_asks_no_seed() {
    let mut world = settled(4, 5, &[0, 1, 2, 3, 4]);
    world.watch(2);
    world.crash(0, Crash::Power);
    world.crash(1, Crash::Power);
    world.run_for(60 * SECOND);
    assert!(!world.running(2).is_seeking());
    let asked = world.watched().iter().any(|event| {
        matches!(event, Event::SeedKnown { .. } | Event::SeedUnknown { .. } | Event::SeedUnreachable { .. })
    });
    assert!(!asked);
    world.crash(3, Crash::Power);
    assert!(world.run_until(10 * SECOND, |world| world.running(2).is_seeking()).is_some());
}

/// [seed-4]
#[test]
fn a_node_that_was_reset_does_not_go_back_by_its_seeds() {
    let mut world = settled(5, 3, &[0, 1, 2]);
    world.reset(2, true);
    world.run_for(10 * SECOND);
    world.kill(2);
    world.restart(2, false);
    world.run_for(30 * SECOND);
    assert_eq!(world.running(2).table().len(), 1);
    world.meet(2, 0);
    let joined = |world: &World| world.running(2).table().len() >= 3;
    assert!(world.run_until(10 * SECOND, joined).is_some());
}
