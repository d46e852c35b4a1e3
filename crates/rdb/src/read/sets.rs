//! Sets.

use slotmesh_store::{IntSet, Set, SetLimits};

use super::reader::Reader;
use crate::damage::Damage;
use crate::encoding::Encoding;

pub(super) fn read(encoding: Encoding, reader: &mut Reader<'_>, limits: SetLimits) -> Result<Set, Damage> {
    match encoding {
        Encoding::SetInts => {
            let bytes = reader.packed()?.into_owned();
            let ints = IntSet::from_bytes(bytes).map_err(|_| Damage::Packed("set of numbers"))?;
            if ints.is_empty() { Err(Damage::Empty) } else { Ok(Set::from_ints(ints, limits)) }
        }
        Encoding::SetListpack => Set::from_listpack(reader.listpack()?, limits)
            .map_err(|pack| if pack.is_empty() { Damage::Empty } else { Damage::Members }),
        _ => read_members(reader, limits),
    }
}

fn read_members(reader: &mut Reader<'_>, limits: SetLimits) -> Result<Set, Damage> {
    let (count, mut set) = (reader.number()?, Set::default());
    for at in 0..count {
        let member = reader.text()?;
        if at == 0 {
            set.prepare(usize::try_from(count).unwrap_or(usize::MAX), &member, limits);
        }
        if !set.add(&member, limits) {
            return Err(Damage::Members);
        }
    }
    if count == 0 { Err(Damage::Empty) } else { Ok(set) }
}
