//! Looking at a list.

use std::ops::Range;

use super::node::NodeView;
use super::nodes::Nodes;
use super::{Elements, End, NodeRef};
use crate::listpack::{ListpackRef, Packed, Sought};

/// A [`List`](super::List), wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct ListRef<'a>(pub(super) View<'a>);

#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    One(NodeView<'a>),
    Many(&'a Nodes),
}

impl<'a> From<ListpackRef<'a>> for ListRef<'a> {
    fn from(pack: ListpackRef<'a>) -> Self {
        Self(View::One(NodeView::of_pack(pack)))
    }
}

impl<'a> ListRef<'a> {
    /// How many values there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            View::One(node) => node.len(),
            View::Many(nodes) => nodes.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its encoding, as OBJECT ENCODING tells it.
    #[must_use]
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::One(_) => "listpack",
            View::Many(_) => "quicklist",
        }
    }

    /// Its listpack, if it is one.
    pub(crate) fn listpack(self) -> Option<ListpackRef<'a>> {
        match self.0 {
            View::One(node) => node.pack(),
            View::Many(_) => None,
        }
    }

    /// The index that a number of a command means, which counts from the end when it is negative; `None` when nothing is
    /// there.
    #[must_use]
    pub fn index(self, number: i64) -> Option<usize> {
        let from_end = number.unsigned_abs() as usize;
        let index = if number < 0 { self.len().checked_sub(from_end)? } else { from_end };
        (index < self.len()).then_some(index)
    }

    /// The indexes that two numbers of a command mean, both inclusive and counted from the end when they are negative. May
    /// be empty.
    #[must_use]
    pub fn span(self, start: i64, stop: i64) -> Range<usize> {
        let len = i64::try_from(self.len()).unwrap_or(i64::MAX);
        let counted = |number: i64| if number < 0 { number.saturating_add(len) } else { number };
        let (start, stop) = (counted(start).max(0), counted(stop).min(len - 1));
        if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
    }

    /// The value at an index. Costs `O(p + k)`.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Packed<'a>> {
        match self.0 {
            View::One(node) => node.get(index),
            View::Many(nodes) => {
                let (at, offset) = nodes.locate(index)?;
                nodes.nodes()[at].view().get(offset)
            }
        }
    }

    /// The value at an end.
    #[must_use]
    pub fn peek(self, end: End) -> Option<Packed<'a>> {
        match end {
            End::Front => self.get(0),
            End::Back => self.get(self.len().checked_sub(1)?),
        }
    }

    /// All values, from both ends.
    #[must_use]
    pub fn iter(self) -> Elements<'a> {
        self.range(0..self.len())
    }

    /// The values at these indexes, as far as there are any, from both ends. Costs `O(p + k)`, and what is taken from it.
    #[must_use]
    pub fn range(self, range: Range<usize>) -> Elements<'a> {
        let range = self.within(range);
        match self.0 {
            View::One(node) => Elements::of_node(node, range),
            View::Many(nodes) => Elements::of_nodes(nodes, range),
        }
    }

    /// The indexes at which a value is, from an end on. At most so many values are compared with it.
    ///
    /// LPOS skips and takes some of them; LINSERT takes the first from the front.
    pub fn positions<'t>(self, text: &'t [u8], from: End, most: usize) -> impl Iterator<Item = usize> + use<'a, 't> {
        let (sought, len, mut elements) = (Sought::new(text), self.len(), self.iter());
        (0..most.min(len)).filter_map(move |passed| {
            let (index, value) = match from {
                End::Front => (passed, elements.next()?),
                End::Back => (len - 1 - passed, elements.next_back()?),
            };
            sought.is(value).then_some(index)
        })
    }

    /// The pieces, as they are saved in RDB files and DUMP payloads: listpacks and long texts.
    pub fn nodes(self) -> impl ExactSizeIterator<Item = NodeRef<'a>> {
        let count = match self.0 {
            View::One(_) => 1,
            View::Many(nodes) => nodes.nodes().len(),
        };
        (0..count).map(move |at| match self.0 {
            View::One(node) => node.body,
            View::Many(nodes) => nodes.nodes()[at].view().body,
        })
    }

    pub(super) fn within(self, range: Range<usize>) -> Range<usize> {
        let end = range.end.min(self.len());
        range.start.min(end)..end
    }
}
