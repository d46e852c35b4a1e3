//! Hashes: fields, their terms, and who is told of them.

use slotmesh_types::{Now, UnixMillis};

use crate::support::{Fixture, Table};

const MISMATCH: &str = "-ERR numfields should be greater than 0 and match the provided number of fields\r\n";

fn at(millis: u64) -> Now {
    Now { unix: UnixMillis(millis), ..Now::default() }
}

#[test]
fn a_hash_that_loses_its_last_field_goes() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("PSUBSCRIBE __key*__:*");
    assert_eq!(client.say("HSET h a 1 b 2 a 3"), ":2\r\n");
    assert_eq!(client.say("HDEL h b c b"), ":1\r\n");
    assert_eq!(client.say("HGETDEL h FIELDS 2 a a"), "*2\r\n$1\r\n3\r\n$-1\r\n");
    assert_eq!(client.say("EXISTS h"), ":0\r\n");
    assert_eq!(listener.events(), ["hset h", "hdel h", "hdel h", "del h"]);
}

#[test]
fn a_sum_leaves_the_term_of_its_field_and_setting_ends_it() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("HSETEX h EX 100 FIELDS 2 a 1 b 2");
    client.say_all(&["HINCRBY h a 1", "HSET h b 3"]);
    assert_eq!(client.say("HTTL h FIELDS 3 a b c"), "*3\r\n:100\r\n:-1\r\n:-2\r\n");
    assert_eq!(client.say("HPERSIST h FIELDS 3 a b c"), "*3\r\n:1\r\n:-1\r\n:-2\r\n");
    assert_eq!(client.say("HINCRBY h a 9223372036854775807"), "-ERR increment or decrement would overflow\r\n");
    assert_eq!(client.say("HINCRBYFLOAT none a inf"), "-ERR value is NaN or Infinity\r\n");
    assert_eq!(client.say("EXISTS none"), ":0\r\n", "what fails makes no key");
}

#[test]
fn a_field_that_has_expired_is_not_seen_and_setting_it_tells() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    client.say_all(&["HSET h a 1 b 2", "HPEXPIRE h 100 FIELDS 1 a"]);
    client.now = at(100);
    assert_eq!(client.say("HGETALL h"), "*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
    assert_eq!(client.say("HMGET h a b"), "*2\r\n$-1\r\n$1\r\n2\r\n");
    assert_eq!(client.say("HLEN h"), ":2\r\n", "it is there until it is taken out");
    assert_eq!(client.say("HDEL h a"), ":0\r\n");
    listener.say("PSUBSCRIBE __key*__:*");
    assert_eq!(client.say("HSETNX h a 3"), ":1\r\n");
    assert_eq!(listener.events(), ["hexpired h", "hset h"]);
    assert_eq!(client.say("HTTL h FIELDS 1 a"), "*1\r\n:-1\r\n");
}

#[test]
fn a_term_that_is_over_takes_the_field_out_at_once() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    client.now = at(1000);
    client.say("HSET h a 1 b 2 c 3");
    listener.say("PSUBSCRIBE __key*__:*");
    assert_eq!(client.say("HPEXPIREAT h 1000 FIELDS 2 a a"), "*2\r\n:2\r\n:-2\r\n");
    assert_eq!(client.say("HGETEX h EX 0 FIELDS 1 b"), "*1\r\n$1\r\n2\r\n");
    assert_eq!(listener.events(), ["hexpired h", "hexpired h"]);
    assert_eq!(client.say("HSETEX h PXAT 1 FIELDS 2 c 1 d 1"), ":1\r\n");
    assert_eq!(listener.events(), ["hset h", "hexpire h", "hexpired h", "del h"]);
    assert_eq!(client.say("EXISTS h"), ":0\r\n");
}

#[test]
fn hsetex_sets_all_fields_or_none() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    assert_eq!(client.say("HSETEX h XX FIELDS 1 a 1"), ":0\r\n");
    assert_eq!(client.say("HSETEX h NX FNX FIELDS 2 a 1 b 2"), ":1\r\n");
    assert_eq!(client.say("HSETEX h FNX FIELDS 2 b 3 c 3"), ":0\r\n");
    assert_eq!(client.say("HSETEX h FXX FIELDS 2 b 3 c 3"), ":0\r\n");
    assert_eq!(client.say("HVALS h"), "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    assert_eq!(client.say("HSETEX h FNX FXX FIELDS 1 a 1"), "-ERR syntax error\r\n");
    assert_eq!(client.say("HSETEX h EX -1 FIELDS 1 a 1"), "-ERR invalid expire time in 'hsetex' command\r\n");
    assert_eq!(client.say("HSETEX h XX foo 1 a 1"), MISMATCH, "there are no fields");
    assert_eq!(client.say("HSETEX fields EX 10 FIELDS 1 a 1"), ":1\r\n", "a key may have that name");
}

#[test]
fn numbers_of_fields_that_do_not_fit_are_refused() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    for request in
        ["HEXPIRE h 10 FIELDS 2 a", "HPERSIST h FIELDS 0 a", "HGETEX h FIELDS 1 a b", "HGETDEL h FIELDS -1 a"]
    {
        assert_eq!(client.say(request), MISMATCH, "{request}");
    }
    assert_eq!(client.say("HTTL h FIELDS 2 a"), "-ERR syntax error\r\n");
    assert_eq!(client.say("HTTL h FIELDS x a"), "-ERR value is not an integer or out of range\r\n");
}

#[test]
fn fields_are_drawn_with_their_values() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("HSET h a 1");
    assert_eq!(client.say("HRANDFIELD h -2 WITHVALUES"), "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n1\r\n");
    assert_eq!(client.say("HRANDFIELD h -9223372036854775807"), "-ERR value is out of range\r\n");
    assert_eq!(client.say("HRANDFIELD none -9223372036854775807"), "*0\r\n");
    client.say("HPEXPIRE h 100 FIELDS 1 a");
    client.now = at(100);
    assert_eq!(client.say_all(&["HRANDFIELD h", "HRANDFIELD h -2", "HRANDFIELD h 2"]), "$-1\r\n*0\r\n*0\r\n");
    client.now = at(0);
    client.say("HELLO 3");
    assert_eq!(client.say("HRANDFIELD h 2 WITHVALUES"), "*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
}

#[test]
fn a_walk_over_a_big_hash_shows_every_field() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    let pairs: Vec<String> = (0..1000).map(|number| format!("f{number} v{number}")).collect();
    client.say(&format!("HSET h {}", pairs.join(" ")));
    for (options, count, per_call) in
        [("", 1000, 2), (" NOVALUES COUNT 100", 1000, 1), (" MATCH f1* COUNT 100", 111, 2)]
    {
        let (mut cursor, mut seen) = ("0".to_owned(), std::collections::BTreeSet::new());
        loop {
            let reply = client.say(&format!("HSCAN h {cursor}{options}"));
            let mut lines = reply.split("\r\n").filter(|line| !line.starts_with(['*', '$']) && !line.is_empty());
            lines.next().expect("a cursor").clone_into(&mut cursor);
            seen.extend(lines.map(str::to_owned));
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), count * per_call, "{options}");
    }
    assert_eq!(client.say("HSCAN none 0 foo"), "*2\r\n$1\r\n0\r\n*0\r\n");
    assert_eq!(client.say("HSCAN h 0 NOSCORES"), "-ERR NOSCORES option can only be used in ZSCAN\r\n");
}
