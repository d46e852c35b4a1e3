//! What it means that a command looks a key up.

use std::mem;

use super::{Db, KeyNote, lives};
use crate::entry::Entry;
use crate::slot_keys::SlotKeys;
use crate::usage::{Usage, Used, counted, idle_for, idle_seconds};

/// What it means that a command looks a key up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookups {
    /// What is kept of how keys are used.
    pub usage: Usage,
    /// Whether the keys count as used. New ones do in any case.
    pub touches: bool,
    /// Whether it is counted how many find their keys.
    pub counts: bool,
    /// Whether it is told of keys that are not found, where that is counted.
    pub tells_missing: bool,
    /// Whether it is told of new keys.
    pub tells_new: bool,
    /// Chance, which [`Usage::Frequency`] wants.
    pub random: u64,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            usage: Usage::default(),
            touches: true,
            counts: false,
            tells_missing: false,
            tells_new: false,
            random: 0,
        }
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
        let Self { keys, changes, lookups, now, .. } = self;
        let entry = touch(keys, lookups, key, *now);
        if lookups.counts {
            match entry {
                Some(_) => changes.hits += 1,
                None => changes.misses += 1,
            }
            if entry.is_none() && lookups.tells_missing {
                changes.notes.push((key.into(), KeyNote::Missing));
            }
        }
        entry
    }

    /// The same, to change it: that is a use of it, and not counted as a lookup.
    pub(super) fn used_entry(&mut self, key: &[u8]) -> Option<&Entry> {
        self.bury(key);
        touch(self.keys, &mut self.lookups, key, self.now)
    }

    /// From here on it is counted how many lookups find their keys, or is not.
    pub fn count_lookups(&mut self, counts: bool) {
        self.lookups.counts = counts;
    }

    /// Takes what was noted of keys that are missing or new.
    pub fn take_notes(&mut self) -> Vec<(Box<[u8]>, KeyNote)> {
        mem::take(&mut self.changes.notes)
    }

    /// A key that was not there is there now.
    pub(super) fn note_new(&mut self, key: &[u8]) {
        if self.lookups.tells_new {
            self.changes.notes.push((key.into(), KeyNote::New));
        }
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

/// What there is of a key that has not expired, once it counts as used.
fn touch<'k>(keys: &'k mut SlotKeys, lookups: &mut Lookups, key: &[u8], now: u64) -> Option<&'k Entry> {
    let entry = keys.touch(key, |used| lookups.used(Some(used), now))?;
    lives(entry.deadline(), now).then_some(entry)
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
