//! Packets of the cluster bus.

use slotmesh_types::SlotSet;
use slotmesh_wire::{
    Body, FULL_HEADER_BYTES, Header, HeaderTemplate, Heartbeat, Kind, LIGHT_HEADER_BYTES, LightBody, PREFIX_BYTES,
    Packet, encode_light_module, encode_light_publish, frame_length,
};

/// Any bytes as a packet: framing does not depend on how they arrive, and what decodes encodes to a packet that says
/// the same.
///
/// # Panics
/// When that does not hold.
pub fn wire(data: &[u8]) {
    framing_knows_its_mind(data);
    let Ok(packet) = Packet::decode(data) else { return };
    let Some(once) = encode(&packet) else { return };
    assert_eq!(frame_length(&once), Ok(Some(once.len())), "an encoded packet is delimited by its own length");
    let again = Packet::decode(&once).expect("an encoded packet decodes");
    // Owned views of both: what is ignored on reception (reserved bytes, padding) may differ, nothing else.
    assert_eq!(meaning(&packet), meaning(&again));
    assert_eq!(encode(&again).as_ref(), Some(&once), "encoding is stable");
}

/// Once a prefix has been judged, more bytes change nothing about it.
fn framing_knows_its_mind(data: &[u8]) {
    let verdict = frame_length(data);
    for cut in 0..data.len().min(PREFIX_BYTES + 2) {
        let early = frame_length(&data[..cut]);
        match early {
            Ok(None) => assert!(cut < PREFIX_BYTES, "{PREFIX_BYTES} bytes are enough"),
            Ok(Some(_)) => assert_eq!(early, verdict),
            Err(_) => assert!(verdict.is_err(), "what is wrong stays wrong"),
        }
    }
    if let Ok(Some(length)) = verdict {
        assert!(length >= if data[12] & 0x80 == 0 { FULL_HEADER_BYTES } else { LIGHT_HEADER_BYTES });
    }
}

/// The same packet made by the encoders; `None` for a type they do not know.
fn encode(packet: &Packet<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match packet {
        Packet::Full(header, body) => encode_full(header, body, &mut out)?,
        Packet::Light(LightBody::Publish(publish)) => encode_light_publish(Kind::Publish, *publish, &mut out),
        Packet::Light(LightBody::PublishShard(publish)) => encode_light_publish(Kind::PublishShard, *publish, &mut out),
        Packet::Light(LightBody::Module(message)) => encode_light_module(*message, &mut out),
    }
    Some(out)
}

fn encode_full(header: &Header<'_>, body: &Body<'_>, out: &mut Vec<u8>) -> Option<()> {
    let template = HeaderTemplate::new(&header.to_fields());
    match body {
        Body::Heartbeat(heartbeat) => encode_heartbeat(&template, header.kind(), heartbeat, out),
        Body::Fail(name) => template.fail(**name, out),
        Body::Publish(publish) | Body::PublishShard(publish) => template.publish(header.kind(), *publish, out),
        Body::AuthRequest => template.auth_request(header.message_flags().is_force_ack(), out),
        Body::AuthAck | Body::MfStart => template.bare(header.kind(), out),
        Body::Update(update) => {
            template.update(*update.node(), update.config_epoch(), &SlotSet::from_bytes(*update.slots()), out);
        }
        Body::Module(message) => template.module(*message, out),
        Body::Unknown => return None,
    }
    Some(())
}

fn encode_heartbeat(template: &HeaderTemplate, kind: Kind, heartbeat: &Heartbeat<'_>, out: &mut Vec<u8>) {
    let mut builder = template.heartbeat(kind, out);
    for entry in heartbeat.entries() {
        builder.entry(&entry.to_fields());
    }
    for extension in heartbeat.extensions() {
        builder.extension(&extension);
    }
    builder.finish();
}

/// What a packet says, as text.
fn meaning(packet: &Packet<'_>) -> String {
    let Packet::Full(header, Body::Heartbeat(heartbeat)) = packet else { return format!("{packet:?}") };
    let entries: Vec<_> = heartbeat.entries().iter().map(slotmesh_wire::GossipEntry::to_fields).collect();
    let extensions: Vec<_> = heartbeat.extensions().collect();
    format!("{header:?} {entries:?} {extensions:?}")
}
