//! What a value holds, as the files of test data tell it.

use slotmesh_rdb::crc64;
use slotmesh_store::{Packed, Value, ValueRef, write_double};

/// The name of the type and what is held: in order, or sorted where there is none.
pub(crate) fn shown(value: &Value) -> String {
    let elements = match value {
        Value::Text(text) => vec![escaped(text)],
        Value::List(list) => list.iter().map(packed).collect(),
        Value::Set(set) => sorted(set.iter().map(Packed::to_vec)).iter().map(|member| escaped(member)).collect(),
        Value::SortedSet(set) => {
            set.iter().map(|(member, score)| format!("{}={}", packed(member), number(score))).collect()
        }
        Value::Hash(hash) => {
            let fields = hash.iter(0).map(|(name, value, _)| (name.to_vec(), value.to_vec()));
            sorted(fields).iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect()
        }
        Value::Stream(stream) => stream
            .range(slotmesh_store::stream::StreamId::MIN, slotmesh_store::stream::StreamId::MAX)
            .map(|entry| {
                let fields = entry.fields().map(|(name, value)| format!("={}={}", packed(name), packed(value)));
                format!("{}{}", entry.id(), fields.collect::<String>())
            })
            .collect(),
    };
    format!("{} {}", ValueRef::from(value).type_name(), elements.join(","))
}

/// A payload of these bytes.
pub(crate) fn sealed(body: &[u8], version: u16) -> Vec<u8> {
    let mut payload = [body, &version.to_le_bytes()].concat();
    let checksum = crc64(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload
}

fn sorted<T: Ord>(elements: impl Iterator<Item = T>) -> Vec<T> {
    let mut elements: Vec<T> = elements.collect();
    elements.sort();
    elements
}

fn packed(value: Packed<'_>) -> String {
    escaped(&value.text())
}

fn number(number: f64) -> String {
    let mut text = String::new();
    write_double(&mut text, number);
    text
}

fn escaped(text: &[u8]) -> String {
    if text.is_empty() {
        return "%".into();
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"%=:,;".contains(&byte);
    text.iter().map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02x}") }).collect()
}
