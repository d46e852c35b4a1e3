//! The keys of one slot as a command works with them.

mod changes;
mod copied;
mod expiry;
mod lookups;

pub use changes::{Changes, Edited, KeyChange, KeyNote};
pub use copied::Copied;
pub use lookups::Lookups;

use crate::dict::Item;
use crate::entry::{Entry, Short};
use crate::listpack::Packed;
use crate::slot_keys::SlotKeys;
use crate::term::{TermChange, TermIf};
use crate::value::{Kind, Value, ValueRef, WrongType};

/// When a key that is set expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// When it would have.
    Kept,
    /// At that moment, in milliseconds of the wall clock. One that is past hides the key at once; it is found to have expired
    /// when somebody looks.
    At(u64),
}

/// Values of more pieces than this are not freed under a lock.
const PIECES_MAX: usize = 64;

/// So often a key is drawn that turns out to have expired.
const DRAWS_MAX: usize = 64;

/// The keys of one slot as a command works with them: what has expired is not there, and what is emptied goes.
#[derive(Debug)]
pub struct Db<'a> {
    keys: &'a mut SlotKeys,
    changes: &'a mut Changes,
    now: u64,
    /// Whether keys that have expired are taken out here; a replica waits until its primary does.
    expires: bool,
    lookups: Lookups,
}

impl<'a> Db<'a> {
    /// The keys of a slot at this moment, in milliseconds of the wall clock.
    #[must_use]
    pub fn new(keys: &'a mut SlotKeys, changes: &'a mut Changes, now: u64, expires: bool) -> Self {
        Self { keys, changes, now, expires, lookups: Lookups::default() }
    }

    /// The same, where looking a key up means this.
    #[must_use]
    pub fn with_lookups(self, lookups: Lookups) -> Self {
        Self { lookups, ..self }
    }

    /// The moment, in milliseconds of the wall clock.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// What a key holds.
    pub fn get(&mut self, key: &[u8]) -> Option<ValueRef<'_>> {
        self.entry(key).map(Entry::value)
    }

    /// Whether there is such a key. That counts as looking it up.
    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// Whether there is such a key, for those who do not look it up for anybody.
    pub fn is_there(&mut self, key: &[u8]) -> bool {
        self.peek(key).is_some()
    }

    /// The name of the type of what a key holds, for those who do not look it up for anybody.
    pub fn type_name(&mut self, key: &[u8]) -> Option<&'static str> {
        self.peek(key).map(|entry| entry.value().type_name())
    }

    /// Whether a key expires some day, for those as well.
    pub fn expires(&mut self, key: &[u8]) -> bool {
        self.peek(key).is_some_and(|entry| entry.deadline().is_some())
    }

    /// What a key holds, if it is of this type.
    ///
    /// # Errors
    /// When it is of another.
    pub fn view<K: Kind>(&mut self, key: &[u8]) -> Result<Option<K::Ref<'_>>, WrongType> {
        self.get(key).map(ValueRef::kind::<K>).transpose()
    }

    /// What several keys hold, to be looked at together.
    pub fn get_all<'k>(&mut self, keys: impl IntoIterator<Item = &'k [u8]> + Clone) -> Vec<Option<ValueRef<'_>>> {
        for key in keys.clone() {
            self.entry(key);
        }
        let this = &*self;
        keys.into_iter().map(|key| this.living(key).map(Entry::value)).collect()
    }

    /// The same if all that are there are of this type.
    ///
    /// # Errors
    /// When one is of another.
    pub fn view_all<'k, K: Kind>(
        &mut self,
        keys: impl IntoIterator<Item = &'k [u8]> + Clone,
    ) -> Result<Vec<Option<K::Ref<'_>>>, WrongType> {
        self.get_all(keys).into_iter().map(|value| value.map(ValueRef::kind::<K>).transpose()).collect()
    }

    /// Changes what a key holds, if there is one. What is empty then goes.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn edit<K: Kind, R>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut K) -> Edited<R>,
    ) -> Result<Option<R>, WrongType> {
        let edited = self.edit_entry(key, |entry| edit_long(key, entry, edit)).transpose()?;
        Ok(edited.map(|(edited, is_empty)| self.settle(key, edited, is_empty)))
    }

    /// The same; where there is no such key, one that holds nothing is made first. It stays if it was changed and is not empty.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn edit_or_new<K: Kind, R>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut K) -> Edited<R>,
    ) -> Result<R, WrongType> {
        let mut waiting = Some(edit);
        let found = self.edit_entry(key, |entry| waiting.take().map(|edit| edit_long(key, entry, edit)));
        if let Some((edited, is_empty)) = found.flatten().transpose()? {
            return Ok(self.settle(key, edited, is_empty));
        }
        let (mut value, edit) = (K::default(), waiting.expect("it was not needed for a key that is there"));
        let Edited { result, changes, is_touched } = edit(&mut value);
        if is_touched && !value.is_empty() {
            self.store_long(key, value.into_value(), None);
            self.note(key, KeyChange::Changed, changes);
        }
        Ok(result)
    }

    /// Changes a text in place, an empty one where there is no such key. An empty one stays if it was changed, as appending
    /// nothing makes a key. A short text or a number is given memory of its own first.
    ///
    /// # Errors
    /// When the key holds something else.
    pub fn edit_text<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Vec<u8>) -> Edited<R>) -> Result<R, WrongType> {
        let mut waiting = Some(edit);
        let found = self.edit_entry(key, |entry| {
            let text = entry.lengthen().ok_or(WrongType)?;
            Ok(waiting.take().map(|edit| edit(text)))
        });
        if let Some(edited) = found.transpose()?.flatten() {
            return Ok(self.settle(key, edited, false));
        }
        let (mut text, edit) = (Vec::new(), waiting.expect("it was not needed for a key that is there"));
        let Edited { result, changes, is_touched } = edit(&mut text);
        if is_touched {
            self.store_long(key, Value::Text(text), None);
            self.note(key, KeyChange::Changed, changes);
        }
        Ok(result)
    }

    /// Sets a key, whatever it held, to a text.
    pub fn set_text(&mut self, key: &[u8], text: &[u8], expiry: Expiry) {
        self.set_short(key, Short::Text(text), expiry);
    }

    /// Sets a key, whatever it held, to a number.
    pub fn set_number(&mut self, key: &[u8], number: i64, expiry: Expiry) {
        self.set_short(key, Short::Number(number), expiry);
    }

    /// Sets a key, whatever it held, to a value; an empty one takes the key out. Tells whether the key is there now.
    pub fn set_value<K: Kind>(&mut self, key: &[u8], value: K, expiry: Expiry) -> bool {
        if value.is_empty() {
            self.remove(key);
            return false;
        }
        self.set_long(key, value.into_value(), expiry);
        true
    }

    /// Sets a key, whatever it held, to a value of any type, which holds something.
    pub fn put(&mut self, key: &[u8], value: Value, expiry: Expiry) {
        match &value {
            Value::Text(text) => match Packed::of(text) {
                Packed::Number(number) => self.set_number(key, number, expiry),
                Packed::Text(text) => self.set_text(key, text, expiry),
            },
            _ => self.set_long(key, value, expiry),
        }
    }

    /// When a key expires, in milliseconds of the wall clock; `None` without such a key.
    pub fn deadline(&mut self, key: &[u8]) -> Option<Option<u64>> {
        self.entry(key).map(Entry::deadline)
    }

    /// Gives a key a term, which ends at a moment in milliseconds of the wall clock. A replica takes it as it is told, even if
    /// it is over.
    pub fn set_deadline(&mut self, key: &[u8], deadline: u64, condition: TermIf) -> TermChange {
        let Some(before) = self.used_entry(key).map(Entry::deadline) else { return TermChange::Missing };
        if !condition.allows(before, deadline) {
            return TermChange::Refused;
        }
        if deadline <= self.now && self.expires {
            self.take(key);
            self.note(key, KeyChange::Removed, 1);
            return TermChange::Gone;
        }
        self.keys.set_deadline(key, Some(deadline));
        self.note(key, KeyChange::Changed, 1);
        TermChange::Set
    }

    /// Ends the term of a key without ending the key. [`TermChange::Refused`] when it has none.
    pub fn persist(&mut self, key: &[u8]) -> TermChange {
        match self.used_entry(key).map(Entry::deadline) {
            None => TermChange::Missing,
            Some(None) => TermChange::Refused,
            Some(Some(_)) => {
                self.keys.set_deadline(key, None);
                self.note(key, KeyChange::Changed, 1);
                TermChange::Set
            }
        }
    }

    /// Takes a key out; tells whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        if !self.is_there(key) {
            return false;
        }
        self.take(key);
        self.note(key, KeyChange::Removed, 1);
        true
    }

    /// Takes a key out because memory is full; tells whether it was there.
    pub fn evict(&mut self, key: &[u8]) -> bool {
        let is_there = self.is_there(key);
        if is_there {
            self.take(key);
            self.changes.keys.push((key.into(), KeyChange::Evicted));
        }
        is_there
    }

    /// Gives what a key holds, with its term, another key, whatever that held. Tells whether there is such a key.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> bool {
        if self.used_entry(from).is_none() {
            return false;
        }
        if from == to {
            return true;
        }
        self.make_room(to);
        if let Some(entry) = self.keys.remove(from) {
            self.keys.insert(entry.renamed(to));
            self.note_new(to);
        }
        self.note(from, KeyChange::Removed, 0);
        self.note(to, KeyChange::Changed, 1);
        true
    }

    /// Gives a copy of what a key holds, with its term, to another key, whatever that held. Tells whether there is such a key. A
    /// copy takes as long as what is copied is.
    pub fn copy(&mut self, from: &[u8], to: &[u8]) -> bool {
        let Some(mut copy) = self.peek(from).map(|entry| entry.copied(to)) else { return false };
        copy.set_used(self.lookups.used(None, self.now));
        self.make_room(to);
        self.keys.insert(copy);
        self.note_new(to);
        self.note(to, KeyChange::Changed, 1);
        true
    }

    /// Bytes that a key and what it holds take, and about what an allocator adds to that.
    pub fn bytes_of(&mut self, key: &[u8]) -> Option<usize> {
        self.peek(key).map(Entry::bytes)
    }

    /// A key, each about as likely as any other. Where nearly all have expired and were not taken out yet, none may be found.
    pub fn random_key(&mut self, mut random: impl FnMut() -> u64) -> Option<Box<[u8]>> {
        for _ in 0..DRAWS_MAX {
            let key: Box<[u8]> = self.keys.random(&mut random)?.key().into();
            if self.is_there(&key) {
                return Some(key);
            }
        }
        None
    }

    /// Shows some keys with what they hold, from a position on, and gives the position of the next, as [`SlotKeys::scan`] does, but
    /// for those that have expired.
    pub fn scan(&self, position: u64, mut show: impl FnMut(&[u8], ValueRef<'_>)) -> u64 {
        let now = self.now;
        self.keys.scan(position, |key, value, deadline| {
            if lives(deadline, now) {
                show(key, value);
            }
        })
    }

    /// Every key that has not expired, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.entries().filter(|entry| lives(entry.deadline(), self.now)).map(Item::key)
    }

    /// Notes what was done to a value, and takes out its key if that is empty now.
    fn settle<R>(&mut self, key: &[u8], edited: Edited<R>, is_empty: bool) -> R {
        if is_empty {
            self.take(key);
            self.note(key, KeyChange::Removed, edited.changes);
        } else if edited.is_touched {
            self.note(key, KeyChange::Changed, edited.changes);
        } else {
            self.changes.count += edited.changes as u64;
        }
        edited.result
    }

    fn set_short(&mut self, key: &[u8], value: Short<'_>, expiry: Expiry) {
        let deadline = self.deadline_of(key, expiry);
        let Self { keys, lookups, now, .. } = self;
        let mut is_new = false;
        let old = keys.set_short(key, value, deadline, |used| {
            is_new |= used.is_none();
            lookups.used(used, *now)
        });
        if is_new {
            self.note_new(key);
        }
        self.discard(old);
        self.note(key, KeyChange::Changed, 1);
    }

    fn set_long(&mut self, key: &[u8], value: Value, expiry: Expiry) {
        let deadline = self.deadline_of(key, expiry);
        self.store_long(key, value, deadline);
        self.note(key, KeyChange::Changed, 1);
    }

    fn store_long(&mut self, key: &[u8], value: Value, deadline: Option<u64>) {
        let Self { keys, lookups, now, .. } = self;
        let mut is_new = false;
        let old = keys.set_long(key, value, deadline, |used| {
            is_new |= used.is_none();
            lookups.used(used, *now)
        });
        if is_new {
            self.note_new(key);
        }
        self.discard(old);
    }

    /// Takes out whatever is in the place of a key that is about to come.
    fn make_room(&mut self, key: &[u8]) {
        self.bury(key);
        self.take(key);
    }

    /// When a key that is about to be set expires. What it held goes first if it has expired, so that this is told.
    fn deadline_of(&mut self, key: &[u8], expiry: Expiry) -> Option<u64> {
        self.bury(key);
        match expiry {
            Expiry::Never => None,
            Expiry::At(deadline) => Some(deadline),
            Expiry::Kept => self.living(key).and_then(Entry::deadline),
        }
    }

    /// Notes what became of a key, and how many changes that was.
    fn note(&mut self, key: &[u8], change: KeyChange, times: usize) {
        self.changes.count += times as u64;
        if self.changes.observed {
            self.changes.keys.push((key.into(), change));
        }
    }

    /// Takes a key out if it has expired.
    fn bury(&mut self, key: &[u8]) {
        let now = self.now;
        if !self.expires || self.keys.next_deadline().is_none_or(|next| next > now) {
            return;
        }
        if self.keys.get(key).and_then(Entry::deadline).is_some_and(|deadline| deadline <= now) {
            self.take(key);
            self.changes.keys.push((key.into(), KeyChange::Expired));
        }
    }

    fn take(&mut self, key: &[u8]) {
        let value = self.keys.discard(key);
        self.discard(value);
    }

    /// What is big is freed later.
    fn discard(&mut self, value: Option<Value>) {
        self.changes.garbage.extend(value.filter(|value| value.pieces() > PIECES_MAX));
    }
}

fn lives(deadline: Option<u64>, now: u64) -> bool {
    deadline.is_none_or(|deadline| deadline > now)
}

/// Tells as well whether the value is empty then.
fn edit_long<K: Kind, R>(
    key: &[u8],
    entry: &mut Entry,
    edit: impl FnOnce(&mut K) -> Edited<R>,
) -> Result<(Edited<R>, bool), WrongType> {
    let edited = entry.edit(key, |value| {
        let value = K::of_mut(value)?;
        let edited = edit(value);
        Some((edited, value.is_empty()))
    });
    edited.flatten().ok_or(WrongType)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
