//! Tells the slot of each key, and which of them may stand in one command.
//!
//! `cargo run -p slotmesh-types --example key_slot -- user:{42}:name cart:{42} other`

use std::collections::BTreeMap;

use slotmesh_types::key_slot;

fn main() {
    let mut keys = BTreeMap::<_, Vec<String>>::new();
    for key in std::env::args().skip(1) {
        keys.entry(key_slot(key.as_bytes())).or_default().push(key);
    }
    for (slot, keys) in keys {
        println!("slot {slot}: {}", keys.join(" "));
    }
}
