//! A scenario of one's own: fifty nodes, a third of them cut off for a while, on a network that loses packets. What is
//! asked: how soon does the larger part know that the others fail, and how soon is all well again?
//!
//! `cargo run --release -p slotmesh-sim --example scenario -- 7`: the same seed, the same run. The safety rules are checked at
//! every step by themselves; what is asked here is a closure over the world.

use std::time::Duration;

use slotmesh_sim::{Faults, World};
use slotmesh_table::Health;

const NODES: usize = 50;
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut world = World::with_node_timeout(seed, NODES, Duration::from_secs(2));
    for node in 1..NODES {
        world.meet(0, node);
    }
    let formed = world.run_until(PATIENCE, World::is_full_mesh).expect("a full mesh");
    println!("full mesh after {formed:?}, {} packets", world.packets_sent());

    world.set_faults(Faults { loss_rate: 100, ..Faults::NONE });
    let island: Vec<usize> = (0..NODES / 3).collect();
    world.split(&island);
    let lost = |world: &World| {
        (NODES / 3..NODES).all(|node| {
            island.iter().all(|gone| world.health(node, world.id(*gone)).is_some_and(|health| health != Health::Online))
        })
    };
    println!("the others are suspected everywhere after {:?}", world.run_until(PATIENCE, lost).expect("suspicion"));

    world.heal();
    world.set_faults(Faults::NONE);
    println!("whole again after {:?}", world.run_until(PATIENCE, World::is_full_mesh).expect("a full mesh"));
}
