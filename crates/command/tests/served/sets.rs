//! Sets: members, what several have in common, and who is told of them.

use crate::support::{Fixture, Table};

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

#[test]
fn a_member_that_moves_leaves_one_set_and_joins_another() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    client.say_all(&["SADD {s}a x y", "SADD {s}b y", "SET {s}text 1"]);
    listener.say("PSUBSCRIBE __key*__:*");
    assert_eq!(client.say("SMOVE {s}a {s}b z"), ":0\r\n");
    assert_eq!(client.say("SMOVE {s}a {s}a x"), ":1\r\n", "it is where it was");
    assert!(listener.events().is_empty());
    assert_eq!(client.say("SMOVE {s}a {s}b y"), ":1\r\n");
    assert_eq!(client.say("SMOVE {s}a {s}c x"), ":1\r\n");
    assert_eq!(listener.events(), ["srem {s}a", "srem {s}a", "del {s}a", "sadd {s}c"]);
    assert_eq!(client.say("SMOVE {s}b {s}text y"), WRONG_TYPE);
    assert_eq!(client.say("SMOVE {s}none {s}text y"), ":0\r\n", "there is nothing to move");
}

#[test]
fn what_comes_of_sets_replaces_whatever_there_was() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    client.say_all(&["SADD {s}a 1 2 3", "SADD {s}b 2 3 x", "SET {s}to text"]);
    listener.say("PSUBSCRIBE __key*__:*");
    assert_eq!(
        client.say_all(&["SINTERSTORE {s}to {s}a {s}b", "SMEMBERS {s}to"]),
        ":2\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n"
    );
    assert_eq!(client.say_all(&["SDIFFSTORE {s}a {s}a {s}b", "SMEMBERS {s}a"]), ":1\r\n*1\r\n$1\r\n1\r\n");
    assert_eq!(client.say_all(&["SUNIONSTORE {s}to {s}a {s}none", "SCARD {s}to"]), ":1\r\n:1\r\n");
    assert_eq!(client.say("SINTERSTORE {s}to {s}a {s}none"), ":0\r\n");
    assert_eq!(client.say("SDIFFSTORE {s}to {s}a {s}a"), ":0\r\n");
    assert_eq!(listener.events(), ["sinterstore {s}to", "sdiffstore {s}a", "sunionstore {s}to", "del {s}to"]);
}

#[test]
fn every_key_is_of_the_right_type_even_if_one_is_missing() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SADD {s}a 1 2 3", "SET {s}text 1"]);
    for request in
        ["SINTER {s}none {s}text", "SDIFF {s}none {s}text", "SUNION {s}a {s}text", "SINTERCARD 2 {s}none {s}text"]
    {
        assert_eq!(client.say(request), WRONG_TYPE, "{request}");
    }
}

#[test]
fn a_count_of_what_is_common_stops_at_its_limit() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SADD {s}a 1 2 3 4", "SADD {s}b 2 3 4 5"]);
    assert_eq!(client.say("SINTERCARD 2 {s}a {s}b"), ":3\r\n");
    assert_eq!(client.say("SINTERCARD 2 {s}a {s}b LIMIT 2"), ":2\r\n");
    assert_eq!(client.say("SINTERCARD 2 {s}a {s}none LIMIT 2"), ":0\r\n");
    assert_eq!(client.say("SINTERCARD 0 {s}a"), "-ERR numkeys should be greater than 0\r\n");
    assert_eq!(client.say("SINTERCARD 2 {s}a"), "-ERR Number of keys can't be greater than number of args\r\n");
}

#[test]
fn who_is_popped_is_gone_and_the_last_one_takes_the_key() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    let members: Vec<String> = (0..600).map(|number| format!("m{number}")).collect();
    client.say(&format!("SADD s {}", members.join(" ")));
    listener.say("PSUBSCRIBE __key*__:*");
    let mut seen = std::collections::BTreeSet::new();
    for (request, left) in
        [("SPOP s", 599), ("SPOP s 0", 599), ("SPOP s 99", 500), ("SPOP s 400", 100), ("SPOP s 101", 0)]
    {
        seen.extend(client.say(request).split("\r\n").filter(|line| line.starts_with('m')).map(str::to_owned));
        assert_eq!((seen.len(), client.say("SCARD s")), (600 - left, format!(":{left}\r\n")), "{request}");
    }
    assert_eq!(listener.events(), ["spop s", "spop s", "spop s", "spop s", "del s"]);
    assert_eq!(client.say("SPOP s -1"), "-ERR value is out of range, must be positive\r\n");
}

#[test]
fn members_are_drawn_once_or_again_and_again() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("SADD s 1 2 3");
    assert!(client.say("SRANDMEMBER s -5").starts_with("*5\r\n"));
    assert!(client.say("SRANDMEMBER s 5").starts_with("*3\r\n"));
    assert_eq!(client.say("SRANDMEMBER s -9223372036854775807"), "-ERR value is out of range\r\n");
    assert_eq!(client.say_all(&["SRANDMEMBER none", "SRANDMEMBER none 2"]), "$-1\r\n*0\r\n");
    assert_eq!(client.say("SCARD s"), ":3\r\n");
}
