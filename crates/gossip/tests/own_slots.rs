//! Slots and epochs as an operator deals them out on one node.

use std::iter;

use slotmesh_gossip::{
    Action, AddSlotsError, Config, DelSlotsError, Durability, Engine, EpochBump, Event, FlushSlotsError,
    SetConfigEpochError, SetSlotError, SlotChange, SplitMix,
};
use slotmesh_table::OpenSlot;
use slotmesh_table::conf::ConfFile;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Mono, NodeId, Now, Slot, SlotRange, UnixMillis};

const NOW: Now = Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) };
const ME: char = '1';
const OTHER: char = '2';
const REPLICA: char = '3';
const NOBODY: char = '9';

#[test]
fn slots_are_added_all_or_none_and_the_first_bad_one_is_named() {
    let mut engine = alone();
    engine.add_slots(NOW, &[range(1, 1)]).expect("free");
    assert_eq!(engine.add_slots(NOW, &[range(5, 5), range(5, 5), range(1, 1)]), Err(AddSlotsError::Repeated(slot(5))));
    assert_eq!(engine.add_slots(NOW, &[range(0, 3)]), Err(AddSlotsError::Busy(slot(1))));
    assert_eq!(engine.table().slots_assigned(), 1);
    engine.add_slots(NOW, &[range(2, 16383), range(0, 0)]).expect("free");
    assert_eq!(engine.table().me().slot_count(), Slot::COUNT);
}

#[test]
fn adding_slots_changes_no_epoch_is_saved_and_ends_an_import() {
    let mut engine = cluster("", "5-9");
    engine.set_slot(NOW, slot(5), SlotChange::Importing(id(OTHER)), false).expect("it can come");
    engine.del_slots(NOW, &[range(6, 6)]).expect("owned");
    engine.set_slot(NOW, slot(6), SlotChange::Importing(id(OTHER)), false).expect("it can come");
    drain(&mut engine);
    engine.add_slots(NOW, &[range(6, 6)]).expect("free");
    assert_eq!(engine.table().open_slots().map(|(slot, _)| slot.get()).collect::<Vec<_>>(), [5]);
    assert_eq!(engine.table().me().config_epoch, ConfigEpoch(1));
    assert_eq!(saves(&drain(&mut engine)), [Durability::Lazy]);
}

#[test]
fn slots_of_anybody_are_taken_away_here() {
    let mut engine = cluster("0-4", "5-9");
    assert_eq!(engine.del_slots(NOW, &[range(4, 10)]), Err(DelSlotsError::Unassigned(slot(10))));
    assert_eq!(engine.del_slots(NOW, &[range(4, 4), range(4, 4)]), Err(DelSlotsError::Repeated(slot(4))));
    engine.del_slots(NOW, &[range(4, 5)]).expect("owned");
    assert_eq!(engine.table().slots_assigned(), 8);
    assert_eq!(saves(&drain(&mut engine)), [Durability::Lazy]);
}

#[test]
fn only_a_node_without_keys_gives_up_all_slots() {
    let mut engine = cluster("0-4", "5-9");
    assert_eq!(engine.flush_slots(NOW, true), Err(FlushSlotsError::HoldsKeys));
    engine.flush_slots(NOW, false).expect("no keys");
    assert_eq!((engine.table().me().slot_count(), engine.table().slots_assigned()), (0, 5));
    engine.flush_slots(NOW, false).expect("none is fine, too");
}

#[test]
fn a_slot_is_opened_towards_another_primary_only() {
    let mut engine = cluster("0-4", "5-9");
    let mut set = |number, change| engine.set_slot(NOW, slot(number), change, false);
    assert_eq!(set(5, SlotChange::Migrating(id(NOBODY))), Err(SetSlotError::NotOwner(slot(5))));
    assert_eq!(set(0, SlotChange::Importing(id(NOBODY))), Err(SetSlotError::AlreadyOwner(slot(0))));
    for (number, change) in
        [(0, SlotChange::Migrating as fn(NodeId) -> SlotChange), (5, SlotChange::Importing as fn(NodeId) -> SlotChange)]
    {
        assert_eq!(set(number, change(id(NOBODY))), Err(SetSlotError::UnknownPeer(id(NOBODY))));
        assert_eq!(set(number, change(id(ME))), Err(SetSlotError::Myself));
        assert_eq!(set(number, change(id(REPLICA))), Err(SetSlotError::TargetIsReplica));
        assert_eq!(set(number, change(id(OTHER))), Ok(()));
    }
    let other = engine.table().lookup(&id(OTHER)).expect("known");
    let open: Vec<_> = engine.table().open_slots().collect();
    assert_eq!(open, [(slot(0), OpenSlot::Migrating(other)), (slot(5), OpenSlot::Importing(other))]);
    engine.set_slot(NOW, slot(0), SlotChange::Stable, false).expect("always");
    assert_eq!(engine.table().open_slot(slot(0)), None);
}

#[test]
fn a_replica_sets_no_slot() {
    let text = format!(
        "{} 10.0.0.1:7000@17000,,shard-id={} myself,slave {other} 0 0 0 connected\n\
         {other} 10.0.0.2:7000@17000,,shard-id={other} master - 0 0 1 connected 0-9\n",
        id(ME),
        id(OTHER),
        other = id(OTHER)
    );
    let mut engine = engine(&text);
    assert_eq!(engine.set_slot(NOW, slot(0), SlotChange::Stable, false), Err(SetSlotError::Replica));
}

#[test]
fn a_slot_that_leaves_takes_its_mark_along_unless_keys_stay() {
    let mut engine = cluster("0-4", "5-9");
    engine.set_slot(NOW, slot(0), SlotChange::Migrating(id(OTHER)), true).expect("mine");
    assert_eq!(
        engine.set_slot(NOW, slot(0), SlotChange::Owner(id(OTHER)), true),
        Err(SetSlotError::HoldsKeys(slot(0)))
    );
    engine.set_slot(NOW, slot(0), SlotChange::Owner(id(ME)), true).expect("it stays here");
    assert!(engine.table().open_slot(slot(0)).is_some(), "its keys may still be on their way");
    engine.set_slot(NOW, slot(0), SlotChange::Owner(id(OTHER)), false).expect("no keys");
    assert_eq!(engine.table().open_slot(slot(0)), None);
    assert_eq!(engine.table().me().slot_count(), 4);
    assert_eq!(engine.table().me().config_epoch, ConfigEpoch(1), "who loses a slot needs no new epoch");
}

/// [save-1]
#[test]
fn the_end_of_an_import_takes_a_new_epoch_that_is_on_disk_before_it_is_told() {
    let mut engine = cluster("0-4", "5-9");
    engine.set_slot(NOW, slot(5), SlotChange::Owner(id(ME)), false).expect("without an import, too");
    assert_eq!(engine.table().me().config_epoch, ConfigEpoch(1));
    engine.set_slot(NOW, slot(6), SlotChange::Importing(id(OTHER)), false).expect("it can come");
    drain(&mut engine);
    engine.set_slot(NOW, slot(6), SlotChange::Owner(id(ME)), false).expect("it came");
    assert_eq!((engine.table().me().config_epoch, engine.table().current_epoch), (ConfigEpoch(8), CurrentEpoch(8)));
    assert_eq!(engine.table().open_slot(slot(6)), None);
    assert_eq!(saves(&drain(&mut engine)), [Durability::Barrier]);
    let told: Vec<_> = iter::from_fn(|| engine.poll_event()).collect();
    assert!(told.contains(&Event::EpochTaken(ConfigEpoch(8))) && told.contains(&Event::EpochAfterImport(slot(6))));
}

#[test]
fn who_has_the_highest_epoch_keeps_it() {
    let mut engine = cluster("0-4", "5-9");
    assert_eq!(engine.bump_epoch(NOW), EpochBump::Bumped(ConfigEpoch(8)));
    assert_eq!(saves(&drain(&mut engine)), [Durability::Barrier]);
    assert_eq!(engine.bump_epoch(NOW), EpochBump::Still(ConfigEpoch(8)));
    assert_eq!(saves(&drain(&mut engine)), []);
    assert_eq!(alone().bump_epoch(NOW), EpochBump::Bumped(ConfigEpoch(1)), "0 is no epoch to keep");
}

#[test]
fn the_clock_at_its_end_is_not_told_again() {
    let text = format!(
        "{} 10.0.0.1:7000@17000 myself,master - 0 0 {} connected\nvars currentEpoch {} lastVoteEpoch 0\n",
        id(ME),
        u64::MAX,
        u64::MAX
    );
    assert_eq!(engine(&text).bump_epoch(NOW), EpochBump::Still(ConfigEpoch(u64::MAX)));
}

#[test]
fn only_a_lone_node_without_an_epoch_is_given_one() {
    let mut engine = cluster("0-4", "5-9");
    assert_eq!(engine.set_config_epoch(NOW, ConfigEpoch(9)), Err(SetConfigEpochError::NotAlone));
    let mut engine = alone();
    engine.set_config_epoch(NOW, ConfigEpoch(0)).expect("no change");
    engine.set_config_epoch(NOW, ConfigEpoch(9)).expect("it had none");
    assert_eq!((engine.table().me().config_epoch, engine.table().current_epoch), (ConfigEpoch(9), CurrentEpoch(9)));
    assert_eq!(engine.set_config_epoch(NOW, ConfigEpoch(10)), Err(SetConfigEpochError::NotZero));
}

#[test]
fn who_gives_its_last_slot_away_follows_the_new_owner_unless_that_is_switched_off() {
    let mut engine = cluster("0-1", "5-9");
    let other = engine.table().lookup(&id(OTHER)).expect("known");
    engine.set_slot(NOW, slot(0), SlotChange::Owner(id(OTHER)), false).expect("no keys");
    assert!(engine.table().me().is_primary());
    engine.set_slot(NOW, slot(1), SlotChange::Owner(id(OTHER)), false).expect("no keys");
    assert_eq!(engine.table().me().primary_key(), Some(other));
    assert_eq!(engine.table().me().shard, engine.table().node(other).shard);

    let mut engine = cluster("1", "5-9");
    let config = Config { allow_replica_migration: false, ..Config::default() };
    engine.configure(NOW, config);
    engine.set_slot(NOW, slot(1), SlotChange::Owner(id(OTHER)), false).expect("no keys");
    assert!(engine.table().me().is_primary());
}

#[test]
fn the_first_slot_makes_a_place_for_replicas_where_there_are_any() {
    let mut engine = cluster("", "5-9");
    engine.add_slots(NOW, &[range(0, 0)]).expect("free");
    assert!(engine.table().me().migrate_to, "another primary has a replica");
    let mut engine = alone();
    engine.add_slots(NOW, &[range(0, 0)]).expect("free");
    assert!(!engine.table().me().migrate_to, "nobody has one");
}

fn slot(number: u16) -> Slot {
    Slot::new(number).expect("a slot")
}

fn range(first: u16, last: u16) -> SlotRange {
    SlotRange::new(slot(first), slot(last)).expect("a range")
}

fn id(digit: char) -> NodeId {
    iter::repeat_n(digit, 40).collect::<String>().parse().expect("an id")
}

/// A node that knows nobody.
fn alone() -> Engine {
    engine(&format!("{} 10.0.0.1:7000@17000 myself,master - 0 0 0 connected\n", id(ME)))
}

/// This node and another, which has a replica.
fn cluster(mine: &str, others: &str) -> Engine {
    engine(&format!(
        "{me} 10.0.0.1:7000@17000,,shard-id={me} myself,master - 0 0 1 connected {mine}\n\
         {other} 10.0.0.2:7000@17000,,shard-id={other} master - 0 0 7 connected {others}\n\
         {} 10.0.0.3:7000@17000,,shard-id={other} slave {other} 0 0 7 connected\n\
         vars currentEpoch 7 lastVoteEpoch 0\n",
        id(REPLICA),
        me = id(ME),
        other = id(OTHER)
    ))
}

fn engine(text: &str) -> Engine {
    let text = text.replace(" \n", "\n");
    let table = ConfFile::parse(text.as_bytes()).expect("a nodes.conf").into_table(NOW.mono).expect("a table");
    let mut engine = Engine::new(NOW, table, Config::default(), SplitMix::new(7));
    drain(&mut engine);
    engine
}

fn drain(engine: &mut Engine) -> Vec<Action> {
    iter::from_fn(|| engine.poll_action()).collect()
}

fn saves(actions: &[Action]) -> Vec<Durability> {
    let save = |action: &Action| if let Action::Persist(how) = action { Some(*how) } else { None };
    actions.iter().filter_map(save).collect()
}
