//! Packets of real servers: decoded they say what the index says, and the index's content makes the same bytes.

use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, Host, ReplOffset, Slot, SlotRange, SlotSet, UnixMillis};
use slotmesh_wire::{
    Body, Extension, GossipFields, HeaderFields, HeaderTemplate, Kind, LightBody, MessageFlags, ModuleMessage, Name,
    NodeFlags, OwnMarks, Packet, Publish, encode_light_module, encode_light_publish, frame_length,
};

fn folder() -> PathBuf {
    env::var_os("SLOTMESH_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata")), PathBuf::from)
}

fn packets() -> Vec<(String, Value, Vec<u8>)> {
    let index = fs::read_to_string(folder().join("index.json")).expect("the folder has an index");
    let index: Value = serde_json::from_str(&index).expect("the index is JSON");
    let packets = index["packets"].as_array().expect("the index lists packets");
    let read = |packet: &Value| {
        let file = packet["file"].as_str().expect("a packet has a file").to_owned();
        let bytes = fs::read(folder().join(&file)).expect("the file is there");
        (file, packet["fields"].clone(), bytes)
    };
    packets.iter().map(read).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn short(value: &Value) -> u16 {
    u16::try_from(number(value)).expect("16 bits")
}

fn name(value: &Value) -> Name {
    value.as_str().map_or(Name::NULL, |text| Name(text.as_bytes().try_into().expect("40 characters")))
}

fn host(value: &Value) -> slotmesh_wire::HostField {
    value.as_str().expect("text").parse::<Host>().expect("an address").into()
}

fn slots(value: &Value) -> SlotSet {
    let mut set = SlotSet::new();
    for range in value.as_array().expect("ranges") {
        let slot = |index: usize| Slot::new(short(&range[index])).expect("a slot");
        set.insert_range(SlotRange::new(slot(0), slot(1)).expect("a range"));
    }
    set
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hex");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn header(fields: &Value) -> HeaderFields {
    let flag = |index: usize| number(&fields["mflags"][index]) as u8;
    assert_eq!(bytes(&fields["reserved_hex"]), [0; 30]);
    HeaderFields {
        port: short(&fields["port"]),
        other_port: short(&fields["pport"]),
        bus_port: short(&fields["cport"]),
        current_epoch: CurrentEpoch(number(&fields["current_epoch"])),
        config_epoch: ConfigEpoch(number(&fields["config_epoch"])),
        offset: ReplOffset(number(&fields["offset"])),
        sender: name(&fields["sender"]),
        slots: slots(&fields["slots"]),
        replica_of: name(&fields["replicaof"]),
        host: host(&fields["myip"]),
        flags: NodeFlags(short(&fields["flags"])),
        state_fail: number(&fields["state"]) == 1,
        message_flags: MessageFlags([flag(0), flag(1), flag(2)]),
        cluster_tag: None,
        own_marks: OwnMarks::default(),
    }
}

fn gossip(fields: &Value) -> Vec<GossipFields> {
    let entry = |entry: &Value| GossipFields {
        name: name(&entry["name"]),
        ping_sent: UnixMillis(number(&entry["ping_sent"]) * 1000),
        pong_received: UnixMillis(number(&entry["pong_received"]) * 1000),
        host: host(&entry["ip"]),
        port: short(&entry["port"]),
        other_port: short(&entry["pport"]),
        bus_port: short(&entry["cport"]),
        flags: NodeFlags(short(&entry["flags"])),
    };
    fields["gossip"].as_array().expect("entries").iter().map(entry).collect()
}

fn extension(entry: &Value) -> Extension<'_> {
    let text = || entry["value"].as_str().expect("text").as_bytes();
    match number(&entry["type"]) {
        0 => Extension::Hostname(text()),
        1 => Extension::HumanNodename(text()),
        2 => Extension::ForgottenNode { name: name(&entry["value"]), ttl: number(&entry["ttl"]) },
        3 => Extension::ShardId(name(&entry["value"])),
        4 => Extension::ClientIpv4(text()),
        5 => Extension::ClientIpv6(text()),
        6 => Extension::ClientPort(short(&entry["value"])),
        7 => Extension::ClientTlsPort(short(&entry["value"])),
        8 => Extension::AvailabilityZone(text()),
        other => panic!("extension type {other} is not in the index's list"),
    }
}

fn encode(fields: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = Kind::from_wire(short(&fields["type"]) & 0x7fff);
    let (channel, message) = match kind {
        Kind::Publish | Kind::PublishShard => (bytes(&fields["channel_hex"]), bytes(&fields["message_hex"])),
        _ => Default::default(),
    };
    let publish = Publish { channel: &channel, message: &message };
    let payload = if kind == Kind::Module { bytes(&fields["module"]["payload_hex"]) } else { Vec::new() };
    let module = || ModuleMessage {
        module: bytes(&fields["module"]["module_id_hex"]).try_into().expect("8 bytes"),
        kind: number(&fields["module"]["type"]) as u8,
        payload: &payload,
    };
    if fields["light"] == true {
        if kind == Kind::Module {
            encode_light_module(module(), &mut out);
        } else {
            encode_light_publish(kind, publish, &mut out);
        }
        return out;
    }
    let template = HeaderTemplate::new(&header(fields));
    match kind {
        Kind::Ping | Kind::Pong | Kind::Meet => {
            let mut builder = template.heartbeat(kind, &mut out);
            gossip(fields).iter().for_each(|entry| builder.entry(entry));
            fields["ext"].as_array().expect("extensions").iter().for_each(|ext| builder.extension(&extension(ext)));
            builder.finish();
        }
        Kind::Fail => template.fail(name(&fields["about"]), &mut out),
        Kind::Publish | Kind::PublishShard => template.publish(kind, publish, &mut out),
        Kind::AuthRequest => template.auth_request(number(&fields["mflags"][0]) & 2 != 0, &mut out),
        Kind::AuthAck | Kind::MfStart => template.bare(kind, &mut out),
        Kind::Update => {
            let update = &fields["update"];
            let epoch = ConfigEpoch(number(&update["config_epoch"]));
            template.update(name(&update["name"]), epoch, &slots(&update["slots"]), &mut out);
        }
        Kind::Module => template.module(module(), &mut out),
        Kind::Unknown(other) => panic!("type {other} is not in the index's list"),
    }
    out
}

fn check_decoded(file: &str, fields: &Value, packet: &Packet<'_>) {
    let (head, body) = match packet {
        Packet::Light(body) => return check_light(file, fields, body),
        Packet::Full(head, body) => (head, body),
    };
    assert_eq!(head.to_fields(), header(fields), "{file}: header");
    assert_eq!(head.kind().to_wire(), short(&fields["type"]), "{file}: type");
    match body {
        Body::Heartbeat(heartbeat) => {
            let entries: Vec<_> = heartbeat.entries().iter().map(slotmesh_wire::GossipEntry::to_fields).collect();
            assert_eq!(entries, gossip(fields), "{file}: gossip");
            let expected: Vec<_> = fields["ext"].as_array().expect("extensions").iter().map(extension).collect();
            assert_eq!(heartbeat.extensions().collect::<Vec<_>>(), expected, "{file}: extensions");
        }
        Body::Fail(about) => assert_eq!(**about, name(&fields["about"]), "{file}: about"),
        Body::Publish(publish) | Body::PublishShard(publish) => check_publish(file, fields, publish),
        Body::Update(update) => {
            let expected = &fields["update"];
            assert_eq!(*update.node(), name(&expected["name"]), "{file}: node");
            assert_eq!(update.config_epoch().0, number(&expected["config_epoch"]), "{file}: epoch");
            assert_eq!(update.slots(), slots(&expected["slots"]).as_bytes(), "{file}: slots");
        }
        Body::Module(module) => {
            assert_eq!(module.payload, bytes(&fields["module"]["payload_hex"]), "{file}: payload");
        }
        Body::AuthRequest | Body::AuthAck | Body::MfStart => {}
        Body::Unknown => panic!("{file}: unknown type"),
    }
}

fn check_light(file: &str, fields: &Value, body: &LightBody<'_>) {
    match body {
        LightBody::Publish(publish) | LightBody::PublishShard(publish) => check_publish(file, fields, publish),
        LightBody::Module(module) => {
            assert_eq!(module.payload, bytes(&fields["module"]["payload_hex"]), "{file}: payload");
            assert_eq!(u64::from(module.kind), number(&fields["module"]["type"]), "{file}: module type");
        }
    }
}

fn check_publish(file: &str, fields: &Value, publish: &Publish<'_>) {
    assert_eq!(publish.channel, bytes(&fields["channel_hex"]), "{file}: channel");
    assert_eq!(publish.message, bytes(&fields["message_hex"]), "{file}: message");
}

#[test]
fn packets_of_real_servers_decode_to_what_they_say() {
    let packets = packets();
    assert!(!packets.is_empty(), "no packets in {}", folder().display());
    for (file, fields, bytes) in &packets {
        assert_eq!(frame_length(bytes), Ok(Some(bytes.len())), "{file}: length");
        let packet = Packet::decode(bytes).unwrap_or_else(|reason| panic!("{file}: {reason}"));
        check_decoded(file, fields, &packet);
    }
}

#[test]
fn what_they_say_encodes_to_the_same_bytes() {
    for (file, fields, expected) in packets() {
        let encoded = encode(&fields);
        let differs = encoded.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{file}: first byte that differs");
        assert_eq!(encoded.len(), expected.len(), "{file}: length");
    }
}
