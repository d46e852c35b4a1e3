//! Keys: where they are served, who is told of them, and what is watched.

use std::collections::HashSet;
use std::time::Duration;

use slotmesh_command::{Answer, Change, Outcome, Question};
use slotmesh_types::{Now, Slot, SlotSet, UnixMillis};

use crate::support::{Fixture, Table, frames};

/// Slot of `{s}...`.
const SLOT: u16 = 3828;

const ASK: &str = "-ASK 3828 127.0.0.1:7001\r\n";
const MOVED: &str = "-MOVED 3828 127.0.0.1:7001\r\n";
const TRYAGAIN: &str = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";

#[test]
fn a_migrating_slot_serves_what_is_here_and_sends_away_for_the_rest() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    assert_eq!(client.say("SET {s}here 1"), "+OK\r\n");
    world.become_(Table::Migrating(SLOT));
    assert_eq!(client.say("INCR {s}here"), ":2\r\n");
    assert_eq!(client.say("SET {s}gone 1"), ASK);
    assert_eq!(client.say("MGET {s}gone {s}away"), ASK);
    assert_eq!(client.say("MGET {s}here {s}gone"), TRYAGAIN);
    assert_eq!(client.say_all(&["MULTI", "GET {s}gone"]), format!("+OK\r\n{ASK}"));
}

#[test]
fn an_importing_slot_serves_those_who_say_that_they_were_sent() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    assert_eq!(client.say("SET {s}a 1"), MOVED);
    assert_eq!(client.say_all(&["ASKING", "SET {s}a 1", "GET {s}a"]), format!("+OK\r\n+OK\r\n{MOVED}"));
    assert_eq!(client.say_all(&["ASKING", "MGET {s}a {s}b"]), format!("+OK\r\n{TRYAGAIN}"));
    assert_eq!(client.say_all(&["ASKING", "MULTI", "INCR {s}a", "EXEC"]), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:2\r\n");
}

#[test]
fn keys_of_several_slots_make_no_request() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    assert_eq!(client.say("MGET a b"), "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
    assert_eq!(client.say("MSET {s}a 1 {s}b 2"), "+OK\r\n");
}

#[test]
fn a_slot_that_leaves_takes_its_keys_with_it() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET {s}a 1", "SET b 1"]);
    world.become_(Table::Foreign(SLOT));
    assert_eq!(client.say("GET {s}a"), MOVED);
    world.server.drop_keys(&slot(), Now::default());
    assert_eq!(client.say("DBSIZE"), ":1\r\n");
    world.become_(Table::Alone);
    assert_eq!(client.say("GET {s}a"), "$-1\r\n");
}

fn slot() -> SlotSet {
    [Slot::new(SLOT).expect("a slot")].into_iter().collect()
}

#[test]
fn a_slot_is_not_served_from_the_moment_it_has_left() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    assert_eq!(client.say("SET {s}a 1"), "+OK\r\n");
    world.learn(Table::Foreign(SLOT));
    assert_eq!(client.say("SET {s}a 2"), MOVED, "though nobody has told the keys yet");
    world.learn(Table::Alone);
    assert_eq!(client.say("GET {s}a"), "$1\r\n1\r\n");
}

#[test]
fn keys_of_a_slot_that_is_back_or_on_its_way_here_stay() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    client.say_all(&["ASKING", "SET {s}a 1"]);
    world.server.drop_keys(&slot(), Now::default());
    world.learn(Table::Alone);
    world.server.drop_keys(&slot(), Now::default());
    assert_eq!(client.say("GET {s}a"), "$1\r\n1\r\n");
    world.server.drop_keys_of_replica(Now::default());
    assert_eq!(client.say("DBSIZE"), ":1\r\n");
    world.learn(Table::Replica);
    world.server.drop_keys_of_replica(Now::default());
    assert_eq!(client.say("DBSIZE"), ":0\r\n");
}

#[test]
fn one_missing_key_named_twice_is_no_reason_to_try_again() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    assert_eq!(client.say_all(&["ASKING", "MGET {s}a {s}a"]), "+OK\r\n*2\r\n$-1\r\n$-1\r\n");
    let new_key = ["ASKING", "MULTI", "INCR {s}a", "EXPIRE {s}a 60", "EXEC"];
    assert_eq!(client.say_all(&new_key), "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n");
}

#[test]
fn a_key_found_expired_on_the_way_to_a_redirection_has_changed() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    other.say("SET {s}k 1 PX 100");
    world.learn(Table::Migrating(SLOT));
    client.say("WATCH {s}k");
    other.now = Now { unix: UnixMillis(100), ..Now::default() };
    assert_eq!(other.say("GET {s}k"), ASK);
    world.learn(Table::Alone);
    assert_eq!(client.say_all(&["MULTI", "PING", "EXEC"]), "+OK\r\n+QUEUED\r\n*-1\r\n");
}

#[test]
fn acknowledged_entries_are_nothing_to_those_who_watch_a_stream() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    client.say_all(&["XADD s 1-0 f v", "XGROUP CREATE s g 0", "WATCH s"]);
    other.say_all(&["XREADGROUP GROUP g c STREAMS s >", "XACK s g 1-0"]);
    assert_eq!(client.say_all(&["MULTI", "PING", "EXEC"]), "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
}

#[test]
fn fields_that_expire_unasked_have_changed_their_hash() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("PSUBSCRIBE __key*__:*");
    client.say_all(&["HSET h a 1", "HPEXPIRE h 100 FIELDS 1 a", "WATCH h"]);
    listener.events();
    world.server.expire(Now { unix: UnixMillis(150), ..Now::default() }, Duration::from_millis(1));
    assert_eq!(listener.events(), ["hexpired h", "del h"]);
    assert_eq!(client.say_all(&["MULTI", "PING", "EXEC"]), "+OK\r\n+QUEUED\r\n*-1\r\n");
}

#[test]
fn getex_of_a_missing_key_tells_nothing_and_looks_at_no_term() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "EA");
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("PSUBSCRIBE __key*__:*");
    assert_eq!(client.say("GETEX k EX 10"), "$-1\r\n");
    let wrong = "-ERR invalid expire time in 'getex' command\r\n";
    assert_eq!(client.say("GETEX k EX 0"), wrong, "even where there is no such key");
    assert!(listener.events().is_empty());
}

#[test]
fn a_random_key_is_found_where_most_have_expired() {
    let world = Fixture::new(Table::Replica);
    let mut client = world.client();
    world.become_(Table::Alone);
    for number in 0..200 {
        client.say(&format!("SET {{s}}{number} 1 PX 1"));
    }
    client.say("SET living 1");
    world.become_(Table::Replica);
    client.now = Now { unix: UnixMillis(10), ..Now::default() };
    assert_eq!(client.say("RANDOMKEY"), "$6\r\nliving\r\n");
}

#[test]
fn a_watched_key_that_changes_keeps_exec_from_running() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    let tries = ["MULTI", "GET k", "EXEC"];
    client.say("WATCH k");
    other.say("SET k 1");
    assert_eq!(client.say_all(&tries), "+OK\r\n+QUEUED\r\n*-1\r\n");
    assert_eq!(client.say_all(&tries), "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n", "and watches no longer");
    client.say_all(&["WATCH k", "UNWATCH"]);
    other.say("SET k 2");
    assert_eq!(client.say_all(&tries), "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n2\r\n");
    client.say("WATCH k");
    other.say("DEL nothing");
    assert_eq!(client.say_all(&tries), "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n2\r\n", "nothing has changed");
    client.say("WATCH k");
    other.say("FLUSHALL");
    assert_eq!(client.say_all(&tries), "+OK\r\n+QUEUED\r\n*-1\r\n");
}

#[test]
fn a_watched_key_that_expires_has_changed() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET k 1 PX 100", "WATCH k"]);
    client.now = Now { unix: UnixMillis(100), ..Now::default() };
    assert_eq!(client.say_all(&["MULTI", "PING", "EXEC"]), "+OK\r\n+QUEUED\r\n*-1\r\n");
    client.say_all(&["SET k 1 PX 100", "WATCH k"]);
    client.leave();
}

#[test]
fn what_has_expired_goes_though_nobody_asks_for_it() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET a 1 PX 100", "SET b 1 PX 200", "SET c 1"]);
    world.server.expire(Now { unix: UnixMillis(150), ..Now::default() }, Duration::from_micros(1));
    assert_eq!(client.say("DBSIZE"), ":2\r\n");
    assert!(client.say("INFO stats").contains("\r\nexpired_keys:1\r\n"));
    assert!(client.say("INFO keyspace").contains("db0:keys=2,expires=1,"));
}

#[test]
fn those_who_subscribe_are_told_what_happens_to_keys() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "KEA");
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("PSUBSCRIBE __key*__:*");
    client.say("SET k 1 PX 100");
    let told = listener.pushes();
    let events = ["__keyspace@0__:k\r\n$3\r\nset", "__keyevent@0__:set\r\n$1\r\nk", "__keyspace@0__:k\r\n$6\r\nexpire"];
    assert!(events.iter().all(|event| told.contains(event)), "{told}");
    client.now = Now { unix: UnixMillis(100), ..Now::default() };
    client.say("GET k");
    assert!(listener.pushes().contains("__keyevent@0__:expired\r\n$1\r\nk"));
    world.configure("notify-keyspace-events", "");
    client.say("SET k 1");
    assert_eq!(listener.pushes(), "");
}

#[test]
fn slots_are_billed_where_that_is_wanted() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("SET {s}a 1");
    world.configure("cluster-slot-stats-enabled", "yes");
    client.say("GET {s}a");
    let shown = client.say("CLUSTER SLOT-STATS SLOTSRANGE 3828 3828");
    let request = "*2\r\n$3\r\nGET\r\n$4\r\n{s}a\r\n".len();
    let reply = "$1\r\n1\r\n".len();
    let wanted = format!(
        "$9\r\nkey-count\r\n:1\r\n$8\r\ncpu-usec\r\n:1\r\n$16\r\nnetwork-bytes-in\r\n:{request}\r\n$17\r\nnetwork-bytes-out\r\n:{reply}\r\n"
    );
    assert!(shown.ends_with(&wanted), "{shown}");
    client.say("CONFIG RESETSTAT");
    assert!(client.say("CLUSTER SLOT-STATS SLOTSRANGE 3828 3828").contains("cpu-usec\r\n:0"));
}

#[test]
fn what_a_slot_has_cost_is_forgotten_when_it_goes_and_when_it_comes() {
    let world = Fixture::new(Table::Alone);
    world.configure("cluster-slot-stats-enabled", "yes");
    let mut client = world.client();
    let stats = "CLUSTER SLOT-STATS SLOTSRANGE 3828 3828";
    client.say("SET {s}a 1");
    assert!(client.say(stats).contains("cpu-usec\r\n:1\r\n"));
    world.become_(Table::Foreign(3828));
    world.become_(Table::Alone);
    assert!(client.say(stats).contains("cpu-usec\r\n:0\r\n"));
    // By an operator's word here it is so before the reply.
    client.say("SET {s}a 1");
    world.learn(Table::Foreign(3828));
    let question = Question::Change(Change::FlushSlots);
    assert_eq!(client.answer(&question, &Answer::Ok), "+OK\r\n");
    world.learn(Table::Alone);
    assert!(client.say(stats).contains("cpu-usec\r\n:0\r\n"));
}

#[test]
fn what_waits_costs_its_slot_when_it_has_been_served() {
    let world = Fixture::new(Table::Alone);
    world.configure("cluster-slot-stats-enabled", "yes");
    let (mut waiting, mut other) = (world.client(), world.client());
    let stats = "CLUSTER SLOT-STATS SLOTSRANGE 3828 3828";
    waiting.say("BLPOP {s}l 0");
    assert!(other.say(stats).contains("cpu-usec\r\n:0\r\n"));
    let pushed = other.say("RPUSH {s}l 1");
    assert!(other.say(stats).contains("cpu-usec\r\n:1\r\n"));
    let popped = waiting.end_wait();
    assert_eq!(popped, "*2\r\n$4\r\n{s}l\r\n$1\r\n1\r\n");
    let shown = other.say(stats);
    assert!(shown.contains("cpu-usec\r\n:2\r\n"), "{shown}");
    assert!(shown.ends_with(&format!("network-bytes-out\r\n:{}\r\n", pushed.len() + popped.len())), "{shown}");
}

#[test]
fn a_walk_shows_every_key_once_it_has_come_round() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    let names: Vec<String> =
        (0..300).map(|number| format!("{}:{number}", if number % 2 == 0 { "{s}" } else { "k" })).collect();
    for name in &names {
        client.say(&format!("SET {name} 1"));
    }
    for (first, word, options) in
        [("0", "SCAN", ""), ("0", "SCAN", " COUNT 1"), ("0-{06S}-0", "CLUSTERSCAN", " COUNT 50")]
    {
        let (mut cursor, mut seen) = (first.to_owned(), std::collections::BTreeSet::new());
        loop {
            let reply = client.say(&format!("{word} {cursor}{options}"));
            let mut lines = reply.split("\r\n").filter(|line| !line.starts_with(['*', '$']) && !line.is_empty());
            lines.next().expect("a cursor").clone_into(&mut cursor);
            seen.extend(lines.map(str::to_owned));
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), names.len(), "{word}{options}");
    }
    assert_eq!(client.say("SCAN 0 MATCH {s}:7 COUNT 1000"), "*2\r\n$1\r\n0\r\n*0\r\n");
    assert_eq!(client.say("SCAN 0 MATCH {s}:8 COUNT 1000 TYPE string"), "*2\r\n$1\r\n0\r\n*1\r\n$5\r\n{s}:8\r\n");
    assert!(client.say("RANDOMKEY").starts_with('$'));
}

#[test]
fn a_reply_that_nobody_is_sent_is_not_written_to_its_end() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say(&format!("SADD s {}", "m".repeat(1000)));
    world.limit_output(100_000);
    assert!(client.say("SRANDMEMBER s -1000000").len() < 110_000);
    assert_eq!(client.outcome, Outcome::Close);
    assert!(client.session.client().is_over_limit());
}

#[test]
fn keys_lets_others_go_first_and_finds_each_key_once() {
    const COUNT: usize = 7000;
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    for number in 0..COUNT {
        client.say(&format!("SET key:{number} 1"));
    }
    client.takes = Duration::from_millis(10);
    client.follows = false;
    assert_eq!((client.say("KEYS key:*"), client.outcome.clone()), (String::new(), Outcome::Walk));
    let (mut parts, mut reply) = (1, String::new());
    while client.outcome == Outcome::Walk {
        assert_eq!((reply.as_str(), other.say("GET key:1")), ("", "$1\r\n1\r\n".to_owned()));
        other.say_all(&[&format!("SET other:{parts} 1"), &format!("DEL key:{COUNT}")]);
        reply = client.resume();
        parts += 1;
    }
    assert!((4..10).contains(&parts), "{parts}");
    let keys: HashSet<&str> = reply.split("\r\n").filter(|line| line.starts_with("key:")).collect();
    assert_eq!((keys.len(), frames(&reply), reply.starts_with("*7000\r\n")), (COUNT, 1, true));
    // To the figures and the log it is one request.
    client.takes = Duration::ZERO;
    client.follows = true;
    assert_eq!((world.calls("keys"), client.say("SLOWLOG LEN")), ((1, 0), ":1\r\n".to_owned()));
    assert_eq!(world.micros("keys"), parts * 10_000);
    let log = client.say("SLOWLOG GET");
    assert!(log.contains(&format!(":{}\r\n*2\r\n$4\r\nKEYS\r\n$5\r\nkey:*\r\n", parts * 10_000)), "{log}");
    // In a transaction nobody goes first, and who wants no reply gets none.
    let found = client.say_all(&["MULTI", "KEYS key:*", "EXEC"]);
    assert!(found.starts_with("+OK\r\n+QUEUED\r\n*1\r\n*7000\r\n"));
    assert_eq!(client.say_all(&["CLIENT REPLY SKIP", "KEYS key:*", "PING"]), "+PONG\r\n");
}
