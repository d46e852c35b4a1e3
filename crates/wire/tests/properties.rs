//! What holds for every packet: it comes back as it was sent, no cut of it is taken for a whole one, and no bytes at all
//! make the decoder panic.

use proptest::prelude::*;
use slotmesh_types::{ConfigEpoch, CurrentEpoch, NodeId, ReplOffset, SlotSet, UnixMillis};
use slotmesh_wire::{
    Body, ClusterTag, DropReason, Extension, GossipFields, Header, HeaderFields, HeaderTemplate, HostField, Kind,
    LightBody, MessageFlags, ModuleMessage, Name, NameFilter, NodeFlags, OwnMarks, Packet, Publish, Reach, ReachWord,
    RosterDigest, encode_light_module, encode_light_publish, frame_length,
};

/// A message in full, owned.
#[derive(Clone, Debug, PartialEq)]
enum Message {
    Heartbeat(Kind, Vec<GossipFields>, Vec<OwnedExtension>),
    Fail(Name),
    Bare(Kind),
    AuthRequest(bool),
    Update(Name, ConfigEpoch, Box<SlotSet>),
    Publish(Kind, Vec<u8>, Vec<u8>),
    Module([u8; 8], u8, Vec<u8>),
}

#[derive(Clone, Debug, PartialEq)]
enum OwnedExtension {
    Text(u16, Vec<u8>),
    Port(u16, u16),
    Forgotten(Name, u64),
    Shard(Name),
    Reach(Reach),
    Roster(Vec<u8>),
    Unknown(u16, Vec<u8>),
}

proptest! {
    #[test]
    fn full_packets_come_back_as_they_were_sent(fields in header(), message in message()) {
        let bytes = encode(&fields, &message);
        prop_assert_eq!(frame_length(&bytes), Ok(Some(bytes.len())));
        let Ok(Packet::Full(header, body)) = Packet::decode(&bytes) else { panic!("a full packet") };
        check_header(&fields, &message, &header);
        prop_assert_eq!(decoded(header.kind(), header.message_flags(), &body), message);
    }

    #[test]
    fn light_packets_come_back_as_they_were_sent(message in light_message()) {
        let bytes = encode_light(&message);
        prop_assert_eq!(frame_length(&bytes), Ok(Some(bytes.len())));
        let Ok(Packet::Light(body)) = Packet::decode(&bytes) else { panic!("a light packet") };
        prop_assert_eq!(decoded_light(body), message);
    }

    #[test]
    fn packets_that_follow_each_other_are_told_apart(messages in prop::collection::vec(message(), 1..4)) {
        let fields = HeaderFields::default();
        let stream: Vec<u8> = messages.iter().flat_map(|message| encode(&fields, message)).collect();
        let mut rest = &stream[..];
        for message in &messages {
            let length = frame_length(rest).unwrap().unwrap();
            prop_assert_eq!(&rest[..length], &encode(&fields, message)[..]);
            rest = &rest[length..];
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
        let _ = frame_length(&bytes);
        if let Ok(packet) = Packet::decode(&bytes) {
            walk(&packet);
        }
    }

    #[test]
    fn no_changed_bytes_make_the_decoder_panic(
        message in message(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        grown in 0_usize..64,
    ) {
        let mut bytes = encode(&HeaderFields::default(), &message);
        bytes.resize(bytes.len() + grown, 0);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = frame_length(&bytes);
        if let Ok(packet) = Packet::decode(&bytes) {
            walk(&packet);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_cut_of_a_packet_is_refused(fields in header(), message in message(), light in light_message()) {
        for bytes in [encode(&fields, &message), encode_light(&light)] {
            for cut in 0..bytes.len() {
                let refusal = Packet::decode(&bytes[..cut]).map(|_| ());
                let expected = matches!(refusal, Err(DropReason::Length { .. } | DropReason::Extension { .. }));
                prop_assert!(expected, "cut after {} of {}: {:?}", cut, bytes.len(), refusal);
                let length = if cut < 14 { None } else { Some(bytes.len()) };
                prop_assert_eq!(frame_length(&bytes[..cut]), Ok(length));
            }
        }
    }
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![any::<[u8; 20]>().prop_map(|entropy| NodeId::from_entropy(entropy).into()), raw_name()]
}

fn raw_name() -> impl Strategy<Value = Name> {
    prop::collection::vec(any::<u8>(), 40).prop_map(|raw| Name(raw.try_into().expect("40 bytes")))
}

fn host() -> impl Strategy<Value = HostField> {
    prop::collection::vec(any::<u8>(), 46).prop_map(|raw| HostField(raw.try_into().expect("46 bytes")))
}

fn slots() -> impl Strategy<Value = SlotSet> {
    let random = any::<[u8; 32]>().prop_map(|part| part.repeat(SlotSet::BYTES / 32));
    random.prop_map(|bits| SlotSet::from_bytes(bits.try_into().expect("2048 bytes")))
}

fn header() -> impl Strategy<Value = HeaderFields> {
    let epochs = (any::<u64>(), any::<u64>(), any::<u64>());
    let names = (name(), name(), host());
    let ports = any::<[u16; 3]>();
    let flags = (any::<u16>(), any::<bool>(), any::<[u8; 3]>());
    (epochs, names, ports, flags, slots(), ".{0,3}").prop_map(|(epochs, names, ports, flags, slots, tag)| {
        HeaderFields {
            port: ports[0],
            other_port: ports[1],
            bus_port: ports[2],
            current_epoch: CurrentEpoch(epochs.0),
            config_epoch: ConfigEpoch(epochs.1),
            offset: ReplOffset(epochs.2),
            sender: names.0,
            slots,
            replica_of: names.1,
            host: names.2,
            flags: NodeFlags(flags.0),
            state_fail: flags.1,
            // The bits that belong to a message are set by its encoder.
            message_flags: MessageFlags([flags.2[0] & !0b110, flags.2[1], flags.2[2]]),
            cluster_tag: ClusterTag::of(&tag),
            own_marks: OwnMarks {
                heeds_leave: flags.2[1] & 1 != 0,
                leaving: flags.2[2] & 1 != 0,
                witness: flags.2[1] & 2 != 0,
                compares: flags.2[1] & 4 != 0,
                roster: (flags.2[1] & 8 != 0).then(|| {
                    let mut digest = RosterDigest::default();
                    digest.toggle(&NodeId::from_entropy([flags.2[2]; 20]));
                    digest
                }),
            },
        }
    })
}

fn entry() -> impl Strategy<Value = GossipFields> {
    (name(), any::<[u32; 2]>(), host(), any::<[u16; 4]>()).prop_map(|(name, times, host, words)| GossipFields {
        name,
        ping_sent: UnixMillis::from_wire_seconds(times[0]),
        pong_received: UnixMillis::from_wire_seconds(times[1]),
        host,
        port: words[0],
        other_port: words[1],
        bus_port: words[2],
        flags: NodeFlags(words[3]),
    })
}

fn extension() -> impl Strategy<Value = OwnedExtension> {
    let text = prop::collection::vec(1_u8.., 0..40);
    // Types with a payload of their own shape are not unknown.
    let words = prop::collection::vec(any::<[u8; 8]>(), 0..4).prop_map(|words| words.concat());
    prop_oneof![
        (prop::sample::select(vec![0_u16, 1, 4, 5, 8]), text).prop_map(|(kind, text)| OwnedExtension::Text(kind, text)),
        (6_u16..8, any::<u16>()).prop_map(|(kind, port)| OwnedExtension::Port(kind, port)),
        (name(), any::<u64>()).prop_map(|(name, ttl)| OwnedExtension::Forgotten(name, ttl)),
        name().prop_map(OwnedExtension::Shard),
        (name(), word()).prop_map(|(about, word)| OwnedExtension::Reach(Reach { about, word })),
        prop::collection::vec(any::<u64>(), 2..20)
            .prop_map(|words| OwnedExtension::Roster(words.into_iter().flat_map(u64::to_be_bytes).collect())),
        (9_u16..0x534d, words).prop_map(|(kind, payload)| OwnedExtension::Unknown(kind, payload)),
    ]
}

fn word() -> impl Strategy<Value = ReachWord> {
    prop::sample::select(vec![ReachWord::Question, ReachWord::Reached, ReachWord::Gone])
}

fn message() -> impl Strategy<Value = Message> {
    let kinds = prop::sample::select(vec![Kind::Ping, Kind::Pong, Kind::Meet]);
    let entries = prop::collection::vec(entry(), 0..6);
    let extensions = prop::collection::vec(extension(), 0..6);
    prop_oneof![
        4 => (kinds, entries, extensions).prop_map(|(kind, entries, ext)| Message::Heartbeat(kind, entries, ext)),
        1 => name().prop_map(Message::Fail),
        1 => prop::sample::select(vec![Kind::AuthAck, Kind::MfStart]).prop_map(Message::Bare),
        1 => any::<bool>().prop_map(Message::AuthRequest),
        1 => (name(), any::<u64>(), slots()).prop_map(|(name, epoch, slots)| Message::Update(name, ConfigEpoch(epoch), Box::new(slots))),
        2 => light_message(),
    ]
}

fn light_message() -> impl Strategy<Value = Message> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..100);
    let kinds = prop::sample::select(vec![Kind::Publish, Kind::PublishShard]);
    prop_oneof![
        (kinds, bytes(), bytes()).prop_map(|(kind, channel, message)| Message::Publish(kind, channel, message)),
        (any::<[u8; 8]>(), any::<u8>(), bytes()).prop_map(|(id, kind, payload)| Message::Module(id, kind, payload)),
    ]
}

fn encode(fields: &HeaderFields, message: &Message) -> Vec<u8> {
    let template = HeaderTemplate::new(fields);
    let mut out = Vec::new();
    match message {
        Message::Heartbeat(kind, entries, extensions) => {
            let mut builder = template.heartbeat(*kind, &mut out);
            entries.iter().for_each(|entry| builder.entry(entry));
            extensions.iter().for_each(|extension| builder.extension(&extension.borrow()));
            builder.finish();
        }
        Message::Fail(name) => template.fail(*name, &mut out),
        Message::Bare(kind) => template.bare(*kind, &mut out),
        Message::AuthRequest(force) => template.auth_request(*force, &mut out),
        Message::Update(name, epoch, slots) => template.update(*name, *epoch, slots, &mut out),
        Message::Publish(kind, channel, message) => template.publish(*kind, Publish { channel, message }, &mut out),
        Message::Module(module, kind, payload) => {
            template.module(ModuleMessage { module: *module, kind: *kind, payload }, &mut out);
        }
    }
    out
}

fn encode_light(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    match message {
        Message::Publish(kind, channel, message) => encode_light_publish(*kind, Publish { channel, message }, &mut out),
        Message::Module(module, kind, payload) => {
            encode_light_module(ModuleMessage { module: *module, kind: *kind, payload }, &mut out);
        }
        other => panic!("{other:?} has no light form"),
    }
    out
}

fn check_header(fields: &HeaderFields, message: &Message, header: &Header<'_>) {
    let mut expected = fields.clone();
    expected.message_flags = match message {
        Message::Heartbeat(_, _, extensions) if !extensions.is_empty() => fields.message_flags.extensions(),
        Message::AuthRequest(force) => fields.message_flags.force_ack(*force),
        _ => fields.message_flags,
    };
    assert_eq!(header.to_fields(), expected);
}

fn decoded(kind: Kind, flags: MessageFlags, body: &Body<'_>) -> Message {
    match body {
        Body::Heartbeat(heartbeat) => {
            let entries = heartbeat.entries().iter().map(slotmesh_wire::GossipEntry::to_fields).collect();
            Message::Heartbeat(kind, entries, heartbeat.extensions().map(OwnedExtension::from).collect())
        }
        Body::Fail(name) => Message::Fail(**name),
        Body::AuthRequest => Message::AuthRequest(flags.is_force_ack()),
        Body::AuthAck | Body::MfStart => Message::Bare(kind),
        Body::Update(update) => {
            Message::Update(*update.node(), update.config_epoch(), Box::new(SlotSet::from_bytes(*update.slots())))
        }
        Body::Publish(publish) => decoded_light(LightBody::Publish(*publish)),
        Body::PublishShard(publish) => decoded_light(LightBody::PublishShard(*publish)),
        Body::Module(module) => decoded_light(LightBody::Module(*module)),
        Body::Unknown => panic!("no message of an unknown type was sent"),
    }
}

fn decoded_light(body: LightBody<'_>) -> Message {
    match body {
        LightBody::Publish(Publish { channel, message }) => {
            Message::Publish(Kind::Publish, channel.to_vec(), message.to_vec())
        }
        LightBody::PublishShard(Publish { channel, message }) => {
            Message::Publish(Kind::PublishShard, channel.to_vec(), message.to_vec())
        }
        LightBody::Module(module) => Message::Module(module.module, module.kind, module.payload.to_vec()),
    }
}

/// Looks at everything a packet lends.
fn walk(packet: &Packet<'_>) {
    let text = format!("{packet:?}");
    assert!(!text.is_empty());
    if let Packet::Full(header, Body::Heartbeat(heartbeat)) = packet {
        let _ = (header.sender().id(), header.host().host(), header.replica_of().is_null());
        for entry in heartbeat.entries() {
            let _ = (entry.to_fields(), entry.name().id(), entry.host().host());
        }
        let _ = heartbeat.extensions().count();
    }
}

impl OwnedExtension {
    fn borrow(&self) -> Extension<'_> {
        match self {
            Self::Text(0, text) => Extension::Hostname(text),
            Self::Text(1, text) => Extension::HumanNodename(text),
            Self::Text(4, text) => Extension::ClientIpv4(text),
            Self::Text(5, text) => Extension::ClientIpv6(text),
            Self::Text(_, text) => Extension::AvailabilityZone(text),
            Self::Port(6, port) => Extension::ClientPort(*port),
            Self::Port(_, port) => Extension::ClientTlsPort(*port),
            Self::Forgotten(name, ttl) => Extension::ForgottenNode { name: *name, ttl: *ttl },
            Self::Shard(name) => Extension::ShardId(*name),
            Self::Reach(reach) => Extension::Reach(*reach),
            Self::Roster(known) => Extension::Roster(NameFilter::read(known).expect("has bits")),
            Self::Unknown(kind, payload) => Extension::Unknown { kind: *kind, payload },
        }
    }
}

impl From<Extension<'_>> for OwnedExtension {
    fn from(extension: Extension<'_>) -> Self {
        match extension {
            Extension::Hostname(text) => Self::Text(0, text.to_vec()),
            Extension::HumanNodename(text) => Self::Text(1, text.to_vec()),
            Extension::ClientIpv4(text) => Self::Text(4, text.to_vec()),
            Extension::ClientIpv6(text) => Self::Text(5, text.to_vec()),
            Extension::AvailabilityZone(text) => Self::Text(8, text.to_vec()),
            Extension::ClientPort(port) => Self::Port(6, port),
            Extension::ClientTlsPort(port) => Self::Port(7, port),
            Extension::ForgottenNode { name, ttl } => Self::Forgotten(name, ttl),
            Extension::ShardId(name) => Self::Shard(name),
            Extension::Reach(reach) => Self::Reach(reach),
            Extension::Roster(known) => {
                let mut bytes = Vec::new();
                known.append(&mut bytes);
                Self::Roster(bytes)
            }
            Extension::Unknown { kind, payload } => Self::Unknown(kind, payload.to_vec()),
        }
    }
}
