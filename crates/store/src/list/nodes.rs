//! A list in pieces.

use std::collections::VecDeque;
use std::ops::Range;

use super::node::Node;
use super::{End, ListLimit, Side};
use crate::listpack::Sought;

/// A list in pieces, none of them empty. Where pieces are split and joined follows real servers.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    nodes: VecDeque<Node>,
    len: usize,
    /// Bytes of all pieces besides themselves.
    heap: usize,
}

impl Clone for Nodes {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.nodes.reserve_exact(self.nodes.len());
        // What is copied has no memory to spare, so it is counted anew.
        self.nodes.iter().for_each(|node| copy.put(copy.nodes.len(), node.clone()));
        copy
    }
}

impl Nodes {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that it takes, with itself.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.nodes.capacity() * size_of::<Node>() + self.heap
    }

    pub(super) fn nodes(&self) -> &VecDeque<Node> {
        &self.nodes
    }

    /// The only piece, if there is just one.
    pub(super) fn only(&self) -> Option<&Node> {
        self.nodes.front().filter(|_| self.nodes.len() == 1)
    }

    /// Takes the first piece out.
    pub(super) fn take_first(&mut self) -> Option<Node> {
        (!self.nodes.is_empty()).then(|| self.take(0))
    }

    /// Where the value at an index is: its piece and its offset there. Behind the last value there is nothing.
    pub(super) fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index <= self.len / 2 {
            let mut offset = index;
            for (at, node) in self.nodes.iter().enumerate() {
                if offset < node.len() {
                    return Some((at, offset));
                }
                offset -= node.len();
            }
        }
        let mut start = self.len;
        for (at, node) in self.nodes.iter().enumerate().rev() {
            start -= node.len();
            if start <= index {
                return Some((at, index - start));
            }
        }
        None
    }

    /// Adds a piece at the end.
    pub(super) fn append(&mut self, node: Node) {
        self.put(self.nodes.len(), node);
    }

    pub(super) fn push(&mut self, end: End, text: &[u8], limit: ListLimit) {
        let (last, behind) = match end {
            End::Front => (0, 0),
            End::Back => (self.nodes.len().saturating_sub(1), self.nodes.len()),
        };
        if self.takes(last, text, limit) {
            self.edit(last, |node| node.push(end, text));
        } else {
            let mut node = Node::new(text, limit);
            if last < self.nodes.len() {
                self.edit(last, Node::fit);
                node.reserve_like(&self.nodes[last]);
            }
            self.put(behind, node);
        }
    }

    /// Puts a value beside the one at an index.
    pub(super) fn insert(&mut self, index: usize, side: Side, text: &[u8], limit: ListLimit) {
        let Some((at, offset)) = self.locate(index) else { return };
        self.insert_beside(at, offset, side, text, limit);
    }

    fn insert_beside(&mut self, at: usize, offset: usize, side: Side, text: &[u8], limit: ListLimit) {
        let gap = match side {
            Side::Before => offset,
            Side::After => offset + 1,
        };
        if self.takes(at, text, limit) {
            return self.edit(at, |node| node.insert(gap, text));
        }
        match side {
            Side::Before if gap == 0 => match at.checked_sub(1) {
                Some(before) if self.takes(before, text, limit) => {
                    self.edit(before, |node| node.push(End::Back, text));
                }
                _ => self.put(at, Node::new(text, limit)),
            },
            Side::After if gap == self.nodes[at].len() => {
                if self.takes(at + 1, text, limit) {
                    self.edit(at + 1, |node| node.push(End::Front, text));
                } else {
                    self.put(at + 1, Node::new(text, limit));
                }
            }
            _ => self.insert_between(at, gap, side, text, limit),
        }
    }

    /// Puts a value into the middle of a piece that is full.
    fn insert_between(&mut self, at: usize, gap: usize, side: Side, text: &[u8], limit: ListLimit) {
        self.split(at, gap);
        if limit.is_large(text.len()) {
            return self.put(at + 1, Node::new(text, limit));
        }
        match side {
            Side::Before => {
                self.edit(at, |node| node.push(End::Back, text));
                self.join_around(at + 1, limit);
            }
            Side::After => {
                self.edit(at + 1, |node| node.push(End::Front, text));
                self.join_around(at, limit);
            }
        }
    }

    /// Puts a text in the place of the value at an index.
    pub(super) fn set(&mut self, index: usize, text: &[u8], limit: ListLimit) {
        let Some((at, offset)) = self.locate(index) else { return };
        let node = &self.nodes[at];
        let count = node.len();
        if node.takes_instead(offset, text.len(), limit) {
            return self.edit(at, |node| node.set(offset, text));
        }
        if node.packed_bytes().is_none() {
            self.insert_beside(at, 0, Side::After, text, limit);
            self.take(at);
            return;
        }
        if offset + 1 < count {
            self.split(at, offset + 1);
        }
        self.put(at + 1, Node::new(text, limit));
        if offset == 0 {
            self.take(at);
        } else {
            self.edit(at, |node| node.remove(offset..offset + 1));
            self.join_around(at + 1, limit);
        }
    }

    /// Takes out the values in a range, which is within the list.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        let mut left = range.len();
        let Some((mut at, offset)) = self.locate(range.start).filter(|_| left > 0) else { return };
        let count = self.nodes[at].len();
        if offset > 0 || left < count {
            let gone = left.min(count - offset);
            self.edit(at, |node| node.remove(offset..offset + gone));
            left -= gone;
            at += 1;
        }
        let mut end = at;
        while left > 0 && self.nodes[end].len() <= left {
            left -= self.nodes[end].len();
            end += 1;
        }
        for node in self.nodes.drain(at..end) {
            self.len -= node.len();
            self.heap -= node.heap();
        }
        if left > 0 {
            self.edit(at, |node| node.remove(0..left));
        }
        self.give_back();
    }

    /// Takes out a value wherever it is, at most so many times, counted from an end; tells how often.
    pub(super) fn remove_value(&mut self, sought: Sought<'_>, from: End, most: usize) -> usize {
        let (mut left, mut emptied) = (most, false);
        for step in 0..self.nodes.len() {
            if left == 0 {
                break;
            }
            let at = match from {
                End::Front => step,
                End::Back => self.nodes.len() - 1 - step,
            };
            left -= self.edit(at, |node| node.remove_value(sought, from, left));
            emptied |= self.nodes[at].len() == 0;
        }
        if emptied {
            // In one go: to take them out one by one would move the others each time.
            self.nodes.retain(|node| {
                let stays = node.len() > 0;
                self.heap -= if stays { 0 } else { node.heap() };
                stays
            });
            self.give_back();
        }
        most - left
    }

    /// Joins the pieces around one as far as the limit allows.
    fn join_around(&mut self, center: usize, limit: ListLimit) {
        let mut center = center;
        if center >= 2 && self.join(center - 2, limit) {
            center -= 1;
        }
        self.join(center + 1, limit);
        if center >= 1 && self.join(center - 1, limit) {
            center -= 1;
        }
        self.join(center, limit);
    }

    /// Joins a piece with the one behind it, if the limit allows it.
    fn join(&mut self, at: usize, limit: ListLimit) -> bool {
        let fits = match (self.nodes.get(at), self.nodes.get(at + 1)) {
            (Some(node), Some(next)) => node.takes_all(next, limit),
            _ => false,
        };
        if fits {
            let next = self.take(at + 1);
            self.edit(at, |node| node.append(&next));
        }
        fits
    }

    fn split(&mut self, at: usize, offset: usize) {
        let rest = self.edit(at, |node| node.split_off(offset));
        self.put(at + 1, rest);
    }

    fn takes(&self, at: usize, text: &[u8], limit: ListLimit) -> bool {
        self.nodes.get(at).is_some_and(|node| node.takes(text.len(), limit))
    }

    /// Changes a piece.
    fn edit<R>(&mut self, at: usize, edit: impl FnOnce(&mut Node) -> R) -> R {
        let node = &mut self.nodes[at];
        self.len -= node.len();
        self.heap -= node.heap();
        let result = edit(node);
        self.len += node.len();
        self.heap += node.heap();
        result
    }

    fn put(&mut self, at: usize, node: Node) {
        if self.nodes.len() == self.nodes.capacity() {
            // By a quarter rather than to the double: pieces can be many and short.
            self.nodes.reserve_exact(self.nodes.len() / 4 + 2);
        }
        self.len += node.len();
        self.heap += node.heap();
        self.nodes.insert(at, node);
    }

    fn take(&mut self, at: usize) -> Node {
        let node = self.nodes.remove(at).expect("it was there");
        self.len -= node.len();
        self.heap -= node.heap();
        node
    }

    fn give_back(&mut self) {
        if self.nodes.capacity() > 2 * self.nodes.len() + 4 {
            self.nodes.shrink_to_fit();
        }
    }
}
