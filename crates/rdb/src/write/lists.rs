//! Lists.

use slotmesh_store::{ListRef, NodeRef};

use super::writer::Writer;
use crate::encoding::{Encoding, piece};

pub(super) fn write(writer: &mut Writer<'_>, list: ListRef<'_>) {
    writer.begin(Encoding::ListOfListpacks);
    let pieces = list.nodes();
    writer.count(pieces.len());
    for node in pieces {
        match node {
            NodeRef::Packed(pack) => {
                writer.length(piece::PACKED);
                writer.long_text(pack.as_bytes());
            }
            NodeRef::Plain(text) => {
                writer.length(piece::PLAIN);
                writer.long_text(text);
            }
        }
    }
}
