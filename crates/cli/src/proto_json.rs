//! Messages of the admin API for programs: their JSON as protobuf defines it, with the names of the definitions.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;
use slotmesh_admin::proto;

/// The message as JSON; `name` is its name in `slotmesh.admin.v1`.
///
/// # Errors
/// There is no such message, or it is another one.
pub(crate) fn of(name: &str, message: &impl Message) -> Result<Value> {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    let pool = POOL.get_or_init(|| DescriptorPool::decode(proto::DESCRIPTORS).expect("our own definitions are sound"));
    let descriptor = pool.get_message_by_name(&format!("slotmesh.admin.v1.{name}"));
    let descriptor = descriptor.with_context(|| format!("there is no message {name}"))?;
    let dynamic = DynamicMessage::decode(descriptor, &*message.encode_to_vec())?;
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    Ok(dynamic.serialize_with_options(serde_json::value::Serializer, &options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_shows_what_it_holds() {
        let node = proto::NodeName { id: "a".into(), name: "10.0.0.1:7000".into() };
        let event = proto::Event {
            cursor: Some(proto::EventCursor { run_id: "r".into(), sequence: 7 }),
            text: "it is gone".into(),
            kind: Some(proto::event::Kind::NodeSuspected(node)),
            ..Default::default()
        };
        let json = of("Event", &event).unwrap();
        assert_eq!(json["node_suspected"]["name"], "10.0.0.1:7000");
        assert_eq!((&json["cursor"]["sequence"], &json["text"]), (&7.into(), &"it is gone".into()));
        assert!(of("NoSuchMessage", &event).is_err());
    }
}
