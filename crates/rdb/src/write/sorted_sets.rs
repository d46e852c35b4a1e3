//! Sorted sets.

use slotmesh_store::SortedSetRef;

use super::writer::Writer;
use crate::encoding::Encoding;

/// What is no listpack is written from its end: who reads it puts each before the others.
pub(super) fn write(writer: &mut Writer<'_>, set: SortedSetRef<'_>) {
    if let Some(pack) = set.as_listpack() {
        writer.begin(Encoding::SortedSetListpack).long_text(pack.as_bytes());
        return;
    }
    writer.begin(Encoding::SortedSet2).count(set.len());
    for (member, score) in set.iter().rev() {
        writer.packed(member);
        writer.raw(&score.to_le_bytes());
    }
}
