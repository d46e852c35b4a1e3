//! One entry of a stream, to look at.

use crate::listpack::{Listpack, Packed};
use crate::stream::id::StreamId;

/// The entry was taken out.
pub(super) const DELETED: i64 = 1;
/// The entry has the fields of the node, which are not written again.
pub(super) const SAME_FIELDS: i64 = 2;

/// One entry of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub(super) id: StreamId,
    pub(super) flags: i64,
    pub(super) pack: &'a Listpack,
    /// The place of the first field of the node, if the entry has its fields.
    pub(super) names: Option<usize>,
    /// The place of its first field or, with the fields of the node, of its first value.
    pub(super) content: usize,
    /// How many fields it has.
    pub(super) count: usize,
}

/// The fields of an entry, each with its value.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    pack: &'a Listpack,
    names: Option<usize>,
    content: usize,
    left: usize,
}

impl<'a> Entry<'a> {
    /// What names it.
    #[must_use]
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// Its fields, each with its value, as they were given; a field may be there more than once.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields { pack: self.pack, names: self.names, content: self.content, left: self.count }
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.flags & DELETED != 0
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Packed<'a>, Packed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => take(self.pack, names)?,
            None => take(self.pack, &mut self.content)?,
        };
        Some((name, take(self.pack, &mut self.content)?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

/// The value at a place, which moves on.
fn take<'a>(pack: &'a Listpack, place: &mut usize) -> Option<Packed<'a>> {
    let value = pack.get(*place)?;
    *place = pack.next(*place);
    Some(value)
}
