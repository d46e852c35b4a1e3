//! What is no payload, or no sound one.

use slotmesh_rdb::{Damage, Limits, RestoreError, dump, restore};
use slotmesh_store::ValueRef;

use crate::shown::sealed;

fn refusal(body: &[u8]) -> RestoreError {
    restore(&sealed(body, 80), &Limits::default()).expect_err("it is damaged")
}

fn damage(body: &[u8]) -> Damage {
    match refusal(body) {
        RestoreError::Value(damage) => damage,
        RestoreError::Footer => panic!("the footer is right"),
    }
}

#[test]
fn a_footer_has_to_be_of_a_version_that_is_known_and_right() {
    let payload = dump(ValueRef::Text(b"hello"));
    for end in 0..payload.len() {
        assert!(restore(&payload[..end], &Limits::default()).is_err(), "cut at {end}");
    }
    for at in 0..payload.len() {
        let mut changed = payload.clone();
        changed[at] ^= 4;
        assert_eq!(restore(&changed, &Limits::default()).expect_err("it was changed"), RestoreError::Footer);
    }
    let known = |version| restore(&sealed(b"\0\x01a", version), &Limits::default()).is_ok();
    let versions: Vec<u16> = (0..100).chain([255, 256, u16::MAX]).filter(|version| known(*version)).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 80]);
}

#[test]
fn errors_are_told_in_the_words_of_real_servers() {
    assert_eq!(RestoreError::Footer.to_string(), "DUMP payload version or checksum are wrong");
    assert_eq!(refusal(b"").to_string(), "Bad data format");
}

#[test]
fn only_types_of_values_are_read() {
    assert_eq!(damage(b""), Damage::Ended);
    for number in [6, 7, 8, 23, 42, 250, 255] {
        assert_eq!(damage(&[number, 0]), Damage::Kind(number));
    }
}

#[test]
fn lengths_are_not_believed() {
    for kind in [1, 2, 3, 4, 5, 14, 18, 22] {
        let body = [kind, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(damage(&body), Damage::Ended, "{kind}");
        assert_eq!(damage(&[kind, 0xc0, 1]), Damage::Length, "{kind}");
        assert_eq!(damage(&[kind, 0]), Damage::Empty, "{kind}");
    }
    assert_eq!(damage(&[0, 0x80, 0xff, 0xff, 0xff, 0xff]), Damage::TooLong);
    assert_eq!(damage(&[0, 0x82]), Damage::Length);
    assert_eq!(damage(&[0, 0xc4, 1]), Damage::Length);
    // Compressed: two bytes that are said to be a gigabyte, or no repetition at all.
    assert_eq!(damage(&[0, 0xc3, 2, 0x80, 0x1f, 0xff, 0xff, 0xff, 0, b'a']), Damage::Compressed);
    assert_eq!(damage(&[0, 0xc3, 2, 0x80, 0x40, 0, 0, 0, 0, b'a']), Damage::TooLong);
    assert_eq!(damage(&[0, 0xc3, 2, 5, 0x20, 0]), Damage::Compressed);
}

#[test]
fn a_text_is_as_long_as_is_allowed_at_most() {
    let limits = Limits { text_bytes: 10, ..Limits::default() };
    assert!(restore(&dump(ValueRef::Text(&[b'a'; 10])), &limits).is_ok());
    let error = restore(&dump(ValueRef::Text(&[b'a'; 100])), &limits).expect_err("it is longer");
    assert_eq!(error, RestoreError::Value(Damage::TooLong));
}

#[test]
fn nothing_is_there_twice() {
    assert_eq!(damage(b"\x02\x02\x01a\x01a"), Damage::Members);
    assert_eq!(damage(b"\x04\x02\x01a\x01b\x01a\x01c"), Damage::Members);
    assert_eq!(damage(b"\x05\x02\x01a\0\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\0"), Damage::Members);
    let twice = listpack(&[b"\x81a\x02", b"\x81b\x02", b"\x81a\x02", b"\x81b\x02"]);
    assert_eq!(damage(&[&[16], &twice[..]].concat()), Damage::Members);
    assert_eq!(damage(&[&[20], &twice[..]].concat()), Damage::Members);
    let odd = listpack(&[b"\x81a\x02"]);
    assert_eq!(damage(&[&[16], &odd[..]].concat()), Damage::Members);
    assert_eq!(damage(&[&[17], &odd[..]].concat()), Damage::Score);
    let numbers = b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x05\0\x05\0";
    assert_eq!(damage(numbers), Damage::Packed("set of numbers"));
}

#[test]
fn scores_are_numbers_in_their_order() {
    assert_eq!(damage(b"\x05\x01\x01a\0\0\0\0\0\0\xf8\x7f"), Damage::Score);
    assert_eq!(damage(b"\x03\x01\x01a\xfd"), Damage::Score);
    assert_eq!(damage(b"\x03\x01\x01a\x03one"), Damage::Score);
    let fallen = listpack(&[b"\x81a\x02", b"\x02\x01", b"\x81b\x02", b"\x01\x01"]);
    assert_eq!(damage(&[&[17], &fallen[..]].concat()), Damage::Order);
}

#[test]
fn terms_of_fields_are_moments() {
    assert_eq!(damage(b"\x16\x01\x01f\x01v\xfb\xff\xff\xff\xff\xff\xff\xff"), Damage::Term);
    assert!(restore(&sealed(b"\x16\x01\x01f\x01v\0\0\0\0\0\0\0\0", 80), &Limits::default()).is_ok());
}

#[test]
fn pieces_of_lists_hold_something() {
    assert_eq!(damage(b"\x12\x01\x01\x00"), Damage::Empty);
    assert_eq!(damage(b"\x12\x01\x02\x07\x07\0\0\0\0\0\xff"), Damage::Empty);
    assert_eq!(damage(b"\x12\x01\x03\x01a"), Damage::Packed("list"));
    assert_eq!(damage(b"\x12\x01\x02\x07\x08\0\0\0\0\0\xff"), Damage::Packed("listpack"));
}

#[test]
fn a_stream_fits_together() {
    // No nodes; length, last, first, highest deleted, added; no groups.
    let stream = |counters: [u8; 8], groups: &[u8]| [&[21, 0][..], &counters, groups].concat();
    let sound = stream([0, 5, 5, 0, 0, 3, 3, 1], &[0]);
    assert!(restore(&sealed(&sound, 11), &Limits::default()).is_ok());
    assert_eq!(damage(&stream([1, 5, 5, 0, 0, 3, 3, 1], &[0])), Damage::Entries);
    assert_eq!(damage(&stream([0, 5, 5, 0, 0, 6, 3, 1], &[0])), Damage::Entries);
    // A node of another key, and one that is empty.
    assert_eq!(damage(b"\x15\x01\x03abc\x00"), Damage::Entries);
    let empty = [&[21, 1, 16][..], &[0; 16], b"\x07\x07\0\0\0\0\0\xff"].concat();
    assert_eq!(damage(&empty), Damage::Empty);
}

#[test]
fn what_is_pending_has_one_consumer() {
    let counters = [0, 5, 5, 0, 0, 3, 3, 1];
    let stream = |groups: &[&[u8]]| [&[21, 0][..], &counters, &groups.concat()].concat();
    let (id, nack, times) = ([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], [9, 0, 0, 0, 0, 0, 0, 0, 2], [7; 16]);
    let group: &[u8] = b"\x01\x01g\x05\x05\x01";
    let sound = stream(&[group, &[1], &id, &nack, &[1], b"\x01c", &times, &[1], &id]);
    assert!(restore(&sealed(&sound, 11), &Limits::default()).is_ok());
    for groups in [
        // Twice in the group, twice with consumers, with none, only with one.
        &[group, &[2], &id, &nack, &id, &nack, &[1], b"\x01c", &times, &[1], &id][..],
        &[group, &[1], &id, &nack, &[2], b"\x01c", &times, &[1], &id, b"\x01d", &times, &[1], &id],
        &[group, &[1], &id, &nack, &[0]],
        &[group, &[0], &[1], b"\x01c", &times, &[1], &id],
        // A consumer twice, a group twice.
        &[group, &[0], &[2], b"\x01c", &times, &[0], b"\x01c", &times, &[0]],
        &[b"\x02\x01g\x05\x05\x01\x00\x00", b"\x01g\x05\x05\x01\x00\x00"],
    ] {
        assert_eq!(damage(&stream(groups)), Damage::Groups, "{groups:?}");
    }
}

/// A text of a listpack, which does not say how many values it has, of values as they stand in one.
fn listpack(values: &[&[u8]]) -> Vec<u8> {
    let values = values.concat();
    let length = values.len() as u8 + 7;
    [&[length, length, 0, 0, 0, 0xff, 0xff][..], &values, &[255]].concat()
}
