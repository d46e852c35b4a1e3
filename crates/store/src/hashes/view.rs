//! Looking at a hash.

use super::fields::{Fields, Name};
use super::{Packed, pairs};
use crate::listpack::ListpackRef;

/// A [`Hash`](super::Hash), wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct HashRef<'a>(pub(super) View<'a>);

#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    Packed(ListpackRef<'a>),
    Table(&'a Fields),
}

impl<'a> From<ListpackRef<'a>> for HashRef<'a> {
    fn from(pack: ListpackRef<'a>) -> Self {
        Self(View::Packed(pack))
    }
}

impl<'a> HashRef<'a> {
    /// Its listpack, if it is one.
    #[must_use]
    pub fn listpack(self) -> Option<ListpackRef<'a>> {
        match self.0 {
            View::Packed(pack) => Some(pack),
            View::Table(_) => None,
        }
    }

    /// When [`Hash::expire`](super::Hash::expire) has something to do next.
    #[must_use]
    pub fn next_deadline(self) -> Option<u64> {
        match self.0 {
            View::Packed(_) => None,
            View::Table(fields) => fields.next_deadline(),
        }
    }

    /// How many fields there are, those included that have expired and were not taken out yet: what HLEN says.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            View::Packed(pack) => pack.len() / 2,
            View::Table(fields) => fields.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many fields have a term, those included where it is over.
    #[must_use]
    pub fn expiring(self) -> usize {
        match self.0 {
            View::Packed(_) => 0,
            View::Table(fields) => fields.expiring(),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(self, name: &[u8], now: u64) -> Option<Packed<'a>> {
        match self.0 {
            View::Packed(pack) => pack.find(name, 2).and_then(|place| pack.get(pack.next(place))),
            View::Table(fields) => {
                fields.get(Name::new(name)).filter(|field| field.lives(now)).map(|field| Packed::Text(field.value))
            }
        }
    }

    /// Whether there is such a field.
    #[must_use]
    pub fn contains(self, name: &[u8], now: u64) -> bool {
        self.deadline(name, now).is_some()
    }

    /// Whether a field has expired and was not taken out yet. Setting it ends that.
    #[must_use]
    pub fn is_over(self, name: &[u8], now: u64) -> bool {
        self.expiring() > 0 && self.deadline(name, 0).flatten().is_some_and(|deadline| deadline <= now)
    }

    /// When a field expires, in milliseconds of the wall clock; `None` without such a field.
    #[must_use]
    pub fn deadline(self, name: &[u8], now: u64) -> Option<Option<u64>> {
        match self.0 {
            View::Packed(pack) => pack.find(name, 2).map(|_| None),
            View::Table(fields) => {
                fields.get(Name::new(name)).filter(|field| field.lives(now)).map(|field| field.deadline)
            }
        }
    }

    /// Every field with its value and deadline.
    pub fn iter(self, now: u64) -> impl Iterator<Item = (Packed<'a>, Packed<'a>, Option<u64>)> {
        let (pack, table) = match self.0 {
            View::Packed(pack) => (Some(pairs(pack)), None),
            View::Table(fields) => (None, Some(fields.iter())),
        };
        let packed = pack.into_iter().flatten().map(|(name, value)| (name, value, None));
        let fields = table.into_iter().flatten().filter(move |field| field.lives(now));
        packed.chain(fields.map(|field| (Packed::Text(field.name), Packed::Text(field.value), field.deadline)))
    }

    /// Shows some fields with their values, from a position on, and gives the position of the next; 0 is the first, and comes
    /// again after the last. Whoever is there from the call with 0 to the one that gives 0 is shown, maybe more than once. A
    /// listpack is shown at once, of a table a dozen or two.
    pub fn scan(self, position: u64, now: u64, mut show: impl FnMut(Packed<'a>, Packed<'a>)) -> u64 {
        match self.0 {
            View::Packed(pack) => {
                pairs(pack).for_each(|(name, value)| show(name, value));
                0
            }
            View::Table(fields) => fields.scan(position, |field| {
                if field.lives(now) {
                    show(Packed::Text(field.name), Packed::Text(field.value));
                }
            }),
        }
    }

    /// What OBJECT ENCODING calls it.
    #[must_use]
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Packed(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }
}
