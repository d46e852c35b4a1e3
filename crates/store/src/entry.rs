//! A key with what it holds.

use std::mem;

use crate::dict::Item;
use crate::usage::Used;
use crate::value::{ALLOCATION, Value, ValueRef};

/// A key with what it holds, in two words.
///
/// A short text or a number lies behind its key, in one piece of memory:
///
/// | bytes | |
/// |---|---|
/// | 1 | what there is: [`NUMBER`], [`DEADLINE`], [`LONG`] |
/// | 3 | when and how often it was used |
/// | 8 | its deadline, if it has one |
/// | 1 or 8 | length of the key |
/// | | the key, then the text or, in 8 bytes, the number |
#[derive(Debug)]
pub(crate) struct Entry(Repr);

#[derive(Debug)]
enum Repr {
    Short(Box<[u8]>),
    Long(Box<Object>),
}

/// A key whose value has memory of its own.
#[derive(Debug)]
struct Object {
    key: Box<[u8]>,
    deadline: Option<u64>,
    used: Used,
    value: Value,
}

const NUMBER: u8 = 1;
const DEADLINE: u8 = 2;
const LONG: u8 = 4;

/// Bytes before the deadline.
const HEAD: usize = 4;

/// A text or number that lies behind its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short<'a> {
    Number(i64),
    Text(&'a [u8]),
}

impl Default for Entry {
    fn default() -> Self {
        Self(Repr::Short(Box::default()))
    }
}

impl Item for Entry {
    fn key(&self) -> &[u8] {
        match &self.0 {
            Repr::Short(bytes) => {
                let (start, end) = key_range(bytes);
                &bytes[start..end]
            }
            Repr::Long(object) => &object.key,
        }
    }
}

impl Entry {
    /// A key with a text or a number.
    pub(crate) fn short(key: &[u8], value: Short<'_>, deadline: Option<u64>, used: Used) -> Self {
        let long = key.len() > usize::from(u8::MAX);
        let number;
        let (kind, value) = match value {
            Short::Text(text) => (0, text),
            Short::Number(value) => {
                number = value.to_le_bytes();
                (NUMBER, &number[..])
            }
        };
        let length = HEAD + deadline.map_or(0, |_| 8) + if long { 8 } else { 1 } + key.len() + value.len();
        let mut bytes = Vec::with_capacity(length);
        let flags = kind | if deadline.is_some() { DEADLINE } else { 0 } | if long { LONG } else { 0 };
        bytes.extend_from_slice(&[flags, used[0], used[1], used[2]]);
        if let Some(deadline) = deadline {
            bytes.extend_from_slice(&deadline.to_le_bytes());
        }
        if long {
            bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
        } else {
            bytes.push(key.len() as u8);
        }
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        Self(Repr::Short(bytes.into_boxed_slice()))
    }

    /// A key with a value that has memory of its own.
    pub(crate) fn long(key: &[u8], value: Value, deadline: Option<u64>, used: Used) -> Self {
        Self(Repr::Long(Box::new(Object { key: key.into(), deadline, used, value })))
    }

    /// What the key holds.
    pub(crate) fn value(&self) -> ValueRef<'_> {
        match &self.0 {
            Repr::Short(bytes) => {
                let (_, end) = key_range(bytes);
                let value = &bytes[end..];
                match value.first_chunk() {
                    Some(number) if bytes[0] & NUMBER != 0 => ValueRef::Number(i64::from_le_bytes(*number)),
                    _ => ValueRef::Text(value),
                }
            }
            Repr::Long(object) => ValueRef::Long(&object.value),
        }
    }

    /// Replaces what the key holds by a text or a number; gives what had memory of its own. Memory of the right size is used
    /// again.
    pub(crate) fn set_short(&mut self, value: Short<'_>, deadline: Option<u64>) -> Option<Value> {
        if let Repr::Short(bytes) = &mut self.0 {
            let (_, end) = key_range(bytes);
            let (kind, length) = match value {
                Short::Text(text) => (0, text.len()),
                Short::Number(_) => (NUMBER, 8),
            };
            let same_head = (bytes[0] & DEADLINE != 0) == deadline.is_some();
            if same_head && bytes.len() - end == length {
                bytes[0] = (bytes[0] & !NUMBER) | kind;
                match value {
                    Short::Text(text) => bytes[end..].copy_from_slice(text),
                    Short::Number(number) => bytes[end..].copy_from_slice(&number.to_le_bytes()),
                }
                if let Some(deadline) = deadline {
                    bytes[HEAD..HEAD + 8].copy_from_slice(&deadline.to_le_bytes());
                }
                return None;
            }
        }
        let before = mem::replace(self, Self::short(self.key(), value, deadline, self.used()));
        before.into_long()
    }

    /// Replaces what the key holds; gives what had memory of its own.
    pub(crate) fn set_long(&mut self, value: Value, deadline: Option<u64>) -> Option<Value> {
        let before = mem::replace(self, Self::long(self.key(), value, deadline, self.used()));
        before.into_long()
    }

    /// The value, if it has memory of its own.
    pub(crate) fn into_long(self) -> Option<Value> {
        match self.0 {
            Repr::Short(_) => None,
            Repr::Long(object) => Some(object.value),
        }
    }

    /// When it expires, in milliseconds of the wall clock.
    pub(crate) fn deadline(&self) -> Option<u64> {
        match &self.0 {
            Repr::Short(bytes) if bytes.first()? & DEADLINE != 0 => {
                bytes[HEAD..].first_chunk().map(|deadline| u64::from_le_bytes(*deadline))
            }
            Repr::Short(_) => None,
            Repr::Long(object) => object.deadline,
        }
    }

    pub(crate) fn set_deadline(&mut self, deadline: Option<u64>) {
        match &mut self.0 {
            Repr::Long(object) => object.deadline = deadline,
            Repr::Short(bytes) => match deadline {
                Some(deadline) if bytes[0] & DEADLINE != 0 => {
                    bytes[HEAD..HEAD + 8].copy_from_slice(&deadline.to_le_bytes());
                }
                None if bytes[0] & DEADLINE == 0 => {}
                _ => *self = self.rebuilt(self.key(), deadline),
            },
        }
    }

    /// When and how often it was used; what the bits mean is for the policy of eviction to say.
    pub(crate) fn used(&self) -> Used {
        match &self.0 {
            Repr::Short(bytes) => bytes[1..].first_chunk().copied().unwrap_or_default(),
            Repr::Long(object) => object.used,
        }
    }

    pub(crate) fn set_used(&mut self, used: Used) {
        match &mut self.0 {
            Repr::Short(bytes) => {
                // Whoever only reads leaves the memory as it is for most of the time.
                if let Some(kept) = bytes.get_mut(1..HEAD).filter(|kept| **kept != used) {
                    kept.copy_from_slice(&used);
                }
            }
            Repr::Long(object) => object.used = used,
        }
    }

    /// Bytes that it takes besides its place in the table.
    pub(crate) fn bytes(&self) -> usize {
        match &self.0 {
            Repr::Short(bytes) => bytes.len() + ALLOCATION,
            Repr::Long(object) => {
                let pieces = 2 + object.value.pieces();
                size_of::<Object>() + object.key.len() + object.value.bytes() + pieces * ALLOCATION
            }
        }
    }

    /// What the key holds, to be changed in place; `None` for a text or a number that lies behind it.
    pub(crate) fn long_mut(&mut self) -> Option<&mut Value> {
        match &mut self.0 {
            Repr::Short(_) => None,
            Repr::Long(object) => Some(&mut object.value),
        }
    }

    /// A text, to be changed in place: a short one is given memory of its own. `None` for another type.
    pub(crate) fn lengthen(&mut self) -> Option<&mut Vec<u8>> {
        if let Repr::Short(_) = &self.0 {
            let text = self.value().text()?.into_owned();
            *self = Self::long(self.key(), Value::Text(text), self.deadline(), self.used());
        }
        match self.long_mut()? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same with another key.
    pub(crate) fn renamed(mut self, key: &[u8]) -> Self {
        match &mut self.0 {
            Repr::Short(_) => self.rebuilt(key, self.deadline()),
            Repr::Long(object) => {
                object.key = key.into();
                self
            }
        }
    }

    /// A copy with another key.
    pub(crate) fn copied(&self, key: &[u8]) -> Self {
        match &self.0 {
            Repr::Short(_) => self.rebuilt(key, self.deadline()),
            Repr::Long(object) => Self::long(key, object.value.clone(), object.deadline, object.used),
        }
    }

    /// A short one with another key and another deadline.
    fn rebuilt(&self, key: &[u8], deadline: Option<u64>) -> Self {
        let value = match self.value() {
            ValueRef::Number(number) => Short::Number(number),
            ValueRef::Text(text) => Short::Text(text),
            ValueRef::Long(_) => Short::Text(&[]),
        };
        Self::short(key, value, deadline, self.used())
    }
}

/// Where the key is in the bytes of a short entry.
fn key_range(bytes: &[u8]) -> (usize, usize) {
    // An empty place of a table.
    let Some(flags) = bytes.first() else { return (0, 0) };
    let at = if flags & DEADLINE != 0 { HEAD + 8 } else { HEAD };
    if flags & LONG == 0 {
        let start = at + 1;
        return (start, start + usize::from(bytes[at]));
    }
    let length = bytes[at..].first_chunk().map_or(0, |length| u64::from_le_bytes(*length) as usize);
    (at + 8, at + 8 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_of_memory_costs_what_an_allocator_adds() {
        let short = Entry::short(b"key", Short::Text(b"value"), None, [0; 3]);
        assert_eq!(short.bytes(), HEAD + 1 + 3 + 5 + ALLOCATION);
        let text = Entry::long(b"key", Value::Text(b"value".to_vec()), None, [0; 3]);
        assert_eq!(text.bytes(), size_of::<Object>() + 3 + 5 + 3 * ALLOCATION);
    }

    #[test]
    fn keys_of_any_length_come_back() {
        for length in [0, 1, 255, 256, 70_000] {
            let key = vec![b'k'; length];
            for deadline in [None, Some(7)] {
                let entry = Entry::short(&key, Short::Number(5), deadline, [1, 2, 3]);
                assert!(entry.key() == key && matches!(entry.value(), ValueRef::Number(5)), "{length}");
                assert_eq!((entry.deadline(), entry.used()), (deadline, [1, 2, 3]));
            }
        }
    }
}
