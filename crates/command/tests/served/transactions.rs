//! MULTI, EXEC and ASKING on a node with a table made up for it.

use crate::support::{Fixture, Table, frames};
use slotmesh_command::table::Flag;
use slotmesh_command::{Answer, Outcome, Question, table};

/// Slot of `s`; that of `t` is another.
const SLOT: u16 = 3828;

#[test]
fn exec_is_the_last_command_of_who_has_sent_it() {
    let fixture = Fixture::new(Table::Alone);
    let (mut client, mut other) = (fixture.client(), fixture.client());
    client.say_all(&["MULTI", "PING", "EXEC"]);
    let list = other.say("CLIENT LIST ID 1");
    assert!(list.contains(" cmd=exec "), "{list}");
}

#[test]
fn asking_before_multi_is_for_the_whole_transaction() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    assert_eq!(client.say("SPUBLISH s m"), "-MOVED 3828 127.0.0.1:7001\r\n");
    assert_eq!(client.say_all(&["ASKING", "MULTI", "SPUBLISH s m", "EXEC"]), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:0\r\n");
    assert_eq!(client.say("SPUBLISH s m"), "-MOVED 3828 127.0.0.1:7001\r\n", "and for nothing after it");
}

#[test]
fn asking_is_for_one_request_whatever_becomes_of_it() {
    let world = Fixture::new(Table::Importing(SLOT));
    let mut client = world.client();
    let moved = "-MOVED 3828 127.0.0.1:7001\r\n";
    assert_eq!(client.say_all(&["ASKING", "ASKING", "SPUBLISH s m"]), "+OK\r\n+OK\r\n:0\r\n");
    assert!(client.say_all(&["ASKING", "NOSUCH", "SPUBLISH s m"]).ends_with(moved));
    assert!(client.say_all(&["ASKING", "PING a b c", "SPUBLISH s m"]).ends_with(moved));
    assert!(client.say_all(&["ASKING", "PING", "SPUBLISH s m"]).ends_with(moved));
    assert!(client.say_all(&["MULTI", "ASKING", "EXEC", "SPUBLISH s m"]).ends_with(moved));
}

#[test]
fn the_keys_of_a_transaction_share_a_slot_or_nothing_runs() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("SSUBSCRIBE s");
    client.say_all(&["MULTI", "SPUBLISH s m", "SPUBLISH t m"]);
    assert_eq!(client.say("EXEC"), "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
    assert_eq!(listener.pushes(), "");
    assert_eq!(client.say("PING"), "+PONG\r\n", "the transaction is over");
    client.say_all(&["MULTI", "SPUBLISH s m", "SPUBLISH t m", "NOSUCH"]);
    assert_eq!(client.say("EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

#[test]
fn a_slot_that_has_left_by_exec_takes_the_whole_transaction_with_it() {
    let world = Fixture::new(Table::Importing(SLOT));
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("SUBSCRIBE x");
    client.say_all(&["ASKING", "MULTI", "PUBLISH x y", "SPUBLISH s m"]);
    world.become_(Table::Foreign(SLOT));
    assert_eq!(client.say_all(&["EXEC", "PING"]), "-MOVED 3828 127.0.0.1:7001\r\n+PONG\r\n");
    assert_eq!(listener.pushes(), "");
}

#[test]
fn a_node_that_is_a_replica_by_exec_changes_nothing() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["MULTI", "PING", "FLUSHALL"]);
    world.become_(Table::Replica);
    assert_eq!(
        client.say_all(&["EXEC", "PING"]),
        "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.\r\n+PONG\r\n"
    );
}

#[test]
fn an_exec_with_arguments_is_an_aborted_one() {
    let world = Fixture::new(Table::Alone);
    let wrong = "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n";
    let mut client = world.client();
    assert_eq!(client.say("EXEC a"), wrong);
    assert_eq!(client.say_all(&["MULTI", "EXEC a", "PING"]), format!("+OK\r\n{wrong}+PONG\r\n"));
}

#[test]
fn messages_wait_for_the_end_of_exec() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("HELLO 3");
    client.say_all(&["SUBSCRIBE a", "MULTI", "PUBLISH a m", "UNSUBSCRIBE a"]);
    assert_eq!(client.say("EXEC"), "*2\r\n:1\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
    assert_eq!(client.pushes(), ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n");
}

#[test]
fn messages_wait_for_the_end_of_exec_when_the_client_listens_by_then() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["MULTI", "SUBSCRIBE a", "CLIENT ID", "PUBLISH a m", "UNSUBSCRIBE a"]);
    let reply = client.say("EXEC");
    assert!(
        reply.starts_with("*4\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n:1\r\n:1\r\n*3\r\n$11\r\nunsub"),
        "{reply}"
    );
    assert_eq!(frames(&reply), 1);
    assert_eq!(frames(&client.pushes()), 1);
}

#[test]
fn a_client_that_ends_itself_in_exec_is_closed_after_the_reply() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["MULTI", "CLIENT KILL ID 1 SKIPME NO", "PUBLISH a m", "EXEC"]);
    assert_eq!(client.outcome, Outcome::Close);
}

#[test]
fn each_message_published_in_exec_waits_for_room() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["MULTI", "PUBLISH a 1", "PUBLISH a 2"]);
    client.follows = false;
    client.say("EXEC");
    assert_eq!((client.outcome.clone(), world.published()), (Outcome::Published, 1));
    client.resume();
    assert_eq!((client.outcome.clone(), world.published()), (Outcome::Published, 2));
    client.resume();
    assert_eq!(client.outcome, Outcome::Continue);
}

#[test]
fn a_long_reply_of_exec_leaves_in_parts() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("MULTI");
    (0..100).for_each(|_| drop(client.say("COMMAND DOCS")));
    client.follows = false;
    let mut parts = vec![client.say("EXEC").len()];
    while client.outcome == Outcome::Flush {
        parts.push(client.resume().len());
    }
    assert_eq!(client.outcome, Outcome::Continue);
    assert!(parts.len() >= 25 && parts.iter().all(|bytes| *bytes < 256 * 1024), "{parts:?}");
}

#[test]
fn names_without_end_stop_at_the_limit_on_what_may_wait() {
    let world = Fixture::new(Table::Alone);
    world.limit_output(100_000);
    for what in ["DOCS", "INFO"] {
        let mut client = world.client();
        let reply = client.say(&format!("COMMAND {what}{}", " client".repeat(1000)));
        assert_eq!(client.outcome, Outcome::Close);
        assert!(reply.len() < 200_000, "{}", reply.len());
    }
}

#[test]
fn a_question_that_fails_in_exec_is_one_of_its_replies_and_counts_for_its_command() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["MULTI", "CLUSTER BUMPEPOCH", "PING"]);
    client.follows = false;
    assert_eq!(client.say("EXEC"), "*2\r\n");
    let Outcome::Ask(question @ Question::Change(_)) = client.outcome.clone() else { panic!("{:?}", client.outcome) };
    assert_eq!(client.answer(&question, &Answer::Error("no".into())), "-ERR no\r\n+PONG\r\n");
    assert_eq!(world.calls("cluster|bumpepoch"), (1, 1));
    assert_eq!(world.calls("exec"), (1, 0));
}

#[test]
fn time_is_charged_to_what_ran() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["PING", "NOSUCH", "SPUBLISH s", "MULTI", "PING", "EXEC"]);
    // A request takes 1 us here.
    assert_eq!(["ping", "spublish", "multi", "exec"].map(|name| world.micros(name)), [1, 0, 1, 1]);
}

#[test]
fn others_see_what_waits_for_exec() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    client.say_all(&["MULTI", &format!("ECHO {}", "x".repeat(1000))]);
    let list = other.say("CLIENT LIST ID 1");
    assert!(list.contains(" multi=1 ") && list.contains(" cmd=echo "), "{list}");
    assert!(list.contains(" multi-mem=1052 ") && list.contains(" tot-mem=1052 "), "{list}");
    client.say("DISCARD");
    assert!(other.say("CLIENT LIST ID 1").contains(" multi-mem=0 "));
}

#[test]
fn an_exec_of_nothing_leaves_the_keys_watched() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    assert_eq!(client.say_all(&["WATCH k", "EXEC"]), "+OK\r\n-ERR EXEC without MULTI\r\n");
    other.say("SET k 2");
    assert_eq!(client.say_all(&["MULTI", "SET k 1", "EXEC", "GET k"]), "+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n2\r\n");
    client.say_all(&["WATCH k", "MULTI", "EXEC a"]);
    other.say("SET k 3");
    assert_eq!(
        client.say_all(&["MULTI", "PING", "EXEC"]),
        "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n",
        "an aborted one does not"
    );
}

#[test]
fn a_key_that_changes_while_a_transaction_waits_is_not_written_over() {
    let world = Fixture::new(Table::Alone);
    let (mut client, mut other) = (world.client(), world.client());
    client.say_all(&["WATCH k", "MULTI", "CLUSTER SAVECONFIG", "SET k mine"]);
    assert_eq!(client.say("EXEC"), "*2\r\n");
    other.say("SET k theirs");
    let answered = client.answer(&Question::SaveConfig, &Answer::Ok);
    assert_eq!(answered, "+OK\r\n-EXECABORT A watched key has changed while the transaction waited\r\n");
    assert_eq!(other.say("GET k"), "$6\r\ntheirs\r\n");
    assert_eq!(
        client.say_all(&["MULTI", "SET k mine", "EXEC"]),
        "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n",
        "it watches no longer"
    );
}

/// What runs at once in a transaction, or is not allowed by default.
const NOT_KEPT: [&str; 5] = ["debug", "discard", "exec", "quit", "reset"];

#[test]
fn no_command_wants_a_second_lock_in_a_transaction() {
    let commands = table::known().iter().flat_map(|known| [known].into_iter().chain(&known.subcommands));
    for known in commands.filter(|known| known.subcommands.is_empty()) {
        // A server of its own: a pause, or a password, would keep all later ones from being executed.
        let world = Fixture::new(Table::Alone);
        let mut client = world.client();
        let given = known.full_name.matches('|').count() + 1;
        let wanted = usize::try_from(known.spec.arity.unsigned_abs()).expect("a small number");
        let words = vec!["1"; wanted.saturating_sub(given)].join(" ");
        let request = format!("{} {words}", known.full_name.replace('|', " "));
        // A second lock of a group would end the test.
        let begun = client.say_all(&["MULTI", "SET {1}1 v", request.trim_end(), "SET {1}2 v"]);
        let executed = client.say("EXEC");
        let was_kept = begun == "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n";
        assert_eq!(was_kept, executed.starts_with("*3\r\n+OK\r\n"), "{request}: {begun}{executed}");
        let may_be = !known.spec.flags.contains(&Flag::NoMulti) && !NOT_KEPT.contains(&known.full_name.as_str());
        assert_eq!(was_kept, may_be, "{request}: {begun}{executed}");
    }
}
