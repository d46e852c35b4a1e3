//! From bytes to values.

mod hashes;
mod lists;
mod reader;
mod sets;
mod sorted_sets;
mod streams;

use slotmesh_store::Value;

use crate::damage::Damage;
use crate::encoding::Encoding;
use crate::limits::Limits;
use reader::Reader;

/// The value that begins these bytes.
pub(crate) fn read_value(bytes: &[u8], limits: &Limits) -> Result<Value, Damage> {
    let mut reader = Reader::new(bytes, limits.text_bytes);
    let number = reader.byte()?;
    let encoding = Encoding::of(number).ok_or(Damage::Kind(number))?;
    match encoding {
        Encoding::Text => Ok(Value::Text(reader.text()?.into_owned())),
        Encoding::List | Encoding::ListZiplist | Encoding::ListOfZiplists | Encoding::ListOfListpacks => {
            lists::read(encoding, &mut reader, limits.list).map(Value::List)
        }
        Encoding::Set | Encoding::SetInts | Encoding::SetListpack => {
            sets::read(encoding, &mut reader, limits.set).map(Value::Set)
        }
        Encoding::SortedSet | Encoding::SortedSet2 | Encoding::SortedSetZiplist | Encoding::SortedSetListpack => {
            sorted_sets::read(encoding, &mut reader, limits.sorted_set).map(Value::SortedSet)
        }
        Encoding::Hash
        | Encoding::HashZipmap
        | Encoding::HashZiplist
        | Encoding::HashListpack
        | Encoding::HashWithTerms => hashes::read(encoding, &mut reader, limits.hash).map(Value::Hash),
        Encoding::Stream | Encoding::Stream2 | Encoding::Stream3 => {
            streams::read(encoding, &mut reader).map(|stream| Value::Stream(Box::new(stream)))
        }
    }
}
