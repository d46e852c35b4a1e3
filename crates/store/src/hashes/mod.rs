//! Hashes: fields with values, some of which expire.

mod draw;
mod field;
mod fields;

use field::Parts;
use fields::{Fields, Name};

use crate::db::Expiry;
use crate::listpack::{Listpack, Packed};
use crate::seek::find;
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
        if pack.is_empty() || !pack.len().is_multiple_of(2) || pack.has_doubles(2) {
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

    /// Its listpack, if it is one.
    #[must_use]
    pub fn listpack(&self) -> Option<&Listpack> {
        match &self.0 {
            Repr::Packed(pack) => Some(pack),
            Repr::Table(_) => None,
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
                if let Some(place) = find(pack, name, 2) {
                    pack.replace(pack.next(place), value);
                    return false;
                }
                if pack.len() / 2 < limits.entries {
                    pack.push_back(name);
                    pack.push_back(value);
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
            Repr::Packed(pack) => find(pack, name, 2).map(|place| pack.remove(place, 2)).is_some(),
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
        let name = Name::new(name);
        let Some(before) = self.deadline_of(name, now) else { return TermChange::Missing };
        if !condition.allows(before, deadline) {
            return TermChange::Refused;
        }
        if deadline <= now {
            self.remove(name.bytes, now);
            return TermChange::Gone;
        }
        self.spread().set_deadline(name, Some(deadline));
        TermChange::Set
    }

    /// Ends the term of a field without ending the field. [`TermChange::Refused`] when it has none.
    pub fn persist(&mut self, name: &[u8], now: u64) -> TermChange {
        let name = Name::new(name);
        match (self.deadline_of(name, now), &mut self.0) {
            (None, _) => TermChange::Missing,
            (Some(Some(_)), Repr::Table(fields)) => {
                fields.set_deadline(name, None);
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

    /// When [`Hash::expire`] has something to do next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        match &self.0 {
            Repr::Packed(_) => None,
            Repr::Table(fields) => fields.next_deadline(),
        }
    }

    /// How many fields there are, those included that have expired and were not taken out yet: what HLEN says.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Packed(pack) => pack.len() / 2,
            Repr::Table(fields) => fields.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many fields have a term, those included where it is over.
    #[must_use]
    pub fn expiring(&self) -> usize {
        match &self.0 {
            Repr::Packed(_) => 0,
            Repr::Table(fields) => fields.expiring(),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &[u8], now: u64) -> Option<Packed<'_>> {
        match &self.0 {
            Repr::Packed(pack) => find(pack, name, 2).and_then(|place| pack.get(pack.next(place))),
            Repr::Table(fields) => {
                fields.get(Name::new(name)).filter(|field| field.lives(now)).map(|field| Packed::Text(field.value))
            }
        }
    }

    /// Whether there is such a field.
    #[must_use]
    pub fn contains(&self, name: &[u8], now: u64) -> bool {
        self.deadline(name, now).is_some()
    }

    /// Whether a field has expired and was not taken out yet. Setting it ends that.
    #[must_use]
    pub fn is_over(&self, name: &[u8], now: u64) -> bool {
        self.expiring() > 0 && self.deadline(name, 0).flatten().is_some_and(|deadline| deadline <= now)
    }

    /// When a field expires, in milliseconds of the wall clock; `None` without such a field.
    #[must_use]
    pub fn deadline(&self, name: &[u8], now: u64) -> Option<Option<u64>> {
        self.deadline_of(Name::new(name), now)
    }

    fn deadline_of(&self, name: Name<'_>, now: u64) -> Option<Option<u64>> {
        match &self.0 {
            Repr::Packed(pack) => find(pack, name.bytes, 2).map(|_| None),
            Repr::Table(fields) => fields.get(name).filter(|field| field.lives(now)).map(|field| field.deadline),
        }
    }

    /// Every field with its value and deadline.
    pub fn iter(&self, now: u64) -> impl Iterator<Item = (Packed<'_>, Packed<'_>, Option<u64>)> {
        let (pack, table) = match &self.0 {
            Repr::Packed(pack) => (Some(pairs(pack)), None),
            Repr::Table(fields) => (None, Some(fields.iter())),
        };
        let packed = pack.into_iter().flatten().map(|(name, value)| (name, value, None));
        let fields = table.into_iter().flatten().filter(move |field| field.lives(now));
        packed.chain(fields.map(|field| (Packed::Text(field.name), Packed::Text(field.value), field.deadline)))
    }

    /// Shows some fields with their values, from a position on, and gives the position of the next; 0 is the first, and comes
    /// again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, maybe more than once. A
    /// listpack is shown at once, of a table a dozen or two.
    pub fn scan<'a>(&'a self, position: u64, now: u64, mut show: impl FnMut(Packed<'a>, Packed<'a>)) -> u64 {
        match &self.0 {
            Repr::Packed(pack) => {
                pairs(pack).for_each(|(name, value)| show(name, value));
                0
            }
            Repr::Table(fields) => fields.scan(position, |field| {
                if field.lives(now) {
                    show(Packed::Text(field.name), Packed::Text(field.value));
                }
            }),
        }
    }

    /// What OBJECT ENCODING calls it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Repr::Packed(_) => "listpack",
            Repr::Table(_) => "hashtable",
        }
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

    /// Makes it a table.
    fn spread(&mut self) -> &mut Fields {
        if let Repr::Packed(pack) = &self.0 {
            let mut fields = Box::<Fields>::default();
            pairs(pack).for_each(|(name, value)| fields.put(Name::new(&name.to_vec()), &value.to_vec(), None, None));
            self.0 = Repr::Table(fields);
        }
        match &mut self.0 {
            Repr::Table(fields) => fields,
            Repr::Packed(_) => unreachable!("it has just been made a table"),
        }
    }
}

fn pairs(pack: &Listpack) -> impl Iterator<Item = (Packed<'_>, Packed<'_>)> {
    let mut values = pack.iter();
    std::iter::from_fn(move || Some((values.next()?, values.next()?)))
}

#[cfg(test)]
mod tests;
