//! Nodes that are forgotten, also across restarts, and nodes that leave.

use std::time::Duration;

use slotmesh_gossip::{Config, Event, LeaveEnd, LeaveError};
use slotmesh_sim::{Crash, Setup, World};
use slotmesh_types::{Slot, SlotRange};

const SECOND: Duration = Duration::from_secs(1);

fn mesh(seed: u64, slots: Vec<Option<SlotRange>>) -> World {
    let config = Config { node_timeout: 2 * SECOND, ..Config::default() };
    let count = slots.len();
    let mut world = World::with_setup(seed, Setup { config, slots });
    (1..count).for_each(|node| world.meet(0, node));
    assert!(world.run_until(5 * SECOND, World::is_full_mesh).is_some());
    world.run_for(3 * SECOND);
    world
}

/// [forget-1]
#[test]
fn a_ban_outlives_the_process_and_ends_in_time() {
    for seed in 0..10 {
        let mut world = mesh(seed, vec![None; 4]);
        let gone = world.id(3);
        world.forget(0, 3);
        world.run_for(10 * SECOND);
        for node in 0..3 {
            world.crash(node, Crash::Process);
            world.run_for(SECOND);
            world.restart(node, false);
            let left = world.running(node).table().forgotten.iter(world.now()).next().expect("a ban").1;
            assert!((40 * SECOND..60 * SECOND).contains(&left), "{left:?}");
        }
        world.run_for(40 * SECOND);
        assert!((0..3).all(|node| world.sees(node, gone).is_none()), "seed {seed}");
        world.run_for(30 * SECOND);
        assert_eq!(world.running(0).table().forgotten.iter(world.now()).count(), 0);
        world.meet(0, 3);
        assert!(world.run_until(10 * SECOND, World::is_full_mesh).is_some(), "an operator brings it back");
    }
}

/// [forget-1]
#[test]
fn a_forgotten_node_does_not_knock_also_after_a_restart() {
    let mut world = mesh(1, vec![None; 4]);
    world.forget(0, 3);
    world.run_for(10 * SECOND);
    let forgotten_by = |world: &World| world.running(3).view(world.clocks(3)).standing.forgotten_by;
    assert_eq!(forgotten_by(&world), 3);
    world.crash(3, Crash::Process);
    world.restart(3, false);
    assert_eq!(forgotten_by(&world), 3, "it is kept");
    world.watch(0);
    world.run_for(40 * SECOND);
    let knocked = world.watched().iter().any(|event| matches!(event, Event::MeetRefused { .. }));
    assert!(!knocked, "{:?}", world.watched());
}

/// [leave-1]
#[test]
fn a_node_without_slots_leaves_and_stays_away() {
    for seed in 0..20 {
        let mut world = mesh(seed, vec![None; 5]);
        let gone = world.id(2);
        world.watch(2);
        world.leave(2, false).expect("it may leave");
        let left = |world: &World| world.watched().contains(&Event::LeaveEnded(LeaveEnd::Left));
        assert!(world.run_until(2 * SECOND, left).is_some(), "seed {seed}");
        assert_eq!(world.running(2).table().len(), 1);
        let forgotten = |world: &World| [0, 1, 3, 4].iter().all(|node| world.sees(*node, gone).is_none());
        assert!(world.run_until(SECOND, forgotten).is_some(), "seed {seed}");
        world.run_for(50 * SECOND);
        assert!(forgotten(&world), "seed {seed}");
        assert_eq!(world.disorder(), None);
    }
}

#[test]
fn a_node_with_slots_leaves_only_by_force() {
    let (first, last) = (Slot::new(0).expect("a slot"), Slot::new(99).expect("a slot"));
    let range = SlotRange::new(first, last);
    let mut world = mesh(1, vec![None, range, None]);
    assert_eq!(world.leave(1, false), Err(LeaveError::HasSlots(100)));
    assert_eq!(world.running(1).table().len(), 3);
    world.leave(1, true).expect("by force");
    world.run_for(2 * SECOND);
    assert_eq!(world.running(1).table().len(), 1);
    assert_eq!(world.running(0).table().slots_assigned(), 0);
}

#[test]
fn nobody_leaves_when_nobody_listens() {
    let mut world = mesh(1, vec![None; 3]);
    world.crash(0, Crash::Process);
    world.crash(1, Crash::Process);
    world.run_for(SECOND);
    assert_eq!(world.leave(2, false), Err(LeaveError::NobodyHeeds));
    // A link that stands and gets nothing through is not known to be one.
    let mut world = mesh(2, vec![None; 2]);
    world.cut(0, 1);
    world.cut(1, 0);
    world.watch(1);
    world.leave(1, false).expect("it asks");
    world.run_for(10 * SECOND);
    assert!(world.watched().contains(&Event::LeaveEnded(LeaveEnd::NoAnswer)));
    assert_eq!(world.running(1).table().len(), 2, "it is a member still");
}

#[test]
fn a_judgement_is_explained() {
    let voters = |first: u16| SlotRange::new(Slot::new(first).expect("a slot"), Slot::new(first + 99).expect("a slot"));
    let mut world = mesh(3, vec![voters(0), voters(100), voters(200)]);
    let id = world.id(2);
    let calm = world.running(0).explain(world.clocks(0), &id).expect("known");
    assert!(calm.outbound.is_some_and(|link| link.connected) && calm.since.is_none() && calm.reporters.is_empty());
    world.watch(0);
    world.crash(2, Crash::Process);
    world.run_for(10 * SECOND);
    let failed = world.running(0).explain(world.clocks(0), &id).expect("known");
    assert_eq!(failed.health, slotmesh_table::Health::Fail);
    assert_eq!((failed.quorum, failed.own_vote), (2, true));
    assert!(failed.connect_error.is_some() && failed.heard.is_some() && failed.unanswered.is_some());
    let told: Vec<_> = world
        .watched()
        .iter()
        .filter_map(|event| if let Event::Judged(explanation) = event { Some(explanation.to_string()) } else { None })
        .collect();
    assert!(told.len() >= 2, "once as suspected, once as failing: {told:?}");
    assert!(told[0].contains("its link: none; last connect error"), "{told:?}");
}
