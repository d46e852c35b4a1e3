//! Prints how long hubs and chains take to become a full mesh, in virtual time.

use std::time::Duration;

use slotmesh_sim::World;

fn main() {
    for count in [12, 20, 60, 100] {
        let mut hub = World::new(1, count);
        (1..count).for_each(|node| hub.meet(0, node));
        let mut chain = World::new(2, count);
        (1..count).for_each(|node| chain.meet(node - 1, node));
        for (shape, mut world) in [("hub", hub), ("chain", chain)] {
            let took = world.run_until(Duration::from_secs(60), World::is_full_mesh);
            println!("{shape} of {count}: {took:?}, {} KiB sent", world.bytes_sent() / 1024);
        }
    }
}
