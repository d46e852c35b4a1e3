//! What a claim of another primary does to slots that are on the move here.

mod support;

use slotmesh_gossip::{Engine, SlotChange};
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Slot, SlotSet};
use slotmesh_wire::{HeaderFields, HeaderTemplate, Kind, NodeFlags};

use support::{ME, NOW, OTHER, engine, hear, id};

const PRIMARY: NodeFlags = NodeFlags(0x1c01);

#[test]
fn an_import_that_ends_saves_the_slots_above_it_from_the_same_claim() {
    let mut engine = cluster("4,6", "5,7-9");
    open_from_other(&mut engine, 5);
    claim(&mut engine, 7, &[4, 6, 7, 8, 9]);
    // Slot 4 goes by the older epoch. Then the import of 5 ends with a new epoch, which is above the claim's.
    assert_eq!(owned(&engine, ME), [5, 6]);
    assert_eq!(owned(&engine, OTHER), [4, 7, 8, 9]);
    assert_eq!(engine.table().me().config_epoch, ConfigEpoch(8));
    assert_eq!(engine.table().current_epoch, CurrentEpoch(8));
}

#[test]
fn a_slot_that_the_source_still_claims_stays_open() {
    let mut engine = cluster("4", "5-9");
    open_from_other(&mut engine, 5);
    claim(&mut engine, 7, &[5, 6, 7, 8]);
    assert_eq!(owned(&engine, ME), [4]);
    assert_eq!(owned(&engine, OTHER), [5, 6, 7, 8, 9], "9 stays bound until somebody else claims it");
    assert!(engine.table().open_slot(slot(5)).is_some());
    let other = engine.table().lookup(&id(OTHER)).expect("known");
    assert!(!engine.table().claimed_slots(other).contains(slot(9)), "but is not told of");
}

#[test]
fn what_was_left_out_and_is_claimed_again_is_told_again() {
    let mut engine = cluster("4", "5-9");
    claim(&mut engine, 7, &[5, 6]);
    claim(&mut engine, 7, &[5, 6, 9]);
    let other = engine.table().lookup(&id(OTHER)).expect("known");
    let told: Vec<u16> = engine.table().claimed_slots(other).iter().map(Slot::get).collect();
    assert_eq!(told, [5, 6, 9]);
}

#[test]
fn everything_is_lost_to_a_newer_claim_when_no_import_ends() {
    let mut engine = cluster("4,6", "5,7-9");
    claim(&mut engine, 7, &[4, 5, 6, 7, 8, 9]);
    let other = engine.table().lookup(&id(OTHER)).expect("known");
    assert_eq!(engine.table().me().primary_key(), Some(other), "nothing is left to be a primary of");
    assert_eq!(owned(&engine, OTHER), [4, 5, 6, 7, 8, 9]);
}

#[test]
fn an_update_is_believed_only_if_it_is_newer() {
    let mut engine = cluster("4,6", "5,7-9");
    update(&mut engine, 7, &[4]);
    assert_eq!(owned(&engine, ME), [4, 6]);
    update(&mut engine, 8, &[4]);
    assert_eq!(owned(&engine, ME), [6]);
    update(&mut engine, 7, &[6]);
    assert_eq!(owned(&engine, ME), [6]);
}

fn open_from_other(engine: &mut Engine, number: u16) {
    engine.set_slot(NOW, slot(number), SlotChange::Importing(id(OTHER)), false).expect("it can come");
}

/// The other node tells of its own slots as if somebody else had told it to.
fn update(engine: &mut Engine, epoch: u64, slots: &[u16]) {
    let slots: SlotSet = slots.iter().copied().map(slot).collect();
    say(engine, 0, &[], |template, bytes| template.update(id(OTHER).into(), ConfigEpoch(epoch), &slots, bytes));
}

/// The other node says on a link of its own which slots it has.
fn claim(engine: &mut Engine, epoch: u64, slots: &[u16]) {
    say(engine, epoch, slots, |template, bytes| template.heartbeat(Kind::Pong, bytes).extensible().finish());
}

fn say(engine: &mut Engine, epoch: u64, slots: &[u16], encode: impl FnOnce(&HeaderTemplate, &mut Vec<u8>)) {
    let fields = HeaderFields {
        flags: PRIMARY,
        config_epoch: ConfigEpoch(epoch),
        current_epoch: CurrentEpoch(epoch),
        slots: slots.iter().copied().map(slot).collect::<SlotSet>(),
        ..HeaderFields::default()
    };
    hear(engine, fields, encode);
}

fn owned(engine: &Engine, digit: char) -> Vec<u16> {
    let table = engine.table();
    let key = table.lookup(&id(digit)).expect("known");
    table.node(key).slots().iter().map(Slot::get).collect()
}

fn cluster(mine: &str, others: &str) -> Engine {
    engine(&format!(
        "{me} 10.0.0.1:7000@17000,,shard-id={me} myself,master - 0 0 1 connected {}\n\
         {other} 10.0.0.2:7000@17000,,shard-id={other} master - 0 0 7 connected {}\n\
         vars currentEpoch 7 lastVoteEpoch 0\n",
        mine.replace(',', " "),
        others.replace(',', " "),
        me = id(ME),
        other = id(OTHER)
    ))
}

fn slot(number: u16) -> Slot {
    Slot::new(number).expect("a slot")
}
