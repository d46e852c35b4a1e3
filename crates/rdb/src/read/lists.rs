//! Lists.

use std::iter::once;

use slotmesh_store::{End, List, ListLimit};

use super::reader::Reader;
use crate::damage::Damage;
use crate::encoding::{Encoding, piece};

pub(super) fn read(encoding: Encoding, reader: &mut Reader<'_>, limit: ListLimit) -> Result<List, Damage> {
    let mut list = List::default();
    let pieces = if encoding == Encoding::ListZiplist { 1 } else { reader.number()? };
    for _ in 0..pieces {
        match encoding {
            Encoding::ListZiplist | Encoding::ListOfZiplists => list.append_pack(reader.ziplist()?),
            Encoding::ListOfListpacks => read_piece(reader, &mut list)?,
            _ => list.push(End::Back, once(&*reader.text()?), limit),
        }
    }
    if list.is_empty() {
        return Err(Damage::Empty);
    }
    list.settle(limit);
    Ok(list)
}

fn read_piece(reader: &mut Reader<'_>, list: &mut List) -> Result<(), Damage> {
    match reader.number()? {
        piece::PACKED => list.append_pack(reader.listpack()?),
        piece::PLAIN => {
            let text = reader.text()?;
            if text.is_empty() {
                return Err(Damage::Empty);
            }
            list.append_plain(text.into_owned());
        }
        _ => return Err(Damage::Packed("list")),
    }
    Ok(())
}
