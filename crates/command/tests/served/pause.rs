//! Requests that are held back for a while.

use std::time::Duration;

use slotmesh_command::{Held, Outcome, PauseReason};
use slotmesh_types::{Mono, Now};

use crate::support::{Client, Fixture, Table};

/// Whether a request is held back: then nothing is replied.
fn waits(client: &mut Client<'_>, request: &str) -> bool {
    let reply = client.say(request);
    let postponed = matches!(client.outcome, Outcome::Held(_));
    assert_eq!(postponed, reply.is_empty(), "{request}: {reply}");
    postponed
}

fn later(millis: u64) -> Now {
    Now { mono: Mono::from_micros(millis * 1000), ..Now::default() }
}

#[test]
fn what_may_write_waits_until_the_pause_ends() {
    let fixture = Fixture::new(Table::Alone);
    let (mut operator, mut client) = (fixture.client(), fixture.client());
    assert_eq!(operator.say("CLIENT PAUSE 1000 WRITE"), "+OK\r\n");
    for request in ["SET a 1", "DEL a", "FLUSHALL", "PUBLISH a b", "PFCOUNT a", "GETEX a", "BLPOP a 0"] {
        assert!(waits(&mut client, request), "{request}");
    }
    assert!(operator.say("INFO clients").contains(
        "blocked_clients:1\r\ntracking_clients:0\r\npubsub_clients:0\r\nwatching_clients:0\r\nclients_in_timeout_table:0\r\n\
         total_watched_keys:0\r\ntotal_blocking_keys:0\r\ntotal_blocking_keys_on_nokey:0\r\n\
         paused_reason:client_pause\r\npaused_actions:write\r\npaused_timeout_milliseconds:1000\r\n"
    ));
    assert!(!waits(&mut client, "GET a"));
    assert!(waits(&mut client, "SET a 1"));
    assert_eq!(client.outcome, Outcome::Held(Some(Duration::from_secs(1))));
    assert_eq!(operator.say("CLIENT UNPAUSE"), "+OK\r\n");
    assert_eq!(client.say("SET a 1"), "+OK\r\n");
    assert_eq!(fixture.calls("set"), (1, 0), "what was held back did not run");
}

#[test]
fn a_pause_of_all_ends_by_itself_only() {
    let fixture = Fixture::new(Table::Alone);
    let (mut operator, mut client) = (fixture.client(), fixture.client());
    assert_eq!(operator.say("CLIENT PAUSE 100"), "+OK\r\n");
    for request in ["PING", "CLIENT UNPAUSE", "SUBSCRIBE a", "MULTI"] {
        assert!(waits(&mut operator, request), "{request}");
    }
    client.now = later(99);
    assert!(waits(&mut client, "PING"));
    client.now = later(100);
    assert!(!waits(&mut client, "PING"));
}

#[test]
fn a_transaction_waits_with_what_it_watches() {
    let fixture = Fixture::new(Table::Alone);
    let (mut operator, mut client, mut other) = (fixture.client(), fixture.client(), fixture.client());
    let queued = "+OK\r\n+OK\r\n+QUEUED\r\n";
    assert_eq!(client.say_all(&["WATCH a", "MULTI", "SET a 1"]), queued);
    operator.say("CLIENT PAUSE 1000 WRITE");
    assert!(waits(&mut client, "EXEC"));
    assert_eq!(other.say_all(&["MULTI", "GET a", "EXEC"]), "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
    operator.say("CLIENT UNPAUSE");
    other.say("SET a 2");
    assert_eq!(client.say("EXEC"), "*-1\r\n", "the key was changed in the meantime");
    operator.say("CLIENT PAUSE 1000 WRITE");
    assert_eq!(client.say("MULTI"), "+OK\r\n");
    assert!(waits(&mut client, "SET a 1"), "it waits before it is queued");
}

#[test]
fn a_transaction_that_has_begun_waits_in_the_middle_for_a_handover_only() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    client.say_all(&["MULTI", "CLIENT PAUSE 1000 WRITE", "SET a 1", "CLIENT UNPAUSE", "CLUSTER LINKS", "SET a 2"]);
    client.say("EXEC");
    let Outcome::Ask(question) = client.outcome.clone() else { panic!("{:?}", client.outcome) };
    fixture.server.begin_pause(PauseReason::Failover, Held::Writes, later(500).mono, Now::default());
    client.answer(&question, &slotmesh_command::Answer::Links(Vec::new()));
    assert_eq!(fixture.calls("set"), (1, 0), "the second one waits");
    fixture.server.end_pause(PauseReason::Failover, Now::default());
    assert_eq!(client.resume(), "+OK\r\n");
    assert_eq!(client.say("GET a"), "$1\r\n2\r\n");
}

#[test]
fn asking_is_for_the_request_that_was_held_back() {
    let fixture = Fixture::new(Table::Importing(15_495));
    let (mut operator, mut client) = (fixture.client(), fixture.client());
    operator.say("CLIENT PAUSE 1000 WRITE");
    assert_eq!(client.say("ASKING"), "+OK\r\n");
    assert!(waits(&mut client, "SET a 1"));
    operator.say("CLIENT UNPAUSE");
    assert_eq!(client.say_all(&["SET a 1", "SET a 1"]), "+OK\r\n-MOVED 15495 127.0.0.1:7001\r\n");
}

#[test]
fn nothing_expires_in_a_pause() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    client.say("SET a 1 PX 10");
    fixture.server.begin_pause(PauseReason::Failover, Held::Writes, later(500).mono, Now::default());
    let now = Now { unix: slotmesh_types::UnixMillis(20), ..later(20) };
    client.now = now;
    fixture.server.expire(now, Duration::from_millis(1));
    assert_eq!(client.say_all(&["GET a", "DBSIZE"]), "$-1\r\n:1\r\n");
    assert!(client.say("INFO clients").contains("paused_reason:failover_in_progress\r\n"));
    fixture.server.end_pause(PauseReason::Failover, now);
    assert_eq!(client.say_all(&["GET a", "DBSIZE"]), "$-1\r\n:0\r\n");
}

#[test]
fn nothing_is_evicted_in_a_pause() {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let fixture = Fixture::new(Table::Alone);
        fixture.configure("maxmemory-policy", policy);
        fixture.configure("maxmemory-eviction-tenacity", "100");
        let mut client = fixture.client();
        client.say_all(&["SET a 1 PX 10", "CLIENT PAUSE 1000 WRITE"]);
        fixture.configure("maxmemory", "1");
        client.now = Now { unix: slotmesh_types::UnixMillis(20), ..later(20) };
        assert!(waits(&mut client, "SET b 1"), "{policy}");
        fixture.server.look_after_memory(client.now, u64::MAX >> 1);
        assert_eq!(client.say("DBSIZE"), ":1\r\n", "{policy}");
        client.say("CLIENT UNPAUSE");
        fixture.server.look_after_memory(client.now, u64::MAX >> 1);
        assert_eq!(client.say("DBSIZE"), ":0\r\n", "{policy}");
    }
}

#[test]
fn a_pause_takes_milliseconds_and_a_mode() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    for (request, error) in [
        ("CLIENT PAUSE", "wrong number of arguments for 'client|pause' command"),
        ("CLIENT PAUSE x", "timeout is not an integer or out of range"),
        ("CLIENT PAUSE -1", "timeout is negative"),
        ("CLIENT PAUSE 9223372036854775807 WRITE", "timeout is out of range"),
        ("CLIENT PAUSE x some", "CLIENT PAUSE mode must be WRITE or ALL"),
    ] {
        let error = format!("-ERR {error}\r\n");
        // A clock that shows 1970 leaves room for any number.
        client.now.unix = slotmesh_types::UnixMillis(1_795_000_000_000);
        assert_eq!(client.say(request), error, "{request}");
    }
    assert_eq!(client.say_all(&["CLIENT UNPAUSE", "CLIENT UNPAUSE"]), "+OK\r\n+OK\r\n");
}
