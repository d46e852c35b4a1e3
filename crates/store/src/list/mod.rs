//! Lists.
//!
//! A list that is short is one listpack. A longer one is a queue of them, bounded by the limit that is given
//! ([`ListLimit`]); a text that is too long for a listpack has a piece of its own. So an end is reached at once, an index by
//! the counts of the pieces from the nearer end, and a change moves the bytes of a few pieces.

mod elements;
mod limit;
mod node;
mod nodes;
#[cfg(test)]
mod tests;
mod view;

use std::ops::Range;

use crate::listpack::{Listpack, Packed, Sought};
use crate::seen::seen_as;
use node::Node;
use nodes::Nodes;
use view::View;

pub use elements::Elements;
pub use limit::ListLimit;
pub use node::NodeRef;
pub use view::ListRef;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Index 0; LEFT in commands.
    Front,
    /// The last index; RIGHT in commands.
    Back,
}

/// On which side of a value another one is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At its index.
    Before,
    /// At the next one.
    After,
}

/// A list of texts.
///
/// Costs are given in `k`, the size of a piece (8 KiB with the default limit), and `p`, how many pieces there are. Whoever
/// changes a list gives the limit that holds now; the list becomes a queue of pieces, or one listpack again, as it does in
/// Valkey.
#[derive(Clone, Debug, Default)]
pub struct List(Repr);

#[derive(Clone, Debug)]
enum Repr {
    One(Node),
    Many(Box<Nodes>),
}

impl Default for Repr {
    fn default() -> Self {
        Self::One(Node::default())
    }
}

impl List {
    /// The same, to look at.
    #[must_use]
    pub fn view(&self) -> ListRef<'_> {
        ListRef(match &self.0 {
            Repr::One(node) => View::One(node.view()),
            Repr::Many(nodes) => View::Many(nodes),
        })
    }

    seen_as! { ListRef:
        len() -> usize;
        is_empty() -> bool;
        encoding() -> &'static str;
        index(number: i64) -> Option<usize>;
        span(start: i64, stop: i64) -> Range<usize>;
        get(index: usize) -> Option<Packed<'_>>;
        peek(end: End) -> Option<Packed<'_>>;
        iter() -> Elements<'_>;
        range(range: Range<usize>) -> Elements<'_>;
        positions(text: &[u8], from: End, most: usize) -> impl Iterator<Item = usize>;
        nodes() -> impl ExactSizeIterator<Item = NodeRef<'_>>;
    }

    /// Takes a listpack that was one before.
    pub(crate) fn of_listpack(pack: Listpack) -> Self {
        Self(Repr::One(Node::from_pack(pack)))
    }

    /// Its listpack with the memory that that is in, or the list again where it is none.
    pub(crate) fn into_listpack(self) -> Result<Listpack, Self> {
        match self.0 {
            Repr::One(node) => node.into_pack().map_err(|node| Self(Repr::One(node))),
            Repr::Many(_) => Err(self),
        }
    }

    /// Bytes that it takes besides itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Repr::One(node) => node.heap(),
            Repr::Many(nodes) => nodes.bytes(),
        }
    }

    /// How many pieces of memory it has.
    #[must_use]
    pub fn pieces(&self) -> usize {
        match &self.0 {
            Repr::One(_) => 1,
            Repr::Many(nodes) => nodes.nodes().len() + 2,
        }
    }

    /// Adds values at an end, one after the other: the last of them is outermost. Costs `O(k)` for each.
    pub fn push<'t>(&mut self, end: End, texts: impl Iterator<Item = &'t [u8]> + Clone, limit: ListLimit) {
        let (bytes, count) = texts.clone().fold((0, 0), |(bytes, count), text| (bytes + text.len(), count + 1));
        self.grow(bytes, count, limit);
        for text in texts {
            match &mut self.0 {
                Repr::One(node) => node.push(end, text),
                Repr::Many(nodes) => nodes.push(end, text, limit),
            }
        }
    }

    /// Takes out the value at an end. Costs `O(k)`.
    pub fn pop(&mut self, end: End, limit: ListLimit) -> Option<Vec<u8>> {
        let text = self.peek(end)?.to_vec();
        self.remove_end(end);
        self.shrink(limit);
        Some(text)
    }

    /// Moves the value at one end to the other, or takes it out and puts it back; tells whether there is one.
    pub fn rotate(&mut self, from: End, to: End, limit: ListLimit) -> bool {
        let Some(text) = self.peek(from).map(Packed::to_vec) else { return false };
        self.remove_end(from);
        self.push(to, [&text[..]].into_iter(), limit);
        self.shrink(limit);
        true
    }

    /// Puts a value beside the one at an index; tells whether there is one. Costs `O(p + k)`.
    pub fn insert(&mut self, index: usize, side: Side, text: &[u8], limit: ListLimit) -> bool {
        if index >= self.len() {
            return false;
        }
        self.grow(text.len(), 1, limit);
        match &mut self.0 {
            Repr::One(node) => node.insert(index + usize::from(side == Side::After), text),
            Repr::Many(nodes) => nodes.insert(index, side, text, limit),
        }
        true
    }

    /// Puts a text in the place of the value at an index; tells whether there is one. Costs `O(p + k)`.
    pub fn set(&mut self, index: usize, text: &[u8], limit: ListLimit) -> bool {
        if index >= self.len() {
            return false;
        }
        self.grow(text.len(), 1, limit);
        match &mut self.0 {
            Repr::One(node) => node.set(index, text),
            Repr::Many(nodes) => nodes.set(index, text, limit),
        }
        self.shrink(limit);
        true
    }

    /// Takes out a value wherever it is, at most so many times, counted from an end; tells how often. Costs two walks at most,
    /// however often that is.
    pub fn remove(&mut self, text: &[u8], from: End, most: usize, limit: ListLimit) -> usize {
        let sought = Sought::new(text);
        let gone = match &mut self.0 {
            Repr::One(node) => node.remove_value(sought, from, most),
            Repr::Many(nodes) => nodes.remove_value(sought, from, most),
        };
        self.shrink(limit);
        gone
    }

    /// Takes out the values at these indexes, as far as there are any; tells how many. Costs `O(p + k)`.
    pub fn remove_range(&mut self, range: Range<usize>, limit: ListLimit) -> usize {
        let range = self.view().within(range);
        let gone = range.len();
        self.cut(range);
        self.shrink(limit);
        gone
    }

    /// Takes out all values but those at these indexes; tells how many went. Costs `O(p + k)`.
    ///
    /// Where none is to stay it is better to take the key out, which frees a long list later.
    pub fn keep(&mut self, range: Range<usize>, limit: ListLimit) -> usize {
        let (range, len) = (self.view().within(range), self.len());
        self.cut(range.end..len);
        self.cut(0..range.start);
        self.shrink(limit);
        len - range.len()
    }

    /// Adds a listpack that was saved at the end; an empty one is left out. [`List::settle`] follows the last.
    pub fn append_pack(&mut self, pack: Listpack) {
        if !pack.is_empty() {
            self.many().append(Node::from_pack(pack));
        }
    }

    /// Adds a long text that was saved at the end. [`List::settle`] follows the last.
    pub fn append_plain(&mut self, text: Vec<u8>) {
        self.many().append(Node::plain(text.into_boxed_slice()));
    }

    /// Chooses how a list is kept that was put together from pieces or sorted values.
    pub fn settle(&mut self, limit: ListLimit) {
        self.grow(0, 0, limit);
        self.contract(|bytes, count| limit.suffices(bytes, count));
    }

    fn remove_end(&mut self, end: End) {
        match end {
            End::Front => self.cut(0..1),
            End::Back => self.cut(self.len() - 1..self.len()),
        }
    }

    fn cut(&mut self, range: Range<usize>) {
        match &mut self.0 {
            Repr::One(node) => node.remove(range),
            Repr::Many(nodes) => nodes.remove(range),
        }
    }

    /// Makes it a list of many pieces if one is too small for what is about to be added.
    fn grow(&mut self, bytes: usize, count: usize, limit: ListLimit) {
        if let Repr::One(node) = &self.0
            && node.packed_bytes().is_some_and(|own| limit.exceeded(own + bytes, node.len() + count))
        {
            self.many();
        }
    }

    /// Makes it one listpack if little is left.
    fn shrink(&mut self, limit: ListLimit) {
        self.contract(|bytes, count| limit.suffices_again(bytes, count));
    }

    fn contract(&mut self, suffices: impl FnOnce(usize, usize) -> bool) {
        let Repr::Many(nodes) = &mut self.0 else { return };
        let bytes = nodes.only().and_then(Node::packed_bytes);
        if bytes.is_some_and(|bytes| suffices(bytes, nodes.len())) {
            self.0 = Repr::One(nodes.take_first().unwrap_or_default());
        }
    }

    fn many(&mut self) -> &mut Nodes {
        if let Repr::One(node) = &mut self.0 {
            let mut nodes = Box::<Nodes>::default();
            let node = std::mem::take(node);
            if node.len() > 0 {
                nodes.append(node);
            }
            self.0 = Repr::Many(nodes);
        }
        match &mut self.0 {
            Repr::Many(nodes) => nodes,
            Repr::One(_) => unreachable!("it has just been made many"),
        }
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = Packed<'a>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Elements<'a> {
        self.iter()
    }
}
