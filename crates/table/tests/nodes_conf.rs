//! nodes.conf: files of real servers are read and written back, everything else is refused.

use std::path::PathBuf;
use std::{env, fs};

use proptest::prelude::*;
use serde_json::Value;
use slotmesh_table::conf::{ConfError, ConfFile, LineError};
use slotmesh_types::{Mono, Now, UnixMillis};

fn folder() -> PathBuf {
    env::var_os("SLOTMESH_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata")), PathBuf::from)
}

fn files() -> Vec<(String, Value, Vec<u8>)> {
    let index = fs::read_to_string(folder().join("index.json")).expect("the folder has an index");
    let index: Value = serde_json::from_str(&index).expect("the index is JSON");
    let read = |entry: &Value| {
        let file = entry["file"].as_str().expect("an entry has a file").to_owned();
        let text = fs::read(folder().join(&file)).expect("the file is there");
        (file, entry.clone(), text)
    };
    index["node_confs"].as_array().expect("the index lists files").iter().map(read).collect()
}

/// Redis 7.0 pads its file with empty lines, which carry nothing.
fn without_padding(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| *line != b"\n");
    lines.flatten().copied().collect()
}

fn now() -> Now {
    Now { mono: Mono::from_micros(1_795_000_000_000_000), unix: UnixMillis(1_795_000_000_000) }
}

#[test]
fn files_of_real_servers_are_written_back_the_same() {
    let files = files();
    assert!(!files.is_empty(), "no files in {}", folder().display());
    for (file, _, text) in files {
        let conf = ConfFile::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let back = conf.to_text();
        assert_eq!(String::from_utf8_lossy(&back), String::from_utf8_lossy(&without_padding(&text)), "{file}");
    }
}

#[test]
fn files_of_real_servers_make_the_tables_they_describe() {
    for (file, entry, text) in files() {
        let conf = ConfFile::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let table = conf.into_table(now().mono).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(table.me().id().as_str(), entry["myself"], "{file}: myself");
        assert_eq!(table.current_epoch.0, entry["vars"]["currentEpoch"], "{file}: currentEpoch");
        assert_eq!(table.last_vote_epoch.0, entry["vars"]["lastVoteEpoch"], "{file}: lastVoteEpoch");
        for node in entry["nodes"].as_array().expect("nodes") {
            let id = node["id"].as_str().expect("an id").parse().expect("an id");
            let key = table.lookup(&id).unwrap_or_else(|| panic!("{file}: {id} is missing"));
            let known = table.node(key);
            assert_eq!(known.address.port, node["port"], "{file}: port of {id}");
            assert_eq!(known.address.host.as_str(), node["ip"], "{file}: address of {id}");
            assert_eq!(
                known.announcements.hostname.as_str(),
                node["hostname"].as_str().unwrap_or(""),
                "{file}: hostname of {id}"
            );
            let primary = known.primary_key().map(|key| table.node(key).id().to_string());
            assert_eq!(primary.as_deref(), node["primary"].as_str(), "{file}: primary of {id}");
            let ranges: Vec<_> = known.slots().ranges().map(|r| [r.first().get(), r.last().get()]).collect();
            let expected: Vec<[u16; 2]> = serde_json::from_value(node["slots"].clone()).expect("ranges");
            assert_eq!(ranges, expected, "{file}: slots of {id}");
        }
    }
}

#[test]
fn a_table_survives_the_way_through_its_file() {
    for (file, _, text) in files() {
        let table = ConfFile::parse(&text).unwrap().into_table(now().mono).unwrap();
        let written = ConfFile::from_table(&table, now());
        let again = ConfFile::parse(&written.to_text()).unwrap().into_table(now().mono).unwrap();
        assert_eq!(ConfFile::from_table(&again, now()), written, "{file}");
    }
}

const ME: &str = "08bd000000000000000000000000000000000001 127.0.0.1:1@2,,tls-port=0,shard-id=\
                  03ac000000000000000000000000000000000001 myself,master - 0 0 1 connected 0-5\n";

fn reason(text: &str) -> LineError {
    match ConfFile::parse(text.as_bytes()) {
        Err(ConfError::Line { reason, .. }) => reason,
        other => panic!("a line is wrong: {other:?}"),
    }
}

#[test]
fn what_real_servers_refuse_is_refused_with_its_line() {
    assert_eq!(ConfFile::parse(b"vars currentEpoch 1 lastVoteEpoch 0\n"), Err(ConfError::NoMyself));
    assert!(matches!(reason(&format!("{ME}{ME}")), LineError::Duplicate(_)));
    assert_eq!(reason(&ME.replace("0-5", "0-16384")), LineError::Slot("0-16384".into()));
    assert_eq!(reason(&ME.replace("0-5", "5-0")), LineError::Slot("5-0".into()));
    assert_eq!(reason(&ME.replace("myself,master", "myself,king")), LineError::Flag("king".into()));
    assert_eq!(reason(&ME.replace("tls-port=0", "color=red")), LineError::Auxiliary("color=red".into()));
    assert_eq!(
        reason(&ME.replace("connected 0-5", "connected").replace(" - 0 0 1 connected", "")),
        LineError::Words(3)
    );
    assert_eq!(reason("vars currentEpoch\n"), LineError::Vars);
    let second = ME.replace("08bd", "08be");
    assert_eq!(reason(&format!("{ME}{second}")), LineError::SecondMyself);
}

/// A real server sets them with `inet_pton` of one family each, and does not start when that fails. [text-1]
#[test]
fn a_client_address_of_the_other_family_is_refused() {
    for field in ["client-ipv4=::1", "client-ipv4=::ffff:1.2.3.4", "client-ipv6=1.2.3.4", "client-ipv4=host"] {
        assert_eq!(reason(&ME.replace("tls-port=0", field)), LineError::Auxiliary(field.into()));
    }
}

#[test]
fn what_is_announced_is_kept_without_the_fields_that_every_release_writes() {
    for field in
        ["nodename=n1", "availability-zone=az-1", "client-ipv4=1.2.3.4", "client-ipv6=::1", "client-tcp-port=7"]
    {
        let (before, after) = ME.split_once("tls-port=0,").unwrap();
        let (_, after) = after.split_once(' ').unwrap();
        let file = ConfFile::parse(format!("{before}{field} {after}").as_bytes()).unwrap();
        assert_eq!(ConfFile::parse(&file.to_text()), Ok(file), "{field}");
    }
}

#[test]
fn a_torn_file_is_refused() {
    for cut in 1..ME.len() {
        assert!(ConfFile::parse(&ME.as_bytes()[..cut]).is_err(), "cut after {cut} bytes");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ConfFile::parse(&text);
    }

    #[test]
    fn a_changed_byte_is_refused_or_gives_a_table(at in 0..ME.len(), byte in any::<u8>()) {
        let mut text = ME.as_bytes().to_vec();
        text[at] = byte;
        if let Ok(conf) = ConfFile::parse(&text) {
            let table = conf.into_table(now().mono).unwrap();
            let text = ConfFile::from_table(&table, now()).to_text();
            prop_assert!(ConfFile::parse(&text).is_ok(), "what was read can be read again");
        }
    }
}
