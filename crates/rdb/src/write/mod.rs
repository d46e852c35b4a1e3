//! From values to bytes.

mod hashes;
mod lists;
mod sets;
mod sorted_sets;
mod streams;
mod writer;

use slotmesh_store::ValueRef;

use crate::encoding::Encoding;
use writer::Writer;

/// Adds a value, its encoding first; gives the lowest version of the format that has it.
pub(crate) fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>) -> u16 {
    let mut writer = Writer::new(out);
    match value {
        ValueRef::Number(number) => writer.begin(Encoding::Text).number(number),
        ValueRef::Text(text) | ValueRef::LongText(text) => writer.begin(Encoding::Text).text(text),
        ValueRef::List(list) => lists::write(&mut writer, list),
        ValueRef::Set(set) => sets::write(&mut writer, set),
        ValueRef::SortedSet(set) => sorted_sets::write(&mut writer, set),
        ValueRef::Hash(hash) => hashes::write(&mut writer, hash),
        ValueRef::Stream(stream) => streams::write(&mut writer, stream),
    }
    writer.encoding().version()
}
