//! How long commands take, as operators are told.

use std::time::Duration;

use slotmesh_types::{Now, UnixMillis};

use crate::support::{Client, Fixture, Table};

fn takes(client: &mut Client<'_>, micros: u64, request: &str) -> String {
    client.takes = Duration::from_micros(micros);
    let reply = client.say(request);
    client.takes = Duration::ZERO;
    reply
}

#[test]
fn times_of_commands_are_counted_while_latency_tracking_is_on() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    for micros in [1, 3, 3, 100] {
        takes(&mut client, micros, "PING");
    }
    takes(&mut client, 7, "CLIENT ID");
    let ping = "$4\r\nping\r\n*4\r\n$5\r\ncalls\r\n:4\r\n$14\r\nhistogram_usec\r\n*6\r\n:1\r\n:1\r\n:4\r\n:3\r\n:132\r\n:4\r\n";
    assert_eq!(client.say("LATENCY HISTOGRAM PING nosuch echo"), format!("*2\r\n{ping}"));
    assert!(client.say("LATENCY HISTOGRAM client").starts_with("*2\r\n$9\r\nclient|id\r\n"));
    let info = client.say("INFO latencystats");
    assert!(info.contains("latency_percentiles_usec_ping:p50=3.000,p99=100.000,p99.9=100.000\r\n"), "{info}");
    fixture.configure("latency-tracking-info-percentiles", "0 25.0");
    assert!(client.say("INFO latencystats").contains("latency_percentiles_usec_ping:p0=1.000,p25=1.000\r\n"));
    fixture.configure("latency-tracking", "no");
    takes(&mut client, 1, "PING");
    assert!(client.say("INFO latencystats").ends_with("# Latencystats\r\n\r\n"));
    assert_eq!(client.say("LATENCY HISTOGRAM ping"), format!("*2\r\n{ping}"));
    client.say("CONFIG RESETSTAT");
    assert_eq!(client.say("LATENCY HISTOGRAM ping"), "*0\r\n");
}

#[test]
fn what_took_too_long_is_remembered_by_the_second() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    assert!(client.say("LATENCY DOCTOR").contains("Latency monitoring is disabled"));
    fixture.configure("latency-monitor-threshold", "3");
    assert!(client.say("LATENCY DOCTOR").contains("No latency spike was observed"));
    let second = |second: u64| Now { unix: UnixMillis(second * 1000), ..Now::default() };
    for (at, micros, request) in [(1, 2999, "PING"), (1, 9000, "KEYS *"), (1, 20_000, "KEYS *"), (2, 50_000, "KEYS *")]
    {
        client.now = second(at);
        takes(&mut client, micros, request);
    }
    takes(&mut client, 3000, "PING");
    assert_eq!(
        client.say("LATENCY LATEST"),
        "*2\r\n*6\r\n$7\r\ncommand\r\n:2\r\n:50\r\n:50\r\n:79\r\n:3\r\n*6\r\n$12\r\nfast-command\r\n:2\r\n:3\r\n:3\r\n:3\r\n:1\r\n"
    );
    assert_eq!(client.say("LATENCY HISTORY command"), "*2\r\n*2\r\n:1\r\n:20\r\n*2\r\n:2\r\n:50\r\n");
    assert_eq!(client.say("LATENCY HISTORY COMMAND"), "*0\r\n");
    assert!(client.say("LATENCY GRAPH command").contains("command - high 50 ms, low 20 ms (all time high 50 ms)\n"));
    assert_eq!(client.say("LATENCY GRAPH other"), "-ERR No samples available for event 'other'\r\n");
    let report = client.say("LATENCY DOCTOR");
    let wanted = "1. command: 2 latency spikes (average 35ms, mean deviation 15ms, period 0.50 sec). Worst all time event 50ms.\n";
    assert!(report.contains(wanted), "{report}");
    assert_eq!(
        client.say_all(&["LATENCY RESET command other", "LATENCY RESET", "LATENCY LATEST"]),
        ":1\r\n:1\r\n*0\r\n"
    );
}
