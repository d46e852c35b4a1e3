//! What may be asked of a new score.

/// How ZADD and ZINCRBY change a score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AddRule {
    /// The score is added to the one that is there, or to 0.
    pub increment: bool,
    /// Which members may be changed at all.
    pub members: AddMembers,
    /// Which scores of members that are there may be changed.
    pub scores: AddScores,
}

/// Which members may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddMembers {
    /// All.
    #[default]
    Any,
    /// Those that are not there: NX.
    New,
    /// Those that are there: XX.
    Present,
}

/// Which scores of members that are there may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddScores {
    /// All.
    #[default]
    Any,
    /// To greater ones: GT.
    Greater,
    /// To lower ones: LT.
    Less,
}

/// What became of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Added {
    /// The member is new and has this score.
    New(f64),
    /// The member has another score: this one.
    Changed(f64),
    /// The member had this score before.
    Same(f64),
    /// The rule does not want it. Nothing is changed.
    Refused,
    /// The score would not be a number. Nothing is changed.
    NotANumber,
}

impl AddRule {
    /// What becomes of a score if the member had that one.
    pub(super) fn outcome(&self, score: f64, before: Option<f64>) -> Added {
        let is_wanted = match self.members {
            AddMembers::Any => true,
            AddMembers::New => before.is_none(),
            AddMembers::Present => before.is_some(),
        };
        if !is_wanted {
            return Added::Refused;
        }
        let score = if self.increment { before.map_or(score, |before| before + score) } else { score };
        if score.is_nan() {
            return Added::NotANumber;
        }
        let Some(before) = before else { return Added::New(score) };
        match self.scores {
            AddScores::Greater if score <= before => Added::Refused,
            AddScores::Less if score >= before => Added::Refused,
            _ if score == before => Added::Same(score),
            _ => Added::Changed(score),
        }
    }
}
