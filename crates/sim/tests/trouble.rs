//! Slow nodes, cuts that come and go, halves of a cluster, big meshes, and another pace.

use std::time::Duration;

use slotmesh_gossip::{Config, Rules};
use slotmesh_sim::{Setup, World};
use slotmesh_table::Health;

const SECOND: Duration = Duration::from_secs(1);
const NODE_TIMEOUT: Duration = Duration::from_secs(2);

fn mesh(seed: u64, count: usize) -> World {
    let mut world = World::with_node_timeout(seed, count, NODE_TIMEOUT);
    (1..count).for_each(|other| world.meet(0, other));
    assert!(world.run_until(SECOND, World::is_full_mesh).is_some(), "no full mesh, seed {seed}");
    world
}

#[test]
fn a_paused_node_is_suspected_and_returns() {
    let mut world = mesh(1, 5);
    let paused = world.id(3);
    world.pause(3, 3 * NODE_TIMEOUT);
    let suspected = |world: &World| [0, 1, 2, 4].iter().all(|node| world.health(*node, paused) != Some(Health::Online));
    assert!(world.run_until(3 * NODE_TIMEOUT, suspected).is_some());
    assert!(world.run_until(2 * NODE_TIMEOUT, World::is_full_mesh).is_some());
}

#[test]
fn a_node_that_is_slow_stays_in_the_mesh() {
    let mut world = mesh(2, 6);
    world.slow_down(1, Duration::from_millis(5));
    for _ in 0..40 {
        world.run_for(SECOND / 2);
        assert!(world.is_full_mesh(), "after {:?}", world.elapsed());
    }
}

#[test]
fn a_cut_that_comes_and_goes_for_moments_harms_nobody() {
    let mut world = mesh(3, 5);
    world.flap(0, 1, Duration::from_millis(100));
    for _ in 0..40 {
        world.run_for(SECOND / 2);
        assert!(world.is_full_mesh(), "after {:?}", world.elapsed());
    }
}

#[test]
fn halves_suspect_each_other_and_find_each_other_again() {
    let mut world = mesh(4, 6);
    let far = world.id(5);
    world.split(&[0, 1, 2]);
    let suspected = |world: &World| (0..3).all(|node| world.health(node, far) == Some(Health::Pfail));
    assert!(world.run_until(3 * NODE_TIMEOUT, suspected).is_some());
    world.heal();
    assert!(world.run_until(3 * NODE_TIMEOUT, World::is_full_mesh).is_some());
}

#[test]
fn a_hundred_and_thirty_nodes_form_a_mesh() {
    let count = 130;
    let mut world = World::new(5, count);
    (1..count).for_each(|node| world.meet(node - 1, node));
    assert!(world.run_until(SECOND, World::is_full_mesh).is_some());
    assert_eq!(world.links_standing(), count * (count - 1));
}

#[test]
fn by_the_rules_of_valkey_a_mesh_takes_seconds() {
    let config = Config { rules: Rules::Valkey, ..Config::default() };
    let longest = 2 * config.handshake_timeout();
    let mut world = World::with_setup(6, Setup { config, slots: vec![None; 20] });
    (1..20).for_each(|other| world.meet(0, other));
    let took = world.run_until(longest, World::is_full_mesh).expect("a full mesh");
    assert!(took > SECOND, "{took:?}");
}
