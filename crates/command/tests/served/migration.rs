//! Keys as payloads, and on their way to other nodes.

use slotmesh_command::{Departure, Migration, Outcome, Question};
use slotmesh_types::{Now, Slot, SlotSet, UnixMillis};

use crate::support::{Client, Fixture, Table};

/// Slot of `{s}...`.
const SLOT: u16 = 3828;

/// `hello`, as Valkey 8.1 dumps it.
const HELLO: &[u8] = b"\0\x05hello\x0b\0\x0a\xad\x62\x05\x98\xab\xc9\x83";

fn migration(keys: &[&str]) -> Migration {
    Migration { keys: keys.iter().map(|key| key.as_bytes().to_vec()).collect(), ..Migration::default() }
}

fn at(millis: u64) -> Now {
    Now { unix: UnixMillis(millis), ..Now::default() }
}

/// A payload that a server has made of what a request has set.
fn dumped(client: &mut Client<'_>, request: &str) -> Vec<u8> {
    client.say(request);
    let key = request.split(' ').nth(1).expect("a key").to_owned();
    let out = client.bytes(&[b"DUMP", key.as_bytes()]);
    let start = out.iter().position(|byte| *byte == b'\n').expect("the end of a line") + 1;
    out[start..out.len() - 2].to_vec()
}

#[test]
fn what_was_dumped_is_restored() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    let payload = dumped(&mut client, "RPUSH {s}list a 5");
    assert_eq!(client.say_words(&[b"RESTORE", b"{s}copy", b"0", &payload]), "+OK\r\n");
    assert_eq!(client.say("LRANGE {s}copy 0 -1"), "*2\r\n$1\r\na\r\n$1\r\n5\r\n");
    let payload = dumped(&mut client, "SET {s}number 12");
    assert_eq!(client.say_words(&[b"RESTORE", b"{s}copy", b"0", &payload, b"REPLACE"]), "+OK\r\n");
    assert_eq!(client.say("OBJECT ENCODING {s}copy"), "$3\r\nint\r\n");
    assert_eq!(client.say("DUMP {s}none"), "$-1\r\n");
}

#[test]
fn restore_looks_at_its_words_one_after_the_other() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("SET {s}k old");
    client.now = at(1);
    let mut restore = |ttl: &str, payload: &[u8], options: &str| {
        let mut words: Vec<&[u8]> = vec![b"RESTORE", b"{s}k", ttl.as_bytes(), payload];
        words.extend(options.split_terminator(' ').map(str::as_bytes));
        client.say_words(&words)
    };
    let busy = "-BUSYKEY Target key name already exists.\r\n";
    let number = "-ERR value is not an integer or out of range\r\n";
    for (ttl, payload, options, reply) in [
        ("x", &b""[..], "IDLETIME x", number),
        ("x", b"", "IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0\r\n"),
        ("x", b"", "FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"),
        ("x", b"", "FREQ 1 IDLETIME 1", "-ERR syntax error\r\n"),
        ("x", b"", "IDLETIME", "-ERR syntax error\r\n"),
        ("x", b"", "FREQ 9", busy),
        ("x", b"", "REPLACE", number),
        ("-1", b"", "REPLACE", "-ERR Invalid TTL value, must be >= 0\r\n"),
        ("0", b"", "REPLACE", "-ERR DUMP payload version or checksum are wrong\r\n"),
        ("9223372036854775807", HELLO, "REPLACE", "-ERR invalid expire time in 'restore' command\r\n"),
        ("9223372036854775807", HELLO, "REPLACE ABSTTL", "+OK\r\n"),
        ("0", HELLO, "replace absttl idletime 7", "+OK\r\n"),
    ] {
        assert_eq!(restore(ttl, payload, options), reply, "{ttl} {options}");
    }
}

#[test]
fn a_term_that_is_over_takes_what_it_replaces_with_it() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "KEA");
    let (mut client, mut listener) = (world.client(), world.client());
    client.now = at(1000);
    listener.say("SUBSCRIBE __keyevent@0__:restore __keyevent@0__:del");
    let mut restore = |ttl: &str, option: &str| {
        let words = [&b"RESTORE"[..], b"{s}k", ttl.as_bytes(), HELLO, b"REPLACE", option.as_bytes()];
        client.say_words(&words)
    };
    assert_eq!(restore("1000", "ABSTTL"), "+OK\r\n");
    assert_eq!(listener.events(), [""; 0], "nothing was there");
    assert_eq!(restore("1001", "ABSTTL"), "+OK\r\n");
    assert_eq!(restore("900", "ABSTTL"), "+OK\r\n");
    assert_eq!(restore("500", "REPLACE"), "+OK\r\n");
    assert_eq!(listener.events(), ["restore {s}k", "del {s}k", "restore {s}k"]);
    assert_eq!(client.say("PTTL {s}k"), ":500\r\n");
}

#[test]
fn a_transaction_restores_as_well() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("MULTI");
    for payload in [HELLO, b"broken"] {
        assert_eq!(client.say_words(&[b"RESTORE", b"{s}k", b"0", payload, b"REPLACE"]), "+QUEUED\r\n");
    }
    assert_eq!(client.say("EXEC"), "*2\r\n+OK\r\n-ERR DUMP payload version or checksum are wrong\r\n");
    assert_eq!(client.say("GET {s}k"), "$5\r\nhello\r\n");
}

#[test]
fn restore_asking_is_asking() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    assert_eq!(client.say_words(&[b"RESTORE", b"{s}k", b"0", HELLO]), "-MOVED 3828 127.0.0.1:7001\r\n");
    assert_eq!(client.say_words(&[b"RESTORE-ASKING", b"{s}k", b"0", HELLO]), "+OK\r\n");
    assert_eq!(client.say_all(&["ASKING", "GET {s}k"]), "+OK\r\n$5\r\nhello\r\n");
}

#[test]
fn keys_are_sent_from_wherever_their_slot_is_on_the_move() {
    let world = Fixture::new(Table::Migrating(SLOT));
    let mut client = world.client();
    for table in [Table::Migrating(SLOT), Table::Importing(SLOT)] {
        world.become_(table);
        assert_eq!(client.say("MIGRATE host 1  0 9 KEYS {s}a {s}b"), "");
        let Outcome::Ask(question @ Question::Migrate(_)) = &client.outcome.clone() else {
            panic!("{:?}", client.outcome)
        };
        assert_eq!(client.answer(question, &slotmesh_command::Answer::NoKeys), "+NOKEY\r\n");
    }
    world.become_(Table::Foreign(SLOT));
    assert_eq!(client.say("MIGRATE host 1 {s}a 0 9"), "-MOVED 3828 127.0.0.1:7001\r\n");
    assert_eq!(
        client.say("MIGRATE host 1  0 9 KEYS {s}a b"),
        "-CROSSSLOT Keys in request don't hash to the same slot\r\n"
    );
    world.become_(Table::Replica);
    assert_eq!(client.say("MIGRATE host 1 {s}a 0 9"), "-MOVED 3828 127.0.0.1:7001\r\n");
}

#[test]
fn writers_are_held_until_a_key_has_arrived_or_stays() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut writer) = (world.client(), world.client());
    client.say_all(&["SET {s}a 1", "SET {s}b 2"]);
    let sender = world.client();
    let wanted = migration(&["{s}a", "{s}none", "{s}b", "{s}a"]);
    let Departure::Begun(mut transit) = world.server.depart(&wanted, sender.session.client(), Now::default()) else {
        panic!("the keys are here")
    };
    assert_eq!(transit.keys(), [b"{s}a", b"{s}b"]);
    assert!(matches!(world.server.depart(&wanted, sender.session.client(), Now::default()), Departure::Held));
    for request in ["INCR {s}a", "DEL {s}x {s}b", "RENAME {s}x {s}a", "EXPIRE {s}b 9"] {
        assert_eq!((writer.say(request).as_str(), writer.outcome == Outcome::Held(None)), ("", true), "{request}");
    }
    assert_eq!(writer.say("GET {s}a"), "$1\r\n1\r\n");
    assert_eq!(writer.say("INCR {s}other"), ":1\r\n");
    transit.hand_over(0, Now::default());
    assert_eq!(writer.say("INCR {s}a"), ":1\r\n");
    drop(transit);
    assert_eq!(writer.say("INCR {s}b"), ":3\r\n");
    let calls = world.calls("incr");
    assert_eq!(calls, (3, 0), "what was held has not begun");
}

#[test]
fn nothing_is_sent_after_a_key_that_has_not_arrived() {
    // (What takes the key from here meanwhile, when that is.)
    for (meanwhile, now) in [("GET {s}a", at(20)), ("FLUSHALL", at(1))] {
        let world = Fixture::new(Table::Alone);
        let (mut client, mut other, sender) = (world.client(), world.client(), world.client());
        client.say_all(&["SET {s}a 1 PX 10", "SET {s}b 1"]);
        assert_eq!(other.say_all(&["MULTI", "SET {s}a new"]), "+OK\r\n+QUEUED\r\n");
        world.become_(Table::Migrating(SLOT));
        let wanted = migration(&["{s}a", "{s}b"]);
        let Departure::Begun(mut transit) = world.server.depart(&wanted, sender.session.client(), at(1)) else {
            panic!("the keys are here")
        };
        (client.now, other.now) = (now, now);
        client.say(meanwhile);
        assert_eq!(client.say("GET {s}a"), "$-1\r\n", "{meanwhile}");
        for request in ["SET {s}a new", "EXEC", "DISCARD", "SET {s}a new"] {
            let held = (other.say(request).as_str(), &other.outcome) == ("", &Outcome::Held(None));
            assert_eq!(held, request != "DISCARD", "{meanwhile} {request}");
        }
        assert_eq!(client.say("SET {s}other 1"), "-ASK 3828 127.0.0.1:7001\r\n");
        transit.hand_over(0, now);
        assert_eq!(client.say("SET {s}a new"), "-ASK 3828 127.0.0.1:7001\r\n");
    }
}

#[test]
fn a_key_on_its_way_is_not_evicted() {
    let world = Fixture::new(Table::Alone);
    world.configure("maxmemory-policy", "allkeys-random");
    let (mut client, sender) = (world.client(), world.client());
    client.say_all(&["SET {s}a 1", "SET other 1"]);
    let Departure::Begun(transit) = world.server.depart(&migration(&["{s}a"]), sender.session.client(), Now::default())
    else {
        panic!("the key is here")
    };
    world.configure("maxmemory", "1");
    let full = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_eq!(client.say_all(&["SET x 1", "EXISTS {s}a", "EXISTS other"]), format!("{full}:1\r\n:0\r\n"));
    drop(transit);
    assert_eq!(client.say_all(&["SET x 1", "EXISTS {s}a"]), format!("{full}:0\r\n"));
}

#[test]
fn keys_do_not_leave_in_a_pause() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET {s}a 1", "CLIENT PAUSE 1000 WRITE"]);
    let wanted = migration(&["{s}a"]);
    assert!(matches!(world.server.depart(&wanted, client.session.client(), Now::default()), Departure::Held));
    client.say("CLIENT UNPAUSE");
    assert!(matches!(world.server.depart(&wanted, client.session.client(), Now::default()), Departure::Begun(_)));
}

#[test]
fn what_is_restored_is_as_idle_or_as_used_as_it_is_said_to_be() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.now = at(5_000_000);
    let words = |option, number| [&b"RESTORE"[..], b"{s}k", b"0", HELLO, b"REPLACE", option, number];
    assert_eq!(client.say_words(&words(b"IDLETIME", b"1000")), "+OK\r\n");
    assert_eq!(client.say("OBJECT IDLETIME {s}k"), ":1000\r\n");
    world.configure("maxmemory-policy", "allkeys-lfu");
    assert_eq!(client.say_words(&words(b"FREQ", b"200")), "+OK\r\n");
    assert_eq!(client.say("OBJECT FREQ {s}k"), ":200\r\n");
}

#[test]
fn asking_and_what_is_watched_last_while_a_request_is_held() {
    let world = Fixture::new(Table::Importing(SLOT));
    let (mut writer, sender) = (world.client(), world.client());
    writer.say_all(&["ASKING", "SET {s}a 1", "ASKING", "WATCH {s}a", "ASKING", "MULTI", "INCR {s}a"]);
    let Departure::Begun(transit) = world.server.depart(&migration(&["{s}a"]), sender.session.client(), Now::default())
    else {
        panic!("the key is here")
    };
    writer.say("EXEC");
    assert_eq!(writer.outcome, Outcome::Held(None));
    drop(transit);
    assert_eq!(writer.say("EXEC"), "*1\r\n:2\r\n");
}

#[test]
fn copies_hold_nobody() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("SET {s}a 1");
    let wanted = Migration { copies: true, ..migration(&["{s}a"]) };
    let Departure::Begun(mut transit) = world.server.depart(&wanted, client.session.client(), Now::default()) else {
        panic!("the key is here")
    };
    assert_eq!(client.say("INCR {s}a"), ":2\r\n");
    transit.hand_over(0, Now::default());
    assert_eq!(client.say("GET {s}a"), "$1\r\n2\r\n");
}

#[test]
fn a_slot_that_leaves_takes_keys_that_are_on_their_way_with_it() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET {s}a 1", "SET {s}b 1"]);
    let wanted = migration(&["{s}a", "{s}b"]);
    let Departure::Begun(mut transit) = world.server.depart(&wanted, client.session.client(), Now::default()) else {
        panic!("the keys are here")
    };
    world.become_(Table::Foreign(SLOT));
    let left: SlotSet = [Slot::new(SLOT).expect("a slot")].into_iter().collect();
    world.server.drop_keys(&left, Now::default());
    assert_eq!(transit.payload(1, Now::default()), None);
    world.become_(Table::Alone);
    client.say("SET {s}b 1");
    assert_eq!(client.outcome, Outcome::Held(None));
    transit.hand_over(0, Now::default());
    drop(transit);
    assert_eq!(client.say_all(&["EXISTS {s}a {s}b", "SET {s}b 1"]), ":0\r\n+OK\r\n");
}
