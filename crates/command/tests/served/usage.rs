//! How keys are used: when they count as used, and what is told of it.

use slotmesh_types::{Now, UnixMillis};

use crate::support::{Client, Fixture, Table};

fn at(client: &mut Client<'_>, seconds: u64) {
    client.now = Now { unix: UnixMillis(seconds * 1000), ..Now::default() };
}

#[test]
fn what_looks_a_key_up_uses_it_unless_it_tells_of_the_key_itself() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    let idle = "OBJECT IDLETIME k";
    client.say("SET k text");
    at(&mut client, 10);
    for quiet in ["EXISTS k", "TYPE k", "TTL k", "PTTL k", "EXPIRETIME k", "OBJECT ENCODING k", "SCAN 0", "RANDOMKEY"] {
        client.say(quiet);
        assert_eq!(client.say(idle), ":10\r\n", "{quiet}");
    }
    for (number, use_) in (2_u64..).zip(["GET k", "SET k text", "APPEND k x", "EXPIRE k 1000", "TOUCH k", "STRLEN k"]) {
        client.say(use_);
        assert_eq!(client.say(idle), ":0\r\n", "{use_}");
        at(&mut client, 10 * number);
        assert_eq!(client.say(idle), ":10\r\n", "{use_}");
    }
    assert_eq!(client.say("OBJECT IDLETIME nosuch"), "$-1\r\n");
    assert!(client.say("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected"));
}

#[test]
fn a_client_may_look_keys_up_without_using_them() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET k text", "CLIENT NO-TOUCH ON"]);
    at(&mut client, 10);
    assert_eq!(client.say_all(&["GET k", "OBJECT IDLETIME k"]), "$4\r\ntext\r\n:10\r\n");
    assert_eq!(client.say_all(&["TOUCH k", "OBJECT IDLETIME k"]), ":1\r\n:0\r\n");
}

#[test]
fn uses_are_counted_where_that_is_wanted() {
    let world = Fixture::new(Table::Alone);
    world.configure("maxmemory-policy", "allkeys-lfu");
    world.configure("lfu-log-factor", "0");
    let mut client = world.client();
    client.say_all(&["SET k text", "GET k", "GET k"]);
    assert_eq!(client.say("OBJECT FREQ k"), ":7\r\n");
    assert!(client.say("OBJECT IDLETIME k").starts_with("-ERR An LFU maxmemory policy is selected"));
    at(&mut client, 120);
    assert_eq!(client.say("OBJECT FREQ k"), ":5\r\n");
    assert_eq!(client.say("OBJECT FREQ nosuch"), "$-1\r\n");
}

#[test]
fn what_a_key_takes_is_told() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say(&format!("SET k {}", "x".repeat(1000)));
    let bytes = client.say("MEMORY USAGE k SAMPLES 0");
    assert!(bytes.trim_start_matches(':').trim().parse::<u64>().is_ok_and(|bytes| (1000..1100).contains(&bytes)));
    assert_eq!(client.say("MEMORY USAGE nosuch"), "$-1\r\n");
    assert_eq!(client.say("MEMORY USAGE k SAMPLES -1"), "-ERR syntax error\r\n");
    assert_eq!(client.say("MEMORY USAGE k SAMPLES x"), "-ERR value is not an integer or out of range\r\n");
    let stats = client.say_all(&["HELLO 3", "MEMORY STATS"]);
    assert_eq!(crate::support::frames(&stats), 2);
    assert!(stats.contains("keys.count\r\n:1\r\n"), "{stats}");
    assert!(client.say("MEMORY DOCTOR").contains("There is hardly anything"));
}

#[test]
fn keys_that_are_watched_and_waited_for_are_counted() {
    let world = Fixture::new(Table::Alone);
    let (mut reader, mut waiter, mut watcher) = (world.client(), world.client(), world.client());
    let counts = |client: &mut Client<'_>| {
        let text = client.say("INFO clients");
        ["total_watched_keys", "total_blocking_keys", "total_blocking_keys_on_nokey"].map(|name| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
            line.and_then(|number| number.trim().parse::<u64>().ok()).expect("a number")
        })
    };
    assert_eq!(counts(&mut watcher), [0, 0, 0]);
    reader.say_all(&["XGROUP CREATE s g $ MKSTREAM", "XREADGROUP GROUP g me BLOCK 0 STREAMS s >"]);
    waiter.say("BLPOP {t}a {t}b 0");
    watcher.say_all(&["WATCH {t}a {t}b", "WATCH {t}a"]);
    assert_eq!(counts(&mut watcher), [2, 3, 1]);
}
