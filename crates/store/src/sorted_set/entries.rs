//! Walking through a sorted set.

use std::ops::Range;

use super::packed::{Pairs, score_of};
use super::tree::{Spot, Tree};
use crate::listpack::Packed;

/// Members with their scores in their order, from both ends.
#[derive(Clone, Debug)]
pub struct Entries<'a>(pub(super) Walk<'a>);

#[derive(Clone, Debug)]
pub(super) enum Walk<'a> {
    Packed {
        pairs: Pairs<'a>,
        count: usize,
    },
    /// Where it stands is sought when it is wanted.
    Tree {
        tree: &'a Tree,
        ranks: Range<usize>,
        front: Option<Spot>,
        back: Option<Spot>,
    },
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Packed<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Packed { pairs, count } => {
                *count = count.checked_sub(1)?;
                pairs.next().map(|(member, score)| (member, score_of(score)))
            }
            Walk::Tree { tree, ranks, front, .. } => {
                let mut spot = front.or_else(|| (ranks.start < ranks.end).then(|| tree.spot(ranks.start)));
                ranks.next()?;
                let here = spot.as_mut()?;
                if here.at == tree.leaves[here.leaf].len() {
                    *here = Spot { leaf: tree.leaves[here.leaf].behind?, at: 0 };
                }
                let entry = entry(tree, *here);
                here.at += 1;
                *front = spot;
                Some(entry)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = match &self.0 {
            Walk::Packed { count, .. } => *count,
            Walk::Tree { ranks, .. } => ranks.len(),
        };
        (count, Some(count))
    }
}

impl DoubleEndedIterator for Entries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Packed { pairs, count } => {
                *count = count.checked_sub(1)?;
                pairs.next_back().map(|(member, score)| (member, score_of(score)))
            }
            Walk::Tree { tree, ranks, back, .. } => {
                let last = ranks.next_back()?;
                let here = match *back {
                    None => tree.spot(last),
                    Some(Spot { leaf, at: 0 }) => {
                        let leaf = tree.leaves[leaf].before?;
                        Spot { leaf, at: tree.leaves[leaf].len() - 1 }
                    }
                    Some(Spot { leaf, at }) => Spot { leaf, at: at - 1 },
                };
                *back = Some(here);
                Some(entry(tree, here))
            }
        }
    }
}

impl ExactSizeIterator for Entries<'_> {}

pub(super) fn entry(tree: &Tree, spot: Spot) -> (Packed<'_>, f64) {
    let leaf = &tree.leaves[spot.leaf];
    (Packed::Text(leaf.member(spot.at)), leaf.score(spot.at))
}
