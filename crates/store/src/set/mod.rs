//! Sets of members.

mod algebra;
mod draw;
mod ints;
mod view;

pub use algebra::{difference, intersection, union};
pub(crate) use ints::ints_within;
pub use ints::{DamagedIntSet, IntSet, IntSetRef};
pub use view::SetRef;

use crate::clumps::{Clumps, Shape};
use crate::hash::hash;
use crate::listpack::{Listpack, ListpackRef, NumberText, Packed};
use crate::seen::seen_as;
use view::View;

/// Members, each of them once. A small set of numbers is an [`IntSet`], another small one a [`Listpack`], a big one a table.
/// Which one it is has no effect but for the order of the members; it never goes back.
#[derive(Clone, Debug, Default)]
pub struct Set(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Ints(IntSet),
    Packed(Listpack),
    Table(Box<Clumps<Member>>),
}

/// A member is its own key.
#[derive(Debug)]
struct Member;

/// How big a set may be before it becomes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLimits {
    /// So many numbers (`set-max-intset-entries`).
    pub ints: usize,
    /// So many members of any kind (`set-max-listpack-entries`).
    pub entries: usize,
    /// Bytes of a member in a listpack (`set-max-listpack-value`).
    pub value: usize,
}

/// More numbers make a table whatever the limits say.
const INTS_MAX: usize = 1 << 30;

impl Default for SetLimits {
    fn default() -> Self {
        Self { ints: 512, entries: 128, value: 64 }
    }
}

impl Default for Repr {
    fn default() -> Self {
        Self::Ints(IntSet::default())
    }
}

impl Shape for Member {
    fn key(item: &[u8]) -> &[u8] {
        item
    }
}

impl Set {
    /// Takes a set of numbers, of a size within the limits or not.
    #[must_use]
    pub fn from_ints(ints: IntSet, limits: SetLimits) -> Self {
        let fits = ints.len() <= limits.ints.min(INTS_MAX);
        let mut set = Self(Repr::Ints(ints));
        if !fits {
            set.spread();
        }
        set
    }

    /// Takes a listpack of members, of a size within the limits or not. Takes as long as sorting them.
    ///
    /// # Errors
    /// With the listpack, when it says no member or one twice.
    pub fn from_listpack(pack: Listpack, limits: SetLimits) -> Result<Self, Listpack> {
        if pack.is_empty() || pack.view().has_doubles(1) {
            return Err(pack);
        }
        let fits = pack.len() <= limits.entries && pack.as_bytes().len() <= Listpack::BYTES_MAX;
        let fits = fits && pack.iter().all(|value| value.text_len() <= limits.value);
        let mut set = Self(Repr::Packed(pack));
        if !fits {
            set.spread();
        }
        Ok(set)
    }

    /// A set of these members, to be kept under a key.
    pub fn collect<'a>(members: impl IntoIterator<Item = Packed<'a>>, limits: SetLimits) -> Self {
        let mut set = Self::default();
        members.into_iter().for_each(|member| {
            set.add_packed(member, limits);
        });
        set
    }

    /// Makes it a table if so many members, all to be added next, are too many for what it is. They are counted even if some
    /// are the same or are there already. `first` is the first of them.
    pub fn prepare(&mut self, members: usize, first: &[u8], limits: SetLimits) {
        let is_new = self.is_empty();
        let many = match &self.0 {
            Repr::Ints(_) if is_new && !is_number(first) => members > limits.entries,
            // Numbers that are too many for a set of numbers may be few enough for a listpack, where that is allowed more.
            Repr::Ints(_) if is_new && members > limits.ints && members <= limits.entries => {
                self.0 = Repr::Packed(Listpack::default());
                false
            }
            Repr::Ints(_) => members > limits.ints,
            Repr::Packed(_) => members > limits.entries,
            Repr::Table(_) => false,
        };
        if many {
            self.spread();
        }
    }

    /// Adds a member; tells whether it is new. In a set that is no table it takes as long as the set is.
    pub fn add(&mut self, member: &[u8], limits: SetLimits) -> bool {
        if let Repr::Ints(_) = &self.0 {
            if let Packed::Number(number) = Packed::of(member) {
                return self.add_packed(Packed::Number(number), limits);
            }
            self.loosen(member, limits);
        }
        if let Repr::Packed(pack) = &mut self.0 {
            if pack.view().find(member, 1).is_some() {
                return false;
            }
            if pack.len() < limits.entries && member.len() <= limits.value && fits(pack.as_bytes().len(), member) {
                pack.push_back(member);
                return true;
            }
        }
        self.spread().put(hash(member), member, &[member])
    }

    /// Takes a member out; tells whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Repr::Ints(ints) => matches!(Packed::of(member), Packed::Number(number) if ints.remove(number)),
            Repr::Packed(pack) => pack.view().find(member, 1).map(|place| pack.remove(place, 1)).is_some(),
            Repr::Table(members) => members.remove(hash(member), member),
        }
    }

    /// The same, to look at.
    #[must_use]
    pub fn view(&self) -> SetRef<'_> {
        match &self.0 {
            Repr::Ints(ints) => SetRef::from(ints.view()),
            Repr::Packed(pack) => SetRef::from(pack.view()),
            Repr::Table(members) => SetRef(View::Table(members)),
        }
    }

    seen_as! { SetRef:
        contains(member: &[u8]) -> bool;
        len() -> usize;
        is_empty() -> bool;
        iter() -> impl Iterator<Item = Packed<'_>>;
        scan(position: u64, show: impl FnMut(Packed<'_>)) -> u64;
        ints() -> Option<IntSetRef<'_>>;
        listpack() -> Option<ListpackRef<'_>>;
        encoding() -> &'static str;
        random(random: impl FnMut() -> u64) -> Option<Packed<'_>>;
        random_distinct(count: usize, random: impl FnMut() -> u64) -> Vec<Packed<'_>>;
    }

    /// Bytes that it takes besides itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Repr::Ints(ints) => ints.capacity(),
            Repr::Packed(pack) => pack.capacity(),
            Repr::Table(members) => size_of::<Clumps<Member>>() + members.bytes(),
        }
    }

    /// How many pieces of memory it has.
    #[must_use]
    pub fn pieces(&self) -> usize {
        match &self.0 {
            Repr::Ints(_) | Repr::Packed(_) => 1,
            Repr::Table(members) => 1 + members.pieces(),
        }
    }

    /// Its numbers with the memory that these are in, or the set again where it is something else.
    pub(crate) fn into_ints(self) -> Result<IntSet, Self> {
        match self.0 {
            Repr::Ints(ints) => Ok(ints),
            _ => Err(self),
        }
    }

    /// The same with its listpack.
    pub(crate) fn into_listpack(self) -> Result<Listpack, Self> {
        match self.0 {
            Repr::Packed(pack) => Ok(pack),
            _ => Err(self),
        }
    }

    /// Takes numbers that were one before.
    pub(crate) fn of_ints(ints: IntSet) -> Self {
        Self(Repr::Ints(ints))
    }

    /// Takes a listpack that was one before.
    pub(crate) fn of_listpack(pack: Listpack) -> Self {
        Self(Repr::Packed(pack))
    }

    fn add_packed(&mut self, member: Packed<'_>, limits: SetLimits) -> bool {
        match (member, &mut self.0) {
            (Packed::Number(number), Repr::Ints(ints)) => {
                let added = ints.insert(number);
                if ints.len() > limits.ints.min(INTS_MAX) {
                    self.spread();
                }
                added
            }
            (Packed::Number(number), _) => self.add(NumberText::new(number).as_ref(), limits),
            (Packed::Text(text), _) => self.add(text, limits),
        }
    }

    /// Makes a set of numbers a listpack, if there it has room for one more member that is none; else a table.
    fn loosen(&mut self, member: &[u8], limits: SetLimits) {
        let Repr::Ints(ints) = &self.0 else { return };
        let (first, last) = (ints.iter().next(), ints.iter().next_back());
        let longest = first.into_iter().chain(last).map(|number| Packed::Number(number).text_len()).max().unwrap_or(0);
        let short = member.len().max(longest) <= limits.value;
        if ints.len() < limits.entries && short && fits(ints.len() * (longest + 2), member) {
            self.0 = Repr::Packed(ints.iter().map(|number| number.to_string()).collect());
        } else {
            self.spread();
        }
    }

    /// Makes it a table.
    fn spread(&mut self) -> &mut Clumps<Member> {
        if !matches!(self.0, Repr::Table(_)) {
            let mut members = Box::<Clumps<Member>>::default();
            for member in self.iter() {
                let member = member.to_vec();
                members.put(hash(&member), &member, &[&member]);
            }
            self.0 = Repr::Table(members);
        }
        match &mut self.0 {
            Repr::Table(members) => members,
            _ => unreachable!("it has just been made a table"),
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    matches!(Packed::of(text), Packed::Number(_))
}

fn fits(bytes: usize, member: &[u8]) -> bool {
    bytes.saturating_add(member.len()) <= Listpack::BYTES_MAX
}

#[cfg(test)]
mod tests;
