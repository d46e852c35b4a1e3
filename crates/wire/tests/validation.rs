//! Damaged packets: each rule of reception with what breaks it. What closes a link comes from `frame_length`, what is
//! ignored with the link left open from `Packet::decode`.

use slotmesh_types::{ConfigEpoch, NodeId, ShardId, SlotSet};
use slotmesh_wire::{
    Body, DropReason, Extension, FrameError, GossipFields, HeaderFields, HeaderTemplate, Kind, ModuleMessage, Packet,
    Publish, encode_light_module, encode_light_publish, frame_length,
};

const FULL: usize = 2256;
const ENTRY: usize = 104;
/// Where a heartbeat of [`ping`] has its first extension: a host name, in 16 bytes.
const EXTENSION_AT: usize = FULL + 2 * ENTRY;

const TOTLEN: usize = 4;
const VERSION: usize = 8;
const KIND: usize = 12;
const COUNT: usize = 14;
const EXTENSIONS: usize = 2214;
const MESSAGE_FLAGS: usize = 2253;

/// [frame-1]
#[test]
fn what_is_no_packet_closes_the_link() {
    const HEARTBEAT_MAX: u32 = 2256 + 104 * 65_535 + (1 << 20);
    const MESSAGE_MAX: u32 = (1 << 30) + 4096;
    let ping = ping();
    let light = light_publish();
    let cases = [
        (set(&ping, 0, b"PING"), FrameError::Signature { got: *b"PING" }),
        (set(&ping, 3, b"B"), FrameError::Signature { got: *b"RCmB" }),
        (set(&ping, TOTLEN, &[0; 4]), FrameError::Length { got: 0, min: 2256 }),
        (set(&ping, TOTLEN, &2255_u32.to_be_bytes()), FrameError::Length { got: 2255, min: 2256 }),
        // An unknown type has a full header, too, and so has a light type without the light bit.
        (set(&fail(), TOTLEN, &2255_u32.to_be_bytes()), FrameError::Length { got: 2255, min: 2256 }),
        (set(&light, KIND, &4_u16.to_be_bytes()), FrameError::Length { got: 33, min: 2256 }),
        (set(&light, TOTLEN, &15_u32.to_be_bytes()), FrameError::Length { got: 15, min: 16 }),
        (set(&light, TOTLEN, &[0; 4]), FrameError::Length { got: 0, min: 16 }),
        (set(&ping, TOTLEN, &[0xff; 4]), FrameError::TooLong { got: u32::MAX, max: HEARTBEAT_MAX }),
        (set(&light, TOTLEN, &[0xff; 4]), FrameError::TooLong { got: u32::MAX, max: MESSAGE_MAX }),
    ];
    for (bytes, expected) in cases {
        assert_eq!(frame_length(&bytes), Err(expected));
    }
}

/// [frame-2]
#[test]
fn lengths_within_the_bounds_are_waited_for() {
    assert_eq!(frame_length(&set(&ping(), TOTLEN, &2256_u32.to_be_bytes())), Ok(Some(2256)));
    assert_eq!(frame_length(&set(&light_publish(), TOTLEN, &16_u32.to_be_bytes())), Ok(Some(16)));
    assert_eq!(frame_length(&ping()[..13]), Ok(None));
}

#[test]
fn a_light_header_is_for_publish_and_module_messages() {
    for kind in [0_u16, 1, 2, 3, 5, 6, 7, 8, 11, 0x7fff] {
        let bytes = set(&light_publish(), KIND, &(kind | 0x8000).to_be_bytes());
        assert_eq!(refusal(&bytes), DropReason::LightKind(kind));
    }
    for bytes in [light_publish(), light_module()] {
        assert!(Packet::decode(&bytes).is_ok());
    }
}

/// [valid-1]
#[test]
fn another_version_is_ignored() {
    for version in [0_u16, 2, 256, u16::MAX] {
        for packet in [ping(), fail(), light_publish()] {
            let bytes = set(&packet, VERSION, &version.to_be_bytes());
            assert_eq!(refusal(&bytes), DropReason::Version(version));
        }
    }
}

/// [valid-1]
#[test]
fn heartbeats_are_as_long_as_their_counts_say() {
    let ping = ping();
    let rest = ping.len() - FULL;
    let cases = [
        ("an entry too many", set(&ping, COUNT, &[0, 5]), length("gossip", 5 * ENTRY, rest)),
        ("the most entries", set(&ping, COUNT, &[0xff; 2]), length("gossip", 65_535 * ENTRY, rest)),
        ("an entry too few", set(&ping, COUNT, &[0, 1]), extension(u32::from_be_bytes([0xaa; 4]), rest - ENTRY)),
        ("an extension too few", set(&ping, EXTENSIONS, &[0, 1]), length("extensions", 16, 16 + 48)),
        ("an extension too many", set(&ping, EXTENSIONS, &[0, 3]), extension(0, 0)),
        ("no bit for extensions", set(&ping, MESSAGE_FLAGS, &[0]), length("extensions", 0, 16 + 48)),
        ("a byte too many", [&ping[..], &[0]].concat(), length("extensions", 64, 65)),
        ("a byte too few", ping[..ping.len() - 1].to_vec(), extension(48, 47)),
        ("no extension", ping[..EXTENSION_AT].to_vec(), extension(0, 0)),
        ("half an entry", ping[..FULL + 150].to_vec(), length("gossip", 2 * ENTRY, 150)),
        ("no body", ping[..FULL].to_vec(), length("gossip", 2 * ENTRY, 0)),
        ("half a header", ping[..FULL - 1].to_vec(), length("header", FULL, FULL - 1)),
        ("half a prefix", ping[..15].to_vec(), length("header", 16, 15)),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(refusal(&bytes), expected, "{what}");
    }
}

/// [valid-1]
#[test]
fn extensions_are_multiples_of_eight_and_end_in_the_packet() {
    let ping = ping();
    let left = ping.len() - EXTENSION_AT;
    for wrong in [0_u32, 1, 7, 9, 12, 15, 17, 20, 72, 65_552, 1 << 31, u32::MAX - 7, u32::MAX] {
        let bytes = set(&ping, EXTENSION_AT, &wrong.to_be_bytes());
        assert_eq!(refusal(&bytes), extension(wrong, left), "length {wrong}");
    }
    // 65552 is 16 in its low half: releases that read 16 bits took it for the true length.
    let swallowed = set(&set(&ping, EXTENSION_AT, &64_u32.to_be_bytes()), EXTENSIONS, &[0, 1]);
    assert!(Packet::decode(&swallowed).is_ok(), "one long extension instead of two short ones");
    let header_only = set(&ping, EXTENSION_AT, &8_u32.to_be_bytes());
    assert_eq!(refusal(&header_only), extension(u32::from_be_bytes(*b"host"), left - 8));
}

/// [valid-1]
#[test]
fn messages_have_one_length_each() {
    let exact = [
        ("fail", fail(), 40),
        ("vote request", made(|template, out| template.auth_request(true, out)), 0),
        ("vote", made(|template, out| template.bare(Kind::AuthAck, out)), 0),
        ("manual failover start", made(|template, out| template.bare(Kind::MfStart, out)), 0),
        ("update", made(|template, out| template.update(name(1), ConfigEpoch(3), &SlotSet::full(), out)), 2096),
    ];
    for (section, packet, body) in exact {
        assert_eq!(packet.len(), FULL + body);
        for got in [body + 1, body + 8].into_iter().chain(body.checked_sub(1)) {
            let mut bytes = packet.clone();
            bytes.resize(FULL + got, 0);
            assert_eq!(refusal(&bytes), length(section, body, got));
        }
    }
}

#[test]
fn strings_fill_their_messages() {
    let full = made(|template, out| template.publish(Kind::PublishShard, PUBLISH, out));
    for (packet, at) in [(light_publish(), 16), (full, FULL)] {
        let cases = [
            (set(&packet, at, &5_u32.to_be_bytes()), 10, 9),
            (set(&packet, at + 4, &4_u32.to_be_bytes()), 8, 9),
            (set(&packet, at, &[0xff; 8]), 2 * (u64::from(u32::MAX)), 9),
            ([&packet[..], b"!"].concat(), 9, 10),
            (packet[..packet.len() - 1].to_vec(), 9, 8),
            (packet[..at + 7].to_vec(), 8, 7),
        ];
        for (bytes, expected, got) in cases {
            assert_eq!(refusal(&bytes), DropReason::Length { section: "publish", expected, got });
        }
    }
    let full = made(|template, out| template.module(MODULE, out));
    for (packet, at) in [(light_module(), 16), (full, FULL)] {
        let cases = [
            (set(&packet, at + 8, &6_u32.to_be_bytes()), 6, 7),
            (set(&packet, at + 8, &[0xff; 4]), u64::from(u32::MAX), 7),
            ([&packet[..], b"!"].concat(), 7, 8),
            (packet[..at + 12].to_vec(), 13, 12),
        ];
        for (bytes, expected, got) in cases {
            assert_eq!(refusal(&bytes), DropReason::Length { section: "module", expected, got });
        }
    }
}

#[test]
fn what_later_releases_may_add_is_tolerated() {
    let reserved = set(&ping(), 2216 + 12, &[0xff; 18]);
    let flags = set(&ping(), MESSAGE_FLAGS, &[0xfc, 0xff, 0xff]);
    let role = set(&ping(), 2250, &[0xff; 2]);
    let extension = set(&ping(), EXTENSION_AT + 4, &99_u16.to_be_bytes());
    for bytes in [reserved, flags, role, extension] {
        assert!(matches!(Packet::decode(&bytes), Ok(Packet::Full(_, Body::Heartbeat(_)))));
    }
    for kind in [11_u16, 12, 0x7fff] {
        // The length of an unknown type is nobody's business.
        for bytes in [fail(), ping(), fail()[..FULL].to_vec()] {
            let bytes = set(&bytes, KIND, &kind.to_be_bytes());
            let Ok(Packet::Full(header, Body::Unknown)) = Packet::decode(&bytes) else { panic!("type {kind}") };
            assert_eq!(header.kind(), Kind::Unknown(kind));
        }
    }
}

#[test]
fn extensions_without_their_bit_count_as_none() {
    let mut out = Vec::new();
    template().heartbeat(Kind::Ping, &mut out).finish();
    let bytes = set(&out, EXTENSIONS, &[0, 3]);
    let Ok(Packet::Full(_, Body::Heartbeat(heartbeat))) = Packet::decode(&bytes) else { panic!("a ping") };
    assert_eq!(heartbeat.extensions().count(), 0);
}

const PUBLISH: Publish<'_> = Publish { channel: b"chan", message: b"hello" };
const MODULE: ModuleMessage<'_> = ModuleMessage { module: *b"moduleid", kind: 7, payload: b"payload" };

fn name(byte: u8) -> slotmesh_wire::Name {
    NodeId::from_entropy([byte; 20]).into()
}

fn template() -> HeaderTemplate {
    HeaderTemplate::new(&HeaderFields { sender: name(0xee), ..HeaderFields::default() })
}

fn made(make: impl FnOnce(&HeaderTemplate, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    make(&template(), &mut out);
    assert!(Packet::decode(&out).is_ok(), "what is damaged was whole before");
    out
}

/// Two entries and two extensions.
fn ping() -> Vec<u8> {
    made(|template, out| {
        let mut builder = template.heartbeat(Kind::Ping, out);
        builder.entry(&GossipFields { name: name(1), ..GossipFields::default() });
        // Names of rubbish show where a reader that is out of step looks.
        builder.entry(&GossipFields { name: slotmesh_wire::Name([0xaa; 40]), ..GossipFields::default() });
        builder.extension(&Extension::Hostname(b"host-1"));
        builder.extension(&Extension::ShardId(ShardId::from_entropy([2; 20]).into()));
        builder.finish();
    })
}

fn fail() -> Vec<u8> {
    made(|template, out| template.fail(name(1), out))
}

fn light_publish() -> Vec<u8> {
    made(|_, out| encode_light_publish(Kind::Publish, PUBLISH, out))
}

fn light_module() -> Vec<u8> {
    made(|_, out| encode_light_module(MODULE, out))
}

fn set(packet: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut damaged = packet.to_vec();
    damaged[at..at + bytes.len()].copy_from_slice(bytes);
    damaged
}

fn refusal(bytes: &[u8]) -> DropReason {
    Packet::decode(bytes).expect_err("a damaged packet is ignored")
}

fn length(section: &'static str, expected: usize, got: usize) -> DropReason {
    DropReason::Length { section, expected: expected as u64, got }
}

fn extension(got: u32, left: usize) -> DropReason {
    DropReason::Extension { got, left }
}
