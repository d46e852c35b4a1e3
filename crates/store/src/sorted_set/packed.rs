//! A small sorted set: members and scores in turn in a listpack, in their order.

use super::cut::Cut;
use super::{Added, SortedSetLimits};
use crate::listpack::{Encoded, Listpack, ListpackRef, NumberText, Packed, Sought, Values};
use crate::number::{parse_any, write_double};

/// The members of a packed sorted set with their scores as they stand there, from both ends. Reading a score takes longer than
/// walking past it.
#[derive(Clone, Debug)]
pub(super) struct Pairs<'a>(Values<'a>);

impl Pairs<'_> {
    /// Passes by so many entries, or all that are left.
    pub(super) fn skip_front(&mut self, count: usize) {
        self.0.skip_front(2 * count);
    }

    /// The same from the end.
    pub(super) fn skip_back(&mut self, count: usize) {
        self.0.skip_back(2 * count);
    }
}

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

pub(super) fn pairs(pack: ListpackRef<'_>) -> Pairs<'_> {
    Pairs(pack.iter())
}

/// The entries, from both ends.
pub(super) fn entries(pack: ListpackRef<'_>) -> impl DoubleEndedIterator<Item = (Packed<'_>, f64)> {
    pairs(pack).map(|(member, score)| (member, score_of(score)))
}

/// The rank and the score of a member.
pub(super) fn find(pack: ListpackRef<'_>, member: &[u8]) -> Option<(usize, f64)> {
    let sought = Sought::new(member);
    let mut ranked = pairs(pack).enumerate();
    ranked.find(|(_, (own, _))| sought.is(*own)).map(|(rank, (_, score))| (rank, score_of(score)))
}

/// How many entries are below a cut.
pub(super) fn rank(pack: ListpackRef<'_>, cut: Cut<'_>) -> usize {
    pairs(pack).take_while(|(member, score)| cut.is_above(|| score_of(*score), || Bytes::from(*member))).count()
}

/// Gives a member a score, as `judge` says that is told the one it has; `None` where it is not there, and has no room.
pub(super) fn add(
    pack: &mut Listpack,
    member: &[u8],
    judge: impl FnOnce(Option<f64>) -> Added,
    limits: SortedSetLimits,
) -> Option<Added> {
    let found = pack.view().find(member, 2);
    let before = found.and_then(|place| pack.get(pack.next(place))).map(score_of);
    let outcome = judge(before);
    match (outcome, found) {
        (Added::Changed(score), Some(place)) => {
            pack.remove(place, 2);
            insert(pack, score, member);
        }
        (Added::New(score), _) => {
            let is_short = member.len() <= limits.value && pack.capacity() + member.len() < Listpack::BYTES_MAX;
            if !is_short || pack.len() / 2 >= limits.entries {
                return None;
            }
            insert(pack, score, member);
        }
        _ => {}
    }
    Some(outcome)
}

/// Takes a member out and gives its score.
pub(super) fn take(pack: &mut Listpack, member: &[u8]) -> Option<f64> {
    let place = pack.view().find(member, 2)?;
    let score = pack.get(pack.next(place)).map(score_of);
    pack.remove(place, 2);
    score
}

/// Adds a member that is not there.
fn insert(pack: &mut Listpack, score: f64, member: &[u8]) {
    let place = place_behind(pack.view(), score, member);
    let text;
    // There is but one 0, and whole numbers are kept as such.
    let score = match score + 0.0 {
        whole if whole.trunc() == whole && whole.abs() < WHOLE_MAX => Packed::Number(whole as i64),
        score => {
            text = score_text(score);
            Packed::Text(text.as_bytes())
        }
    };
    pack.insert_all(place, [Packed::Text(member), score].map(Encoded::new));
}

/// Whole numbers below this are written with all their digits, as [`write_double`] does.
const WHOLE_MAX: f64 = (1_u64 << 62) as f64;

/// The place of the first entry that belongs behind another one, whose member is not there. Members are looked at only where
/// scores are the same.
fn place_behind(pack: ListpackRef<'_>, score: f64, member: &[u8]) -> usize {
    let mut place = Listpack::FIRST;
    while place < pack.end() {
        let score_at = pack.next(place);
        let own = pack.get(score_at).map_or(f64::INFINITY, score_of);
        let is_behind = || pack.get(place).is_some_and(|other| Bytes::from(other).as_ref() > member);
        if own > score || own == score && is_behind() {
            return place;
        }
        place = pack.next(score_at);
    }
    place
}

/// Takes out so many entries from a rank on.
pub(super) fn remove(pack: &mut Listpack, rank: usize, count: usize) {
    if let Some(place) = pack.place(2 * rank) {
        pack.remove(place, 2 * count);
    }
}

/// The score as it stands in a listpack, where there is but one 0.
pub(super) fn score_text(score: f64) -> String {
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
