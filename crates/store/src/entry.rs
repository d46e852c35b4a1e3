//! A key with what it holds.

use std::mem;

use slotmesh_prefetch::prefetch;

use crate::dict::Item;
use crate::room::whole_room;
use crate::small::Form;
use crate::usage::Used;
use crate::value::{ALLOCATION, Value, ValueRef};

/// A key with what it holds, in two words.
///
/// A short text, a number or a small collection lies behind its key, in one piece of memory:
///
/// | bytes | |
/// |---|---|
/// | 1 | what there is: [`DEADLINE`], [`LONG`], and above these bits the [`Form`] of the value |
/// | 3 | when and how often it was used |
/// | 8 | its deadline, if it has one |
/// | 1 or 8 | length of the key |
/// | | the key, then the text, or, in 8 bytes, the number, or the collection, which knows its length, and room for more of it |
#[derive(Debug)]
pub(crate) struct Entry(Repr);

#[derive(Debug)]
enum Repr {
    Small(Box<[u8]>),
    Large(Box<Object>),
}

/// A key whose value has memory of its own.
#[derive(Debug)]
struct Object {
    key: Box<[u8]>,
    deadline: Option<u64>,
    used: Used,
    value: Value,
}

const DEADLINE: u8 = 1;
const LONG: u8 = 2;
const FORM_SHIFT: u32 = 4;

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
        Self(Repr::Small(Box::default()))
    }
}

impl Item for Entry {
    fn key(&self) -> &[u8] {
        match &self.0 {
            Repr::Small(bytes) => {
                let (start, end) = key_range(bytes);
                &bytes[start..end]
            }
            Repr::Large(object) => &object.key,
        }
    }

    fn prefetch(&self) {
        match &self.0 {
            Repr::Small(bytes) => prefetch(&**bytes),
            Repr::Large(object) => prefetch(&**object),
        }
    }
}

impl Entry {
    /// A key with a text or a number.
    pub(crate) fn short(key: &[u8], value: Short<'_>, deadline: Option<u64>, used: Used) -> Self {
        match value {
            Short::Text(text) => Self::small(Form::Text, key, text, deadline, used),
            Short::Number(number) => Self::small(Form::Number, key, &number.to_le_bytes(), deadline, used),
        }
    }

    /// A key with any other value.
    pub(crate) fn long(key: &[u8], value: Value, deadline: Option<u64>, used: Used) -> Self {
        match value.into_small() {
            Ok((form, (memory, start))) => Self::small(form, key, &memory[start..], deadline, used),
            Err(value) => Self(Repr::Large(Box::new(Object { key: key.into(), deadline, used, value }))),
        }
    }

    fn small(form: Form, key: &[u8], value: &[u8], deadline: Option<u64>, used: Used) -> Self {
        let is_long = key.len() > usize::from(u8::MAX);
        let length = HEAD + deadline.map_or(0, |_| 8) + if is_long { 8 } else { 1 } + key.len() + value.len();
        let mut bytes = Vec::with_capacity(if form.is_collection() { whole_room(length) } else { length });
        let flags = if deadline.is_some() { DEADLINE } else { 0 } | if is_long { LONG } else { 0 };
        bytes.extend_from_slice(&[flags | (form as u8) << FORM_SHIFT, used[0], used[1], used[2]]);
        if let Some(deadline) = deadline {
            bytes.extend_from_slice(&deadline.to_le_bytes());
        }
        if is_long {
            bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
        } else {
            bytes.push(key.len() as u8);
        }
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        // Texts are as long as their memory.
        Self(Repr::Small(if form.is_collection() { whole(bytes) } else { bytes.into_boxed_slice() }))
    }

    pub(crate) fn value(&self) -> ValueRef<'_> {
        match &self.0 {
            Repr::Small(bytes) => {
                let (_, end) = key_range(bytes);
                form_of(bytes).view(&bytes[end..])
            }
            Repr::Large(object) => ValueRef::from(&object.value),
        }
    }

    /// The value, if it has memory of its own.
    pub(crate) fn large(&self) -> Option<&Value> {
        match &self.0 {
            Repr::Small(_) => None,
            Repr::Large(object) => Some(&object.value),
        }
    }

    /// Replaces what the key holds by a text or a number; gives what had memory of its own. Memory of the right size is used
    /// again.
    pub(crate) fn set_short(&mut self, value: Short<'_>, deadline: Option<u64>) -> Option<Value> {
        if let Repr::Small(bytes) = &mut self.0 {
            let (_, end) = key_range(bytes);
            let (form, length) = match value {
                Short::Text(text) => (Form::Text, text.len()),
                Short::Number(_) => (Form::Number, 8),
            };
            let same_head = (bytes[0] & DEADLINE != 0) == deadline.is_some();
            if same_head && bytes.len() - end == length {
                bytes[0] = bytes[0] & (DEADLINE | LONG) | (form as u8) << FORM_SHIFT;
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
        before.into_large()
    }

    /// Replaces what the key holds; gives what had memory of its own.
    pub(crate) fn set_long(&mut self, value: Value, deadline: Option<u64>) -> Option<Value> {
        let before = mem::replace(self, Self::long(self.key(), value, deadline, self.used()));
        before.into_large()
    }

    /// The value, if it has memory of its own.
    pub(crate) fn into_large(self) -> Option<Value> {
        match self.0 {
            Repr::Small(_) => None,
            Repr::Large(object) => Some(object.value),
        }
    }

    /// Changes what the key, which is given as well, holds; `None` for a text or a number that lies behind it.
    pub(crate) fn edit<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Value) -> R) -> Option<R> {
        let (deadline, used) = (self.deadline(), self.used());
        match &mut self.0 {
            Repr::Large(object) => {
                let result = edit(&mut object.value);
                if object.value.is_small() {
                    let value = mem::replace(&mut object.value, Value::Text(Vec::new()));
                    *self = Self::long(key, value, deadline, used);
                }
                Some(result)
            }
            Repr::Small(bytes) => {
                let (form, (_, start)) = (form_of(bytes), key_range(bytes));
                if !form.is_collection() {
                    return None;
                }
                let mut value = form.hold(mem::take(bytes), start)?;
                let result = edit(&mut value);
                *self = match value.into_small() {
                    // It is where it was, behind the key.
                    Ok((_, (memory, at))) if at == start => Self(Repr::Small(whole(memory))),
                    Ok((form, (memory, at))) => Self::small(form, key, &memory[at..], deadline, used),
                    Err(value) => Self::long(key, value, deadline, used),
                };
                Some(result)
            }
        }
    }

    /// When it expires, in milliseconds of the wall clock.
    pub(crate) fn deadline(&self) -> Option<u64> {
        match &self.0 {
            Repr::Small(bytes) if bytes.first()? & DEADLINE != 0 => {
                bytes[HEAD..].first_chunk().map(|deadline| u64::from_le_bytes(*deadline))
            }
            Repr::Small(_) => None,
            Repr::Large(object) => object.deadline,
        }
    }

    pub(crate) fn set_deadline(&mut self, deadline: Option<u64>) {
        match &mut self.0 {
            Repr::Large(object) => object.deadline = deadline,
            Repr::Small(bytes) => match deadline {
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
            Repr::Small(bytes) => bytes[1..].first_chunk().copied().unwrap_or_default(),
            Repr::Large(object) => object.used,
        }
    }

    pub(crate) fn set_used(&mut self, used: Used) {
        match &mut self.0 {
            Repr::Small(bytes) => {
                // Whoever only reads leaves the memory as it is for most of the time.
                if let Some(kept) = bytes.get_mut(1..HEAD).filter(|kept| **kept != used) {
                    kept.copy_from_slice(&used);
                }
            }
            Repr::Large(object) => object.used = used,
        }
    }

    /// Bytes that it takes besides its place in the table.
    pub(crate) fn bytes(&self) -> usize {
        match &self.0 {
            Repr::Small(bytes) => bytes.len() + ALLOCATION,
            Repr::Large(object) => {
                let pieces = 2 + object.value.pieces();
                size_of::<Object>() + object.key.len() + object.value.bytes() + pieces * ALLOCATION
            }
        }
    }

    /// A text, to be changed in place: a short one is given memory of its own. `None` for another type.
    pub(crate) fn lengthen(&mut self) -> Option<&mut Vec<u8>> {
        if let Repr::Small(_) = &self.0 {
            let text = self.value().text()?.into_owned();
            *self = Self::long(self.key(), Value::Text(text), self.deadline(), self.used());
        }
        match &mut self.0 {
            Repr::Large(object) => match &mut object.value {
                Value::Text(text) => Some(text),
                _ => None,
            },
            Repr::Small(_) => None,
        }
    }

    /// The same with another key.
    pub(crate) fn renamed(mut self, key: &[u8]) -> Self {
        match &mut self.0 {
            Repr::Small(_) => self.rebuilt(key, self.deadline()),
            Repr::Large(object) => {
                object.key = key.into();
                self
            }
        }
    }

    /// A copy with another key.
    pub(crate) fn copied(&self, key: &[u8]) -> Self {
        match &self.0 {
            Repr::Small(_) => self.rebuilt(key, self.deadline()),
            Repr::Large(object) => Self::long(key, object.value.clone(), object.deadline, object.used),
        }
    }

    /// A small one with another key and another deadline.
    fn rebuilt(&self, key: &[u8], deadline: Option<u64>) -> Self {
        let Repr::Small(bytes) = &self.0 else { return Self::default() };
        let (form, (_, end)) = (form_of(bytes), key_range(bytes));
        Self::small(form, key, form.content(&bytes[end..]), deadline, self.used())
    }
}

/// What lies behind the key of a small entry.
fn form_of(bytes: &[u8]) -> Form {
    // An empty place of a table.
    bytes.first().map_or(Form::Text, |flags| Form::of(flags >> FORM_SHIFT))
}

/// Makes what is left of some memory part of it.
fn whole(mut memory: Vec<u8>) -> Box<[u8]> {
    memory.resize(memory.capacity(), 0);
    memory.into_boxed_slice()
}

/// Where the key is in the bytes of a small entry.
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
    use crate::list::{End, List, ListLimit};
    use crate::listpack::Packed;
    use crate::value::Kind;

    #[test]
    fn each_piece_of_memory_costs_what_an_allocator_adds() {
        let short = Entry::short(b"key", Short::Text(b"value"), None, [0; 3]);
        assert_eq!(short.bytes(), HEAD + 1 + 3 + 5 + ALLOCATION);
        let text = Entry::long(b"key", Value::Text(b"value".to_vec()), None, [0; 3]);
        assert_eq!(text.bytes(), size_of::<Object>() + 3 + 5 + 3 * ALLOCATION);
    }

    #[test]
    fn a_small_collection_is_one_piece_of_memory() {
        let mut list = List::default();
        list.push(End::Back, [&b"value"[..]].into_iter(), ListLimit::default());
        let entry = Entry::long(b"key", Value::List(list), None, [0; 3]);
        // A listpack has 7 bytes, and 2 for each value. An allocator gives 24 at least.
        assert_eq!(entry.bytes(), whole_room(HEAD + 1 + 3 + 7 + 2 + 5) + ALLOCATION);
    }

    #[test]
    fn what_grows_and_shrinks_keeps_its_key_and_its_term() {
        let limit = ListLimit::new(16);
        for key in [&b"key"[..], &[b'k'; 300]] {
            for deadline in [None, Some(7)] {
                let mut entry = Entry::long(key, Value::List(List::default()), deadline, [1, 2, 3]);
                let mut model = Vec::new();
                for length in (0..60).chain((0..60).rev()).chain(0..3) {
                    entry.edit(key, |value| {
                        let list = List::of_mut(value).expect("a list");
                        while list.len() < length {
                            list.push(End::Back, [&[b'v'; 50][..list.len() % 50]].into_iter(), limit);
                        }
                        list.keep(0..length, limit);
                    });
                    model.resize_with(length, Vec::new);
                    model.iter_mut().enumerate().for_each(|(at, value)| value.resize(at % 50, b'v'));
                    let list = entry.value().kind::<List>().expect("a list");
                    assert!(list.iter().map(Packed::to_vec).eq(model.iter().cloned()), "{length}");
                    assert_eq!((entry.key(), entry.deadline(), entry.used()), (key, deadline, [1, 2, 3]));
                    // A list that was longer stays one of pieces until it is half as long.
                    let is_small = entry.large().is_none();
                    assert!(is_small || length > 8, "{length}");
                    entry.set_deadline(deadline.map(|deadline| deadline + 1));
                    entry.set_deadline(None);
                    entry.set_deadline(deadline);
                }
                assert!(matches!(entry.renamed(b"other").copied(b"third").key(), b"third"));
            }
        }
    }

    #[test]
    fn a_text_takes_the_place_of_a_collection_that_is_as_long() {
        let mut list = List::default();
        list.push(End::Back, [&b"value"[..]].into_iter(), ListLimit::default());
        for length in 0..40 {
            let mut entry = Entry::long(b"key", Value::List(list.clone()), None, [0; 3]);
            entry.set_short(Short::Text(&[b't'; 40][..length]), None);
            assert_eq!(entry.value().text().map(|text| text.len()), Some(length));
        }
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
