//! Unions, intersections and differences.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use super::packed::Bytes;
use super::{SortedSet, SortedSetLimits, SortedSetRef};
use crate::listpack::Packed;
use crate::set::SetRef;

/// Members with scores that can be combined. The score of a member of a plain set is 1.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Of a sorted set.
    SortedSet(SortedSetRef<'a>),
    /// Of a plain set.
    Set(SetRef<'a>),
}

/// A source with the weight of its scores.
#[derive(Clone, Copy, Debug)]
pub struct Weighted<'a> {
    /// The members.
    pub source: Source<'a>,
    /// What scores are multiplied by.
    pub weight: f64,
}

/// What becomes of the scores of a member that is in more than one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
}

/// What was made of some sources: entries in their order, each member once.
#[derive(Debug)]
pub struct Combined<'a>(Vec<(f64, Cow<'a, [u8]>)>);

impl<'a> From<SortedSetRef<'a>> for Source<'a> {
    fn from(set: SortedSetRef<'a>) -> Self {
        Self::SortedSet(set)
    }
}

impl<'a> From<SetRef<'a>> for Source<'a> {
    fn from(set: SetRef<'a>) -> Self {
        Self::Set(set)
    }
}

impl<'a> Source<'a> {
    /// How many members there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::SortedSet(set) => set.len(),
            Self::Set(set) => set.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn score_of(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::SortedSet(set) => set.score(member),
            Self::Set(set) => set.contains(member).then_some(1.0),
        }
    }

    /// The members with their scores, in any order.
    fn scored(self) -> impl Iterator<Item = (Packed<'a>, f64)> {
        let (sorted, plain) = match self {
            Self::SortedSet(set) => (Some(set.iter()), None),
            Self::Set(set) => (None, Some(set.iter().map(|member| (member, 1.0)))),
        };
        sorted.into_iter().flatten().chain(plain.into_iter().flatten())
    }
}

impl Aggregate {
    /// Sums of opposite infinities are 0.
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum => number_or_0(a + b),
            Self::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

impl Weighted<'_> {
    fn score(&self, score: f64) -> f64 {
        number_or_0(self.weight * score)
    }
}

impl<'a> Combined<'a> {
    /// The members of any source. A key that is not there can be left out.
    #[must_use]
    pub fn union(sources: &[Weighted<'a>], aggregate: Aggregate) -> Self {
        let mut found = HashMap::<Packed<'a>, f64>::new();
        for weighted in from_the_smallest(sources) {
            for (member, score) in weighted.source.scored() {
                let score = weighted.score(score);
                let known = found.entry(member.normal());
                known.and_modify(|known| *known = aggregate.of(*known, score)).or_insert(score);
            }
        }
        Self::of_map(found)
    }

    /// The members of all sources. If a key is not there, the result is empty, and there is no need to ask.
    #[must_use]
    pub fn intersection(sources: &[Weighted<'a>], aggregate: Aggregate) -> Self {
        let sources = from_the_smallest(sources);
        let Some((first, others)) = sources.split_first() else { return Self(Vec::new()) };
        let in_all = |(member, score): (Packed<'a>, f64)| {
            let bytes = Bytes::from(member);
            let score = others.iter().try_fold(first.score(score), |sum, other| {
                // What is not a number makes the whole sum 0, and not only its part, as it does in a union.
                Some(aggregate.of(sum, other.weight * other.source.score_of(bytes.as_ref())?))
            })?;
            Some((score, member.text()))
        };
        Self::sorted(first.source.scored().filter_map(in_all).collect())
    }

    /// The members of the first source that are in none of the others, with their scores there.
    #[must_use]
    pub fn difference(first: Source<'a>, others: &[Source<'a>]) -> Self {
        let all: usize = others.iter().map(|other| other.len()).sum();
        // Many large lookups cost more than taking out what is in the others.
        if first.len().saturating_mul(others.len()) / 2 > first.len() + all {
            return Self::difference_by_removal(first, others);
        }
        let mut others = others.to_vec();
        others.sort_by_key(|other| Reverse(other.len()));
        let is_only = |(member, _): &(Packed<'_>, f64)| {
            let bytes = Bytes::from(*member);
            others.iter().all(|other| other.score_of(bytes.as_ref()).is_none())
        };
        Self::sorted(first.scored().filter(is_only).map(|(member, score)| (score, member.text())).collect())
    }

    fn difference_by_removal(first: Source<'a>, others: &[Source<'a>]) -> Self {
        let mut left: HashMap<_, _> = first.scored().map(|(member, score)| (member.normal(), score)).collect();
        for (member, _) in others.iter().flat_map(|other| other.scored()) {
            left.remove(&member.normal());
        }
        Self::of_map(left)
    }

    /// How many members are in all sources; when there are `limit` of them, no more are sought.
    #[must_use]
    pub fn intersection_count(sources: &[Source<'_>], limit: Option<usize>) -> usize {
        let mut sources = sources.to_vec();
        sources.sort_by_key(|source| source.len());
        let Some((first, others)) = sources.split_first() else { return 0 };
        let in_all = |(member, _): &(Packed<'_>, f64)| {
            let bytes = Bytes::from(*member);
            others.iter().all(|other| other.score_of(bytes.as_ref()).is_some())
        };
        first.scored().filter(in_all).take(limit.unwrap_or(usize::MAX)).count()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], f64)> {
        self.0.iter().map(|(score, member)| (&**member, *score))
    }

    /// A sorted set of them, to be kept.
    #[must_use]
    pub fn to_set(&self, limits: SortedSetLimits) -> SortedSet {
        SortedSet::from_sorted(&self.0, limits)
    }

    fn of_map(found: HashMap<Packed<'a>, f64>) -> Self {
        Self::sorted(found.into_iter().map(|(member, score)| (score, member.text())).collect())
    }

    fn sorted(mut entries: Vec<(f64, Cow<'a, [u8]>)>) -> Self {
        entries.sort_by(|(a, member), (b, other)| {
            a.partial_cmp(b).expect("no score is not a number").then_with(|| member.cmp(other))
        });
        Self(entries)
    }
}

/// The order in which real servers take the sources: it can be seen where sums are rounded.
fn from_the_smallest<'s, 'a>(sources: &'s [Weighted<'a>]) -> Vec<&'s Weighted<'a>> {
    let mut sources: Vec<_> = sources.iter().collect();
    sources.sort_by_key(|weighted| weighted.source.len());
    sources
}

fn number_or_0(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}
