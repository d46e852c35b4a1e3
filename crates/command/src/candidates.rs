//! The best of the keys that were looked at for which is to go.

use slotmesh_store::Rank;
use slotmesh_types::Slot;

/// How many are kept. Source: `EVPOOL_SIZE`.
const KEPT: usize = 16;

/// A key that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) slot: Slot,
    pub(crate) key: Box<[u8]>,
    /// What speaks for it.
    pub(crate) rank: u64,
}

/// The best of the keys that were looked at: so each look at a few keeps what earlier ones have found, and those that
/// go are nearly those that a look at all would find.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// By rank, the best one last.
    kept: Vec<Candidate>,
    /// What the ranks mean.
    meaning: Option<(Rank, bool)>,
}

impl Candidates {
    /// Takes what was found, and gives the best of all.
    pub(crate) fn best_with(&mut self, found: Vec<Candidate>, meaning: (Rank, bool)) -> Option<Candidate> {
        if self.meaning != Some(meaning) {
            self.kept.clear();
            self.meaning = Some(meaning);
        }
        for candidate in found {
            self.keep(candidate);
        }
        self.kept.pop()
    }

    fn keep(&mut self, candidate: Candidate) {
        self.kept.retain(|kept| kept.slot != candidate.slot || kept.key != candidate.key);
        let place = self.kept.partition_point(|kept| kept.rank < candidate.rank);
        self.kept.insert(place, candidate);
        if self.kept.len() > KEPT {
            self.kept.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: u8, rank: u64) -> Candidate {
        Candidate { slot: Slot::from_hash(0), key: [name].into(), rank }
    }

    #[test]
    fn the_best_that_were_found_go_first_and_each_once() {
        let mut candidates = Candidates::default();
        let age = (Rank::Chance, false);
        let found = (0..40).map(|number| candidate(number, u64::from(number)));
        assert_eq!(candidates.best_with(found.collect(), age), Some(candidate(39, 39)));
        assert_eq!(candidates.best_with(vec![candidate(1, 1), candidate(38, 3)], age), Some(candidate(37, 37)));
        let rest: Vec<u64> =
            std::iter::from_fn(|| candidates.best_with(Vec::new(), age)).map(|left| left.rank).collect();
        assert_eq!(rest, (24..37).rev().chain([3, 1]).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_found_by_another_rule_is_forgotten() {
        let mut candidates = Candidates::default();
        candidates.best_with(vec![candidate(1, 1), candidate(2, 2)], (Rank::Chance, false));
        assert_eq!(candidates.best_with(Vec::new(), (Rank::Term, true)), None);
    }
}
