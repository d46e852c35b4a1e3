//! The values of a list, from both ends.

use std::collections::vec_deque;
use std::iter::FusedIterator;
use std::ops::Range;

use crate::listpack::Packed;

use super::node::{Node, NodeElements, NodeView};
use super::nodes::Nodes;

/// Values of a list, from both ends.
#[derive(Clone, Debug, Default)]
pub struct Elements<'a> {
    front: NodeElements<'a>,
    middle: vec_deque::Iter<'a, Node>,
    back: NodeElements<'a>,
    left: usize,
}

impl<'a> Elements<'a> {
    /// The values of one piece in a range, which is within it.
    pub(super) fn of_node(node: NodeView<'a>, range: Range<usize>) -> Self {
        Self { left: range.len(), front: node.range(range), ..Self::default() }
    }

    /// The values in a range, which is within the list.
    pub(super) fn of_nodes(nodes: &'a Nodes, range: Range<usize>) -> Self {
        let (start, last) = (nodes.locate(range.start), nodes.locate(range.end.saturating_sub(1)));
        let Some(((first, start), (last, end))) = start.zip(last).filter(|_| !range.is_empty()) else {
            return Self::default();
        };
        let (left, nodes) = (range.len(), nodes.nodes());
        if first == last {
            return Self { left, ..Self::of_node(nodes[first].view(), start..end + 1) };
        }
        Self {
            front: nodes[first].view().range(start..nodes[first].len()),
            middle: nodes.range(first + 1..last),
            back: nodes[last].view().range(0..end + 1),
            left,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Packed<'a>;

    fn next(&mut self) -> Option<Packed<'a>> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some(value) = self.front.next() {
                return Some(value);
            }
            let Some(node) = self.middle.next() else { return self.back.next() };
            self.front = node.view().elements();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some(value) = self.back.next_back() {
                return Some(value);
            }
            let Some(node) = self.middle.next_back() else { return self.front.next_back() };
            self.back = node.view().elements();
        }
    }
}

impl ExactSizeIterator for Elements<'_> {}
impl FusedIterator for Elements<'_> {}
