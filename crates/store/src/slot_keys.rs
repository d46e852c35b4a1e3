//! The keys of one slot.

use crate::deadlines::Deadlines;
use crate::dict::{Dict, Item};
use crate::entry::{Entry, Short};
use crate::hash::hash;
use crate::value::{Value, ValueRef};

/// The keys of one slot, and what they cost.
#[derive(Debug, Default)]
pub struct SlotKeys {
    dict: Dict<Entry>,
    deadlines: Deadlines,
    /// Of the entries, without the table.
    bytes: usize,
}

impl SlotKeys {
    /// How many keys there are, those included that have expired and were not taken out yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dict.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dict.is_empty()
    }

    /// How many of them expire some day.
    #[must_use]
    pub fn expiring(&self) -> usize {
        self.deadlines.keys()
    }

    /// Bytes that they take, tables included; memory that an allocator adds is not known here.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.dict.table_bytes() + self.deadlines.bytes()
    }

    /// Every key, those included that have expired and were not taken out yet, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.dict.iter().map(Item::key)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.dict.get(hash(key), key)
    }

    /// Sets a key to a text or a number; gives what it held if that had memory of its own.
    pub(crate) fn set_short(&mut self, key: &[u8], value: Short<'_>, deadline: Option<u64>) -> Option<Value> {
        let hash = hash(key);
        self.edit_at(hash, key, |entry| entry.set_short(value, deadline)).unwrap_or_else(|| {
            self.add(hash, Entry::short(key, value, deadline, [0; 3]));
            None
        })
    }

    /// The same with a value that has memory of its own.
    pub(crate) fn set_long(&mut self, key: &[u8], value: Value, deadline: Option<u64>) -> Option<Value> {
        let hash = hash(key);
        let mut value = Some(value);
        let old = self.edit_at(hash, key, |entry| entry.set_long(value.take()?, deadline));
        if let Some(value) = value {
            self.add(hash, Entry::long(key, value, deadline, [0; 3]));
        }
        old.flatten()
    }

    /// Changes an entry, if there is one.
    pub(crate) fn edit<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        self.edit_at(hash(key), key, edit)
    }

    /// Tells whether the key is there.
    pub(crate) fn set_deadline(&mut self, key: &[u8], deadline: Option<u64>) -> bool {
        self.edit(key, |entry| entry.set_deadline(deadline)).is_some()
    }

    fn edit_at<R>(&mut self, hash: u64, key: &[u8], edit: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        let entry = self.dict.get_mut(hash, key)?;
        let (bytes, before) = (entry.bytes(), entry.deadline());
        let result = edit(entry);
        let after = entry.deadline();
        self.bytes = self.bytes + entry.bytes() - bytes;
        self.change_deadline(hash, before, after);
        Some(result)
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let hash = hash(key);
        let entry = self.dict.remove(hash, key)?;
        self.bytes -= entry.bytes();
        self.change_deadline(hash, entry.deadline(), None);
        Some(entry)
    }

    /// Shows some keys with what they hold, from a position on, and gives the position of the next; 0 is the first, and comes
    /// again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, maybe more than once.
    /// Those are included that have expired and were not taken out yet.
    pub fn scan(&self, position: u64, mut show: impl FnMut(&[u8], ValueRef<'_>)) -> u64 {
        self.dict.scan(position, |entry| show(entry.key(), entry.value()))
    }

    /// A key, each about as likely as any other.
    pub(crate) fn random(&self, random: impl FnMut() -> u64) -> Option<&Entry> {
        self.dict.random(random)
    }

    /// When the next key may be due.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.deadlines.next()
    }

    /// A key that has expired by `now`. Deadlines that have been changed since are passed over, at most `patience` of them.
    pub(crate) fn expired(&mut self, now: u64, patience: &mut usize) -> Option<Box<[u8]>> {
        while *patience > 0 {
            *patience -= 1;
            let (deadline, hash) = self.deadlines.pop(now)?;
            let mut found = None;
            self.dict.show_hashes(Dict::<Entry>::bits_of(hash), |entry| {
                if entry.deadline() == Some(deadline) {
                    found = Some(entry.key().into());
                }
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn add(&mut self, hash: u64, entry: Entry) {
        self.bytes += entry.bytes();
        let deadline = entry.deadline();
        self.dict.add(hash, entry);
        self.change_deadline(hash, None, deadline);
    }

    fn change_deadline(&mut self, hash: u64, before: Option<u64>, after: Option<u64>) {
        let dict = &self.dict;
        self.deadlines.change(hash, before, after, |deadline, hash| {
            let mut valid = false;
            dict.show_hashes(Dict::<Entry>::bits_of(hash), |entry| valid |= entry.deadline() == Some(deadline));
            valid
        });
    }
}
