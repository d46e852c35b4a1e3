//! Hashes.

use slotmesh_store::{Expiry, Hash, HashLimits, Listpack};

use super::reader::Reader;
use crate::damage::Damage;
use crate::encoding::Encoding;
use crate::zipmap;

/// What stands for no deadline.
const NO_TERM: i64 = -1;

pub(super) fn read(encoding: Encoding, reader: &mut Reader<'_>, limits: HashLimits) -> Result<Hash, Damage> {
    match encoding {
        Encoding::HashZipmap => packed(zipmap::to_listpack(&reader.packed()?)?, limits),
        Encoding::HashZiplist => packed(reader.ziplist()?, limits),
        Encoding::HashListpack => packed(reader.listpack()?, limits),
        _ => read_fields(encoding, reader, limits),
    }
}

fn packed(pack: Listpack, limits: HashLimits) -> Result<Hash, Damage> {
    Hash::from_listpack(pack, limits).map_err(|pack| if pack.is_empty() { Damage::Empty } else { Damage::Members })
}

/// Fields whose term is over are among them as they are elsewhere: whoever looks after the keys takes them out.
fn read_fields(encoding: Encoding, reader: &mut Reader<'_>, limits: HashLimits) -> Result<Hash, Damage> {
    let (count, mut hash) = (reader.number()?, Hash::default());
    hash.prepare(usize::try_from(count).unwrap_or(usize::MAX), limits);
    for _ in 0..count {
        let (name, value) = (reader.text()?, reader.text()?);
        let expiry = if encoding == Encoding::HashWithTerms { read_term(reader)? } else { Expiry::Never };
        // At 0 nothing has expired.
        if !hash.set(&name, &value, expiry, 0, limits) {
            return Err(Damage::Members);
        }
    }
    if count == 0 { Err(Damage::Empty) } else { Ok(hash) }
}

fn read_term(reader: &mut Reader<'_>) -> Result<Expiry, Damage> {
    match reader.wide()? {
        NO_TERM => Ok(Expiry::Never),
        deadline => u64::try_from(deadline).map(Expiry::At).map_err(|_| Damage::Term),
    }
}
