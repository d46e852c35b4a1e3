//! Subscriptions to the channels of a slot that comes and goes.

use crate::support::{Fixture, Table};
use slotmesh_types::Mono;

/// Slot of `s`.
const SLOT: u16 = 3828;

const JOINED: &str = "*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n";
const LEFT: &str = "*3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n";

#[test]
fn a_subscription_made_with_asking_lasts_until_the_slot_is_here_and_after() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    assert_eq!(client.say_all(&["ASKING", "SSUBSCRIBE s"]), format!("+OK\r\n{JOINED}"));
    world.keep_slots();
    world.become_(Table::Alone);
    world.keep_slots();
    assert_eq!(client.pushes(), "");
    world.become_(Table::Foreign(SLOT));
    world.keep_slots();
    assert_eq!(client.pushes(), LEFT);
}

#[test]
fn a_subscription_made_with_asking_ends_with_an_import_that_is_called_off() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    client.say_all(&["ASKING", "SSUBSCRIBE s"]);
    world.become_(Table::Foreign(SLOT));
    world.keep_slots();
    assert_eq!(client.pushes(), LEFT);
}

#[test]
fn who_comes_when_the_slot_is_here_does_not_send_away_who_came_before() {
    let world = Fixture::new(Table::Importing(SLOT));
    let (mut early, mut late) = (world.client(), world.client());
    early.say_all(&["ASKING", "SSUBSCRIBE s"]);
    world.become_(Table::Alone);
    assert_eq!(late.say("SSUBSCRIBE s"), JOINED);
    assert_eq!(early.pushes(), "");
    assert_eq!(world.server.pubsub.publish_shard(Mono::default(), b"s", b"m"), 2);
}

#[test]
fn who_asks_for_a_slot_that_comes_back_sends_away_who_listened_before_it_left() {
    let world = Fixture::new(Table::Alone);
    let (mut early, mut late) = (world.client(), world.client());
    early.say("SSUBSCRIBE s");
    world.become_(Table::Importing(SLOT));
    assert_eq!(late.say_all(&["ASKING", "SSUBSCRIBE s"]), format!("+OK\r\n{JOINED}"));
    assert_eq!(early.pushes(), LEFT);
}
