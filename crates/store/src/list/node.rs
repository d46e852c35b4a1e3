//! A piece of a list.

use std::ops::Range;

use crate::listpack::{Listpack, ListpackRef, Packed, Sought, Values};

use super::{End, ListLimit};

/// A piece of a list: some values in a listpack, or one long text.
#[derive(Clone, Debug)]
pub(super) struct Node {
    body: Body,
    /// Kept here, so that to find an index no listpack need be touched.
    count: u32,
}

#[derive(Clone, Debug)]
enum Body {
    Packed(Listpack),
    Plain(Box<[u8]>),
}

/// A piece of a list, as real servers keep and save it.
#[derive(Clone, Copy, Debug)]
pub enum NodeRef<'a> {
    /// Some values.
    Packed(ListpackRef<'a>),
    /// One value, which is long.
    Plain(&'a [u8]),
}

/// A piece of a list, to look at, with how many values it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeView<'a> {
    pub(super) body: NodeRef<'a>,
    count: usize,
}

/// The values of a piece.
#[derive(Clone, Debug)]
pub(super) enum NodeElements<'a> {
    Packed(Values<'a>),
    Plain(Option<&'a [u8]>),
}

impl Default for Node {
    fn default() -> Self {
        Self::from_pack(Listpack::default())
    }
}

impl Default for NodeElements<'_> {
    fn default() -> Self {
        Self::Plain(None)
    }
}

impl Node {
    /// A piece with one value.
    pub(super) fn new(text: &[u8], limit: ListLimit) -> Self {
        if limit.is_large(text.len()) {
            Self::plain(text.into())
        } else {
            Self::from_pack([text].into_iter().collect())
        }
    }

    pub(super) fn plain(text: Box<[u8]>) -> Self {
        Self { body: Body::Plain(text), count: 1 }
    }

    pub(super) fn from_pack(pack: Listpack) -> Self {
        let count = count_of(&pack);
        Self { body: Body::Packed(pack), count }
    }

    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// Bytes that it takes besides itself.
    pub(super) fn heap(&self) -> usize {
        match &self.body {
            Body::Packed(pack) => pack.capacity(),
            Body::Plain(text) => text.len(),
        }
    }

    pub(super) fn view(&self) -> NodeView<'_> {
        let body = match &self.body {
            Body::Packed(pack) => NodeRef::Packed(pack.view()),
            Body::Plain(text) => NodeRef::Plain(text),
        };
        NodeView { body, count: self.len() }
    }

    /// Bytes of its listpack; `None` for a long text.
    pub(super) fn packed_bytes(&self) -> Option<usize> {
        match &self.body {
            Body::Packed(pack) => Some(pack.as_bytes().len()),
            Body::Plain(_) => None,
        }
    }

    /// Whether a text of this length can be added.
    pub(super) fn takes(&self, length: usize, limit: ListLimit) -> bool {
        self.packed_bytes().is_some_and(|bytes| limit.has_room(bytes, self.len(), length))
    }

    /// Whether another one can be added as a whole.
    pub(super) fn takes_all(&self, other: &Self, limit: ListLimit) -> bool {
        let bytes = self.packed_bytes().zip(other.packed_bytes());
        let ends = Listpack::default().as_bytes().len();
        bytes.is_some_and(|(one, two)| !limit.exceeded(one + two - ends, self.len() + other.len()))
    }

    /// Whether a text of this length can be put in the place of a value.
    pub(super) fn takes_instead(&self, offset: usize, length: usize, limit: ListLimit) -> bool {
        match &self.body {
            Body::Packed(pack) => {
                let place = pack.view().place_among(self.len(), offset);
                limit.has_room_instead(pack.as_bytes().len(), pack.next(place) - place, length)
            }
            Body::Plain(_) => limit.is_large(length),
        }
    }

    /// Adds a value at an end.
    pub(super) fn push(&mut self, end: End, text: &[u8]) {
        match end {
            End::Front => self.insert(0, text),
            End::Back => self.insert(self.len(), text),
        }
    }

    /// Puts a value before the one at an offset.
    pub(super) fn insert(&mut self, offset: usize, text: &[u8]) {
        let count = self.len();
        let pack = self.packed();
        pack.insert(pack.view().place_among(count, offset), text);
        self.count += 1;
    }

    /// Puts a text in the place of a value.
    pub(super) fn set(&mut self, offset: usize, text: &[u8]) {
        let count = self.len();
        match &mut self.body {
            Body::Packed(pack) => pack.replace(pack.view().place_among(count, offset), text),
            Body::Plain(own) => *own = text.into(),
        }
    }

    /// Takes values out; a long text stays in an empty piece.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        if let Body::Packed(pack) = &mut self.body {
            pack.remove(pack.view().place_among(self.count as usize, range.start), range.len());
        }
        self.count -= range.len() as u32;
    }

    /// Takes out a value wherever it is, at most so many times, counted from an end; tells how often. A long text stays in an
    /// empty piece.
    pub(super) fn remove_value(&mut self, sought: Sought<'_>, from: End, most: usize) -> usize {
        let found = self.view().elements().filter(|value| sought.is(*value)).count();
        let gone = found.min(most);
        if gone == 0 {
            return 0;
        }
        let first = match from {
            End::Front => 0,
            End::Back => found - gone,
        };
        if let Body::Packed(pack) = &mut self.body {
            let mut met = 0..;
            pack.retain(|value| {
                !sought.is(value) || met.next().is_none_or(|nth| !(first..first + gone).contains(&nth))
            });
        }
        self.count -= gone as u32;
        gone
    }

    /// Takes out the values from an offset on, as a piece of their own.
    pub(super) fn split_off(&mut self, offset: usize) -> Self {
        let (count, at) = (self.len(), offset);
        let pack = self.packed();
        let mut rest = pack.clone();
        pack.remove(pack.view().place_among(count, at), count - at);
        pack.shrink();
        rest.remove(rest.view().place_among(count, 0), at);
        rest.shrink();
        self.count = offset as u32;
        Self::from_pack(rest)
    }

    /// Gives back memory that it does not use: nothing is added to it soon.
    pub(super) fn fit(&mut self) {
        if let Body::Packed(pack) = &mut self.body {
            pack.shrink();
        }
    }

    /// Takes memory for as much as the one beside it holds: that one was filled, and so will this one be. What grows bit by bit
    /// while others come and go leaves gaps behind, which made long lists take a tenth more.
    pub(super) fn reserve_like(&mut self, beside: &Self) {
        if let (Body::Packed(pack), Some(bytes)) = (&mut self.body, beside.packed_bytes()) {
            pack.reserve(bytes);
        }
    }

    /// Its listpack with the memory that that is in; a long text is none.
    pub(super) fn into_pack(self) -> Result<Listpack, Self> {
        match self.body {
            Body::Packed(pack) => Ok(pack),
            Body::Plain(_) => Err(self),
        }
    }

    /// Adds another one at the end; both have listpacks.
    pub(super) fn append(&mut self, other: &Self) {
        if let Body::Packed(other) = &other.body {
            self.packed().append_all(other);
        }
        self.count += other.count;
    }

    fn packed(&mut self) -> &mut Listpack {
        match &mut self.body {
            Body::Packed(pack) => pack,
            Body::Plain(_) => unreachable!("nothing is put beside a long text"),
        }
    }
}

impl<'a> NodeView<'a> {
    /// A listpack that is a list by itself.
    pub(super) fn of_pack(pack: ListpackRef<'a>) -> Self {
        Self { body: NodeRef::Packed(pack), count: pack.len() }
    }

    pub(super) fn len(self) -> usize {
        self.count
    }

    /// Its listpack; a long text is none.
    pub(super) fn pack(self) -> Option<ListpackRef<'a>> {
        match self.body {
            NodeRef::Packed(pack) => Some(pack),
            NodeRef::Plain(_) => None,
        }
    }

    /// The value at an offset.
    pub(super) fn get(self, offset: usize) -> Option<Packed<'a>> {
        match self.body {
            NodeRef::Packed(pack) if offset < self.count => pack.get(pack.place_among(self.count, offset)),
            NodeRef::Plain(text) if offset == 0 => Some(Packed::Text(text)),
            _ => None,
        }
    }

    /// All values.
    pub(super) fn elements(self) -> NodeElements<'a> {
        match self.body {
            NodeRef::Packed(pack) => NodeElements::Packed(pack.iter()),
            NodeRef::Plain(text) => NodeElements::Plain(Some(text)),
        }
    }

    /// The values in a range of offsets.
    pub(super) fn range(self, range: Range<usize>) -> NodeElements<'a> {
        match self.body {
            NodeRef::Packed(pack) => {
                let [start, end] = [range.start, range.end].map(|offset| pack.place_among(self.count, offset));
                NodeElements::Packed(pack.between(start..end))
            }
            NodeRef::Plain(text) => NodeElements::Plain(Some(text).filter(|_| !range.is_empty())),
        }
    }
}

impl<'a> Iterator for NodeElements<'a> {
    type Item = Packed<'a>;

    fn next(&mut self) -> Option<Packed<'a>> {
        match self {
            Self::Packed(values) => values.next(),
            Self::Plain(text) => text.take().map(Packed::Text),
        }
    }
}

impl DoubleEndedIterator for NodeElements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(values) => values.next_back(),
            Self::Plain(text) => text.take().map(Packed::Text),
        }
    }
}

fn count_of(pack: &Listpack) -> u32 {
    u32::try_from(pack.len()).expect("a listpack is below 4 GiB")
}
