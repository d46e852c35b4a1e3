//! Slots into which nothing is written while it is decided about them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use slotmesh_command::{Outcome, Span};
use slotmesh_types::Slot;

use crate::support::{Client, Fixture, Table};

/// Slot of `{s}...`.
const SLOT: u16 = 3828;

fn one() -> Span {
    Span::One(Slot::new(SLOT).expect("a slot"))
}

/// Whether a request is held back: then nothing is replied.
fn waits(client: &mut Client<'_>, request: &str) -> bool {
    let reply = client.say(request);
    let held = client.outcome == Outcome::Held(None);
    assert_eq!(held, reply.is_empty(), "{request}: {reply}");
    held
}

#[test]
fn writes_into_a_slot_that_stands_still_wait_and_reads_do_not() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    let still = fixture.server.stand_still(one()).expect("no key is here");
    for request in ["SET {s}k 1", "LPUSH {s}k 1", "DEL {s}k", "BLPOP {s}k 0", "GETEX {s}k PERSIST"] {
        assert!(waits(&mut client, request), "{request}");
    }
    assert_eq!(client.say_all(&["GET {s}k", "EXISTS {s}k", "SET other 1", "PING"]), "$-1\r\n:0\r\n+OK\r\n+PONG\r\n");
    drop(still);
    assert_eq!(client.say_all(&["SET {s}k 1", "GET {s}k"]), "+OK\r\n$1\r\n1\r\n");
    assert_eq!(fixture.calls("set"), (2, 0), "what was held back did not run");
}

#[test]
fn only_slots_without_keys_stand_still() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    client.say("SET {s}k 1");
    assert!(fixture.server.stand_still(one()).is_none());
    assert!(fixture.server.stand_still(Span::All).is_none());
    assert_eq!(client.say_all(&["SET a 1", "SET {s}k 2", "FLUSHALL"]), "+OK\r\n+OK\r\n+OK\r\n", "nothing stands still");
    let (all, again) = (fixture.server.stand_still(Span::All), fixture.server.stand_still(one()));
    assert!(all.is_some() && again.is_some(), "two may want it at once");
    drop(all);
    assert!(waits(&mut client, "SET {s}k 1"));
    assert!(!waits(&mut client, "SET a 1"));
    drop(again);
    assert!(!waits(&mut client, "SET {s}k 1"));
}

#[test]
fn who_waited_is_sent_to_where_the_slot_has_gone() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    client.say_all(&["MULTI", "SET {s}k 1"]);
    let still = fixture.server.stand_still(one()).expect("no key is here");
    assert!(waits(&mut client, "EXEC"));
    // The view is another before the slot moves on.
    fixture.learn(Table::Foreign(SLOT));
    assert_eq!(client.say("EXEC"), "-MOVED 3828 127.0.0.1:7001\r\n");
    drop(still);
    assert_eq!(client.say("SET {s}k 1"), "-MOVED 3828 127.0.0.1:7001\r\n");
}

#[test]
fn a_transaction_that_has_given_its_slot_up_waits_before_it_goes_on() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    client.say_all(&["MULTI", "GET {s}k", "PUBLISH c m", "DBSIZE", "CLIENT ID", "CLUSTER MYID", "CLUSTER LINKS"]);
    client.say("SET {s}k 1");
    client.say("EXEC");
    let Outcome::Ask(question) = client.outcome.clone() else { panic!("{:?}", client.outcome) };
    let still = fixture.server.stand_still(one()).expect("no key is here");
    client.answer(&question, &slotmesh_command::Answer::Links(Vec::new()));
    assert_eq!(fixture.calls("set"), (0, 0), "it waits");
    drop(still);
    assert!(client.resume().contains("+OK\r\n"));
    assert_eq!(client.say("GET {s}k"), "$1\r\n1\r\n");
}

/// Clients write keys and take them out again as fast as they can, while the slot is given away whenever no key is
/// there. What was acknowledged must not stay behind.
#[test]
fn no_key_that_was_acknowledged_stays_in_a_slot_that_was_given_away() {
    const ROUNDS: u64 = 100;
    let (fixture, over, refused) =
        (Fixture::new(Table::Alone), AtomicBool::new(false), [const { AtomicU64::new(0) }; 3]);
    thread::scope(|scope| {
        for (number, refused) in refused.iter().enumerate() {
            let (fixture, over) = (&fixture, &over);
            scope.spawn(move || {
                let mut client = fixture.client();
                while !over.load(SeqCst) {
                    let requests = [format!("SET {{s}}{number} 1"), format!("DEL {{s}}{number}")];
                    if requests.iter().any(|request| client.say(request).starts_with("-MOVED")) {
                        refused.fetch_add(1, SeqCst);
                    }
                }
            });
        }
        let mut given = 0;
        while given < ROUNDS {
            let Some(still) = fixture.server.stand_still(one()) else { continue };
            thread::yield_now();
            fixture.learn(Table::Foreign(SLOT));
            drop(still);
            given += 1;
            // Twice, so that what was under way has ended.
            let before = refused.each_ref().map(|count| count.load(SeqCst));
            while refused.iter().zip(before).any(|(count, before)| count.load(SeqCst) < before + 2) {
                thread::yield_now();
            }
            let left = fixture.server.keyspace.count(Slot::new(SLOT).expect("a slot"));
            if left > 0 {
                over.store(true, SeqCst);
            }
            assert_eq!(left, 0, "left behind in round {given}");
            fixture.learn(Table::Alone);
        }
        over.store(true, SeqCst);
    });
}
