//! What several sets have in common, and what not.

use std::collections::HashSet;

use super::SetRef;
use crate::listpack::Packed;

/// The members that all of the sets have; none if there is no set. A set that does not exist is an empty one.
///
/// Finding them all takes as long as the smallest set is, times the number of sets. The iterator is lazy: to know only whether
/// there are so many, take no more.
pub fn intersection<'a>(sets: &[SetRef<'a>]) -> impl Iterator<Item = Packed<'a>> + use<'a> {
    let mut others = sets.to_vec();
    // Who has few members is the first to say no.
    others.sort_by_key(|set| set.len());
    let smallest = if others.is_empty() { None } else { Some(others.remove(0)) };
    let members = smallest.into_iter().flat_map(SetRef::iter);
    members.filter(move |member| others.iter().all(|set| set.contains_packed(*member)))
}

/// The members that any of the sets has, each of them once.
pub fn union<'a>(sets: &[SetRef<'a>]) -> Vec<Packed<'a>> {
    let mut all = Vec::new();
    if let [set] = sets {
        all.extend(set.iter());
        return all;
    }
    let mut seen = HashSet::new();
    all.extend(sets.iter().flat_map(|set| set.iter()).filter(|member| seen.insert(member.normal())));
    all
}

/// The members of a set that none of the others has.
///
/// Takes as long as the first set is, times the number of others, or as all of them are together, whichever is less.
#[must_use]
pub fn difference<'a>(first: SetRef<'a>, others: &[SetRef<'a>]) -> Vec<Packed<'a>> {
    let together = others.iter().map(|set| set.len()).sum::<usize>();
    // Looking into sets takes no memory, so it may take somewhat longer.
    if first.len().saturating_mul(others.len()) / 2 <= first.len() + together {
        let mut others = others.to_vec();
        // Who has many members is the first to have this one.
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        return first.iter().filter(|member| !others.iter().any(|set| set.contains_packed(*member))).collect();
    }
    let gone: HashSet<_> = others.iter().flat_map(|set| set.iter()).map(Packed::normal).collect();
    first.iter().filter(|member| !gone.contains(&member.normal())).collect()
}
