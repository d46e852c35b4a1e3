//! The keys of one slot as a command works with them.

use crate::dict::Item;
use crate::entry::{Entry, Short};
use crate::slot_keys::SlotKeys;
use crate::value::{Kind, Value, ValueRef};

/// A command for one type met a key that holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
pub struct WrongType;

/// When a key that is set expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// When it would have.
    Kept,
    /// At that moment, in milliseconds of the wall clock.
    At(u64),
}

/// What a command has done to keys, for those who want to know: kept beside them and read when the command is over.
#[derive(Debug, Default)]
pub struct Changes {
    /// How many changes there were.
    pub count: u64,
    /// Whether the keys are wanted as well.
    pub observed: bool,
    /// The keys that were changed, if they are wanted.
    pub keys: Vec<Box<[u8]>>,
    /// The keys that were found to have expired.
    pub expired: Vec<Box<[u8]>>,
    /// What was taken out and is big: to be freed when no lock is held.
    pub garbage: Vec<Value>,
}

/// Values of more pieces than this are not freed under a lock.
const PIECES_MAX: usize = 64;

/// The keys of one slot as a command works with them: what has expired is not there, and what is emptied goes.
#[derive(Debug)]
pub struct Db<'a> {
    keys: &'a mut SlotKeys,
    changes: &'a mut Changes,
    now: u64,
    /// Whether keys that have expired are taken out here; a replica waits until its primary does.
    expires: bool,
}

impl<'a> Db<'a> {
    /// The keys of a slot at this moment, in milliseconds of the wall clock.
    #[must_use]
    pub fn new(keys: &'a mut SlotKeys, changes: &'a mut Changes, now: u64, expires: bool) -> Self {
        Self { keys, changes, now, expires }
    }

    /// The moment, in milliseconds of the wall clock.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// What a key holds.
    pub fn get(&mut self, key: &[u8]) -> Option<ValueRef<'_>> {
        self.bury(key);
        let now = self.now;
        self.keys.get(key).filter(|entry| entry.deadline().is_none_or(|deadline| deadline > now)).map(Entry::value)
    }

    /// Whether there is such a key.
    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    /// What a key holds, if it is of this type.
    ///
    /// # Errors
    /// When it is of another.
    pub fn view<K: Kind>(&mut self, key: &[u8]) -> Result<Option<&K>, WrongType> {
        match self.get(key) {
            None => Ok(None),
            Some(ValueRef::Long(value)) => K::of(value).map(Some).ok_or(WrongType),
            Some(_) => Err(WrongType),
        }
    }

    /// Changes what a key holds, if there is one; it counts as a change. What is empty then goes.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn edit<K: Kind, R>(&mut self, key: &[u8], edit: impl FnOnce(&mut K) -> R) -> Result<Option<R>, WrongType> {
        if self.view::<K>(key)?.is_none() {
            return Ok(None);
        }
        let edited = self.keys.edit(key, |entry| {
            let value = K::of_mut(entry.long_mut()?)?;
            let result = edit(value);
            Some((result, value.is_empty()))
        });
        let Some((result, empty)) = edited.flatten() else { return Ok(None) };
        self.note(key);
        if empty {
            self.take(key);
        }
        Ok(Some(result))
    }

    /// The same; where there is no such key, one that holds nothing is made first.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn edit_or_new<K: Kind, R>(&mut self, key: &[u8], edit: impl FnOnce(&mut K) -> R) -> Result<R, WrongType> {
        if self.view::<K>(key)?.is_some() {
            return self.edit(key, edit).map(|result| result.expect("it has just been there"));
        }
        let mut value = K::default();
        let result = edit(&mut value);
        if !value.is_empty() {
            self.set_value(key, value, Expiry::Never);
        }
        Ok(result)
    }

    /// Changes a text in place, an empty one where there is no such key. An empty one stays.
    ///
    /// # Errors
    /// When the key holds something else.
    pub fn edit_text<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Vec<u8>) -> R) -> Result<R, WrongType> {
        match self.get(key) {
            None => {
                let mut text = Vec::new();
                let result = edit(&mut text);
                self.set_value(key, text, Expiry::Never);
                return Ok(result);
            }
            Some(ValueRef::Number(_) | ValueRef::Text(_) | ValueRef::Long(Value::Text(_))) => {}
            Some(ValueRef::Long(_)) => return Err(WrongType),
        }
        let edited = self.keys.edit(key, |entry| Vec::of_mut(entry.lengthen()).map(edit));
        self.note(key);
        edited.flatten().ok_or(WrongType)
    }

    /// Sets a key, whatever it held, to a text.
    pub fn set_text(&mut self, key: &[u8], text: &[u8], expiry: Expiry) {
        self.set_short(key, Short::Text(text), expiry);
    }

    /// Sets a key, whatever it held, to a number.
    pub fn set_number(&mut self, key: &[u8], number: i64, expiry: Expiry) {
        self.set_short(key, Short::Number(number), expiry);
    }

    /// Sets a key, whatever it held, to a value.
    pub fn set_value<K: Kind>(&mut self, key: &[u8], value: K, expiry: Expiry) {
        let deadline = self.deadline_of(key, expiry);
        let old = self.keys.set_long(key, value.into_value(), deadline);
        self.discard(old);
        self.note(key);
    }

    /// When a key expires, in milliseconds of the wall clock; `None` without such a key.
    pub fn deadline(&mut self, key: &[u8]) -> Option<Option<u64>> {
        self.exists(key).then(|| self.keys.get(key).and_then(Entry::deadline))
    }

    /// Sets or ends the term of a key; tells whether there is such a key. A term that is over takes the key out.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<u64>) -> bool {
        if !self.exists(key) {
            return false;
        }
        self.keys.set_deadline(key, deadline);
        self.note(key);
        true
    }

    /// Takes a key out; tells whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        if !self.exists(key) {
            return false;
        }
        self.take(key);
        self.note(key);
        true
    }

    /// A key, each about as likely as any other. Some that have expired may be passed over.
    pub fn random_key(&mut self, random: impl FnMut() -> u64) -> Option<&[u8]> {
        self.keys.random(random).map(Item::key)
    }

    /// Takes out keys that have expired, at most so many, and looks at most at so many deadlines. Tells whether that was all of
    /// them.
    pub fn expire(&mut self, keys: usize, deadlines: usize) -> bool {
        let mut patience = deadlines;
        for _ in 0..keys {
            let Some(key) = self.keys.expired(self.now, &mut patience) else { return patience > 0 };
            self.take(&key);
            self.changes.expired.push(key);
        }
        false
    }

    fn set_short(&mut self, key: &[u8], value: Short<'_>, expiry: Expiry) {
        let deadline = self.deadline_of(key, expiry);
        let old = self.keys.set_short(key, value, deadline);
        self.discard(old);
        self.note(key);
    }

    fn deadline_of(&mut self, key: &[u8], expiry: Expiry) -> Option<u64> {
        match expiry {
            Expiry::Never => None,
            Expiry::At(deadline) => Some(deadline),
            Expiry::Kept => self.deadline(key).flatten(),
        }
    }

    /// Notes that a key has changed.
    fn note(&mut self, key: &[u8]) {
        self.changes.count += 1;
        if self.changes.observed {
            self.changes.keys.push(key.into());
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
            self.changes.expired.push(key.into());
        }
    }

    fn take(&mut self, key: &[u8]) {
        let entry = self.keys.remove(key);
        self.discard(entry.and_then(Entry::into_long));
    }

    /// What is big is freed later.
    fn discard(&mut self, value: Option<Value>) {
        self.changes.garbage.extend(value.filter(|value| value.pieces() > PIECES_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<R>(keys: &mut SlotKeys, now: u64, work: impl FnOnce(&mut Db<'_>) -> R) -> (R, Changes) {
        let mut changes = Changes { observed: true, ..Changes::default() };
        let result = work(&mut Db::new(keys, &mut changes, now, true));
        (result, changes)
    }

    fn text(db: &mut Db<'_>, key: &[u8]) -> Option<Vec<u8>> {
        db.get(key).map(|value| match value {
            ValueRef::Number(number) => number.to_string().into_bytes(),
            ValueRef::Text(text) => text.to_vec(),
            ValueRef::Long(Value::Text(text)) => text.clone(),
            ValueRef::Long(_) => panic!("no text"),
        })
    }

    #[test]
    fn what_has_expired_is_not_there_and_goes_when_somebody_looks() {
        let mut keys = SlotKeys::default();
        at(&mut keys, 0, |db| db.set_text(b"k", b"v", Expiry::At(10)));
        assert!(at(&mut keys, 9, |db| db.exists(b"k")).0);
        let waits = Db::new(&mut keys, &mut Changes::default(), 10, false).exists(b"k");
        assert!(!waits && keys.len() == 1, "a replica waits for its primary");
        let (there, changes) = at(&mut keys, 10, |db| db.exists(b"k"));
        assert!(!there);
        assert_eq!((changes.expired.as_slice(), changes.count), (&[Box::from(*b"k")][..], 0));
        assert_eq!((keys.len(), keys.bytes(), keys.expiring()), (0, keys.bytes(), 0));
    }

    #[test]
    fn a_term_ends_at_its_last_change() {
        let mut keys = SlotKeys::default();
        let (_, changes) = at(&mut keys, 0, |db| {
            db.set_number(b"k", 7, Expiry::At(10));
            assert!(db.set_deadline(b"k", Some(20)));
            db.set_text(b"k", b"12345678", Expiry::Kept);
            assert_eq!(db.deadline(b"k"), Some(Some(20)));
            assert_eq!(db.deadline(b"nosuch"), None);
        });
        assert_eq!(changes.count, 3);
        let (done, changes) = at(&mut keys, 15, |db| db.expire(10, 100));
        assert!(done && changes.expired.is_empty());
        at(&mut keys, 16, |db| assert!(db.set_deadline(b"k", None)));
        let (done, changes) = at(&mut keys, 100, |db| db.expire(10, 100));
        assert!(done && changes.expired.is_empty());
        assert_eq!(at(&mut keys, 100, |db| text(db, b"k")).0, Some(b"12345678".to_vec()));
    }

    #[test]
    fn expiry_is_done_in_small_steps() {
        let mut keys = SlotKeys::default();
        for number in 0..100_u64 {
            at(&mut keys, 0, |db| db.set_text(number.to_string().as_bytes(), b"v", Expiry::At(number)));
        }
        let mut steps = 0;
        while !at(&mut keys, 49, |db| db.expire(10, 1000)).0 {
            steps += 1;
        }
        assert_eq!((keys.len(), steps), (50, 5));
        assert!(!at(&mut keys, 99, |db| db.expire(1000, 10)).0, "it has looked at ten");
        assert_eq!(keys.len(), 40);
    }

    #[test]
    fn deadlines_that_change_all_the_time_take_no_room() {
        let mut keys = SlotKeys::default();
        for number in 0..10_000_u64 {
            at(&mut keys, 0, |db| db.set_text(b"k", b"v", Expiry::At(1000 + number % 2)));
        }
        assert!(keys.bytes() < 10_000, "{}", keys.bytes());
    }

    #[test]
    fn bytes_come_and_go() {
        let mut keys = SlotKeys::default();
        let empty = keys.bytes();
        at(&mut keys, 0, |db| {
            db.set_text(b"k", &[b'x'; 100], Expiry::Never);
            db.set_text(&[b'k'; 300], b"5", Expiry::Never);
        });
        let two = keys.bytes();
        at(&mut keys, 0, |db| db.edit::<Vec<u8>, _>(b"k", |text| text.extend_from_slice(&[b'y'; 1000])).ok());
        assert!(keys.bytes() == two, "a short text is of another type: it is given memory of its own first");
        at(&mut keys, 0, |db| db.edit_text(b"k", |text| text.extend_from_slice(&[b'y'; 1000])).expect("a text"));
        assert!(keys.bytes() > two + 1000);
        assert_eq!(at(&mut keys, 0, |db| text(db, b"k").map(|text| text.len())).0, Some(1100));
        at(&mut keys, 0, |db| assert!(db.remove(b"k") && db.remove(&[b'k'; 300]) && !db.remove(b"k")));
        assert_eq!(keys.bytes(), empty);
    }

    #[test]
    fn who_observes_is_told_of_keys() {
        let mut keys = SlotKeys::default();
        let (_, changes) = at(&mut keys, 0, |db| {
            db.set_text(b"a", b"1", Expiry::Never);
            db.remove(b"a");
            db.remove(b"b");
        });
        assert_eq!(changes.keys, [Box::from(*b"a"), Box::from(*b"a")]);
    }
}
