//! Payloads of DUMP.

use slotmesh_rdb::{Limits, RestoreError, crc64, dump, restore};
use slotmesh_store::{Packed, Value, ValueRef};

/// A version of the format that is read, whatever is in a payload.
const VERSION: u16 = 80;

/// Any bytes as a payload, and as what stands in one before its footer: what is read is sound, and written so that it is read
/// as the same again.
///
/// # Panics
/// When that does not hold.
pub fn rdb(data: &[u8]) {
    if let Ok(value) = restore(data, &Limits::default()) {
        stays_the_same(&value);
    }
    let mut payload = [data, &VERSION.to_le_bytes()].concat();
    payload.extend_from_slice(&crc64(&payload).to_le_bytes());
    match restore(&payload, &Limits::default()) {
        Ok(value) => stays_the_same(&value),
        Err(error) => assert_ne!(error, RestoreError::Footer, "the footer is right"),
    }
}

fn stays_the_same(value: &Value) {
    let payload = dump(ValueRef::from(value));
    let again = restore(&payload, &Limits::default()).expect("what was written is read");
    assert_eq!(held(&again), held(value));
    if is_ordered(value) {
        assert_eq!(dump(ValueRef::from(&again)), payload, "writing is stable");
    }
}

/// Whether it is written in but one order. A sorted set of members that are few, but were kept as many are, becomes a listpack.
fn is_ordered(value: &Value) -> bool {
    match value {
        Value::Text(_) | Value::Stream(_) => true,
        Value::Set(_) | Value::Hash(_) | Value::List(_) | Value::SortedSet(_) => false,
    }
}

/// What is in a value besides its form, sorted where there is no order.
fn held(value: &Value) -> Vec<Vec<u8>> {
    let texts = |texts: &mut dyn Iterator<Item = Packed<'_>>| texts.map(Packed::to_vec).collect::<Vec<_>>();
    let mut elements = match value {
        Value::Text(text) => vec![text.clone()],
        Value::List(list) => texts(&mut list.iter()),
        Value::Set(set) => texts(&mut set.iter()),
        Value::Hash(hash) => hash
            .iter(0)
            .map(|(name, value, deadline)| format!("{:?}", (name.text(), value.text(), deadline)).into_bytes())
            .collect(),
        // A listpack has but one 0.
        Value::SortedSet(set) => {
            set.iter().map(|(member, score)| format!("{:?}", (member.text(), score + 0.0)).into_bytes()).collect()
        }
        Value::Stream(_) => vec![dump(ValueRef::from(value))],
    };
    if matches!(value, Value::Set(_) | Value::Hash(_)) {
        elements.sort();
    }
    elements
}
