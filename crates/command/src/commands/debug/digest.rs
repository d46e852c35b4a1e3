//! DEBUG DIGEST and DIGEST-VALUE: one figure for what keys hold, the same as a real server's. Source: `debug.c` of Valkey.

use std::fmt;

use sha1::{Digest as _, Sha1};
use slotmesh_store::stream::StreamId;
use slotmesh_store::{Db, ValueRef, write_shortest_double};
use slotmesh_types::{Now, Slot, key_slot};

use crate::call::{Call, Handled};
use crate::outcome::Outcome;
use crate::server::Server;
use crate::turn::Turn;

/// The number of the only database there is.
const DATABASE: u32 = 0;

/// Stands for what was put into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Digest([u8; 20]);

impl Digest {
    /// Puts something in, in whatever order.
    fn add(&mut self, bytes: &[u8]) {
        let hash: [u8; 20] = Sha1::digest(bytes).into();
        self.0.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }

    /// Puts something in after what is in.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    /// Puts in what belongs together, in whatever order.
    fn add_pair(&mut self, first: &[u8], second: &[u8]) {
        let mut pair = Self::default();
        pair.mix(first);
        pair.mix(second);
        self.add(&pair.0);
    }

    fn mix_value(&mut self, value: ValueRef<'_>, now: u64) {
        self.mix(&type_number(value).to_be_bytes());
        match value {
            ValueRef::Number(_) | ValueRef::Text(_) | ValueRef::LongText(_) => {
                self.mix(&value.text().unwrap_or_default());
            }
            ValueRef::List(list) => list.iter().for_each(|element| element.with_text(|text| self.mix(text))),
            ValueRef::Set(set) => set.iter().for_each(|member| member.with_text(|text| self.add(text))),
            ValueRef::SortedSet(set) => {
                let mut shown = String::new();
                for (member, score) in set.iter() {
                    shown.clear();
                    write_shortest_double(&mut shown, score);
                    member.with_text(|text| self.add_pair(text, shown.as_bytes()));
                }
            }
            ValueRef::Hash(hash) => {
                for (field, value, _) in hash.iter(now) {
                    field.with_text(|field| value.with_text(|value| self.add_pair(field, value)));
                }
            }
            ValueRef::Stream(stream) => {
                for entry in stream.range(StreamId::MIN, StreamId::MAX) {
                    self.mix(format!("{}.{}", entry.id().ms, entry.id().seq).as_bytes());
                    for (field, value) in entry.fields() {
                        field.with_text(|text| self.mix(text));
                        value.with_text(|text| self.mix(text));
                    }
                }
            }
        }
    }

    /// Puts in a key's value, and that it has a term, but not which.
    fn mix_held(&mut self, db: &mut Db<'_>, key: &[u8]) {
        let (now, expires) = (db.now(), db.expires(key));
        let Some(value) = db.get(key) else { return };
        self.mix_value(value, now);
        if expires {
            self.add(b"!!expire!!");
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The number that real servers have for the type.
fn type_number(value: ValueRef<'_>) -> u32 {
    match value {
        ValueRef::Number(_) | ValueRef::Text(_) | ValueRef::LongText(_) => 0,
        ValueRef::List(_) => 1,
        ValueRef::Set(_) => 2,
        ValueRef::SortedSet(_) => 3,
        ValueRef::Hash(_) => 4,
        ValueRef::Stream(_) => 6,
    }
}

pub(super) fn digest(call: &mut Call<'_>) -> Handled {
    let all = of_all(call.server, call.now);
    call.reply().simple(&all.to_string());
    Ok(Outcome::Continue)
}

/// Slot after slot: it is of one moment only if nothing changes meanwhile.
fn of_all(server: &Server, now: Now) -> Digest {
    let mut all = Digest::default();
    if server.keyspace.is_empty() {
        return all;
    }
    all.mix(&DATABASE.to_be_bytes());
    for slot in Slot::all().filter(|slot| server.keyspace.count(*slot) > 0) {
        Turn::new(server, slot, now).with_keys(|db| {
            let keys: Vec<Box<[u8]>> = db.keys().map(Box::from).collect();
            for key in keys {
                let mut one = Digest::default();
                one.mix(&key);
                one.mix_held(db, &key);
                all.add(&one.0);
            }
        });
    }
    all
}

pub(super) fn digest_value(call: &mut Call<'_>) -> Handled {
    let digests: Vec<Digest> = call.args[2..]
        .iter()
        .map(|key| {
            let mut digest = Digest::default();
            Turn::new(call.server, key_slot(key), call.now).with_keys(|db| digest.mix_held(db, key));
            digest
        })
        .collect();
    let mut reply = call.reply();
    reply.array(digests.len());
    digests.iter().for_each(|digest| reply.simple(&digest.to_string()));
    Ok(Outcome::Continue)
}
