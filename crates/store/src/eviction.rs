//! Which keys of a slot may go when memory is full.

use crate::dict::Item;
use crate::entry::Entry;
use crate::slot_keys::SlotKeys;
use crate::usage::{Usage, idle_seconds};

/// By what it is chosen which key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Chance alone.
    Chance,
    /// Use: the one that was used longest ago, or least often.
    Use(Usage),
    /// Terms: the one that ends first.
    Term,
}

/// So often a key is drawn in vain that has no term, before it is looked among those that have one.
const DRAWS_MAX: usize = 16;

impl SlotKeys {
    /// A key that may go, with what speaks for that: of several, the one with the highest number goes. With `expiring` it is one
    /// that expires some day. `random` gives numbers.
    pub fn candidate(
        &self,
        rank: Rank,
        expiring: bool,
        now: u64,
        mut random: impl FnMut() -> u64,
    ) -> Option<(Box<[u8]>, u64)> {
        let found = match rank {
            Rank::Term => return self.key_with(self.first_term()?).map(|entry| candidate(entry, rank, now)),
            _ if !expiring => self.random(&mut random),
            _ if self.expiring() == 0 => None,
            _ => self.random_expiring(random),
        };
        found.map(|entry| candidate(entry, rank, now))
    }

    /// What speaks now for that a key goes; `None` where it may not, since it is not there or never expires.
    #[must_use]
    pub fn rank_of(&self, key: &[u8], rank: Rank, expiring: bool, now: u64) -> Option<u64> {
        let entry = self.get(key).filter(|entry| !expiring || entry.deadline().is_some())?;
        Some(candidate(entry, rank, now).1)
    }

    /// Where few have a term, those with deadlines far from others come more often than they should.
    fn random_expiring(&self, mut random: impl FnMut() -> u64) -> Option<&Entry> {
        for _ in 0..DRAWS_MAX {
            if let Some(entry) = self.random(&mut random).filter(|entry| entry.deadline().is_some()) {
                return Some(entry);
            }
        }
        self.key_with(self.term_by_chance(random())?)
    }
}

fn candidate(entry: &Entry, rank: Rank, now: u64) -> (Box<[u8]>, u64) {
    let number = match rank {
        Rank::Chance => 0,
        Rank::Use(Usage::LastUse) => idle_seconds(entry.used(), now),
        Rank::Use(usage) => u64::from(u8::MAX - usage.frequency(entry.used(), now)),
        Rank::Term => u64::MAX - entry.deadline().unwrap_or(u64::MAX),
    };
    (entry.key().into(), number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Changes, Db, Expiry};
    use crate::generator::generator;

    fn set(keys: &mut SlotKeys, name: u64, now: u64, expiry: Expiry) {
        Db::new(keys, &mut Changes::default(), now, true).set_text(name.to_string().as_bytes(), b"v", expiry);
    }

    #[test]
    fn the_few_that_expire_are_found_among_many() {
        let (mut keys, mut random) = (SlotKeys::default(), generator(1));
        assert_eq!(keys.candidate(Rank::Chance, false, 0, &mut random), None);
        for name in 0..10_000 {
            set(&mut keys, name, 0, Expiry::Never);
        }
        assert_eq!(keys.candidate(Rank::Chance, true, 0, &mut random), None);
        for name in 0..5 {
            set(&mut keys, name, 0, Expiry::At(1_000_000 + name * 1000));
        }
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..300 {
            seen.insert(keys.candidate(Rank::Chance, true, 0, &mut random).expect("one of them").0);
        }
        assert_eq!(seen.len(), 5);
        let (first, rank) = keys.candidate(Rank::Term, true, 0, &mut random).expect("the one that ends first");
        assert_eq!((&*first, rank), (&b"0"[..], u64::MAX - 1_000_000));
        assert_eq!(keys.rank_of(b"7", Rank::Term, true, 0), None);
    }

    #[test]
    fn use_speaks_against_going() {
        let (mut keys, mut random) = (SlotKeys::default(), generator(1));
        set(&mut keys, 1, 5000, Expiry::Never);
        let by_age = Rank::Use(Usage::LastUse);
        assert_eq!(keys.candidate(by_age, false, 9000, &mut random), Some((Box::from(&b"1"[..]), 4)));
        set(&mut keys, 1, 8000, Expiry::Never);
        assert_eq!(keys.rank_of(b"1", by_age, false, 9000), Some(1));
    }
}
