//! What real servers have written.

use slotmesh_rdb::{Limits, dump, restore};
use slotmesh_store::stream::{Group, StreamId};
use slotmesh_store::{Value, ValueRef};

use crate::shown::{sealed, shown};

const PAYLOADS: &str = include_str!("../../testdata/payloads.txt");

/// Server, key, payload, and what it holds.
fn payloads() -> Vec<(&'static str, &'static str, Vec<u8>, String)> {
    let lines = PAYLOADS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            let [server, key, payload, kind] = words[..4] else { panic!("{line}") };
            (server, key, bytes(payload), format!("{kind} {}", words.get(4).unwrap_or(&"")))
        })
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits")).collect()
}

fn payload_of(server: &str, key: &str) -> Value {
    let found = payloads().into_iter().find(|(by, of, ..)| *by == server && *of == key).expect("it is in the file");
    restore(&found.2, &Limits::default()).expect("it is a payload")
}

#[test]
fn payloads_of_real_servers_hold_what_was_in_their_keys() {
    let payloads = payloads();
    assert_eq!(payloads.len(), 67);
    for (server, key, payload, held) in payloads {
        let value = restore(&payload, &Limits::default()).unwrap_or_else(|error| panic!("{server} {key}: {error}"));
        assert_eq!(shown(&value), held, "{server} {key}");
        let own = dump(ValueRef::from(&value));
        let again = restore(&own, &Limits::default()).unwrap_or_else(|error| panic!("{server} {key}, again: {error}"));
        assert_eq!(shown(&again), held, "{server} {key}, again");
    }
}

/// But for the footer, where old servers want another form, and for a few bytes of what is compressed.
#[test]
fn most_is_written_as_real_servers_write_it() {
    for (server, key, payload, _) in payloads() {
        let value = restore(&payload, &Limits::default()).expect("it is a payload");
        let same = dump(ValueRef::from(&value)).len().abs_diff(payload.len()) <= 8 + payload.len() / 16;
        let own_form = matches!(key, "set-pack" | "set-table" | "hash-table") || key.starts_with("stream");
        assert!(same || own_form, "{server} {key}");
    }
}

#[test]
fn every_version_is_the_lowest_that_has_what_is_in_it() {
    for (server, key, payload, _) in payloads() {
        let value = restore(&payload, &Limits::default()).expect("it is a payload");
        let own = dump(ValueRef::from(&value));
        let expected = match key {
            "hash-terms" => 80,
            // One of the consumers has never got anything; Redis 7.0 has but one time.
            "stream" if server != "redis-7.0.15" => 11,
            _ if key.starts_with("stream") || key.starts_with("list") => 10,
            "hash-pack" | "zset-pack" => 10,
            _ => 9,
        };
        assert_eq!(own[own.len() - 10], expected, "{server} {key}");
    }
}

#[test]
fn terms_of_fields_are_kept() {
    let Value::Hash(hash) = payload_of("valkey-9.1.2", "hash-terms") else { panic!("it is a hash") };
    assert_eq!((hash.deadline(b"f", 1), hash.deadline(b"g", 1)), (Some(Some(4_000_000_000_000)), Some(None)));
}

#[test]
fn a_stream_keeps_its_groups_and_what_it_remembers() {
    for server in ["valkey-9.1.2", "valkey-8.1.8", "redis-7.0.15"] {
        let Value::Stream(stream) = payload_of(server, "stream") else { panic!("it is a stream") };
        let counters = stream.counters();
        assert_eq!(
            (counters.added, counters.last, counters.max_deleted),
            (4, StreamId::new(6, 0), StreamId::new(6, 0))
        );
        let group = stream.group(b"g").expect("it was made");
        assert_eq!((group.last(), group.read(), group.pending_len()), (StreamId::new(1, 2), None, 2));
        let times: Vec<_> =
            group.consumers().map(|(_, one)| (one.name(), one.active().is_some(), one.pending_len())).collect();
        // Redis 7.0 does not tell the two times apart.
        assert_eq!(times, [(&b"alice"[..], true, 2), (&b"idle"[..], server == "redis-7.0.15", 0)]);
        assert_eq!(stream.group(b"h").map(|group| (group.last(), group.read())), Some((StreamId::new(6, 0), None)));
    }
}

#[test]
fn forms_that_only_old_servers_write_are_read() {
    let ziplist = |values: &[u8], last: u8, count: u8| {
        let length = 11 + values.len() as u8;
        [&[length, length, 0, 0, 0, last, 0, 0, 0, count, 0][..], values, &[255]].concat()
    };
    let pairs = ziplist(b"\x00\x01a\x03\xf2\x02\x01b\x03\x031.5", 18, 4);
    for (number, body, held) in [
        (1, b"\x02\x01a\xc0\x05".to_vec(), "list a,5"),
        (10, pairs.clone(), "list a,1,b,1.5"),
        (12, pairs.clone(), "zset a=1,b=1.5"),
        (13, pairs.clone(), "hash a=1,b=1.5"),
        (14, [&[2][..], &pairs, &ziplist(b"\x00\x01c", 10, 1)].concat(), "list a,1,b,1.5,c"),
        (9, b"\x0b\x01\x03foo\x03\x00bar\xff".to_vec(), "hash foo=bar"),
        (3, b"\x03\x01a\x031.5\x01b\xfe\x01c\xff".to_vec(), "zset c=-inf,a=1.5,b=inf"),
        (2, b"\x02\x01a\xc0\x05".to_vec(), "set 5,a"),
    ] {
        let payload = sealed(&[&[number][..], &body].concat(), 6);
        let value = restore(&payload, &Limits::default()).unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(shown(&value), held, "{number}");
    }
}

/// The number of entries that a group has read follows from where it is, or is not known.
#[test]
fn streams_of_old_servers_have_groups_that_did_not_count() {
    let group = |name: u8, ms: u8, seq: u8| [1, name, ms, seq, 0, 0];
    let body = [&[15, 0, 0, 3, 3, 2][..], &group(b'g', 3, 3), &group(b'h', 9, 9)].concat();
    let Ok(Value::Stream(stream)) = restore(&sealed(&body, 9), &Limits::default()) else { panic!("it is a stream") };
    assert_eq!(stream.group(b"g").and_then(Group::read), Some(0));
    assert_eq!(stream.counters().last, StreamId::new(3, 3));
}
