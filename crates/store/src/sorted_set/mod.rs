//! Sorted sets: members in the order of their scores, and of their bytes where scores are the same.

mod add;
mod combine;
mod cut;
mod entries;
mod index;
mod leaf;
mod packed;
mod sample;
mod shape;
#[cfg(test)]
mod tests;
mod tree;

pub use add::{AddMembers, AddRule, AddScores, Added};
pub use combine::{Aggregate, Combined, Scored, Weighted};
pub use cut::{LexBound, ScoreBound};
pub use entries::Entries;

use std::ops::Range;

use crate::listpack::{Listpack, Packed};
use cut::Cut;
use entries::Walk;
use tree::Tree;

/// Members with a score each, in the order of the scores, and of the bytes of the members where scores are the same. No score
/// is "not a number".
///
/// A small one is a listpack and takes a step for each entry, whatever is asked. A large one is a tree: looking for a member
/// takes the same time however many there are, all else a time that grows with the logarithm, and a step for each
/// entry that is shown or taken out. Members of a listpack that look like numbers are shown as numbers.
///
/// Ranks count from 0 at the lowest score; ranges of scores and of members are turned into ranges of ranks first, and what
/// is to be done with them (counting, limits, walking either way with [`Entries::rev`](Iterator::rev), removal, popping
/// from either end) is done with those.
#[derive(Debug)]
pub struct SortedSet(Repr);

#[derive(Debug)]
enum Repr {
    Packed(Listpack),
    Tree(Box<Tree>),
}

/// Up to where a sorted set is a listpack.
#[derive(Clone, Copy, Debug)]
pub struct SortedSetLimits {
    /// `zset-max-listpack-entries`: members.
    pub entries: usize,
    /// `zset-max-listpack-value`: bytes of a member.
    pub value: usize,
}

/// Entries that make no sorted set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEntries {
    /// A member is there twice.
    #[error("a member is there twice")]
    Twice,
    /// A score is not a number, or a member has none.
    #[error("a score is not a number")]
    Score,
    /// A listpack has none.
    #[error("there are no entries")]
    Empty,
    /// A listpack has them in another order.
    #[error("the entries are not in their order")]
    Order,
}

/// Entries of a tree that a step of a scan shows, about.
const SHOWN: usize = 12;

impl Default for SortedSet {
    fn default() -> Self {
        Self(Repr::Packed(Listpack::default()))
    }
}

impl Clone for SortedSet {
    fn clone(&self) -> Self {
        match &self.0 {
            Repr::Packed(pack) => Self(Repr::Packed(pack.clone())),
            Repr::Tree(_) => self.to_tree(),
        }
    }
}

impl SortedSet {
    /// Builds one of entries in any order. Where they are in order, or in the opposite one, that takes a step for each.
    ///
    /// # Errors
    /// When a member is there twice or a score is not a number.
    pub fn from_entries<M: AsRef<[u8]>>(
        mut entries: Vec<(f64, M)>,
        limits: SortedSetLimits,
    ) -> Result<Self, BadEntries> {
        if entries.iter().any(|(score, _)| score.is_nan()) {
            return Err(BadEntries::Score);
        }
        let order = |(a, member): &(f64, M), (b, other): &(f64, M)| {
            let scores = a.partial_cmp(b).expect("no score is not a number");
            scores.then_with(|| member.as_ref().cmp(other.as_ref()))
        };
        entries.sort_by(order);
        let set = Self::from_sorted(&entries, limits);
        if set.has_each_once() { Ok(set) } else { Err(BadEntries::Twice) }
    }

    /// Takes a listpack that somebody else has made, as it is or, if it is beyond the limits, as a tree.
    ///
    /// # Errors
    /// When it is not members and scores in turn, in their order, each member once.
    pub fn from_listpack(pack: Listpack, limits: SortedSetLimits) -> Result<Self, BadEntries> {
        if pack.is_empty() {
            return Err(BadEntries::Empty);
        }
        let (mut values, mut before, mut longest) = (pack.iter(), None::<(f64, Vec<u8>)>, 0);
        while let Some(member) = values.next() {
            let score = values.next().and_then(packed::read_score).ok_or(BadEntries::Score)?;
            let member = member.to_vec();
            if let Some((low, own)) = &before
                && (score < *low || score == *low && member <= *own)
            {
                return Err(BadEntries::Order);
            }
            longest = longest.max(member.len());
            before = Some((score, member));
        }
        let mut set = Self(Repr::Packed(pack));
        if !set.has_each_once() {
            return Err(BadEntries::Twice);
        }
        if set.len() > limits.entries || longest > limits.value {
            set.grow();
        }
        Ok(set)
    }

    /// The listpack that it is, if it is one.
    #[must_use]
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.0 {
            Repr::Packed(pack) => Some(pack),
            Repr::Tree(_) => None,
        }
    }

    /// Prepares for so many members that are to be added at once: if they are more than a listpack may have, it is none from
    /// now on, even if most of them are there already. `longest` is the longest of a new set that is known.
    pub fn expect(&mut self, members: usize, longest: usize, limits: SortedSetLimits) {
        if members > limits.entries || longest > limits.value {
            self.grow();
        }
    }

    /// Gives a member a score, or adds to the one it has.
    pub fn add(&mut self, member: &[u8], score: f64, rule: AddRule, limits: SortedSetLimits) -> Added {
        let outcome = rule.outcome(score, self.score(member));
        match outcome {
            Added::New(score) => self.insert(member, score, limits),
            Added::Changed(score) => self.set_score(member, score),
            Added::Same(_) | Added::Refused | Added::NotANumber => {}
        }
        outcome
    }

    /// Takes a member out and gives its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Repr::Packed(pack) => {
                let (rank, score) = packed::find(pack, member)?;
                packed::remove(pack, rank, 1);
                Some(score)
            }
            Repr::Tree(tree) => tree.remove(member),
        }
    }

    /// Takes out the entries of a range of ranks; what is out of range is not there. Gives how many they were.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) -> usize {
        let Range { start, end } = self.in_range(ranks);
        match &mut self.0 {
            Repr::Packed(pack) => packed::remove(pack, start, end - start),
            Repr::Tree(tree) => tree.remove_ranks(start, end - start),
        }
        end - start
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Packed(pack) => pack.len() / 2,
            Repr::Tree(tree) => tree.len,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Repr::Packed(pack) => packed::find(pack, member).map(|(_, score)| score),
            Repr::Tree(tree) => tree.score(member),
        }
    }

    /// The rank of a member, and its score.
    #[must_use]
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.0 {
            Repr::Packed(pack) => packed::find(pack, member),
            Repr::Tree(tree) => {
                let score = tree.score(member)?;
                Some((tree.rank(Cut::Entry(score, member)), score))
            }
        }
    }

    /// The ranks of the scores between two bounds; an empty range if there are none.
    #[must_use]
    pub fn ranks_by_score(&self, min: ScoreBound, max: ScoreBound) -> Range<usize> {
        self.between(min.as_min(), max.as_max())
    }

    /// The ranks of the members between two bounds, of a set in which all scores are the same; an empty range if there are
    /// none. With different scores it is any range.
    #[must_use]
    pub fn ranks_by_lex(&self, min: LexBound<'_>, max: LexBound<'_>) -> Range<usize> {
        self.between(min.as_min(), max.as_max())
    }

    /// The entries of a range of ranks, from both ends; what is out of range is not there.
    #[must_use]
    pub fn entries(&self, ranks: Range<usize>) -> Entries<'_> {
        let ranks = self.in_range(ranks);
        Entries(match &self.0 {
            Repr::Packed(pack) => {
                let mut pairs = packed::pairs(pack);
                let behind = self.len() - ranks.end;
                pairs.by_ref().take(ranks.start).for_each(|_| {});
                pairs.by_ref().rev().take(behind).for_each(|_| {});
                Walk::Packed { pairs, count: ranks.len() }
            }
            Repr::Tree(tree) => Walk::Tree { tree, ranks, front: None, back: None },
        })
    }

    /// All entries, from both ends.
    #[must_use]
    pub fn iter(&self) -> Entries<'_> {
        self.entries(0..self.len())
    }

    /// Shows some entries, from a position on, and gives the position of the next; 0 is the first, and comes again after the last.
    /// Whoever is there from the call with 0 to the one that gives 0 is shown, mostly once, whatever comes, goes or changes its
    /// score meanwhile. A listpack is shown at once, of a tree a dozen or two.
    pub fn scan(&self, position: u64, mut show: impl FnMut(Packed<'_>, f64)) -> u64 {
        match &self.0 {
            Repr::Packed(pack) => {
                packed::entries(pack).for_each(|(member, score)| show(member, score));
                0
            }
            Repr::Tree(tree) => {
                // What no scan has given is taken as its highest bits.
                let from = u32::try_from(position).unwrap_or(u32::MAX);
                let next = tree.scan(from, SHOWN, |member, score| show(Packed::Text(member), score));
                next.map_or(0, u64::from)
            }
        }
    }

    /// Bytes of memory besides the value itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Repr::Packed(pack) => pack.capacity(),
            Repr::Tree(tree) => tree.bytes(),
        }
    }

    /// How many pieces of memory it has.
    #[must_use]
    pub fn pieces(&self) -> usize {
        match &self.0 {
            Repr::Packed(_) => 1,
            Repr::Tree(tree) => tree.pieces(),
        }
    }

    /// The name of what it is, as OBJECT ENCODING tells it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Repr::Packed(_) => "listpack",
            Repr::Tree(_) => "skiplist",
        }
    }

    /// Of entries in their order, each member once.
    fn from_sorted<M: AsRef<[u8]>>(entries: &[(f64, M)], limits: SortedSetLimits) -> Self {
        let lengths = || entries.iter().map(|(_, member)| member.as_ref().len());
        let fits = lengths().sum::<usize>() + entries.len() * 40 < Listpack::BYTES_MAX;
        if fits && entries.len() <= limits.entries && lengths().all(|length| length <= limits.value) {
            let texts = entries.iter().flat_map(|(score, member)| {
                [Packed::Text(member.as_ref()).text(), packed::packed_score(*score).into_bytes().into()]
            });
            return Self(Repr::Packed(texts.collect()));
        }
        let entries = entries.iter().map(|(score, member)| (*score, member.as_ref()));
        Self(Repr::Tree(Box::new(Tree::from_sorted(entries))))
    }

    fn has_each_once(&self) -> bool {
        match &self.0 {
            Repr::Packed(pack) => !pack.has_doubles(2),
            Repr::Tree(tree) => tree.has_each_once(),
        }
    }

    /// Makes it a tree.
    fn grow(&mut self) {
        if let Repr::Packed(_) = &self.0 {
            *self = self.to_tree();
        }
    }

    fn to_tree(&self) -> Self {
        let entries: Vec<_> = self.iter().map(|(member, score)| (score, member.text())).collect();
        let entries = entries.iter().map(|(score, member)| (*score, member.as_ref()));
        Self(Repr::Tree(Box::new(Tree::from_sorted(entries))))
    }

    fn insert(&mut self, member: &[u8], score: f64, limits: SortedSetLimits) {
        if let Repr::Packed(pack) = &mut self.0 {
            let is_short = member.len() <= limits.value && pack.capacity() + member.len() < Listpack::BYTES_MAX;
            if is_short && pack.len() / 2 < limits.entries {
                packed::insert(pack, score, member);
                return;
            }
            self.grow();
        }
        if let Repr::Tree(tree) = &mut self.0 {
            tree.insert(score, member);
        }
    }

    fn set_score(&mut self, member: &[u8], score: f64) {
        match &mut self.0 {
            Repr::Packed(pack) => {
                if let Some((rank, _)) = packed::find(pack, member) {
                    packed::remove(pack, rank, 1);
                    packed::insert(pack, score, member);
                }
            }
            Repr::Tree(tree) => tree.set_score(member, score),
        }
    }

    fn between(&self, min: Cut<'_>, max: Cut<'_>) -> Range<usize> {
        let start = self.below(min);
        start..self.below(max).max(start)
    }

    fn below(&self, cut: Cut<'_>) -> usize {
        match &self.0 {
            Repr::Packed(pack) => packed::rank(pack, cut),
            Repr::Tree(tree) => tree.rank(cut),
        }
    }

    fn in_range(&self, ranks: Range<usize>) -> Range<usize> {
        let end = ranks.end.min(self.len());
        ranks.start.min(end)..end
    }
}
