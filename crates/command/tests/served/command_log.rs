//! What is remembered of requests that took long or were large.

use std::time::Duration;

use crate::support::{Fixture, Table};

/// The parts of the entries that tell what was asked and how much of it there was.
fn entries(reply: &str) -> Vec<String> {
    let lines: Vec<&str> = reply.split("\r\n").collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| **line == "*6").map(|(at, _)| at);
    let words = |at: usize| {
        let count: usize = lines[at + 4][1..].parse().expect("a count");
        (0..count).map(|word| lines[at + 6 + 2 * word]).collect::<Vec<_>>().join(" ")
    };
    starts.map(|at| format!("{} {} {}", lines[at + 1], lines[at + 3], words(at))).collect()
}

#[test]
fn slow_requests_are_remembered_the_latest_first() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("slowlog-log-slower-than", "1000");
    fixture.configure("slowlog-max-len", "2");
    let mut client = fixture.client();
    assert_eq!(client.say_all(&["SLOWLOG LEN", "SLOWLOG GET"]), ":0\r\n*0\r\n");
    client.say("CLIENT SETNAME bob");
    for (request, micros) in [("GET a", 999), ("GET b", 1000), ("AUTH default x", 1001), ("GET c", 1002)] {
        client.takes = Duration::from_micros(micros);
        client.say(request);
    }
    client.takes = Duration::ZERO;
    let log = client.say("COMMANDLOG GET -1 SLOW");
    assert_eq!(entries(&log), [":2 :1002 GET c", ":1 :1001 AUTH (redacted) (redacted)"]);
    assert!(log.ends_with("$14\r\n127.0.0.1:5000\r\n$3\r\nbob\r\n"));
    assert_eq!(entries(&client.say("SLOWLOG GET 1")), [":2 :1002 GET c"]);
    assert_eq!(client.say_all(&["COMMANDLOG LEN slow", "SLOWLOG RESET", "SLOWLOG LEN"]), ":2\r\n+OK\r\n:0\r\n");
}

#[test]
fn large_requests_and_replies_have_logs_of_their_own() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("commandlog-request-larger-than", "9");
    fixture.configure("commandlog-reply-larger-than", "11");
    let mut client = fixture.client();
    client.say_all(&["ECHO abc", "ECHO abcd", "ECHO abcde"]);
    fixture.configure("commandlog-request-larger-than", "-1");
    assert_eq!(entries(&client.say("COMMANDLOG GET 10 large-request")), [":1 :10 ECHO abcde", ":0 :9 ECHO abcd"]);
    assert_eq!(entries(&client.say("COMMANDLOG GET 10 large-reply"))[1..], [":0 :11 ECHO abcde"]);
}

#[test]
fn what_others_have_published_is_no_reply() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("commandlog-reply-larger-than", "100");
    let mut client = fixture.client();
    client.say_all(&["HELLO 3", "SUBSCRIBE x", "COMMANDLOG RESET large-reply"]);
    fixture.client().say(&format!("PUBLISH x {}", "m".repeat(200)));
    assert!(client.say("PING").len() > 200, "the message goes before the reply");
    assert_eq!(client.say("COMMANDLOG LEN large-reply"), ":0\r\n");
}

#[test]
fn what_did_not_run_is_not_remembered_and_a_transaction_is_once() {
    let fixture = Fixture::new(Table::Replica);
    let mut client = fixture.client();
    client.takes = Duration::from_secs(1);
    client.say_all(&["SET a 1", "NOSUCH", "GET", "MULTI", "PING", "EXEC"]);
    client.takes = Duration::ZERO;
    assert_eq!(entries(&client.say("SLOWLOG GET")), [":1 :1000000 EXEC", ":0 :1000000 MULTI"]);
}

#[test]
fn kinds_and_counts_are_checked() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    let count = "-ERR count should be greater than or equal to -1\r\n";
    let kind = "-ERR type should be one of the following: slow, large-request, large-reply\r\n";
    for (request, wanted) in [
        ("COMMANDLOG GET x slow", count),
        ("COMMANDLOG GET -2 other", count),
        ("COMMANDLOG GET 1 other", kind),
        ("COMMANDLOG LEN other", kind),
        ("COMMANDLOG RESET other", kind),
        ("SLOWLOG GET x", count),
        ("SLOWLOG GET 1 2", "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n"),
        ("COMMANDLOG RESET Large-Reply", "+OK\r\n"),
    ] {
        assert_eq!(client.say(request), wanted, "{request}");
    }
}
