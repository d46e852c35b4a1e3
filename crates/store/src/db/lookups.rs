//! What it means that a command looks a key up.

use super::{Db, lives};
use crate::entry::Entry;
use crate::usage::{Usage, Used, counted, idle_for, idle_seconds};

/// What it means that a command looks a key up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookups {
    /// What is kept of how keys are used.
    pub usage: Usage,
    /// Whether the keys count as used. New ones do in any case.
    pub touches: bool,
    /// Chance, which [`Usage::Frequency`] wants.
    pub random: u64,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { usage: Usage::default(), touches: true, random: 0 }
    }
}

impl Db<'_> {
    /// For how many seconds a key has not been used; `None` without such a key. Means something where [`Usage::LastUse`] is kept.
    pub fn idle_seconds(&mut self, key: &[u8]) -> Option<u64> {
        let now = self.now;
        self.entry(key).map(|entry| idle_seconds(entry.used(), now))
    }

    /// How often a key is used, from 0 to 255; `None` without such a key. Means something where [`Usage::Frequency`] is kept.
    pub fn frequency(&mut self, key: &[u8]) -> Option<u8> {
        let (now, usage) = (self.now, self.lookups.usage);
        self.entry(key).map(|entry| usage.frequency(entry.used(), now))
    }

    /// Has a key count as one that has not been used for so many seconds. Nothing where that is not kept.
    pub fn set_idle_seconds(&mut self, key: &[u8], seconds: u64) {
        if self.lookups.usage == Usage::LastUse {
            let used = idle_for(seconds, self.now);
            self.keys.touch(key, |_| used);
        }
    }

    /// Has a key count as one that is used so often. Nothing where that is not kept.
    pub fn set_frequency(&mut self, key: &[u8], frequency: u8) {
        if matches!(self.lookups.usage, Usage::Frequency { .. }) {
            let used = counted(frequency, self.now);
            self.keys.touch(key, |_| used);
        }
    }

    /// What there is of a key that has not expired, looked up.
    pub(super) fn entry(&mut self, key: &[u8]) -> Option<&Entry> {
        self.bury(key);
        let Self { keys, lookups, now, .. } = self;
        let entry = keys.touch(key, |used| lookups.used(Some(used), *now));
        entry.filter(|entry| lives(entry.deadline(), *now))
    }

    /// The same, without any meaning.
    pub(super) fn peek(&mut self, key: &[u8]) -> Option<&Entry> {
        self.bury(key);
        self.living(key)
    }

    /// The same, without taking out what has expired.
    pub(super) fn living(&self, key: &[u8]) -> Option<&Entry> {
        self.keys.get(key).filter(|entry| lives(entry.deadline(), self.now))
    }

    /// What there is of a key that has not expired, to change it. That is a use of it.
    pub(super) fn edit_entry<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        self.bury(key);
        let Self { keys, lookups, now, .. } = self;
        let edited = keys.edit(key, |entry| {
            entry.set_used(lookups.used(Some(entry.used()), *now));
            lives(entry.deadline(), *now).then(|| edit(entry))
        });
        edited.flatten()
    }
}

impl Lookups {
    /// What is kept of the use of a key from now on, given what was kept until now; `None` for a new key.
    pub(super) fn used(&mut self, used: Option<Used>, now: u64) -> Used {
        match used {
            None => self.usage.first(now),
            Some(used) if !self.touches => used,
            Some(used) => self.usage.next(used, now, || self.draw()),
        }
    }

    /// The next number by chance. Source: SplitMix64.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }
}
