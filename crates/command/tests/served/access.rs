//! Who may do anything: passwords, and the places kept for operators.

use slotmesh_command::Outcome;

use crate::support::{Fixture, Table};

const NOAUTH: &str = "-NOAUTH Authentication required.\r\n";
const WRONGPASS: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

#[test]
fn who_came_before_there_was_a_password_stays_and_who_comes_after_has_to_show_it() {
    let fixture = Fixture::new(Table::Alone);
    let mut before = fixture.client();
    assert!(before.say("AUTH x").starts_with("-ERR AUTH <password> called without any password configured"));
    assert_eq!(before.say_all(&["AUTH default x", "AUTH other x"]), format!("+OK\r\n{WRONGPASS}"));
    fixture.configure("requirepass", "secret");
    let mut after = fixture.client();
    assert_eq!(before.say("PING"), "+PONG\r\n");
    assert_eq!(after.say("PING"), NOAUTH);
    assert_eq!(after.say_all(&["AUTH wrong", "AUTH other secret", "PING"]), format!("{WRONGPASS}{WRONGPASS}{NOAUTH}"));
    assert_eq!(
        after.say_all(&["AUTH secret", "PING", "AUTH wrong", "PING"]),
        format!("+OK\r\n+PONG\r\n{WRONGPASS}+PONG\r\n")
    );
    assert_eq!(
        after.say_all(&["RESET", "PING", "AUTH default secret", "PING"]),
        format!("+RESET\r\n{NOAUTH}+OK\r\n+PONG\r\n")
    );
}

#[test]
fn a_browser_is_shut_out_whether_there_is_a_password_or_not() {
    let fixture = Fixture::new(Table::Alone);
    for password in ["", "secret"] {
        fixture.configure("requirepass", password);
        for line in ["POST / HTTP/1.1", "Host: 127.0.0.1:6379"] {
            let mut browser = fixture.client();
            assert_eq!((browser.say(line).as_str(), &browser.outcome), ("", &Outcome::Close), "{line}");
        }
    }
}

#[test]
fn a_password_that_would_not_be_kept_as_it_is_is_refused() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    let reply = client.say_words(&[b"CONFIG", b"SET", b"requirepass", b"\xff\xfe"]);
    assert!(reply.starts_with("-ERR CONFIG SET failed (possibly related to argument 'requirepass'"), "{reply}");
    assert_eq!(client.outcome, Outcome::Continue);
}

#[test]
fn a_stranger_does_not_learn_which_commands_there_are() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("requirepass", "secret");
    let mut stranger = fixture.client();
    for request in ["nosuch", "GET", "GET a", "CLIENT NOSUCH", "ACL WHOAMI", "MULTI", "SUBSCRIBE a", "COMMAND"] {
        assert_eq!(stranger.say(request), NOAUTH, "{request}");
    }
    assert_eq!(stranger.say("EXEC"), format!("-EXECABORT Transaction discarded because of: {}", &NOAUTH[1..]));
    assert_eq!(stranger.say("AUTH"), "-ERR wrong number of arguments for 'auth' command\r\n");
    assert_eq!(stranger.say("AUTH a b c"), "-ERR syntax error\r\n");
    assert_eq!(stranger.say("QUIT"), "+OK\r\n");
    assert_eq!(stranger.outcome, Outcome::Close);
}

#[test]
fn hello_takes_a_password_and_does_nothing_without() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("requirepass", "secret");
    let mut client = fixture.client();
    assert_eq!(client.say("HELLO 4"), "-NOPROTO unsupported protocol version\r\n");
    assert!(client.say("HELLO 3 SETNAME a").starts_with("-NOAUTH HELLO must be called with the client already"));
    assert_eq!(client.say("HELLO 3 AUTH default wrong"), WRONGPASS);
    assert!(client.say("HELLO 3 AUTH default secret SETNAME a").starts_with("%7\r\n"));
    assert_eq!(client.say("CLIENT GETNAME"), "$1\r\na\r\n");
}

#[test]
fn some_places_are_kept_for_clients_from_this_machine() {
    let fixture = Fixture::new(Table::Alone);
    fixture.configure("maxclients", "3");
    fixture.configure("slotmesh-reserved-clients", "2");
    let refused = "ERR max number of clients + cluster connections reached";
    let local = fixture.connect_from([127, 0, 0, 1]).expect("room");
    let _remote = fixture.connect_from([10, 0, 0, 1]).expect("those from here take what is kept for them");
    assert_eq!(fixture.connect_from([10, 0, 0, 1]).expect_err("no room").text(), refused.as_bytes());
    let _second = fixture.connect_from([127, 0, 0, 2]).expect("room");
    assert_eq!(fixture.connect_from([127, 0, 0, 1]).expect_err("no room").text(), refused.as_bytes());
    drop(local);
    assert!(fixture.connect_from([10, 0, 0, 1]).is_err(), "its place is kept");
    assert!(fixture.connect_from([127, 0, 0, 1]).is_ok());
}

#[test]
fn there_is_one_user() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    assert_eq!(client.say_all(&["ACL WHOAMI", "ACL USERS"]), "$7\r\ndefault\r\n*1\r\n$7\r\ndefault\r\n");
    assert!(client.say("ACL CAT").starts_with("*21\r\n$8\r\nkeyspace\r\n$4\r\nread\r\n"));
    assert_eq!(client.say("ACL CAT nosuch"), "-ERR Unknown category 'nosuch'\r\n");
    assert!(client.say("ACL CAT Pubsub").contains("$9\r\nsubscribe\r\n"));
    assert!(
        client.say("ACL SETUSER x on").starts_with("-ERR ACL SETUSER is not supported by this release of slotmesh")
    );
}

#[test]
fn what_a_client_can_do_is_shown_and_asked_for() {
    let world = Fixture::new(Table::Alone);
    let (mut able, mut other) = (world.client(), world.client());
    assert_eq!(able.say("CLIENT CAPA unheard-of redirect"), "+OK\r\n");
    assert!(able.say("CLIENT INFO").contains(" capa=r "));
    able.say("RESET");
    assert!(able.say("CLIENT INFO").contains(" capa=r "), "it can still do that");
    assert!(other.say("CLIENT INFO").contains(" capa= "));
    let count = |text: &str| text.matches(" capa=").count();
    assert_eq!([count(&other.say("CLIENT LIST CAPA r")), count(&other.say("CLIENT LIST NOT-CAPA r"))], [1, 1]);
    assert_eq!(other.say("CLIENT IMPORT-SOURCE ON"), "-ERR Server is not in import mode\r\n");
}
