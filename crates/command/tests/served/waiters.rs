//! Requests that wait, and what ends that.

use std::sync::Arc;

use slotmesh_command::{Outcome, Output, Waiter, end_wait};
use slotmesh_types::{Now, UnixMillis};

use crate::support::{Client, Fixture, Table};

fn waits(client: &mut Client<'_>, request: &str) -> Arc<Waiter> {
    let reply = client.say(request);
    let Outcome::Wait(waiter) = client.outcome.clone() else { panic!("{request}: {reply}") };
    waiter
}

/// The reply to a request that waits, if it is served.
fn served(fixture: &Fixture, client: &mut Client<'_>, waiter: &Waiter) -> Option<String> {
    waiter.is_served().then(|| {
        let mut out = Output::default();
        end_wait(&fixture.server, &mut client.session, client.now, waiter, &mut out);
        String::from_utf8_lossy(out.own()).into_owned()
    })
}

#[test]
fn nobody_waits_while_the_cluster_is_down_though_reads_are_allowed() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("cluster-allow-reads-when-down", "yes");
    let (mut reader, mut writer) = (fixture.client(), fixture.client());
    let waiting = [waits(&mut reader, "XREAD BLOCK 0 STREAMS s $"), waits(&mut writer, "BLPOP l 0")];
    fixture.become_(Table::Down);
    let down = Some("-CLUSTERDOWN The cluster is down\r\n");
    assert_eq!(served(&fixture, &mut reader, &waiting[0]).as_deref(), down);
    assert_eq!(served(&fixture, &mut writer, &waiting[1]).as_deref(), down);
    assert_eq!(reader.say("XREAD STREAMS s 0"), "*-1\r\n");
}

#[test]
fn of_those_who_wait_for_a_stream_only_who_has_something_new_is_executed() {
    let fixture = Fixture::new(Table::Alone);
    let (mut first, mut second, mut other) = (fixture.client(), fixture.client(), fixture.client());
    other.say("XGROUP CREATE s g $ MKSTREAM");
    let one = waits(&mut first, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
    let two = waits(&mut second, "XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
    other.now = Now { unix: UnixMillis(1000), ..Now::default() };
    other.say("XADD s 1-1 f v");
    assert!(served(&fixture, &mut first, &one).is_some_and(|reply| reply.contains("1-1")));
    assert!(!two.is_served());
    // To be executed would have been an attempt to read.
    let consumers = other.say("XINFO CONSUMERS s g");
    assert!(consumers.contains("b\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:1000\r\n"), "{consumers}");
    other.say("XACK s g 1-1");
    assert!(!two.is_served());
    other.say("XGROUP DESTROY s g");
    assert!(served(&fixture, &mut second, &two).is_some_and(|reply| reply.starts_with("-NOGROUP ")));
}

#[test]
fn who_reads_a_stream_waits_for_what_is_behind_its_id() {
    let fixture = Fixture::new(Table::Alone);
    let (mut near, mut far, mut other) = (fixture.client(), fixture.client(), fixture.client());
    let soon = waits(&mut near, "XREAD BLOCK 0 STREAMS s {s}t 0 0");
    let later = waits(&mut far, "XREAD BLOCK 0 STREAMS s s 9-0 5-0");
    other.say("XADD s 1-1 f v");
    assert!(soon.is_served() && !later.is_served());
    other.say("XADD s 5-0 f v");
    assert!(!later.is_served());
    other.say_all(&["DEL s", "SET s text", "DEL s"]);
    assert!(!later.is_served(), "it waits on");
    other.say("XADD s 5-1 f v");
    assert!(served(&fixture, &mut far, &later).is_some_and(|reply| reply.contains("5-1")));
}

#[test]
fn to_look_whether_something_has_come_is_no_use_of_the_key() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("maxmemory-policy", "allkeys-lfu");
    fixture.configure("lfu-log-factor", "0");
    let (mut far, mut other) = (fixture.client(), fixture.client());
    other.say_all(&["XADD s 1-0 f v", "XADD {s}lone 1-0 f v"]);
    let later = waits(&mut far, "XREAD BLOCK 0 STREAMS s 9-0");
    let used = |client: &mut Client<'_>, key: &str| -> i64 {
        let reply = client.say(&format!("OBJECT FREQ {key}"));
        reply.trim_start_matches(':').trim().parse().expect("a number")
    };
    let (before, before_lone) = (used(&mut other, "s"), used(&mut other, "{s}lone"));
    other.say("CONFIG RESETSTAT");
    other.say_all(&["XADD s 2-0 f v", "XADD s 3-0 f v", "XADD {s}lone 2-0 f v", "XADD {s}lone 3-0 f v"]);
    assert!(!later.is_served());
    assert_eq!(fixture.server.keyspace.lookups(), (0, 0));
    assert_eq!(used(&mut other, "s") - before, used(&mut other, "{s}lone") - before_lone);
}
