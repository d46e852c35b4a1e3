//! Looking at a set.

use super::{IntSetRef, Member};
use crate::clumps::Clumps;
use crate::hash::hash;
use crate::listpack::{ListpackRef, NumberText, Packed};

/// A [`Set`](super::Set), wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct SetRef<'a>(pub(super) View<'a>);

#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    Ints(IntSetRef<'a>),
    Packed(ListpackRef<'a>),
    Table(&'a Clumps<Member>),
}

impl<'a> From<IntSetRef<'a>> for SetRef<'a> {
    fn from(ints: IntSetRef<'a>) -> Self {
        Self(View::Ints(ints))
    }
}

impl<'a> From<ListpackRef<'a>> for SetRef<'a> {
    fn from(pack: ListpackRef<'a>) -> Self {
        Self(View::Packed(pack))
    }
}

impl<'a> SetRef<'a> {
    /// Whether a member is there.
    #[must_use]
    pub fn contains(self, member: &[u8]) -> bool {
        match self.0 {
            View::Ints(ints) => matches!(Packed::of(member), Packed::Number(number) if ints.contains(number)),
            View::Packed(pack) => pack.find(member, 1).is_some(),
            View::Table(members) => members.get(hash(member), member).is_some(),
        }
    }

    /// The same with a member of another set.
    #[must_use]
    pub fn contains_packed(self, member: Packed<'_>) -> bool {
        match (member, self.0) {
            (Packed::Text(text), _) => self.contains(text),
            (Packed::Number(number), View::Ints(ints)) => ints.contains(number),
            (Packed::Number(number), _) => self.contains(NumberText::new(number).as_ref()),
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            View::Ints(ints) => ints.len(),
            View::Packed(pack) => pack.len(),
            View::Table(members) => members.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Every member. A table gives numbers as texts.
    pub fn iter(self) -> impl Iterator<Item = Packed<'a>> {
        let (ints, pack, table) = match self.0 {
            View::Ints(ints) => (Some(ints.iter()), None, None),
            View::Packed(pack) => (None, Some(pack.iter()), None),
            View::Table(members) => (None, None, Some(members.iter())),
        };
        let ints = ints.into_iter().flatten().map(Packed::Number);
        ints.chain(pack.into_iter().flatten()).chain(table.into_iter().flatten().map(Packed::Text))
    }

    /// Shows some members, from a position on, and gives the position of the next; 0 is the first, and comes again after the
    /// last. Whoever is there from the call with 0 to the one that gives 0 is shown, maybe more than once. A small set is shown
    /// at once, of a table a dozen or two.
    pub fn scan(self, position: u64, mut show: impl FnMut(Packed<'a>)) -> u64 {
        if let View::Table(members) = self.0 {
            return members.scan(position, |member| show(Packed::Text(member)));
        }
        self.iter().for_each(show);
        0
    }

    /// Its numbers, if it is a set of numbers.
    #[must_use]
    pub fn ints(self) -> Option<IntSetRef<'a>> {
        if let View::Ints(ints) = self.0 { Some(ints) } else { None }
    }

    /// Its listpack, if it is one.
    #[must_use]
    pub fn listpack(self) -> Option<ListpackRef<'a>> {
        if let View::Packed(pack) = self.0 { Some(pack) } else { None }
    }

    /// What OBJECT ENCODING calls it.
    #[must_use]
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Ints(_) => "intset",
            View::Packed(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }
}
