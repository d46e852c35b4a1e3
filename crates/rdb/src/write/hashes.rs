//! Hashes.

use slotmesh_store::HashRef;

use super::writer::Writer;
use crate::encoding::Encoding;

/// Fields that have expired and were not taken out yet are written as well: they expire wherever they come.
pub(super) fn write(writer: &mut Writer<'_>, hash: HashRef<'_>) {
    if let Some(pack) = hash.listpack() {
        writer.begin(Encoding::HashListpack).long_text(pack.as_bytes());
        return;
    }
    let has_terms = hash.expiring() > 0;
    writer.begin(if has_terms { Encoding::HashWithTerms } else { Encoding::Hash }).count(hash.len());
    for (name, value, deadline) in hash.iter(0) {
        writer.packed(name);
        writer.packed(value);
        if has_terms {
            writer.wide(deadline.map_or(-1, |deadline| i64::try_from(deadline).unwrap_or(i64::MAX)));
        }
    }
}
