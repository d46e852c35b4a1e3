//! Clients that keep values are told which of them are no longer true.

use std::time::Duration;

use slotmesh_types::{Mono, Now, SlotSet, UnixMillis};

use crate::support::{Client, Fixture, Table};

/// The messages a client got, in a shorter form.
fn told(client: &mut Client<'_>) -> String {
    let text = client.pushes().replace(">2\r\n$10\r\ninvalidate\r\n", "invalid ");
    text.replace("\r\n", " ").trim_end().to_owned()
}

fn tracked<'a>(fixture: &'a Fixture, options: &str) -> Client<'a> {
    let mut client = fixture.client();
    client.say("HELLO 3");
    assert_eq!(client.say(&format!("CLIENT TRACKING ON{options}")), "+OK\r\n");
    client
}

#[test]
fn who_has_read_a_key_is_told_once_when_it_changes() {
    let fixture = Fixture::new(Table::Alone);
    let (mut reader, mut writer) = (tracked(&fixture, ""), fixture.client());
    for (read, write) in [
        ("GET a", "SET a 1"),
        ("STRLEN a", "APPEND a 1"),
        ("TTL a", "EXPIRE a 100"),
        ("EXISTS a", "DEL a"),
        ("HGET a b", "HSET a b c"),
        ("XREAD STREAMS a 0", "DEL a"),
    ] {
        reader.say(read);
        writer.say(write);
        assert_eq!(told(&mut reader), "invalid *1 $1 a", "{write} after {read}");
        writer.say(write);
        assert_eq!(told(&mut reader), "", "{write} again");
    }
    reader.say("GETEX a");
    writer.say("SET a 1");
    assert_eq!(told(&mut reader), "", "what may write is no read");
    reader.say("CLIENT TRACKING OFF");
    reader.say("GET a");
    writer.say("SET a 1");
    assert_eq!(told(&mut reader), "");
}

#[test]
fn a_client_is_told_of_its_own_change_after_the_reply_unless_it_does_not_want_it() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = tracked(&fixture, "");
    client.say("GET a");
    assert_eq!(client.say("SET a 1"), "+OK\r\n");
    assert_eq!(told(&mut client), "invalid *1 $1 a");
    client.say_all(&["GET a", "MULTI", "SET a 2", "GET a"]);
    assert_eq!(client.say("EXEC"), "*2\r\n+OK\r\n$1\r\n2\r\n");
    assert_eq!(told(&mut client), "invalid *1 $1 a");
    let mut quiet = tracked(&fixture, " NOLOOP");
    quiet.say_all(&["GET a", "SET a 1"]);
    assert_eq!(told(&mut quiet), "");
    quiet.say("GET a");
    client.say("SET a 1");
    assert_eq!(told(&mut quiet), "invalid *1 $1 a");
}

#[test]
fn a_key_that_expires_has_changed() {
    let fixture = Fixture::new(Table::Alone);
    let mut reader = tracked(&fixture, "");
    let mut all = tracked(&fixture, " BCAST");
    reader.say_all(&["SET a 1 PX 10", "GET a"]);
    told(&mut all);
    fixture.server.expire(Now { unix: UnixMillis(20), mono: Mono::from_micros(20_000) }, Duration::from_millis(1));
    assert_eq!((told(&mut reader).as_str(), told(&mut all).as_str()), ("invalid *1 $1 a", "invalid *1 $1 a"));
}

#[test]
fn a_flush_makes_everything_untrue() {
    let fixture = Fixture::new(Table::Alone);
    let (mut reader, mut all, mut writer) = (tracked(&fixture, ""), tracked(&fixture, " BCAST"), fixture.client());
    reader.say("GET a");
    writer.say("FLUSHALL");
    assert_eq!((told(&mut reader).as_str(), told(&mut all).as_str()), ("invalid _", "invalid _"));
    assert!(
        writer
            .say("INFO stats")
            .contains("tracking_total_keys:0\r\ntracking_total_items:0\r\ntracking_total_prefixes:1")
    );
}

#[test]
fn a_slot_that_leaves_takes_what_was_read_of_it_along() {
    let fixture = Fixture::new(Table::Alone);
    let (mut reader, mut all) = (tracked(&fixture, ""), tracked(&fixture, " BCAST PREFIX x"));
    reader.say_all(&["GET a", "GET b"]);
    fixture.become_(Table::Foreign(15_495));
    let mut left = SlotSet::new();
    left.insert(slotmesh_types::Slot::new(15_495).expect("a slot"));
    fixture.server.drop_keys(&left, Now::default());
    assert_eq!((told(&mut reader).as_str(), told(&mut all).as_str()), ("invalid *1 $1 a", "invalid _"));
}

#[test]
fn prefixes_are_told_of_what_is_written_below_them() {
    let fixture = Fixture::new(Table::Alone);
    let (mut all, mut writer) = (tracked(&fixture, " BCAST PREFIX {x}a PREFIX {x}b"), fixture.client());
    writer.say("MSET {x}a2 1 {x}a1 1 {x}b1 1 {x}c 1");
    assert_eq!(told(&mut all), "invalid *2 $5 {x}a1 $5 {x}a2 invalid *1 $5 {x}b1");
    writer.say_all(&["DEL {x}a9", "GET {x}a1"]);
    assert_eq!(told(&mut all), "");
    all.say("RESET");
    writer.say("DEL {x}a1");
    assert_eq!(all.pushes(), "");
}

#[test]
fn what_a_transaction_has_changed_is_told_once() {
    let fixture = Fixture::new(Table::Alone);
    let (mut all, mut quiet) = (tracked(&fixture, " BCAST"), tracked(&fixture, " BCAST NOLOOP"));
    all.say_all(&["MULTI", "MSET {x}a 1 {x}b 1", "MSET {x}c 1 {x}a 2", "EXEC"]);
    let invalid = "invalid *3 $4 {x}a $4 {x}b $4 {x}c";
    assert_eq!((told(&mut all).as_str(), told(&mut quiet).as_str()), (invalid, invalid));
    quiet.say_all(&["MULTI", "SET {x}a 3", "EXEC"]);
    assert_eq!((told(&mut all).as_str(), told(&mut quiet).as_str()), ("invalid *1 $4 {x}a", ""));
}

#[test]
fn caching_chooses_for_the_next_request_or_transaction() {
    let fixture = Fixture::new(Table::Alone);
    let (mut optin, mut optout) = (tracked(&fixture, " OPTIN"), tracked(&fixture, " OPTOUT"));
    let mut writer = fixture.client();
    optin.say_all(&["GET a", "CLIENT CACHING YES", "CLIENT ID", "GET b", "GET c"]);
    optout.say_all(&["GET a", "CLIENT CACHING NO", "GET b", "GET c"]);
    writer.say_all(&["SET a 1", "SET b 1", "SET c 1"]);
    assert_eq!(told(&mut optin), "invalid *1 $1 b");
    assert_eq!(told(&mut optout), "invalid *1 $1 a invalid *1 $1 c");
    optin.say_all(&["CLIENT CACHING YES", "MULTI", "GET {a}1", "GET {a}2", "EXEC", "GET {a}3"]);
    writer.say_all(&["SET {a}1 1", "SET {a}2 1", "SET {a}3 1"]);
    assert_eq!(told(&mut optin), "invalid *1 $4 {a}1 invalid *1 $4 {a}2");
}

#[test]
fn another_client_is_told_instead_by_a_message_in_resp2() {
    let fixture = Fixture::new(Table::Alone);
    let (mut reader, mut other, mut writer) = (fixture.client(), fixture.client(), fixture.client());
    let id = other.session.client().id;
    other.say("SUBSCRIBE __redis__:invalidate");
    assert_eq!(reader.say(&format!("CLIENT TRACKING ON REDIRECT {id}")), "+OK\r\n");
    assert_eq!(reader.say("CLIENT GETREDIR"), format!(":{id}\r\n"));
    reader.say("GET a");
    writer.say("SET a 1");
    let message = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
    assert_eq!(other.pushes(), format!("{message}*1\r\n$1\r\na\r\n"));
    writer.say("FLUSHALL");
    assert_eq!(other.pushes(), format!("{message}$-1\r\n"));
    drop(other);
    reader.say_all(&["HELLO 3", "GET a"]);
    writer.say("SET a 1");
    assert_eq!(reader.pushes(), format!(">2\r\n$21\r\ntracking-redir-broken\r\n:{id}\r\n"));
    assert!(reader.say("CLIENT TRACKINGINFO").contains("$15\r\nbroken_redirect\r\n"));
    assert!(reader.say("CLIENT INFO").contains(" flags=tR "));
}

#[test]
fn the_number_of_keys_that_are_noted_is_bounded() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("tracking-table-max-keys", "2");
    let (mut reader, mut other) = (tracked(&fixture, ""), tracked(&fixture, ""));
    reader.say_all(&["GET {a}1", "GET {a}2"]);
    other.say("GET {a}1");
    assert_eq!((told(&mut reader).as_str(), told(&mut other).as_str()), ("", ""));
    for request in ["GET {a}3", "GET b"] {
        reader.say(request);
        assert!(told(&mut reader).starts_with("invalid *1 $"), "{request}");
        assert!(reader.say("INFO stats").contains("tracking_total_keys:2\r\n"));
    }
}

#[test]
fn what_was_read_long_ago_makes_room_for_what_is_read_now() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("tracking-table-max-keys", "100");
    let (mut before, mut reader) = (tracked(&fixture, ""), tracked(&fixture, ""));
    (0..100).for_each(|number| drop(before.say(&format!("GET {{a}}{number}"))));
    let count = |client: &mut Client<'_>| told(client).matches("invalid").count();
    assert_eq!(count(&mut before), 0);
    (0..400).for_each(|number| drop(reader.say(&format!("GET {{b}}{}", number % 50))));
    let given_up = count(&mut before);
    assert!((45..=100).contains(&given_up), "{given_up}");
    count(&mut reader);
    (0..400).for_each(|number| drop(reader.say(&format!("GET {{b}}{}", number % 50))));
    assert!(count(&mut reader) < 10, "what is read now stays");
}

#[test]
fn a_slot_that_is_flushed_and_a_primary_that_becomes_a_replica_make_untrue_what_was_read() {
    let fixture = Fixture::new(Table::Alone);
    let (mut reader, mut all, mut writer) = (tracked(&fixture, ""), tracked(&fixture, " BCAST"), fixture.client());
    writer.say_all(&["SET a 1", "SET b 1"]);
    told(&mut all);
    reader.say_all(&["GET a", "GET b"]);
    assert_eq!(writer.say("CLUSTER FLUSHSLOT 15495"), "+OK\r\n");
    assert_eq!((told(&mut reader).as_str(), told(&mut all).as_str()), ("invalid *1 $1 a", "invalid _"));
    fixture.become_(Table::Replica);
    fixture.server.drop_keys_of_replica(Now::default());
    assert_eq!((told(&mut reader).as_str(), told(&mut all).as_str()), ("invalid _", "invalid _"));
    assert!(writer.say("INFO stats").contains("tracking_total_keys:0\r\ntracking_total_items:0\r\n"));
}

#[test]
fn options_have_to_go_together() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    let id = client.session.client().id;
    let redirect = format!("CLIENT TRACKING on REDIRECT {id} REDIRECT {id}");
    for (request, wanted) in [
        ("CLIENT TRACKING some", "-ERR syntax error"),
        ("CLIENT TRACKING on REDIRECT", "-ERR syntax error"),
        ("CLIENT TRACKING on REDIRECT x", "-ERR value is not an integer or out of range"),
        ("CLIENT TRACKING off REDIRECT 0", "-ERR The client ID you want redirect to does not exist"),
        (&redirect, "-ERR A client can only redirect to a single other client"),
        ("CLIENT TRACKING on PREFIX a", "-ERR PREFIX option requires BCAST mode to be enabled"),
        ("CLIENT TRACKING on BCAST OPTIN", "-ERR OPTIN and OPTOUT are not compatible with BCAST"),
        ("CLIENT TRACKING on OPTIN OPTOUT", "-ERR You can't specify both OPTIN mode and OPTOUT mode"),
        ("CLIENT CACHING some", "-ERR CLIENT CACHING can be called only when the client is in tracking mode with"),
        ("CLIENT TRACKING on BCAST PREFIX ab PREFIX a", "-ERR Prefix 'ab' overlaps with another provided prefix 'a'. "),
        ("CLIENT TRACKING on BCAST PREFIX b PREFIX a", "+OK"),
        ("CLIENT TRACKING on BCAST PREFIX aa", "-ERR Prefix 'aa' overlaps with an existing prefix 'a'. Prefixes for"),
        ("CLIENT TRACKING on", "-ERR You can't switch BCAST mode on/off before disabling tracking for this client"),
        ("CLIENT TRACKING on BCAST PREFIX c", "+OK"),
        (
            "CLIENT TRACKINGINFO",
            "*6\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$5\r\nbcast\r\n$8\r\nredirect\r\n:0\r\n$8\r\nprefixes\r\n*3\r\n",
        ),
        ("CLIENT TRACKING off", "+OK"),
        (
            "CLIENT TRACKINGINFO",
            "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n",
        ),
        ("CLIENT TRACKING on OPTIN NOLOOP", "+OK"),
        ("CLIENT CACHING some", "-ERR syntax error"),
        ("CLIENT CACHING NO", "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."),
        ("CLIENT TRACKING on OPTOUT", "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking"),
        ("CLIENT CACHING YES", "+OK"),
        (
            "CLIENT TRACKINGINFO",
            "*6\r\n$5\r\nflags\r\n*4\r\n$2\r\non\r\n$5\r\noptin\r\n$11\r\ncaching-yes\r\n$6\r\nnoloop\r\n",
        ),
    ] {
        let reply = client.say(request);
        assert!(reply.starts_with(wanted), "{request}: {reply}");
    }
}
