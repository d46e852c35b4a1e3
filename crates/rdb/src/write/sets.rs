//! Sets.

use slotmesh_store::SetRef;

use super::writer::Writer;
use crate::encoding::Encoding;

pub(super) fn write(writer: &mut Writer<'_>, set: SetRef<'_>) {
    if let Some(ints) = set.ints() {
        writer.begin(Encoding::SetInts).long_text(ints.as_bytes());
        return;
    }
    writer.begin(Encoding::Set).count(set.len());
    set.iter().for_each(|member| writer.packed(member));
}
