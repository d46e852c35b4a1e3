//! Sorted sets.

use slotmesh_store::{BadEntries, SortedSet, SortedSetLimits, parse_double};

use super::reader::Reader;
use crate::damage::Damage;
use crate::encoding::Encoding;

/// A score that is no number, infinite, or infinite below 0, where scores are texts and this is their length.
const NOT_A_NUMBER: u8 = 253;
const INFINITE: u8 = 254;
const MINUS_INFINITE: u8 = 255;

pub(super) fn read(encoding: Encoding, reader: &mut Reader<'_>, limits: SortedSetLimits) -> Result<SortedSet, Damage> {
    let set = match encoding {
        Encoding::SortedSetZiplist => SortedSet::from_listpack(reader.ziplist()?, limits),
        Encoding::SortedSetListpack => SortedSet::from_listpack(reader.listpack()?, limits),
        _ => SortedSet::from_entries(read_entries(encoding, reader)?, limits),
    };
    set.map_err(|error| match error {
        BadEntries::Score => Damage::Score,
        BadEntries::Empty => Damage::Empty,
        BadEntries::Order => Damage::Order,
        _ => Damage::Members,
    })
}

fn read_entries(encoding: Encoding, reader: &mut Reader<'_>) -> Result<Vec<(f64, Vec<u8>)>, Damage> {
    let mut entries = Vec::new();
    for _ in 0..reader.number()? {
        let member = reader.text()?.into_owned();
        let score =
            if encoding == Encoding::SortedSet { read_score(reader)? } else { f64::from_le_bytes(reader.array()?) };
        entries.push((score, member));
    }
    if entries.is_empty() { Err(Damage::Empty) } else { Ok(entries) }
}

/// A score that is a text.
fn read_score(reader: &mut Reader<'_>) -> Result<f64, Damage> {
    match reader.byte()? {
        NOT_A_NUMBER => Err(Damage::Score),
        INFINITE => Ok(f64::INFINITY),
        MINUS_INFINITE => Ok(f64::NEG_INFINITY),
        length => parse_double(reader.bytes(usize::from(length))?).ok_or(Damage::Score),
    }
}
