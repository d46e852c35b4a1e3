//! CONFIG GET and CONFIG SET.

use proptest::prelude::*;
use slotmesh_config::{Config, SetError, glob};

fn refused(pairs: &[(&str, &str)]) -> String {
    let mut config = Config::default();
    let error = config.set(pairs).expect_err("a wrong value").to_string();
    assert_eq!(config, Config::default(), "nothing changed");
    error
}

#[test]
fn wrong_values_get_the_words_of_real_servers() {
    let failed =
        |name: &str, reason: &str| format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}");
    assert_eq!(refused(&[("nope", "1")]), "Unknown option or number of arguments for CONFIG SET - 'nope'");
    assert_eq!(refused(&[("cluster-port", "1")]), failed("cluster-port", "can't set immutable config"));
    for name in ["dir", "dbfilename"] {
        assert_eq!(refused(&[(name, "/tmp")]), failed(name, "can't set protected config"));
    }
    for wrong in ["+5", "05", "-0", " 5", ""] {
        let expected = failed("timeout", "argument couldn't be parsed into an integer");
        assert_eq!(refused(&[("timeout", wrong)]), expected, "{wrong}");
    }
    assert!(refused(&[("port", "60000")]).contains("the bus port would be"));
    assert_eq!(refused(&[("timeout", "x")]), failed("timeout", "argument couldn't be parsed into an integer"));
    assert_eq!(refused(&[("timeout", "-1")]), failed("timeout", "argument must be between 0 and 2147483647 inclusive"));
    assert_eq!(
        refused(&[("cluster-link-sendbuf-limit", "1x")]),
        failed("cluster-link-sendbuf-limit", "argument must be a memory value")
    );
    assert_eq!(
        refused(&[("cluster-require-full-coverage", "maybe")]),
        failed("cluster-require-full-coverage", "argument must be 'yes' or 'no'")
    );
    assert_eq!(
        refused(&[("cluster-preferred-endpoint-type", "x")]),
        failed(
            "cluster-preferred-endpoint-type",
            "argument(s) must be one of the following: ip, hostname, unknown-endpoint"
        )
    );
    assert_eq!(
        refused(&[("cluster-announce-client-ipv4", "x")]),
        failed("cluster-announce-client-ipv4", "Invalid IPv4 address")
    );
    assert_eq!(refused(&[("timeout", "1"), ("timeout", "2")]), failed("timeout", "duplicate parameter"));
    assert_eq!(
        refused(&[("timeout", "1"), ("cluster-node-timeout", "x")]),
        failed("cluster-node-timeout", "argument couldn't be parsed into an integer")
    );
}

#[test]
fn hidden_directives_answer_to_their_exact_name_only() {
    let config = Config::default();
    assert_eq!(config.get("cluster-ping-interval"), [("cluster-ping-interval", "0")]);
    assert!(config.get("cluster-ping-*").is_empty());
    assert_eq!(config.get("cluster-slave-validity-factor"), [("cluster-slave-validity-factor", "10")]);
}

#[test]
fn only_what_differs_counts_as_changed() {
    let mut config = Config::default();
    assert_eq!(config.set(&[("timeout", "0"), ("tcp-keepalive", "60")]), Ok(vec!["tcp-keepalive"]));
    assert_eq!(config.set(&[("cluster-link-sendbuf-limit", "1kb")]), Ok(vec!["cluster-link-sendbuf-limit"]));
    assert_eq!(config.number("cluster-link-sendbuf-limit"), 1024);
    assert_eq!(config.set(&[("maxmemory-clients", "5%")]), Ok(vec!["maxmemory-clients"]));
    assert_eq!(config.text("maxmemory-clients"), "5%");
    assert!(config.set(&[("maxmemory-clients", "101%")]).is_err());
}

#[test]
fn output_limits_change_class_by_class() {
    let name = "client-output-buffer-limit";
    let failed = |reason: &str| format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}");
    for wrong in ["x", "pubsub 1 2", " pubsub 1 2 3"] {
        assert_eq!(
            refused(&[(name, wrong)]),
            failed("Wrong number of arguments in buffer limit configuration."),
            "{wrong}"
        );
    }
    for wrong in ["pubsub 1 2 x", "pubsub 1x 2 3", "pubsub -1 2 3", "pubsub 1 2 -3"] {
        assert_eq!(
            refused(&[(name, wrong)]),
            failed("Error in hard, soft or soft_seconds setting in buffer limit configuration."),
            "{wrong}"
        );
    }
    for wrong in ["master 1 2 3", "nope 1 2 3"] {
        assert_eq!(
            refused(&[(name, wrong)]),
            failed("Invalid client class specified in buffer limit configuration."),
            "{wrong}"
        );
    }
    let mut config = Config::default();
    assert_eq!(config.set(&[(name, "")]), Ok(vec![]));
    assert_eq!(config.set(&[(name, "PUBSUB 1mb 2kb 3 replica 7 8 9")]), Ok(vec![name]));
    assert_eq!(config.text(name), "normal 0 0 0 slave 7 8 9 pubsub 1048576 2048 3");
    let limit = config.output_limits().pubsub;
    assert_eq!((limit.hard_bytes, limit.soft_bytes, limit.soft_seconds), (1 << 20, 2048, 3));
}

#[test]
fn what_was_settled_at_start_shows_though_it_can_not_be_set() {
    let mut config = Config::default();
    let name = "slotmesh-cluster-name";
    assert!(config.set(&[(name, "blue")]).is_err());
    assert_eq!(config.settle(name, "blue"), Ok(()));
    assert_eq!(config.get(name), [(name, "blue")]);
    assert!(config.settle(name, "no spaces").is_err());
    assert_eq!(config.settle("no-such-directive", "x"), Err(SetError::Unknown("no-such-directive".to_owned())));
    assert_eq!(config.text(name), "blue");
}

proptest! {
    #[test]
    fn no_pattern_makes_get_panic(pattern in ".{0,20}") {
        let _ = Config::default().get(&pattern);
    }

    #[test]
    fn a_text_between_stars_is_found(before in "[a-z]{0,5}", text in "[a-z]{1,5}", after in "[a-z]{0,5}") {
        let whole = format!("{before}{text}{after}");
        let pattern = format!("*{text}*");
        prop_assert!(glob::matches(pattern.as_bytes(), whole.as_bytes()));
    }

    #[test]
    fn no_file_makes_load_panic(text in ".{0,200}") {
        let _ = Config::load(&["x".to_owned()], &|_| Ok(text.clone()));
    }
}
