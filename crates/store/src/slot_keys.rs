//! The keys of one slot.

use std::mem;

use crate::deadlines::{Deadlines, STEP, Term};
use crate::dict::{Dict, Item};
use crate::entry::{Entry, Short};
use crate::hash::hash;
use crate::snapshot::Aside;
use crate::usage::Used;
use crate::value::{ALLOCATION, Value, ValueRef};

/// The keys of one slot, and what they cost. On one cache line, since there are thousands and each request needs another.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct SlotKeys {
    dict: Dict<Entry>,
    /// Of the entries and what they hold, without the tables.
    bytes: usize,
    /// `None` where nothing expires and no snapshot is on its way.
    rest: Option<Box<Rest>>,
}

const _: () = assert!(size_of::<SlotKeys>() == 64);

/// What not every slot has.
#[derive(Debug, Default)]
struct Rest {
    terms: Terms,
    /// What a snapshot has still to be shown.
    aside: Option<Box<Aside>>,
}

/// What expires when.
#[derive(Debug, Default)]
struct Terms {
    keys: Deadlines,
    /// The sum of these, in steps of the deadlines.
    steps: u64,
    /// When the next field of a hash expires.
    fields: Deadlines,
}

/// What is booked of an entry; nothing where there is none.
#[derive(Clone, Copy, Default)]
struct Booked {
    bytes: usize,
    deadline: Option<u64>,
    fields: Option<u64>,
}

impl Booked {
    fn of(entry: &Entry) -> Self {
        Self { bytes: entry.bytes(), deadline: entry.deadline(), fields: fields_of(entry) }
    }

    fn has_term(&self) -> bool {
        self.deadline.is_some() || self.fields.is_some()
    }
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
        self.terms().map_or(0, |terms| terms.keys.count())
    }

    /// How long these have left from a moment on, added up in milliseconds, about.
    #[must_use]
    pub fn terms_ms(&self, now: u64) -> u64 {
        let steps = self.terms().map_or(0, |terms| terms.steps);
        (steps.saturating_mul(STEP)).saturating_sub(now.saturating_mul(self.expiring() as u64))
    }

    /// How many have expired and were not taken out yet; not counted beyond a maximum.
    #[must_use]
    pub fn overdue(&self, now: u64, count_max: usize) -> usize {
        self.terms().map_or(0, |terms| terms.keys.overdue(now, count_max))
    }

    /// Bytes that they take, tables included, and about what an allocator adds to that.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.table_bytes() + self.term_bytes()
    }

    /// Bytes of the table by which keys are found, with about what an allocator adds to that.
    #[must_use]
    pub fn table_bytes(&self) -> usize {
        self.dict.table_bytes() + self.dict.table_pieces() * ALLOCATION
    }

    /// Bytes of what tells which keys and fields expire when, with about what an allocator adds to that.
    #[must_use]
    pub fn term_bytes(&self) -> usize {
        let of = |Terms { keys, fields, .. }: &Terms| {
            let pieces = keys.pieces() + fields.pieces() + 1;
            keys.bytes() + fields.bytes() + size_of::<Rest>() + pieces * ALLOCATION
        };
        self.terms().map_or(0, of)
    }

    /// Every key, those included that have expired and were not taken out yet, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.entries().map(Item::key)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.dict.iter()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.dict.get(hash(key), key)
    }

    /// The same, which is a use of the key: `next` makes what is kept of that from what was.
    pub(crate) fn touch(&mut self, key: &[u8], next: impl FnOnce(Used) -> Used) -> Option<&Entry> {
        let entry = self.dict.get_mut(hash(key), key)?;
        entry.set_used(next(entry.used()));
        Some(entry)
    }

    /// Asks for the memory of the table that a key with this hash is found by.
    pub(crate) fn prefetch_bucket(&self, hash: u64) {
        self.dict.prefetch_bucket(hash);
    }

    /// Asks for the memory of the key with this hash, once that of the table is there.
    pub(crate) fn prefetch_entry(&self, hash: u64) {
        self.dict.prefetch_item(hash);
    }

    /// Sets a key to a text or a number; gives what it held if that had memory of its own. `next` makes what is kept of its use
    /// from what was; `None` for a new key.
    pub(crate) fn set_short(
        &mut self,
        key: &[u8],
        value: Short<'_>,
        deadline: Option<u64>,
        mut next: impl FnMut(Option<Used>) -> Used,
    ) -> Option<Value> {
        let hash = hash(key);
        if let Some(used) = self.hand_over(hash, key) {
            self.add(hash, Entry::short(key, value, deadline, next(Some(used))));
            return None;
        }
        let edited = self.edit_at(hash, key, |entry| {
            entry.set_used(next(Some(entry.used())));
            entry.set_short(value, deadline)
        });
        edited.unwrap_or_else(|| {
            self.add(hash, Entry::short(key, value, deadline, next(None)));
            None
        })
    }

    /// The same with a value that has memory of its own.
    pub(crate) fn set_long(
        &mut self,
        key: &[u8],
        value: Value,
        deadline: Option<u64>,
        mut next: impl FnMut(Option<Used>) -> Used,
    ) -> Option<Value> {
        let hash = hash(key);
        if let Some(used) = self.hand_over(hash, key) {
            self.add(hash, Entry::long(key, value, deadline, next(Some(used))));
            return None;
        }
        let mut value = Some(value);
        let old = self.edit_at(hash, key, |entry| {
            entry.set_used(next(Some(entry.used())));
            entry.set_long(value.take()?, deadline)
        });
        if let Some(value) = value {
            self.add(hash, Entry::long(key, value, deadline, next(None)));
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
        if self.aside().is_some() {
            self.keep(hash, key, false);
        }
        let entry = self.dict.get_mut(hash, key)?;
        let before = Booked::of(entry);
        let result = edit(entry);
        let after = Booked::of(entry);
        self.book(hash, before, after);
        Some(result)
    }

    /// Adds an entry whose key is not there.
    pub(crate) fn insert(&mut self, entry: Entry) {
        self.add(hash(entry.key()), entry);
    }

    /// Takes a key out; gives what it held if that had memory of its own and nobody else wants it.
    pub(crate) fn discard(&mut self, key: &[u8]) -> Option<Value> {
        let hash = hash(key);
        if self.hand_over(hash, key).is_some() {
            return None;
        }
        self.take(hash, key).and_then(Entry::into_large)
    }

    /// Takes every key out, and gives them, if nobody else wants them.
    pub fn take_all(&mut self) -> Self {
        let mut all = mem::take(self);
        // What was kept for a snapshot that was given up goes with the rest.
        let aside = all.rest.as_mut().and_then(|rest| rest.aside.take_if(|aside| !aside.is_over()));
        if let Some(mut aside) = aside {
            let bytes = all.bytes();
            all.dict = aside.keep_all(mem::take(&mut all.dict), bytes).unwrap_or_default();
            self.set_aside(aside);
        }
        all
    }

    pub(crate) fn set_aside(&mut self, aside: Box<Aside>) {
        self.rest.get_or_insert_default().aside = Some(aside);
    }

    pub(crate) fn take_aside(&mut self) -> Option<Box<Aside>> {
        let aside = self.rest.as_mut()?.aside.take();
        self.tidy();
        aside
    }

    /// Shows a snapshot about so many keys that have not changed. Tells whether that was all of them, and gives what is left of
    /// the slot and not here any more.
    pub(crate) fn show_aside(&mut self, count: usize, show: &mut impl FnMut(&Entry)) -> (bool, Option<Box<Aside>>) {
        let Some(aside) = self.rest.as_mut().and_then(|rest| rest.aside.as_mut()) else { return (true, None) };
        let is_done = aside.is_apart() || aside.show(&self.dict, count, show);
        (is_done, if is_done { self.take_aside() } else { None })
    }

    /// Keeps for a snapshot what there is of a key that is about to change, or that it is new.
    #[cold]
    fn keep(&mut self, hash: u64, key: &[u8], is_new: bool) {
        let (dict, rest) = (&self.dict, &mut self.rest);
        let aside = rest.as_mut().and_then(|rest| rest.aside.as_mut());
        let Some(aside) = aside.filter(|aside| aside.wants(hash, key)) else { return };
        let entry = dict.get(hash, key).map(|entry| entry.copied(key));
        if entry.is_some() || is_new {
            aside.keep(key, entry);
        }
    }

    /// Takes a key out that is about to be replaced or to go, for a snapshot that wants it; gives what was kept of its use.
    fn hand_over(&mut self, hash: u64, key: &[u8]) -> Option<Used> {
        if !self.aside()?.wants(hash, key) {
            return None;
        }
        let entry = self.take(hash, key)?;
        let used = entry.used();
        if let Some(aside) = self.rest.as_mut().and_then(|rest| rest.aside.as_mut()) {
            aside.keep(key, Some(entry));
        }
        Some(used)
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let hash = hash(key);
        if self.aside().is_some() {
            self.keep(hash, key, false);
        }
        self.take(hash, key)
    }

    fn take(&mut self, hash: u64, key: &[u8]) -> Option<Entry> {
        let entry = self.dict.remove(hash, key)?;
        self.book(hash, Booked::of(&entry), Booked::default());
        Some(entry)
    }

    /// Shows some keys with what they hold, from a position on, and gives the position of the next; 0 is the first, and comes
    /// again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, maybe more than once.
    /// Those are included that have expired and were not taken out yet; the deadline comes last, in milliseconds of the wall
    /// clock. Positions have 48 bits, so that a cursor has room for a slot beside one.
    pub fn scan(&self, position: u64, mut show: impl FnMut(&[u8], ValueRef<'_>, Option<u64>)) -> u64 {
        self.dict.scan(position, |entry| show(entry.key(), entry.value(), entry.deadline()))
    }

    /// A key, each about as likely as any other.
    pub(crate) fn random(&self, random: impl FnMut() -> u64) -> Option<&Entry> {
        self.dict.random(random)
    }

    /// When the next key is due, with some bits of its hash.
    pub(crate) fn first_term(&self) -> Option<Term> {
        self.terms()?.keys.first()
    }

    /// The same of some key, chosen by a number by chance.
    pub(crate) fn term_by_chance(&self, random: u64) -> Option<Term> {
        self.terms()?.keys.by_chance(random)
    }

    /// A key with that term.
    pub(crate) fn key_with(&self, term: Term) -> Option<&Entry> {
        self.get(keys_with(&self.dict, Some(term), Entry::deadline).first()?)
    }

    /// Whether any key, or any field of a hash, expires some day.
    #[must_use]
    pub fn expires(&self) -> bool {
        self.terms().is_some_and(|terms| terms.keys.count() + terms.fields.count() > 0)
    }

    /// When the next key may be due: at most some milliseconds before it is.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.first_term().map(Term::start)
    }

    /// Some keys whose deadline is next, if it is past; hardly ever more than one.
    pub(crate) fn due(&self, now: u64) -> Vec<Box<[u8]>> {
        keys_with(&self.dict, self.terms().and_then(|terms| terms.keys.due(now)), Entry::deadline)
    }

    /// The same with keys of hashes, some of whose fields have expired.
    pub(crate) fn due_fields(&self, now: u64) -> Vec<Box<[u8]>> {
        keys_with(&self.dict, self.terms().and_then(|terms| terms.fields.due(now)), fields_of)
    }

    fn add(&mut self, hash: u64, entry: Entry) {
        if self.aside().is_some() {
            self.keep(hash, entry.key(), true);
        }
        let after = Booked::of(&entry);
        self.dict.add(hash, entry);
        self.book(hash, Booked::default(), after);
    }

    /// Books what has become of an entry, after that.
    fn book(&mut self, hash: u64, before: Booked, after: Booked) {
        self.bytes = self.bytes + after.bytes - before.bytes;
        if before.has_term() || after.has_term() {
            self.book_terms(hash, before, after);
        }
    }

    fn book_terms(&mut self, hash: u64, before: Booked, after: Booked) {
        let terms = &mut self.rest.get_or_insert_default().terms;
        let [earlier, later] = [before, after].map(|booked| booked.deadline.map_or(0, Term::step));
        terms.steps = terms.steps.wrapping_add(later).wrapping_sub(earlier);
        let (dict, bits) = (&self.dict, Dict::<Entry>::bits_of(hash));
        let is_shared = |term, deadline_of| !keys_with(dict, Some(term), deadline_of).is_empty();
        terms.keys.change(bits, before.deadline, after.deadline, |term| is_shared(term, Entry::deadline));
        terms.fields.change(bits, before.fields, after.fields, |term| is_shared(term, fields_of));
        self.tidy();
    }

    /// Gives up the rest once there is nothing in it.
    fn tidy(&mut self) {
        if !self.expires() && self.aside().is_none() {
            self.rest = None;
        }
    }

    fn terms(&self) -> Option<&Terms> {
        self.rest.as_ref().map(|rest| &rest.terms)
    }

    fn aside(&self) -> Option<&Aside> {
        self.rest.as_ref()?.aside.as_deref()
    }
}

/// When the next field of a hash expires.
fn fields_of(entry: &Entry) -> Option<u64> {
    match entry.large() {
        Some(Value::Hash(hash)) => hash.next_deadline(),
        _ => None,
    }
}

/// The keys that have a term.
fn keys_with(dict: &Dict<Entry>, term: Option<Term>, deadline_of: fn(&Entry) -> Option<u64>) -> Vec<Box<[u8]>> {
    let mut keys = Vec::new();
    if let Some(term) = term {
        dict.show_hashes(term.bits(), |entry| {
            if term.has(deadline_of(entry)) && Dict::<Entry>::bits_of(hash(entry.key())) == term.bits() {
                keys.push(entry.key().into());
            }
        });
    }
    keys
}

#[cfg(test)]
impl SlotKeys {
    /// Counts anew what is counted along.
    pub(crate) fn check(&self) {
        assert_eq!(self.bytes, self.entries().map(Entry::bytes).sum::<usize>());
        let none = Terms::default();
        let Terms { keys, fields, steps: _ } = self.terms().unwrap_or(&none);
        for (deadlines, deadline_of) in [(keys, Entry::deadline as fn(&Entry) -> _), (fields, fields_of)] {
            let bits_of = |entry: &Entry| Dict::<Entry>::bits_of(hash(entry.key()));
            deadlines.check(self.entries().filter_map(|entry| Some((deadline_of(entry)?, bits_of(entry)))));
        }
    }
}
