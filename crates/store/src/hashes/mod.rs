//! Hashes: fields with values, some of which expire.

mod draw;
mod field;
mod fields;
mod view;

use field::Parts;
use fields::{Fields, Name};
use view::View;

pub use view::HashRef;

use crate::db::Expiry;
use crate::listpack::{Encoded, Listpack, ListpackRef, Packed};
use crate::seen::seen_as;
use crate::term::{TermChange, TermIf};

/// Fields with values. A small hash is a [`Listpack`] of fields and values in turn, a big one is a table. Which one it is has no
/// effect but for the order of the fields; once a table, it stays one.
///
/// A field that has expired is not seen any more, but stays until [`Hash::expire`] takes it out or it is set again, so that
/// whoever must be told of it is. Each method that looks for fields takes `now`, in milliseconds of the wall clock: with 0
/// nothing has expired, which is how a replica does what its primary did.
#[derive(Clone, Debug, Default)]
pub struct Hash(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Packed(Listpack),
    Table(Box<Fields>),
}

/// How big a hash may be as a listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashLimits {
    /// So many fields (`hash-max-listpack-entries`).
    pub entries: usize,
    /// Bytes of a field or a value (`hash-max-listpack-value`).
    pub value: usize,
}

impl Default for HashLimits {
    fn default() -> Self {
        Self { entries: 512, value: 64 }
    }
}

impl Default for Repr {
    fn default() -> Self {
        Self::Packed(Listpack::default())
    }
}

impl Hash {
    /// Takes a listpack of fields and values in turn, of a size within the limits or not.
    ///
    /// A listpack that says no field or one twice, or lacks the last value, is none; it is handed back. Looking for that takes as long as
    /// sorting the fields.
    ///
    /// # Errors
    /// With the listpack, when it holds no hash.
    pub fn from_listpack(pack: Listpack, limits: HashLimits) -> Result<Self, Listpack> {
        if pack.is_empty() || !pack.len().is_multiple_of(2) || pack.view().has_doubles(2) {
            return Err(pack);
        }
        let fits = pack.len() / 2 <= limits.entries && pack.as_bytes().len() <= Listpack::BYTES_MAX;
        let fits = fits && pack.iter().all(|value| value.text_len() <= limits.value);
        let mut hash = Self(Repr::Packed(pack));
        if !fits {
            hash.spread();
        }
        Ok(hash)
    }

    /// Takes a listpack that was one before.
    pub(crate) fn of_listpack(pack: Listpack) -> Self {
        Self(Repr::Packed(pack))
    }

    /// The same, to look at.
    #[must_use]
    pub fn view(&self) -> HashRef<'_> {
        match &self.0 {
            Repr::Packed(pack) => HashRef::from(pack.view()),
            Repr::Table(fields) => HashRef(View::Table(fields)),
        }
    }

    seen_as! { HashRef:
        listpack() -> Option<ListpackRef<'_>>;
        next_deadline() -> Option<u64>;
        len() -> usize;
        is_empty() -> bool;
        expiring() -> usize;
        get(name: &[u8], now: u64) -> Option<Packed<'_>>;
        contains(name: &[u8], now: u64) -> bool;
        is_over(name: &[u8], now: u64) -> bool;
        deadline(name: &[u8], now: u64) -> Option<Option<u64>>;
        iter(now: u64) -> impl Iterator<Item = (Packed<'_>, Packed<'_>, Option<u64>)>;
        scan(position: u64, now: u64, show: impl FnMut(Packed<'_>, Packed<'_>)) -> u64;
        encoding() -> &'static str;
        random(now: u64, random: impl FnMut() -> u64) -> Option<(Packed<'_>, Packed<'_>)>;
        random_repeated(count: usize, now: u64, random: impl FnMut() -> u64)
            -> impl Iterator<Item = (Packed<'_>, Packed<'_>)>;
        random_distinct(count: usize, now: u64, random: impl FnMut() -> u64) -> Vec<(Packed<'_>, Packed<'_>)>;
    }

    /// Bytes that it takes besides itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Repr::Packed(pack) => pack.capacity(),
            Repr::Table(fields) => size_of::<Fields>() + fields.bytes(),
        }
    }

    /// How many pieces of memory it has, about.
    #[must_use]
    pub fn pieces(&self) -> usize {
        match &self.0 {
            Repr::Packed(_) => 1,
            Repr::Table(fields) => 1 + fields.pieces(),
        }
    }

    /// Its listpack with the memory that that is in, or the hash again where it is none.
    pub(crate) fn into_listpack(self) -> Result<Listpack, Self> {
        match self.0 {
            Repr::Packed(pack) => Ok(pack),
            Repr::Table(_) => Err(self),
        }
    }

    /// Makes it a table if so many fields, all to be set next, are too many for a listpack. They are counted even if some are
    /// the same or are there already.
    pub fn prepare(&mut self, fields: usize, limits: HashLimits) {
        if fields > limits.entries {
            self.spread();
        }
    }

    /// Sets a field; tells whether it is new. A term that is over already hides it at once.
    pub fn set(&mut self, name: &[u8], value: &[u8], expiry: Expiry, now: u64, limits: HashLimits) -> bool {
        if let Repr::Packed(pack) = &mut self.0 {
            let fits = name.len().max(value.len()) <= limits.value
                && pack.as_bytes().len().saturating_add(name.len() + value.len()) <= Listpack::BYTES_MAX
                && !matches!(expiry, Expiry::At(_));
            if fits {
                if let Some(place) = pack.view().find(name, 2) {
                    pack.replace(pack.next(place), value);
                    return false;
                }
                if pack.len() / 2 < limits.entries {
                    pack.insert_all(pack.end(), [name, value].map(|text| Encoded::new(Packed::Text(text))));
                    return true;
                }
            }
        }
        let (fields, name) = (self.spread(), Name::new(name));
        let before = fields.get(name);
        let (is_new, before) = (before.is_none_or(|field| !field.lives(now)), before.and_then(|field| field.deadline));
        let deadline = match expiry {
            Expiry::Never => None,
            // A term that is over is that of another field, in a way.
            Expiry::Kept => before.filter(|_| !is_new),
            // At 0 nothing has expired.
            Expiry::At(deadline) => Some(deadline.max(1)),
        };
        fields.put(name, value, before, deadline);
        is_new
    }

    /// Takes a field out; tells whether it was there.
    pub fn remove(&mut self, name: &[u8], now: u64) -> bool {
        match &mut self.0 {
            Repr::Packed(pack) => pack.view().find(name, 2).map(|place| pack.remove(place, 2)).is_some(),
            Repr::Table(fields) => {
                let name = Name::new(name);
                let lives = fields.get(name).is_some_and(|field| field.lives(now));
                if lives {
                    fields.remove(name);
                }
                lives
            }
        }
    }

    /// Gives a field a term, which ends at a moment in milliseconds of the wall clock.
    pub fn set_deadline(&mut self, name: &[u8], deadline: u64, condition: TermIf, now: u64) -> TermChange {
        let Some(before) = self.deadline(name, now) else { return TermChange::Missing };
        if !condition.allows(before, deadline) {
            return TermChange::Refused;
        }
        if deadline <= now {
            self.remove(name, now);
            return TermChange::Gone;
        }
        self.spread().set_deadline(Name::new(name), Some(deadline));
        TermChange::Set
    }

    /// Ends the term of a field without ending the field. [`TermChange::Refused`] when it has none.
    pub fn persist(&mut self, name: &[u8], now: u64) -> TermChange {
        match (self.deadline(name, now), &mut self.0) {
            (None, _) => TermChange::Missing,
            (Some(Some(_)), Repr::Table(fields)) => {
                fields.set_deadline(Name::new(name), None);
                TermChange::Set
            }
            (Some(_), _) => TermChange::Refused,
        }
    }

    /// Takes out fields that have expired, at most so many and some with the same deadline as the last, and shows their names.
    /// Tells whether that was all of them. A field may go up to 16 ms after its deadline.
    pub fn expire(&mut self, now: u64, fields_max: usize, mut gone: impl FnMut(&[u8])) -> bool {
        let Repr::Table(fields) = &mut self.0 else { return true };
        let mut count = 0;
        while count < fields_max {
            let names = fields.expired(now);
            if names.is_empty() {
                return true;
            }
            for name in &names {
                fields.remove(Name::new(name));
                gone(name);
            }
            count += names.len();
        }
        fields.next_deadline().is_none_or(|next| next > now)
    }

    /// Makes it a table.
    fn spread(&mut self) -> &mut Fields {
        if let Repr::Packed(pack) = &self.0 {
            let mut fields = Box::<Fields>::default();
            pairs(pack.view())
                .for_each(|(name, value)| fields.put(Name::new(&name.to_vec()), &value.to_vec(), None, None));
            self.0 = Repr::Table(fields);
        }
        match &mut self.0 {
            Repr::Table(fields) => fields,
            Repr::Packed(_) => unreachable!("it has just been made a table"),
        }
    }
}

fn pairs(pack: ListpackRef<'_>) -> impl Iterator<Item = (Packed<'_>, Packed<'_>)> {
    let mut values = pack.iter();
    std::iter::from_fn(move || Some((values.next()?, values.next()?)))
}

#[cfg(test)]
mod tests;
