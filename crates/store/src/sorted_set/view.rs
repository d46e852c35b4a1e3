//! Looking at a sorted set.

use std::ops::Range;

use super::cut::Cut;
use super::entries::{Entries, Walk};
use super::packed;
use super::tree::Tree;
use super::{LexBound, ScoreBound};
use crate::listpack::{ListpackRef, Packed};

/// A [`SortedSet`](super::SortedSet), wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct SortedSetRef<'a>(pub(super) View<'a>);

#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    Packed(ListpackRef<'a>),
    Tree(&'a Tree),
}

/// Entries of a tree that a step of a scan shows, about.
const SHOWN: usize = 12;

impl<'a> From<ListpackRef<'a>> for SortedSetRef<'a> {
    fn from(pack: ListpackRef<'a>) -> Self {
        Self(View::Packed(pack))
    }
}

impl<'a> SortedSetRef<'a> {
    /// The listpack that it is, if it is one.
    #[must_use]
    pub fn as_listpack(self) -> Option<ListpackRef<'a>> {
        match self.0 {
            View::Packed(pack) => Some(pack),
            View::Tree(_) => None,
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            View::Packed(pack) => pack.len() / 2,
            View::Tree(tree) => tree.len,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    #[must_use]
    pub fn score(self, member: &[u8]) -> Option<f64> {
        match self.0 {
            View::Packed(pack) => packed::find(pack, member).map(|(_, score)| score),
            View::Tree(tree) => tree.score(member),
        }
    }

    /// The rank of a member, and its score.
    #[must_use]
    pub fn rank(self, member: &[u8]) -> Option<(usize, f64)> {
        match self.0 {
            View::Packed(pack) => packed::find(pack, member),
            View::Tree(tree) => {
                let score = tree.score(member)?;
                Some((tree.rank(Cut::Entry(score, member)), score))
            }
        }
    }

    /// The ranks of the scores between two bounds; an empty range if there are none.
    #[must_use]
    pub fn ranks_by_score(self, min: ScoreBound, max: ScoreBound) -> Range<usize> {
        self.between(min.as_min(), max.as_max())
    }

    /// The ranks of the members between two bounds, of a set in which all scores are the same; an empty range if there are
    /// none. With different scores it is any range.
    #[must_use]
    pub fn ranks_by_lex(self, min: LexBound<'_>, max: LexBound<'_>) -> Range<usize> {
        self.between(min.as_min(), max.as_max())
    }

    /// The entries of a range of ranks, from both ends; what is out of range is not there.
    #[must_use]
    pub fn entries(self, ranks: Range<usize>) -> Entries<'a> {
        let ranks = self.in_range(ranks);
        Entries(match self.0 {
            View::Packed(pack) => {
                let behind = self.len() - ranks.end;
                Walk::Packed { pairs: packed::pairs(pack), count: ranks.len(), before: ranks.start, behind }
            }
            View::Tree(tree) => Walk::Tree { tree, ranks, front: None, back: None },
        })
    }

    /// All entries, from both ends.
    #[must_use]
    pub fn iter(self) -> Entries<'a> {
        self.entries(0..self.len())
    }

    /// Shows some entries, from a position on, and gives the position of the next; 0 is the first, and comes again after the last.
    /// Whoever is there from the call with 0 to the one that gives 0 is shown, mostly once, whatever comes, goes or changes its
    /// score meanwhile. A listpack is shown at once, of a tree a dozen or two.
    pub fn scan(self, position: u64, mut show: impl FnMut(Packed<'_>, f64)) -> u64 {
        match self.0 {
            View::Packed(pack) => {
                packed::entries(pack).for_each(|(member, score)| show(member, score));
                0
            }
            View::Tree(tree) => {
                // What no scan has given is taken as its highest bits.
                let from = u32::try_from(position).unwrap_or(u32::MAX);
                let next = tree.scan(from, SHOWN, |member, score| show(Packed::Text(member), score));
                next.map_or(0, u64::from)
            }
        }
    }

    /// The name of what it is, as OBJECT ENCODING tells it.
    #[must_use]
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Packed(_) => "listpack",
            View::Tree(_) => "skiplist",
        }
    }

    fn between(self, min: Cut<'_>, max: Cut<'_>) -> Range<usize> {
        let start = self.below(min);
        start..self.below(max).max(start)
    }

    fn below(self, cut: Cut<'_>) -> usize {
        match self.0 {
            View::Packed(pack) => packed::rank(pack, cut),
            View::Tree(tree) => tree.rank(cut),
        }
    }

    pub(super) fn in_range(self, ranks: Range<usize>) -> Range<usize> {
        let end = ranks.end.min(self.len());
        ranks.start.min(end)..end
    }
}
