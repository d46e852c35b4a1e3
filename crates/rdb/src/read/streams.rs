//! Streams.

use std::collections::BTreeMap;

use slotmesh_store::stream::{Pending, Stream, StreamId};

use super::reader::Reader;
use crate::damage::Damage;
use crate::encoding::Encoding;

/// What is pending in a group and was not met with a consumer yet: when and how often it was given to one.
type Unowned = BTreeMap<StreamId, (u64, u64)>;

pub(super) fn read(encoding: Encoding, reader: &mut Reader<'_>) -> Result<Stream, Damage> {
    let mut stream = Stream::default();
    for _ in 0..reader.number()? {
        let first = read_key(reader)?;
        let pack = reader.listpack()?;
        if pack.is_empty() {
            return Err(Damage::Empty);
        }
        stream.load_node(first, pack).map_err(|_| Damage::Entries)?;
    }
    read_counters(encoding, reader, &mut stream)?;
    for _ in 0..reader.number()? {
        read_group(encoding, reader, &mut stream)?;
    }
    Ok(stream)
}

/// What a node is filed under.
fn read_key(reader: &mut Reader<'_>) -> Result<StreamId, Damage> {
    let key = reader.text()?;
    let key: &[u8; 16] = key.as_ref().try_into().map_err(|_| Damage::Entries)?;
    Ok(id_of(key))
}

fn read_counters(encoding: Encoding, reader: &mut Reader<'_>, stream: &mut Stream) -> Result<(), Damage> {
    let length = reader.number()?;
    let last = read_id(reader)?;
    let (mut added, mut max_deleted) = (length, StreamId::MIN);
    if encoding != Encoding::Stream {
        // The first id follows from the entries.
        read_id(reader)?;
        max_deleted = read_id(reader)?;
        added = reader.number()?;
    }
    let fits = length == stream.len() && stream.set_id(last, Some(added), Some(max_deleted)).is_ok();
    if fits { Ok(()) } else { Err(Damage::Entries) }
}

fn read_group(encoding: Encoding, reader: &mut Reader<'_>, stream: &mut Stream) -> Result<(), Damage> {
    let (name, last) = (reader.text()?, read_id(reader)?);
    let known = if encoding == Encoding::Stream { None } else { Some(reader.number()?) };
    // All bits set stand for a number that is not known.
    let read = known.filter(|read| *read != u64::MAX);
    if !stream.create_group(&name, last, read) {
        return Err(Damage::Groups);
    }
    if known.is_none() {
        estimate_read(&name, last, stream);
    }
    let mut unowned = read_pending(reader)?;
    for _ in 0..reader.number()? {
        read_consumer(encoding, reader, stream, &name, &mut unowned)?;
    }
    if unowned.is_empty() { Ok(()) } else { Err(Damage::Groups) }
}

/// Old servers don't count what a group has read: it is what follows from the place where it is, if that does.
fn estimate_read(name: &[u8], last: StreamId, stream: &mut Stream) {
    let lag = stream.group(name).and_then(|group| stream.lag(group));
    let read = lag.map(|lag| stream.counters().added.wrapping_sub(lag.cast_unsigned()));
    if let Some(mut group) = stream.group_mut(name) {
        group.set_last(last, read);
    }
}

fn read_pending(reader: &mut Reader<'_>) -> Result<Unowned, Damage> {
    let mut unowned = BTreeMap::new();
    for _ in 0..reader.number()? {
        let id = id_of(&reader.array()?);
        let delivered = u64::try_from(reader.wide()?).unwrap_or_default();
        if unowned.insert(id, (delivered, reader.number()?)).is_some() {
            return Err(Damage::Groups);
        }
    }
    Ok(unowned)
}

fn read_consumer(
    encoding: Encoding,
    reader: &mut Reader<'_>,
    stream: &mut Stream,
    group: &[u8],
    unowned: &mut Unowned,
) -> Result<(), Damage> {
    let (name, seen) = (reader.text()?, reader.wide()?);
    // One that never got anything was never active, for which -1 stands.
    let active = if encoding == Encoding::Stream3 { reader.wide()? } else { seen };
    let mut group = stream.group_mut(group).ok_or(Damage::Groups)?;
    let (consumer, is_new) = group.consumer_or_new(&name, 0);
    if !is_new {
        return Err(Damage::Groups);
    }
    group.restore_times(consumer, u64::try_from(seen).unwrap_or_default(), u64::try_from(active).ok());
    for _ in 0..reader.number()? {
        let id = id_of(&reader.array()?);
        let (delivered, count) = unowned.remove(&id).ok_or(Damage::Groups)?;
        group.restore_pending(id, Pending { delivered, count, consumer });
    }
    Ok(())
}

/// An id as two numbers.
fn read_id(reader: &mut Reader<'_>) -> Result<StreamId, Damage> {
    Ok(StreamId::new(reader.number()?, reader.number()?))
}

/// An id as sixteen bytes, the highest first.
fn id_of(bytes: &[u8; 16]) -> StreamId {
    let id = u128::from_be_bytes(*bytes);
    StreamId::new((id >> 64) as u64, id as u64)
}
