//! Replies whose shape depends on how something was asked.

use slotmesh_command::{Outcome, Output, end_wait};

use crate::support::{Client, Fixture, Table, frames};

fn reply(request: &str) -> String {
    Fixture::new(Table::Alone).client().say(request)
}

#[test]
fn command_list_names_subcommands_as_well() {
    let list = reply("COMMAND LIST");
    assert!(list.contains("\r\ncluster\r\n") && list.contains("\r\ncluster|myid\r\n"), "{list}");
}

#[test]
fn config_get_shows_names_as_they_were_typed_and_each_once() {
    assert_eq!(
        reply("CONFIG GET MAXCLIENTS TimeOut timeout nosuch"),
        "*4\r\n$10\r\nMAXCLIENTS\r\n$5\r\n10000\r\n$7\r\nTimeOut\r\n$1\r\n0\r\n"
    );
    assert_eq!(reply("CONFIG GET TimeOu?"), "*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
    let many = format!("CONFIG GET{}", " *".repeat(1000));
    assert_eq!(reply(&many), reply("CONFIG GET *"));
}

#[test]
fn lolwut_draws_where_it_is_asked_for_a_version_that_has_a_picture() {
    let line = format!("slotmesh ver. {}, Valkey ver.9.1.2\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(reply("LOLWUT VERSION 1"), format!("${}\r\n{line}\r\n", line.len()));
    for (request, rows) in [("LOLWUT", 20), ("lolwut version 6 7 3", 3), ("LOLWUT -1 999999", 100)] {
        let drawn = reply(request);
        assert!(drawn.ends_with(&format!("{line}\r\n")), "{drawn}");
        assert_eq!(drawn.lines().count(), 1 + rows + 4, "{drawn}");
    }
    for (request, error) in [
        ("LOLWUT VERSION x", "value is not an integer or out of range"),
        ("LOLWUT 3 x", "value is not an integer or out of range"),
        ("LOLWUT 3", "Syntax error. Use: LOLWUT [columns rows]"),
    ] {
        assert_eq!(reply(request), format!("-ERR {error}\r\n"));
    }
}

#[test]
fn hyperloglogs_count_as_well_as_they_should() {
    assert_eq!(reply("PFSELFTEST"), "+OK\r\n");
}

/// A client, and a list whose reply is longer than 100,000 bytes.
fn with_a_long_list(fixture: &Fixture) -> Client<'_> {
    let mut client = fixture.client();
    (0..200).for_each(|_| drop(client.say(&format!("RPUSH list {}", "x".repeat(1000)))));
    client
}

#[test]
fn a_reply_is_bounded_by_the_class_of_its_client() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = with_a_long_list(&fixture);
    fixture.limit_output(100_000);
    client.say_all(&["HELLO 3", "SUBSCRIBE x"]);
    fixture.configure("client-output-buffer-limit", "pubsub 0 0 0");
    fixture.server.pubsub.set_limits(fixture.server.config().output_limits());
    let reply = client.say("LRANGE list 0 -1");
    assert_eq!((client.outcome.clone(), frames(&reply)), (Outcome::Continue, 1));
}

#[test]
fn who_was_not_sent_a_whole_reply_is_sent_nothing_more() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = with_a_long_list(&fixture);
    let mut waiting = fixture.client();
    // Those who look at what waits to be sent do not know of it yet.
    fixture.configure("client-output-buffer-limit", "normal 100000 0 0");
    client.say("LRANGE list 0 -1");
    assert_eq!(client.outcome, Outcome::Close);
    assert!(client.session.client().is_over_limit());
    waiting.say("BLMPOP 0 1 l LEFT COUNT 4");
    let Outcome::Wait(waiter) = waiting.outcome.clone() else { panic!("{:?}", waiting.outcome) };
    let element = "x".repeat(60_000);
    fixture.client().say(&format!("RPUSH l {element} {element} {element} {element}"));
    let mut out = Output::default();
    let outcome = end_wait(&fixture.server, &mut waiting.session, waiting.now, &waiter, &mut out);
    assert_eq!((outcome, out.len()), (Outcome::Close, 0));
}

#[test]
fn client_list_of_no_ids_is_empty() {
    assert_eq!(reply("CLIENT LIST ID TYPE normal"), "$0\r\n\r\n");
    assert!(reply("CLIENT LIST ID 1 TYPE normal").contains("id=1 "));
    assert_eq!(reply("CLIENT LIST ID"), "-ERR syntax error\r\n");
    assert_eq!(reply("CLIENT LIST ID abc"), "-ERR syntax error\r\n");
    assert_eq!(reply("CLIENT LIST ID 0"), "-ERR client-id should be greater than 0\r\n");
}

#[test]
fn clusterscan_goes_where_a_pattern_can_match() {
    let cursor = |text: &str| format!("*2\r\n${}\r\n{text}\r\n*0\r\n", text.len());
    for (request, next) in [
        ("CLUSTERSCAN 0 MATCH foo", "0-{9Le}-0"),
        ("CLUSTERSCAN 0 MATCH {foo}*", "0-{9Le}-0"),
        ("CLUSTERSCAN 0 MATCH foo*", "0-{06S}-0"),
        ("CLUSTERSCAN 0 MATCH foo MATCH *", "0-{06S}-0"),
        ("CLUSTERSCAN 0 MATCH {foo}* SLOT 1", "0"),
        ("CLUSTERSCAN 0 SLOT 1 MATCH foo*", "0-{Qi}-0"),
        ("CLUSTERSCAN 0-{06S}-0 MATCH foo", "0-{9Le}-0"),
        ("CLUSTERSCAN 0-{06S}-0 MATCH {06S}a", "0"),
    ] {
        assert_eq!(reply(request), cursor(next), "{request}");
    }
    assert_eq!(reply("CLUSTERSCAN 0-{06S}-9999999999999999999999"), "-ERR Invalid cursor\r\n");
}

#[test]
fn function_restore_takes_the_dump_of_no_functions_only() {
    assert_eq!(reply("FUNCTION RESTORE 0123456789"), "-ERR DUMP payload version or checksum are wrong\r\n");
    assert!(reply("FUNCTION HELP").contains("+RESTORE <PAYLOAD>"));
}

#[test]
fn a_word_of_syncslots_comes_once() {
    let id = "0".repeat(40);
    let range = " SLOTSRANGE 0 16383";
    assert_eq!(reply(&format!("CLUSTER SYNCSLOTS ESTABLISH NAME {id} NAME {id}")), "-ERR syntax error\r\n");
    assert_eq!(reply(&format!("CLUSTER SYNCSLOTS ESTABLISH{}", range.repeat(2))), "-ERR syntax error\r\n");
}

#[test]
fn info_has_the_figures_of_links_and_of_slots_on_the_move() {
    let info = reply("INFO");
    for name in [
        "cluster_connections",
        "mem_cluster_links",
        "mem_cluster_slot_import",
        "mem_cluster_slot_export",
        "slot_migration_fork_in_progress",
        "total_net_cluster_slot_import_bytes",
        "total_net_cluster_slot_export_bytes",
        "migrate_cached_sockets",
        "lazyfree_pending_objects",
        "rdb_saves",
        "total_forks",
    ] {
        assert!(info.contains(&format!("\r\n{name}:0\r\n")), "{name}");
    }
    assert!(info.contains("\r\nserver_time_usec:1795000000123456\r\n"));
    assert_eq!(reply("TIME"), "*2\r\n$10\r\n1795000000\r\n$6\r\n123456\r\n");
}

#[test]
fn what_is_big_is_counted_when_it_is_freed() {
    let fixture = Fixture::new(Table::Alone);
    let mut client = fixture.client();
    let member = "m".repeat(200);
    (0..500).for_each(|number| drop(client.say(&format!("SADD big {number}{member}"))));
    client.say("SET small value");
    assert_eq!(client.say("DEL big"), ":1\r\n");
    assert_eq!(client.say("DEL small"), ":1\r\n");
    let info = client.say("INFO memory");
    assert!(info.contains("\r\nlazyfree_pending_objects:0\r\nlazyfreed_objects:1\r\n"), "{info}");
    client.say("CONFIG RESETSTAT");
    assert!(client.say("INFO memory").contains("\r\nlazyfreed_objects:0\r\n"));
}

#[test]
fn arguments_of_no_shape_are_refused_in_the_name_of_their_container() {
    for (request, container) in [("PUBSUB CHANNELS a b", "PUBSUB"), ("FUNCTION RESTORE a b c", "FUNCTION")] {
        let word = request.split(' ').nth(1).expect("a subcommand");
        let wanted =
            format!("-ERR unknown subcommand or wrong number of arguments for '{word}'. Try {container} HELP.\r\n");
        assert_eq!(reply(request), wanted);
    }
}
