//! Whether what clients see of each key could have come from one request after the other.
//!
//! Threads with sessions of their own use few keys at once, while others change where the slots stand, flush, and take
//! out what has expired. What was asked and replied is written down with the order in which calls began and ended, and
//! for each key an order of all calls is looked for that explains every reply. `SEEDS=0..10000 cargo test -p
//! slotmesh-command --test linearizable` runs more of them.

mod dice;
mod history;
mod model;
mod search;
mod world;

use std::env;
use std::ops::Range;

use history::History;
use model::State;

/// Enough to notice most of what can go wrong, in some seconds.
const SEEDS: Range<u64> = 0..200;

#[test]
fn every_key_has_an_order_that_explains_what_clients_saw() {
    for seed in seeds() {
        let histories = world::play(seed);
        for (key, history) in histories {
            let found = search::explain(&State::default(), history.calls());
            assert!(found, "no order explains what was seen of {key}, SEEDS={seed}..{}:\n{history}", seed + 1);
        }
    }
}

fn seeds() -> Range<u64> {
    let Ok(text) = env::var("SEEDS") else { return SEEDS };
    let (first, end) = text.split_once("..").expect("SEEDS is a range such as 0..1000");
    first.parse().expect("a number before ..")..end.parse().expect("a number after ..")
}

/// Whether an order explains these calls: `(began, ended, what, reply)`.
fn holds(calls: &[(u64, u64, &str, &str)]) -> bool {
    let mut history = History::default();
    for (began, ended, what, reply) in calls {
        history.add_written(*began, *ended, what, reply);
    }
    search::explain(&State::default(), history.calls())
}

#[test]
fn calls_that_overlap_may_come_in_any_order_and_others_in_theirs() {
    assert!(holds(&[(0, 3, "SET k 1", "+OK"), (1, 2, "GET k", "$-1")]));
    assert!(holds(&[(0, 3, "SET k 1", "+OK"), (1, 2, "GET k", "$1 1")]));
    assert!(holds(&[(0, 1, "SET k 1", "+OK"), (2, 3, "GET k", "$1 1")]));
    assert!(!holds(&[(0, 1, "SET k 1", "+OK"), (2, 3, "GET k", "$-1")]), "it was there before");
    let two_writes = [(0, 9, "SET k 1", "+OK"), (1, 8, "SET k 2", "+OK")];
    assert!(holds(&[two_writes[0], two_writes[1], (2, 3, "GET k", "$1 1"), (4, 5, "GET k", "$1 2")]));
    assert!(!holds(&[
        two_writes[0],
        two_writes[1],
        (2, 3, "GET k", "$1 1"),
        (4, 5, "GET k", "$1 2"),
        (6, 7, "GET k", "$1 1")
    ]));
}

#[test]
fn a_lost_change_is_noticed() {
    assert!(holds(&[(0, 2, "INCR k", ":2"), (1, 3, "INCR k", ":1")]));
    assert!(!holds(&[(0, 2, "INCR k", ":1"), (1, 3, "INCR k", ":1")]));
    assert!(!holds(&[(0, 2, "SET k 1 NX", "+OK"), (1, 3, "SET k 2 NX", "+OK")]));
    assert!(!holds(&[(0, 1, "APPEND k 12", ":2"), (2, 5, "APPEND k 3", ":3"), (3, 6, "APPEND k 4", ":3")]));
}

#[test]
fn an_element_is_popped_once() {
    let push = (1, 2, "RPUSH k 1 2", ":2");
    assert!(holds(&[push, (3, 5, "LPOP k", "$1 2"), (4, 6, "BLPOP k 0", "*2 $1 k $1 1")]));
    assert!(!holds(&[push, (3, 5, "LPOP k", "$1 1"), (4, 6, "BLPOP k 0", "*2 $1 k $1 1")]));
    assert!(!holds(&[push, (3, 4, "BLPOP k 0", "waits")]), "it waited beside an element");
    let waits = (0, 1, "BLPOP k 0", "waits");
    assert!(holds(&[waits, (1, 5, "wait", "*2 $1 k $1 1"), push, (3, 4, "LLEN k", ":1")]));
    assert!(!holds(&[waits, (1, 5, "wait", "*2 $1 k $1 2"), push, (3, 4, "LLEN k", ":1")]));
    let down = [(1, 2, "now down", ""), (3, 4, "now here", "")];
    assert!(holds(&[(0, 8, "BLPOP k 0", "waits"), down[0], down[1], (0, 9, "wait", "CLUSTERDOWN")]), "it was quick");
    assert!(!holds(&[(5, 8, "BLPOP k 0", "waits"), down[0], down[1], (5, 9, "wait", "CLUSTERDOWN")]), "it came later");
    assert!(!holds(&[waits, (3, 4, "wait", "*-1"), push, (5, 6, "LPOP k", "$1 1")]), "it was to be served");
}

#[test]
fn nothing_is_served_where_the_slot_is_not() {
    let away = (2, 4, "now away", "");
    assert!(holds(&[(0, 1, "SET k 1", "+OK"), away, (3, 5, "GET k", "$1 1")]), "while it leaves");
    assert!(!holds(&[(0, 1, "SET k 1", "+OK"), away, (5, 6, "GET k", "$1 1")]));
    assert!(!holds(&[(0, 1, "GET k", "MOVED"), away]), "before it leaves");
    assert!(
        !holds(&[(0, 1, "now migrating", ""), (2, 3, "SET k 1", "+OK")]),
        "a key that is not here is asked for there"
    );
    assert!(holds(&[(0, 1, "now importing", ""), (2, 3, "ASKING SET k 1", "+OK"), (4, 5, "GET k", "MOVED")]));
}

#[test]
fn a_key_on_its_way_is_read_and_not_written() {
    let sent = [(0, 1, "SET k 1", "+OK"), (2, 3, "@0 depart", "")];
    assert!(holds(&[sent[0], sent[1], (4, 5, "GET k", "$1 1"), (6, 7, "arrive", ""), (8, 9, "GET k", "$-1")]));
    assert!(holds(&[sent[0], sent[1], (4, 7, "INCR k", ":2"), (5, 6, "stay", "")]));
    assert!(!holds(&[sent[0], sent[1], (4, 5, "INCR k", ":2"), (6, 7, "stay", "")]));
    let flushed = [sent[0], sent[1], (4, 5, "flush", ""), (6, 7, "now migrating", "")];
    assert!(holds(&[flushed[0], flushed[1], flushed[2], flushed[3], (8, 9, "GET k", "$-1")]));
    assert!(
        !holds(&[flushed[0], flushed[1], flushed[2], flushed[3], (8, 9, "SET k 2", "ASK")]),
        "it would be overtaken"
    );
}

#[test]
fn what_has_expired_does_not_come_back() {
    let set = (0, 1, "@0 SET k 1 PX 5", "+OK");
    assert!(holds(&[set, (2, 3, "@4 GET k", "$1 1"), (4, 5, "@5 GET k", "$-1")]));
    assert!(!holds(&[set, (2, 3, "@5 GET k", "$1 1")]));
    assert!(!holds(&[set, (2, 3, "@5 expire", ""), (4, 5, "@4 GET k", "$1 1")]));
    assert!(!holds(&[set, (2, 3, "flush", ""), (4, 5, "GET k", "$1 1")]));
}
