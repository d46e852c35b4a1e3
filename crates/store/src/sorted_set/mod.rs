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
mod view;

pub use add::{AddMembers, AddRule, AddScores, Added};
pub use combine::{Aggregate, Combined, Source, Weighted};
pub use cut::{LexBound, ScoreBound};
pub use entries::{Entries, Members};
pub use view::SortedSetRef;

use std::ops::Range;

use crate::listpack::{Listpack, ListpackRef, Packed};
use crate::seen::seen_as;
use tree::{Tree, short_hash};
use view::View;

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

    /// Takes a listpack that was one before.
    pub(crate) fn of_listpack(pack: Listpack) -> Self {
        Self(Repr::Packed(pack))
    }

    /// Its listpack with the memory that that is in, or the set again where it is none.
    pub(crate) fn into_listpack(self) -> Result<Listpack, Self> {
        match self.0 {
            Repr::Packed(pack) => Ok(pack),
            Repr::Tree(_) => Err(self),
        }
    }

    /// The same, to look at.
    #[must_use]
    pub fn view(&self) -> SortedSetRef<'_> {
        match &self.0 {
            Repr::Packed(pack) => SortedSetRef::from(pack.view()),
            Repr::Tree(tree) => SortedSetRef(View::Tree(tree)),
        }
    }

    seen_as! { SortedSetRef:
        as_listpack() -> Option<ListpackRef<'_>>;
        len() -> usize;
        is_empty() -> bool;
        score(member: &[u8]) -> Option<f64>;
        rank(member: &[u8]) -> Option<(usize, f64)>;
        ranks_by_score(min: ScoreBound, max: ScoreBound) -> Range<usize>;
        ranks_by_lex(min: LexBound<'_>, max: LexBound<'_>) -> Range<usize>;
        entries(ranks: Range<usize>) -> Entries<'_>;
        iter() -> Entries<'_>;
        scan(position: u64, show: impl FnMut(Packed<'_>, f64)) -> u64;
        encoding() -> &'static str;
        random(random: impl FnMut() -> u64) -> Option<(Packed<'_>, f64)>;
        random_repeated(count: usize, random: impl FnMut() -> u64, show: impl FnMut(Packed<'_>, f64) -> bool);
        random_distinct(count: usize, random: impl FnMut() -> u64, show: impl FnMut(Packed<'_>, f64));
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
        if let Repr::Packed(pack) = &mut self.0 {
            let outcome = packed::add(pack, member, |before| rule.outcome(score, before), limits);
            if let Some(outcome) = outcome {
                return outcome;
            }
            self.grow();
        }
        let Repr::Tree(tree) = &mut self.0 else { unreachable!("it has just been made a tree") };
        let spot = tree.find(short_hash(member), member);
        let outcome = rule.outcome(score, spot.map(|spot| tree.leaves[spot.leaf].score(spot.at)));
        match (outcome, spot) {
            (Added::New(score), _) => tree.insert(score, member),
            (Added::Changed(score), Some(spot)) => tree.set_score(spot, member, score),
            _ => {}
        }
        outcome
    }

    /// Takes a member out and gives its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Repr::Packed(pack) => packed::take(pack, member),
            Repr::Tree(tree) => tree.remove(member),
        }
    }

    /// Takes out the entries of a range of ranks; what is out of range is not there. Gives how many they were.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) -> usize {
        let Range { start, end } = self.view().in_range(ranks);
        match &mut self.0 {
            Repr::Packed(pack) => packed::remove(pack, start, end - start),
            Repr::Tree(tree) => tree.remove_ranks(start, end - start),
        }
        end - start
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

    /// Of entries in their order, each member once.
    fn from_sorted<M: AsRef<[u8]>>(entries: &[(f64, M)], limits: SortedSetLimits) -> Self {
        let lengths = || entries.iter().map(|(_, member)| member.as_ref().len());
        let fits = lengths().sum::<usize>() + entries.len() * 40 < Listpack::BYTES_MAX;
        if fits && entries.len() <= limits.entries && lengths().all(|length| length <= limits.value) {
            let texts = entries.iter().flat_map(|(score, member)| {
                [Packed::Text(member.as_ref()).text(), packed::score_text(*score).into_bytes().into()]
            });
            return Self(Repr::Packed(texts.collect()));
        }
        let entries = entries.iter().map(|(score, member)| (*score, member.as_ref()));
        Self(Repr::Tree(Box::new(Tree::from_sorted(entries))))
    }

    fn has_each_once(&self) -> bool {
        match &self.0 {
            Repr::Packed(pack) => !pack.view().has_doubles(2),
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
}
