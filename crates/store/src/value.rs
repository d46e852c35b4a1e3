//! What a key can hold.

use std::borrow::Cow;

use crate::hashes::{Hash, HashRef};
use crate::list::{List, ListRef};
use crate::listpack::NumberText;
use crate::set::{Set, SetRef};
use crate::sorted_set::{SortedSet, SortedSetRef};
use crate::stream::Stream;

/// A command for one type met a key that holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
pub struct WrongType;

/// A type of values that have memory of their own and are changed in place. Texts are none: most of them have not.
pub trait Kind: Default + Sized {
    /// How it is looked at.
    type Ref<'a>: Copy;

    /// Makes it a value.
    fn into_value(self) -> Value;

    /// It, if what a key holds is of this type.
    fn of(value: ValueRef<'_>) -> Option<Self::Ref<'_>>;

    /// The same, to change it.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;

    /// Whether it holds nothing: its key goes then.
    fn is_empty(&self) -> bool;
}

/// What an allocator adds to a piece of memory, about. It is counted where keys are, once for each piece of whatever they hold;
/// what a value says of itself is what it has asked for.
pub(crate) const ALLOCATION: usize = 16;

/// A value that has memory of its own.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text that is changed in place.
    Text(Vec<u8>),
    /// A list.
    List(List),
    /// A hash.
    Hash(Hash),
    /// A set.
    Set(Set),
    /// Entries in the order of their ids.
    Stream(Box<Stream>),
    /// A sorted set.
    SortedSet(SortedSet),
}

/// What a key holds, to look at.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// A text that is a number.
    Number(i64),
    /// A text.
    Text(&'a [u8]),
    /// A text that is changed in place.
    LongText(&'a [u8]),
    /// A list.
    List(ListRef<'a>),
    /// A hash.
    Hash(HashRef<'a>),
    /// A set.
    Set(SetRef<'a>),
    /// Entries in the order of their ids.
    Stream(&'a Stream),
    /// A sorted set.
    SortedSet(SortedSetRef<'a>),
}

impl Value {
    /// Bytes that it takes besides the value itself, without what an allocator adds to each piece.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.capacity(),
            Self::List(list) => list.bytes(),
            Self::Hash(hash) => hash.bytes(),
            Self::Set(set) => set.bytes(),
            Self::Stream(stream) => size_of::<Stream>() + stream.bytes(),
            Self::SortedSet(set) => set.bytes(),
        }
    }

    /// How many pieces of memory it has, about: what it takes to free it.
    #[must_use]
    pub fn pieces(&self) -> usize {
        match self {
            Self::Text(_) => 1,
            Self::List(list) => list.pieces(),
            Self::Hash(hash) => hash.pieces(),
            Self::Set(set) => set.pieces(),
            Self::Stream(stream) => 1 + stream.pieces(),
            Self::SortedSet(set) => set.pieces(),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::LongText(text),
            Value::List(list) => Self::List(list.view()),
            Value::Hash(hash) => Self::Hash(hash.view()),
            Value::Set(set) => Self::Set(set.view()),
            Value::Stream(stream) => Self::Stream(stream),
            Value::SortedSet(set) => Self::SortedSet(set.view()),
        }
    }
}

impl<'a> ValueRef<'a> {
    /// The text that it is, numbers as they are written; `None` for another type.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        match *self {
            Self::Number(number) => Some(NumberText::new(number).as_ref().to_vec().into()),
            Self::Text(text) | Self::LongText(text) => Some(text.into()),
            _ => None,
        }
    }

    /// The value, if it is of this type.
    ///
    /// # Errors
    /// When it is of another.
    pub fn kind<K: Kind>(self) -> Result<K::Ref<'a>, WrongType> {
        K::of(self).ok_or(WrongType)
    }

    /// The name of its type, as TYPE tells it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Number(_) | Self::Text(_) | Self::LongText(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::Stream(_) => "stream",
            Self::SortedSet(_) => "zset",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident($type:ty), $ref:ty: $is_empty:expr;)*) => {$(
        impl Kind for $type {
            type Ref<'a> = $ref;

            fn into_value(self) -> Value {
                Value::$variant(self.into())
            }

            fn of(value: ValueRef<'_>) -> Option<Self::Ref<'_>> {
                match value {
                    ValueRef::$variant(value) => Some(value),
                    _ => None,
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(value) => Some(value),
                    _ => None,
                }
            }

            fn is_empty(&self) -> bool {
                $is_empty(self)
            }
        }
    )*};
}

kinds! {
    // A stream remembers its ids and its groups.
    Stream(Stream), &'a Stream: |_| false;
    List(List), ListRef<'a>: |list: &List| list.len() == 0;
    Hash(Hash), HashRef<'a>: Hash::is_empty;
    Set(Set), SetRef<'a>: Set::is_empty;
    SortedSet(SortedSet), SortedSetRef<'a>: SortedSet::is_empty;
}
