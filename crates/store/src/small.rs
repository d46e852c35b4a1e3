//! What lies with its key in one piece of memory.

use crate::hashes::{Hash, HashRef};
use crate::list::{List, ListRef};
use crate::listpack::{Listpack, view_within};
use crate::set::{IntSet, Set, SetRef, ints_within};
use crate::sorted_set::{SortedSet, SortedSetRef};
use crate::value::{Value, ValueRef};

/// What it is that lies behind a key in one piece of memory. For collections there may be some bytes behind it that are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Number,
    List,
    Hash,
    Set,
    IntSet,
    SortedSet,
}

impl Form {
    /// In the order of their numbers.
    const ALL: [Self; 7] = [Self::Text, Self::Number, Self::List, Self::Hash, Self::Set, Self::IntSet, Self::SortedSet];

    /// What a number stands for.
    pub(crate) fn of(number: u8) -> Self {
        Self::ALL[usize::from(number)]
    }

    pub(crate) fn is_collection(self) -> bool {
        !matches!(self, Self::Text | Self::Number)
    }

    /// What lies in some bytes.
    pub(crate) fn view(self, bytes: &[u8]) -> ValueRef<'_> {
        match self {
            Self::Text => ValueRef::Text(bytes),
            Self::Number => ValueRef::Number(bytes.first_chunk().map_or(0, |number| i64::from_le_bytes(*number))),
            Self::List => ValueRef::List(ListRef::from(view_within(bytes))),
            Self::Hash => ValueRef::Hash(HashRef::from(view_within(bytes))),
            Self::Set => ValueRef::Set(SetRef::from(view_within(bytes))),
            Self::IntSet => ValueRef::Set(SetRef::from(ints_within(bytes))),
            Self::SortedSet => ValueRef::SortedSet(SortedSetRef::from(view_within(bytes))),
        }
    }

    /// What of some bytes is used.
    pub(crate) fn content(self, bytes: &[u8]) -> &[u8] {
        match self {
            Self::Text | Self::Number => bytes,
            Self::IntSet => ints_within(bytes).as_bytes(),
            Self::List | Self::Hash | Self::Set | Self::SortedSet => view_within(bytes).as_bytes(),
        }
    }

    /// The collection that begins at a place of some memory, to be changed there; `None` for what is none.
    pub(crate) fn hold(self, memory: Box<[u8]>, start: usize) -> Option<Value> {
        Some(match self {
            Self::Text | Self::Number => return None,
            Self::List => Value::List(List::of_listpack(Listpack::within(memory, start))),
            Self::Hash => Value::Hash(Hash::of_listpack(Listpack::within(memory, start))),
            Self::Set => Value::Set(Set::of_listpack(Listpack::within(memory, start))),
            Self::IntSet => Value::Set(Set::of_ints(IntSet::within(memory, start))),
            Self::SortedSet => Value::SortedSet(SortedSet::of_listpack(Listpack::within(memory, start))),
        })
    }
}

impl Value {
    /// Whether it is a small collection.
    pub(crate) fn is_small(&self) -> bool {
        match self {
            Self::List(list) => list.view().listpack().is_some(),
            Self::Hash(hash) => hash.listpack().is_some(),
            Self::Set(set) => set.ints().is_some() || set.listpack().is_some(),
            Self::SortedSet(set) => set.as_listpack().is_some(),
            Self::Text(_) | Self::Stream(_) => false,
        }
    }

    /// The memory of what is small, and where it begins there; the value again where it is not.
    pub(crate) fn into_small(self) -> Result<(Form, (Vec<u8>, usize)), Self> {
        match self {
            Self::List(list) => list.into_listpack().map(|pack| (Form::List, pack.into_memory())).map_err(Value::List),
            Self::Hash(hash) => hash.into_listpack().map(|pack| (Form::Hash, pack.into_memory())).map_err(Value::Hash),
            Self::Set(set) => match set.into_ints() {
                Ok(ints) => Ok((Form::IntSet, ints.into_memory())),
                Err(set) => set.into_listpack().map(|pack| (Form::Set, pack.into_memory())).map_err(Value::Set),
            },
            Self::SortedSet(set) => {
                set.into_listpack().map(|pack| (Form::SortedSet, pack.into_memory())).map_err(Value::SortedSet)
            }
            Self::Text(_) | Self::Stream(_) => Err(self),
        }
    }
}
