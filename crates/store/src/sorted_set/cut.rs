//! Places in the order of a sorted set, and ranges between two of them.

use crate::number::parse_score_bound;

/// A place in the order: some entries are below it, all behind them are not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut<'a> {
    /// Below are the lower scores, and of the same score the lower members.
    Entry(f64, &'a [u8]),
    /// Below are the scores that are lower, or are this one if that is `true`.
    Score(f64, bool),
    /// Below are the members that are lower, or are this one if that is `true`.
    Member(&'a [u8], bool),
    /// Nothing is below.
    Lowest,
    /// All is below.
    Highest,
}

/// One end of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScoreBound {
    /// The score belongs to the range.
    Inclusive(f64),
    /// It does not.
    Exclusive(f64),
}

/// One end of a range of members. It has a meaning where all scores are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Below every member.
    Lowest,
    /// Above every member.
    Highest,
    /// The member belongs to the range.
    Inclusive(&'a [u8]),
    /// It does not.
    Exclusive(&'a [u8]),
}

impl Cut<'_> {
    /// Whether an entry is below.
    pub(super) fn is_above<M: AsRef<[u8]>>(&self, score: impl FnOnce() -> f64, member: impl FnOnce() -> M) -> bool {
        match *self {
            Self::Entry(own, bytes) => {
                let score = score();
                score < own || score == own && member().as_ref() < bytes
            }
            Self::Score(own, with) => {
                let score = score();
                score < own || with && score == own
            }
            Self::Member(own, with) => {
                let member = member();
                member.as_ref() < own || with && member.as_ref() == own
            }
            Self::Lowest => false,
            Self::Highest => true,
        }
    }

    /// Whether what begins with an entry may hold what is at the cut. An entry that is looked for may be the first.
    pub(super) fn is_from<M: AsRef<[u8]>>(&self, score: f64, member: impl FnOnce() -> M) -> bool {
        match *self {
            Self::Entry(own, bytes) => score < own || score == own && member().as_ref() <= bytes,
            _ => self.is_above(|| score, member),
        }
    }
}

impl ScoreBound {
    /// Takes a bound as clients write it: a number, with a bracket before it if it does not belong to the range. Numbers out of
    /// range are infinite or 0, and no number at all is 0.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text.strip_prefix(b"(") {
            Some(rest) => parse_score_bound(rest).map(Self::Exclusive),
            None => parse_score_bound(text).map(Self::Inclusive),
        }
    }

    /// The cut below the range that begins here.
    pub(super) fn as_min(self) -> Cut<'static> {
        match self {
            Self::Inclusive(score) => Cut::Score(score, false),
            Self::Exclusive(score) => Cut::Score(score, true),
        }
    }

    /// The cut above the range that ends here.
    pub(super) fn as_max(self) -> Cut<'static> {
        match self {
            Self::Inclusive(score) => Cut::Score(score, true),
            Self::Exclusive(score) => Cut::Score(score, false),
        }
    }
}

impl<'a> LexBound<'a> {
    /// Takes a bound as clients write it: `-`, `+`, or a member behind `[` or, if it does not belong to the range, `(`.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        match text {
            b"-" => Some(Self::Lowest),
            b"+" => Some(Self::Highest),
            [b'[', member @ ..] => Some(Self::Inclusive(member)),
            [b'(', member @ ..] => Some(Self::Exclusive(member)),
            _ => None,
        }
    }

    pub(super) fn as_min(self) -> Cut<'a> {
        self.as_cut(false)
    }

    pub(super) fn as_max(self) -> Cut<'a> {
        self.as_cut(true)
    }

    fn as_cut(self, is_max: bool) -> Cut<'a> {
        match self {
            Self::Lowest => Cut::Lowest,
            Self::Highest => Cut::Highest,
            Self::Inclusive(member) => Cut::Member(member, is_max),
            Self::Exclusive(member) => Cut::Member(member, !is_max),
        }
    }
}
