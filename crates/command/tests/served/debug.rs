//! DEBUG, as far as it looks at keys. The figures are those of Valkey 9.1.2.

use slotmesh_config::Config;
use slotmesh_types::key_slot;

use crate::support::{Client, Fixture, Table};

const SWITCHED_OFF: &str = "-ERR DEBUG command not allowed.";

fn allowed(table: Table) -> Fixture {
    let mut config = Config::default();
    config.settle("enable-debug-command", "yes").expect("a value that may be set");
    Fixture::with_config(table, config)
}

/// A key of each type.
fn fill(client: &mut Client<'_>) {
    client.say_all(&[
        "SET text hello",
        "SET number 12345",
        "SET term hello EX 100000",
        "RPUSH list a 1 b",
        "SADD ints 1 2 3",
        "SADD set a b 1",
        "ZADD zset 1 a 2.5 b 1e15 c -inf d 0.1 e 1e-7 f 12345678901234567890 g -0 h 100 i",
        "HSET hash f v g 1",
        "HSET fields f v g 1",
        "HEXPIRE fields 100000 FIELDS 1 f",
        "XADD stream 1-1 a b c d",
        "XADD stream 2-5 e f",
        "SET  ",
    ]);
}

#[test]
fn who_may_not_is_told_so() {
    let world = Fixture::new(Table::Alone);
    assert!(world.client().say("DEBUG DIGEST").starts_with(SWITCHED_OFF));
}

#[test]
fn keys_have_the_digests_of_a_real_server() {
    let world = allowed(Table::Alone);
    let mut client = world.client();
    let none = "0".repeat(40);
    assert_eq!(client.say("DEBUG DIGEST"), format!("+{none}\r\n"));
    fill(&mut client);
    for (key, digest) in [
        ("text", "36b23a1456b2dce2c3ed252c456761301dba8060"),
        ("number", "e1cf90774e995ae03de66e8109dc5cb9d9c2dc83"),
        ("term", "d037c4eb8a8b36b602fbced4000daeab0714c1e3"),
        ("list", "d5f44352f6226abea9252dad248ef5de0d964396"),
        ("ints", "2a462a3f51a1db89738ebbeef0c47ce1bbc85246"),
        ("set", "e8f32bbb1ad9bf537c8867de4f19fec9e001296d"),
        ("zset", "d8303b5c5685faa04a4540fc6c5ed9fdb63a7c0e"),
        ("hash", "6679ee22f89ed8001eeb5309d0900265ea56c03a"),
        ("fields", "6679ee22f89ed8001eeb5309d0900265ea56c03a"),
        ("stream", "316ac7c9fda8148893d87bf4dca38a0967365955"),
        ("", "8b3447c33a834b810e3e181b6fd6a2ee1020921c"),
        ("none", none.as_str()),
    ] {
        assert_eq!(client.say(&format!("DEBUG DIGEST-VALUE {key}")), format!("*1\r\n+{digest}\r\n"), "{key}");
    }
    assert_eq!(client.say("DEBUG DIGEST"), "+b223b14dbba5fd4d7a43a76dca79d4712a6a1c41\r\n");
    assert_eq!(client.say("DEBUG DIGEST-VALUE"), "*0\r\n");
}

#[test]
fn a_digest_follows_what_keys_hold_and_not_how() {
    let world = allowed(Table::Alone);
    let mut client = world.client();
    client.say_all(&["RPUSH {s}a x y", "RPUSH {s}b x", "RPUSH {s}b y"]);
    let mut of = |key: &str| client.say(&format!("DEBUG DIGEST-VALUE {key}"));
    assert_eq!(of("{s}a"), of("{s}b"));
    let before = of("{s}a");
    world.client().say("LSET {s}a 0 z");
    assert_ne!(of("{s}a"), before);
}

#[test]
fn keys_are_made_in_any_slot_and_those_that_are_there_stay() {
    let world = allowed(Table::Foreign(key_slot(b"a:1").get()));
    let mut client = world.client();
    client.say("SET a:0 mine");
    assert_eq!(client.say("DEBUG POPULATE 3 a 10"), "+OK\r\n");
    assert_eq!(client.say("DBSIZE"), ":3\r\n");
    assert_eq!(client.say_all(&["GET a:0", "GET a:2"]), "$4\r\nmine\r\n$10\r\nvalue:2\0\0\0\r\n");
    assert_eq!(client.say_all(&["DEBUG POPULATE 2", "GET key:1"]), "+OK\r\n$7\r\nvalue:1\r\n");
    assert_eq!(client.say_all(&["DEBUG POPULATE 1 b 3", "GET b:0"]), "+OK\r\n$3\r\nval\r\n");
    assert_eq!(client.say("DEBUG POPULATE -1"), "-ERR value is out of range, must be positive\r\n");
    assert_eq!(client.say("DEBUG POPULATE x"), "-ERR value is out of range, must be positive\r\n");
    assert_eq!(
        client.say("DEBUG POPULATE 1 c 9999999999"),
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
    );
}

#[test]
fn in_a_transaction_it_looks_at_keys_that_the_transaction_has_locked() {
    let world = allowed(Table::Alone);
    let mut client = world.client();
    for request in ["DIGEST", "DIGEST-VALUE a:0", "OBJECT a:0 fast", "POPULATE 3 a"] {
        // A second lock of the group would end the test.
        let begun = client.say_all(&["MULTI", "SET a:0 1", &format!("DEBUG {request}"), "INCR a:0"]);
        assert_eq!(begun, "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
        let executed = client.say("EXEC");
        assert!(executed.starts_with("*3\r\n+OK\r\n") && executed.ends_with("\r\n:2\r\n"), "{executed}");
    }
}

#[test]
fn an_object_tells_how_it_is_kept() {
    let world = allowed(Table::Alone);
    let mut client = world.client();
    fill(&mut client);
    for (key, shown) in [
        ("text", "encoding:embstr serializedlength:6"),
        ("number", "encoding:int serializedlength:3"),
        ("list", "encoding:listpack serializedlength:18"),
        ("ints", "encoding:intset serializedlength:15"),
        // 16 in a real server: DUMP writes its members one by one here.
        ("set", "encoding:listpack serializedlength:7"),
        ("hash", "encoding:listpack serializedlength:19"),
        ("stream", "encoding:stream serializedlength:79"),
    ] {
        let line = client.say(&format!("DEBUG OBJECT {key}"));
        assert!(line.starts_with(&format!("+Value at:0x0 refcount:1 {shown} lru:")), "{line}");
        assert!(line.ends_with(" lru_seconds_idle:0\r\n"), "{line}");
        assert!(!client.say(&format!("DEBUG OBJECT {key} fast")).contains("serializedlength"));
    }
    for _ in 0..300 {
        let words: Vec<String> = (1..=50).map(|number| number.to_string()).collect();
        client.say(&format!("RPUSH long {}", words.join(" ")));
    }
    let line = client.say("DEBUG OBJECT long");
    assert!(
        line.ends_with(
            " ql_nodes:4 ql_avg_node:3750.00 ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:30028\r\n"
        ),
        "{line}"
    );
    assert_eq!(client.say("DEBUG OBJECT none"), "-ERR no such key\r\n");
    world.configure("maxmemory-policy", "allkeys-lfu");
    assert!(client.say("DEBUG OBJECT text").contains(" lfu_freq:"));
}

#[test]
fn a_reply_of_each_type_can_be_had() {
    let world = allowed(Table::Alone);
    let mut client = world.client();
    client.say("HELLO 3");
    for (name, reply) in [
        ("double", ",3.141\r\n"),
        ("bignum", "(1234567999999999999999999999999999999\r\n"),
        ("map", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
        ("SET", "~3\r\n:0\r\n:1\r\n:2\r\n"),
        (
            "attrib",
            "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n",
        ),
        ("push", ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n"),
        ("verbatim", "=29\r\ntxt:This is a verbatim\nstring\r\n"),
        ("null", "_\r\n"),
        ("true", "#t\r\n"),
    ] {
        assert_eq!(client.say(&format!("DEBUG PROTOCOL {name}")), reply);
    }
    client.say("HELLO 2");
    assert_eq!(client.say("DEBUG PROTOCOL push"), "-ERR RESP2 is not supported by this command\r\n");
    assert_eq!(client.say("DEBUG PROTOCOL map"), "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n");
    assert!(client.say("DEBUG PROTOCOL x").starts_with("-ERR Wrong protocol type name."));
}

#[test]
fn an_error_of_ones_own_is_replied_and_what_is_not_there_yet_says_so() {
    let world = allowed(Table::Alone);
    let mut client = world.client();
    assert_eq!(client.say_words(&[b"DEBUG", b"ERROR", b"FOO a\r\nb\n"]), "-FOO a  b \r\n");
    assert!(!client.say("INFO errorstats").contains("FOO"), "nothing went wrong");
    for name in ["RELOAD", "restart"] {
        let shown = name.to_uppercase();
        let reply = format!("-ERR DEBUG {shown} is not supported by this release of slotmesh\r\n");
        assert_eq!(client.say(&format!("DEBUG {name}")), reply);
    }
    let unknown = "-ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.\r\n";
    assert_eq!(client.say("DEBUG foo"), unknown);
}
