//! A small sorted set: members and scores in turn in a listpack, in their order.

use super::cut::Cut;
use crate::listpack::{Listpack, NumberText, Packed, Sought, Values};
use crate::number::{parse_any, write_double};

/// The members of a packed sorted set with their scores as they stand there, from both ends. Reading a score takes longer than
/// walking past it.
#[derive(Clone, Debug)]
pub(super) struct Pairs<'a>(Values<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (Packed<'a>, Packed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let score = self.0.next_back()?;
        Some((self.0.next_back()?, score))
    }
}

pub(super) fn pairs(pack: &Listpack) -> Pairs<'_> {
    Pairs(pack.iter())
}

/// The entries, from both ends.
pub(super) fn entries(pack: &Listpack) -> impl DoubleEndedIterator<Item = (Packed<'_>, f64)> {
    pairs(pack).map(|(member, score)| (member, score_of(score)))
}

/// The rank and the score of a member.
pub(super) fn find(pack: &Listpack, member: &[u8]) -> Option<(usize, f64)> {
    let sought = Sought::new(member);
    let mut ranked = pairs(pack).enumerate();
    ranked.find(|(_, (own, _))| sought.is(*own)).map(|(rank, (_, score))| (rank, score_of(score)))
}

/// How many entries are below a cut.
pub(super) fn rank(pack: &Listpack, cut: Cut<'_>) -> usize {
    pairs(pack).take_while(|(member, score)| cut.is_above(|| score_of(*score), || Bytes::from(*member))).count()
}

/// Adds a member that is not there.
pub(super) fn insert(pack: &mut Listpack, score: f64, member: &[u8]) {
    let rank = rank(pack, Cut::Entry(score, member));
    let place = pack.place(2 * rank).unwrap_or(pack.end());
    pack.insert(place, member);
    let place = pack.next(place);
    pack.insert(place, packed_score(score).as_bytes());
}

/// Takes out so many entries from a rank on.
pub(super) fn remove(pack: &mut Listpack, rank: usize, count: usize) {
    if let Some(place) = pack.place(2 * rank) {
        pack.remove(place, 2 * count);
        pack.shrink();
    }
}

/// The score as it stands in a listpack, where there is but one 0.
pub(super) fn packed_score(score: f64) -> String {
    let mut text = String::new();
    write_double(&mut text, score + 0.0);
    text
}

/// The score that stands in a listpack; `None` when it is none.
pub(super) fn read_score(score: Packed<'_>) -> Option<f64> {
    match score {
        Packed::Number(number) => Some(number as f64),
        Packed::Text(text) => parse_any(text),
    }
}

pub(super) fn score_of(score: Packed<'_>) -> f64 {
    read_score(score).expect("only what has scores is a packed sorted set")
}

/// The bytes of a member, without memory of their own.
pub(super) enum Bytes<'a> {
    Number(NumberText),
    Text(&'a [u8]),
}

impl<'a> From<Packed<'a>> for Bytes<'a> {
    fn from(member: Packed<'a>) -> Self {
        match member {
            Packed::Text(text) => Self::Text(text),
            Packed::Number(number) => Self::Number(NumberText::new(number)),
        }
    }
}

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Number(number) => number.as_ref(),
            Self::Text(text) => text,
        }
    }
}
