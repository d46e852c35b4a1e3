//! What those see who are shown the requests of others.

use slotmesh_types::{Now, UnixMillis};

use crate::support::{Fixture, Table};

/// The words of the requests that are shown.
fn shown(lines: &str) -> Vec<&str> {
    lines.lines().map(|line| line.split_once("] ").map_or(line, |(_, words)| words)).collect()
}

#[test]
fn requests_are_shown_as_they_run() {
    let fixture = Fixture::new(Table::Alone);
    let (mut monitor, mut client) = (fixture.client(), fixture.client());
    client.say("PING before");
    assert_eq!(monitor.say("MONITOR"), "+OK\r\n");
    assert_eq!(monitor.say("MONITOR"), "");
    client.now = Now { unix: UnixMillis(1_795_000_000_007), ..Now::default() };
    client.say("SET a \"\\\n\u{7}\u{1}é");
    assert_eq!(
        monitor.pushes(),
        "+1795000000.007000 [0 127.0.0.1:5000] \"SET\" \"a\" \"\\\"\\\\\\n\\a\\x01\\xc3\\xa9\"\r\n"
    );
    client.say_all(&["AUTH default x", "GET", "NOSUCH", "CONFIG GET port", "CLIENT LIST", "CLIENT ID"]);
    assert_eq!(shown(&monitor.pushes()), ["\"AUTH\" \"(redacted)\" \"(redacted)\"", "\"CLIENT\" \"ID\""]);
    client.say_all(&["MULTI", "SET a 1", "PING", "EXEC"]);
    assert_eq!(shown(&monitor.pushes()), ["\"MULTI\"", "\"SET\" \"a\" \"1\"", "\"PING\"", "\"EXEC\""]);
}

#[test]
fn a_monitor_uses_no_keys_until_reset_ends_it() {
    let fixture = Fixture::new(Table::Alone);
    let (mut monitor, mut client) = (fixture.client(), fixture.client());
    monitor.say("MONITOR");
    for request in ["GET a", "SET a 1"] {
        assert_eq!(monitor.say(request), "-ERR Replica can't interact with the keyspace\r\n");
    }
    assert!(client.say("CLIENT LIST").contains(" flags=O "));
    monitor.pushes();
    assert_eq!(monitor.say("PING"), "+PONG\r\n");
    assert_eq!(shown(&monitor.say("RESET")), ["\"PING\"", "\"RESET\"", "+RESET"]);
    client.say("PING");
    assert_eq!(monitor.pushes(), "");
    assert_eq!(monitor.say_all(&["GET a", "MULTI", "MONITOR"]), "$-1\r\n+OK\r\n+QUEUED\r\n");
    assert_eq!(monitor.say("EXEC"), "*1\r\n-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
}

#[test]
fn a_monitor_that_does_not_read_is_closed() {
    let fixture = Fixture::new(Table::Alone);
    let mut limits = fixture.server.pubsub.limits();
    limits.pubsub.hard_bytes = 1000;
    fixture.server.pubsub.set_limits(limits);
    let (mut monitor, mut client) = (fixture.client(), fixture.client());
    monitor.say("MONITOR");
    (0..100).for_each(|_| drop(client.say("PING")));
    assert!(monitor.session.client().is_over_limit());
    monitor.leave();
    assert_eq!(client.say("PING"), "+PONG\r\n");
}
