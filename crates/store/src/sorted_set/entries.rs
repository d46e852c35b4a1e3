//! Walking through a sorted set.

use std::mem;
use std::ops::Range;

use super::packed::{Pairs, score_of};
use super::tree::{Spot, Tree};
use crate::listpack::Packed;

/// Members with their scores in their order, from both ends.
#[derive(Clone, Debug)]
pub struct Entries<'a>(pub(super) Walk<'a>);

/// Members in the order of their scores, from both ends. Scores that have to be read first are not.
#[derive(Clone, Debug)]
pub struct Members<'a>(Walk<'a>);

#[derive(Clone, Debug)]
pub(super) enum Walk<'a> {
    Packed {
        pairs: Pairs<'a>,
        count: usize,
        /// Entries to be passed by at the beginning, when the first is wanted from there.
        before: usize,
        /// The same at the end.
        behind: usize,
    },
    /// Where it stands is sought when it is wanted.
    Tree { tree: &'a Tree, ranks: Range<usize>, front: Option<Spot>, back: Option<Spot> },
}

/// A score as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Score<'a> {
    Packed(Packed<'a>),
    Read(f64),
}

impl Score<'_> {
    fn read(self) -> f64 {
        match self {
            Self::Packed(score) => score_of(score),
            Self::Read(score) => score,
        }
    }
}

impl<'a> Entries<'a> {
    /// The same without the scores.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        Members(self.0)
    }
}

impl<'a> Walk<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Packed { count, .. } => *count,
            Self::Tree { ranks, .. } => ranks.len(),
        }
    }

    fn next(&mut self) -> Option<(Packed<'a>, Score<'a>)> {
        match self {
            Self::Packed { pairs, count, before, .. } => {
                *count = count.checked_sub(1)?;
                pairs.skip_front(mem::take(before));
                pairs.next().map(|(member, score)| (member, Score::Packed(score)))
            }
            Self::Tree { tree, ranks, front, .. } => {
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

    fn next_back(&mut self) -> Option<(Packed<'a>, Score<'a>)> {
        match self {
            Self::Packed { pairs, count, behind, .. } => {
                *count = count.checked_sub(1)?;
                pairs.skip_back(mem::take(behind));
                pairs.next_back().map(|(member, score)| (member, Score::Packed(score)))
            }
            Self::Tree { tree, ranks, back, .. } => {
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

fn entry(tree: &Tree, spot: Spot) -> (Packed<'_>, Score<'_>) {
    let leaf = &tree.leaves[spot.leaf];
    (Packed::Text(leaf.member(spot.at)), Score::Read(leaf.score(spot.at)))
}

macro_rules! walks {
    ($($walker:ident -> $item:ty: |$member:ident, $score:ident| $given:expr;)*) => {$(
        impl<'a> Iterator for $walker<'a> {
            type Item = $item;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map(|($member, $score)| $given)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.0.len(), Some(self.0.len()))
            }
        }

        impl DoubleEndedIterator for $walker<'_> {
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back().map(|($member, $score)| $given)
            }
        }

        impl ExactSizeIterator for $walker<'_> {}
    )*};
}

walks! {
    Entries -> (Packed<'a>, f64): |member, score| (member, score.read());
    Members -> Packed<'a>: |member, _score| member;
}
