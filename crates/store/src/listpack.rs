//! Many short values in one piece of memory, in the format that real servers call listpack.
//!
//! Having their format costs nothing and saves a conversion wherever values are handed over: in RDB files, in DUMP
//! payloads, to replicas.
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the whole, little endian |
//! | 2 | how many values; 65535 for "count them" |
//! | | the values |
//! | 1 | 255 |
//!
//! A value is a head that says what follows, what follows, and the length of both, to be read backwards.

use std::io::Write as _;
use std::ops::Range;

/// Many short values in one piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listpack(Vec<u8>);

/// A value in a listpack. What looks like a number is kept as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packed<'a> {
    /// A number, written as [`i64`] is.
    Number(i64),
    /// Any other text.
    Text(&'a [u8]),
}

/// A text that is looked for among values. Whoever made a listpack may have kept as a text what is a number: it is found either
/// way, without a look at the digits for each value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'a> {
    text: &'a [u8],
    number: Option<i64>,
}

/// A number as it is written, without memory of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberText {
    bytes: [u8; 20],
    length: usize,
}

/// Bytes that are no listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged listpack at byte {at}")]
pub struct DamagedListpack {
    /// Where.
    pub at: usize,
}

const HEAD: usize = 6;
const END: u8 = 255;
/// A count that says nothing.
const UNCOUNTED: u16 = u16::MAX;

impl Default for Listpack {
    fn default() -> Self {
        Self(vec![7, 0, 0, 0, 0, 0, END])
    }
}

impl<'a> Packed<'a> {
    /// A text, as it would be kept.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        canonical_number(text).map_or(Self::Text(text), Self::Number)
    }

    /// The same value as everybody would have it: tables give numbers as texts.
    pub(crate) fn normal(self) -> Self {
        match self {
            Self::Text(text) => Self::of(text),
            Self::Number(_) => self,
        }
    }
}

impl Packed<'_> {
    /// The value as a text.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        match self {
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Text(text) => text.to_vec(),
        }
    }

    /// Bytes of the value as a text.
    pub(crate) fn text_len(self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Number(number) => {
                number.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1 + usize::from(number < 0)
            }
        }
    }

    /// Bytes that it takes in a listpack, at most.
    fn packed_max(self) -> usize {
        match self {
            Self::Number(_) => 10,
            Self::Text(text) => text.len() + 10,
        }
    }
}

impl<'a> Sought<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, number: canonical_number(text) }
    }

    pub(crate) fn is(self, value: Packed<'_>) -> bool {
        match value {
            Packed::Number(number) => self.number == Some(number),
            Packed::Text(text) => self.text == text,
        }
    }
}

impl NumberText {
    pub(crate) fn new(number: i64) -> Self {
        let mut bytes = [0; 20];
        let mut rest = &mut bytes[..];
        write!(rest, "{number}").expect("the longest number has 20 characters");
        let length = 20 - rest.len();
        Self { bytes, length }
    }
}

impl AsRef<[u8]> for NumberText {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Listpack {
    /// What holds others keeps them in another way when they take more bytes, whatever its limits say.
    pub(crate) const BYTES_MAX: usize = 1 << 30;

    /// Takes bytes that somebody else has made.
    ///
    /// # Errors
    /// When they are no listpack; every value is looked at.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DamagedListpack> {
        let damaged = |at| DamagedListpack { at };
        let length = bytes.first_chunk().map(|length| u32::from_le_bytes(*length) as usize);
        if length != Some(bytes.len()) || bytes.len() <= HEAD || bytes.last() != Some(&END) {
            return Err(damaged(0));
        }
        let (end, mut at, mut count) = (bytes.len() - 1, HEAD, 0_usize);
        while at < end {
            let size = size_at(&bytes[..end], at).filter(|size| *size <= end - at).ok_or(damaged(at))?;
            let back = back_bytes(size);
            if bytes[..end].get(at + size..at + size + back.len()) != Some(&back) {
                return Err(damaged(at));
            }
            at += size + back.len();
            count += 1;
        }
        let said = u16::from_le_bytes([bytes[4], bytes[5]]);
        if said != UNCOUNTED && usize::from(said) != count {
            return Err(damaged(4));
        }
        Ok(Self(bytes))
    }

    /// Its bytes, as real servers have them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes of memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match u16::from_le_bytes([self.0[4], self.0[5]]) {
            UNCOUNTED => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEAD + 1
    }

    /// The values, from both ends.
    #[must_use]
    pub fn iter(&self) -> Values<'_> {
        Values { bytes: &self.0, range: HEAD..self.0.len() - 1 }
    }

    /// The values with their places, from both ends. A place is good until the listpack is changed before or at it.
    #[must_use]
    pub fn places(&self) -> Places<'_> {
        Places(self.iter())
    }

    /// The place of the value at that index.
    #[must_use]
    pub fn place(&self, index: usize) -> Option<usize> {
        self.places().nth(index).map(|(place, _)| place)
    }

    /// The place behind the last value, where another one can be put.
    #[must_use]
    pub fn end(&self) -> usize {
        self.0.len() - 1
    }

    /// The value at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<Packed<'_>> {
        (place < self.end()).then(|| value_at(&self.0, place))
    }

    /// The place of the value behind the one at a place.
    #[must_use]
    pub fn next(&self, place: usize) -> usize {
        place + whole_size(&self.0, place)
    }

    /// The place of the value before the one at a place or at [`Listpack::end`]; the first has none.
    #[must_use]
    pub fn previous(&self, place: usize) -> Option<usize> {
        (place > HEAD).then(|| place_before(&self.0, place))
    }

    /// Whether a text is there twice among every `step`-th one. Takes as long as sorting them.
    pub(crate) fn has_doubles(&self, step: usize) -> bool {
        let mut texts: Vec<_> = self.iter().step_by(step).map(Packed::to_vec).collect();
        texts.sort_unstable();
        texts.windows(2).any(|two| two[0] == two[1])
    }

    /// Adds many values at the end, with some room for more: [`Listpack::shrink`] gives it back.
    pub fn append<'v>(&mut self, values: impl IntoIterator<Item = Packed<'v>>) {
        let mut more = 0_u16;
        self.0.pop();
        for value in values {
            let room = self.0.capacity() - self.0.len();
            let needed = value.packed_max();
            if room < needed {
                // By a quarter, so that what is added bit by bit is not copied each time.
                self.0.reserve_exact(needed.max(self.0.len() / 4));
            }
            encode(&mut self.0, value);
            more = more.saturating_add(1);
        }
        self.0.push(END);
        self.note_length();
        let said = u16::from_le_bytes([self.0[4], self.0[5]]);
        self.0[4..HEAD].copy_from_slice(&said.saturating_add(more).to_le_bytes());
    }

    /// Replaces the value at a place by a number.
    pub fn replace_number(&mut self, place: usize, number: i64) {
        let mut bytes = Vec::with_capacity(10);
        encode(&mut bytes, Packed::Number(number));
        let range = place..self.next(place);
        if bytes.len() == range.len() {
            self.0[range].copy_from_slice(&bytes);
        } else {
            self.splice(range, &bytes, 0);
        }
    }

    /// Adds a value at the end.
    pub fn push_back(&mut self, text: &[u8]) {
        self.insert(self.end(), text);
    }

    /// Adds a value at the beginning.
    pub fn push_front(&mut self, text: &[u8]) {
        self.insert(HEAD, text);
    }

    /// Puts a value before the one at a place, or at [`Listpack::end`].
    pub fn insert(&mut self, place: usize, text: &[u8]) {
        self.splice(place..place, &encoded(text), 1);
    }

    /// Replaces the value at a place.
    pub fn replace(&mut self, place: usize, text: &[u8]) {
        self.splice(place..self.next(place), &encoded(text), 0);
    }

    /// Takes out so many values from a place on.
    pub fn remove(&mut self, place: usize, count: usize) {
        let (mut end, mut gone) = (place, 0);
        while gone < count && end < self.end() {
            end = self.next(end);
            gone += 1;
        }
        self.splice(place..end, &[], -(gone as isize));
    }

    /// The values between two places, from both ends.
    #[must_use]
    pub(crate) fn between(&self, places: Range<usize>) -> Values<'_> {
        Values { bytes: &self.0, range: places }
    }

    /// Adds the values of another one at the end.
    pub(crate) fn append_all(&mut self, other: &Self) {
        self.splice(self.end()..self.end(), &other.0[HEAD..other.end()], other.len().cast_signed());
    }

    /// Takes out all values that are not to be kept; tells how many went. One walk, however many go.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Packed<'_>) -> bool) -> usize {
        let (mut from, mut to, mut gone) = (HEAD, HEAD, 0);
        while from < self.end() {
            let next = self.next(from);
            if keep(value_at(&self.0, from)) {
                self.0.copy_within(from..next, to);
                to += next - from;
            } else {
                gone += 1;
            }
            from = next;
        }
        self.splice(to..from, &[], -(gone as isize));
        gone
    }

    /// Gives memory back that is not used.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn splice(&mut self, range: Range<usize>, with: &[u8], more: isize) {
        let said = u16::from_le_bytes([self.0[4], self.0[5]]);
        // Memory is given exactly: what is packed is packed to be small.
        self.0.reserve_exact(with.len().saturating_sub(range.len()));
        self.0.splice(range, with.iter().copied());
        self.note_length();
        let count = if said == UNCOUNTED {
            // Real servers count again when somebody asks; then it may fit again.
            self.iter().count()
        } else {
            usize::from(said).saturating_add_signed(more)
        };
        let count = u16::try_from(count).unwrap_or(UNCOUNTED);
        self.0[4..HEAD].copy_from_slice(&count.to_le_bytes());
    }

    fn note_length(&mut self) {
        let length = u32::try_from(self.0.len()).expect("listpacks are kept far below 4 GiB");
        self.0[..4].copy_from_slice(&length.to_le_bytes());
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Listpack {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut bytes = vec![0; HEAD];
        let mut count = 0_usize;
        for text in texts {
            bytes.extend_from_slice(&encoded(text.as_ref()));
            count += 1;
        }
        bytes.push(END);
        let length = u32::try_from(bytes.len()).expect("listpacks are kept far below 4 GiB");
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes[4..HEAD].copy_from_slice(&u16::try_from(count).unwrap_or(UNCOUNTED).to_le_bytes());
        bytes.shrink_to_fit();
        Self(bytes)
    }
}

/// The values of a [`Listpack`].
#[derive(Clone, Debug)]
pub struct Values<'a> {
    bytes: &'a [u8],
    range: Range<usize>,
}

/// The values of a [`Listpack`] with their places.
#[derive(Clone, Debug)]
pub struct Places<'a>(Values<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = Packed<'a>;

    fn next(&mut self) -> Option<Packed<'a>> {
        if self.range.is_empty() {
            return None;
        }
        let place = self.range.start;
        self.range.start += whole_size(self.bytes, place);
        Some(value_at(self.bytes, place))
    }
}

impl DoubleEndedIterator for Values<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        self.range.end = place_before(self.bytes, self.range.end);
        Some(value_at(self.bytes, self.range.end))
    }
}

impl<'a> Iterator for Places<'a> {
    type Item = (usize, Packed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.0.range.start;
        Some((place, self.0.next()?))
    }
}

impl DoubleEndedIterator for Places<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let value = self.0.next_back()?;
        Some((self.0.range.end, value))
    }
}

/// The number that a text is, if it is just how that number is written.
#[must_use]
pub fn canonical_number(text: &[u8]) -> Option<i64> {
    // The longest is that of `i64::MIN`.
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    str::from_utf8(text).ok().filter(|_| canonical)?.parse().ok()
}

/// Length of head and content of the value that begins at a place; `None` when it is none.
fn size_at(bytes: &[u8], place: usize) -> Option<usize> {
    let byte = |at: usize| bytes.get(place + at).copied().map(usize::from);
    Some(match byte(0)? {
        0..=0x7f => 1,
        head @ 0x80..=0xbf => 1 + (head & 0x3f),
        0xc0..=0xdf => 2,
        head @ 0xe0..=0xef => 2 + ((head & 0x0f) << 8 | byte(1)?),
        0xf0 => 5 + (byte(1)? | byte(2)? << 8 | byte(3)? << 16 | byte(4)? << 24),
        0xf1 => 3,
        0xf2 => 4,
        0xf3 => 5,
        0xf4 => 9,
        _ => return None,
    })
}

fn whole_size(bytes: &[u8], place: usize) -> usize {
    let size = size_at(bytes, place).expect("a listpack is made of values");
    size + back_length(size)
}

/// The place of the value that ends before a place.
fn place_before(bytes: &[u8], place: usize) -> usize {
    let (mut size, mut shift, mut at) = (0, 0, place - 1);
    loop {
        size |= usize::from(bytes[at] & 127) << shift;
        if bytes[at] & 128 == 0 {
            return at - size;
        }
        shift += 7;
        at -= 1;
    }
}

fn value_at(bytes: &[u8], place: usize) -> Packed<'_> {
    let size = size_at(bytes, place).expect("a listpack is made of values");
    let value = &bytes[place..place + size];
    let number = |length: usize| {
        let mut wide = [0; 8];
        wide[8 - length..].copy_from_slice(&value[1..=length]);
        Packed::Number(i64::from_le_bytes(wide) >> (64 - 8 * length))
    };
    match value[0] {
        small @ 0..=0x7f => Packed::Number(i64::from(small)),
        0x80..=0xbf => Packed::Text(&value[1..]),
        head @ 0xc0..=0xdf => {
            let bits = u16::from(head & 0x1f) << 8 | u16::from(value[1]);
            Packed::Number(i64::from((bits << 3).cast_signed() >> 3))
        }
        0xe0..=0xef => Packed::Text(&value[2..]),
        0xf0 => Packed::Text(&value[5..]),
        0xf1 => number(2),
        0xf2 => number(3),
        0xf3 => number(4),
        _ => number(8),
    }
}

/// A value as it stands in a listpack.
fn encoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 10);
    encode(&mut bytes, Packed::Text(text));
    bytes
}

/// Adds a value as it stands in a listpack.
fn encode(bytes: &mut Vec<u8>, value: Packed<'_>) {
    let start = bytes.len();
    match value {
        Packed::Number(number) => encode_number(bytes, number),
        Packed::Text(text) => match canonical_number(text) {
            Some(number) => encode_number(bytes, number),
            None => encode_text(bytes, text),
        },
    }
    encode_back(bytes, bytes.len() - start);
}

fn encode_number(bytes: &mut Vec<u8>, number: i64) {
    let (head, length) = match number {
        0..=127 => return bytes.push(number as u8),
        -4096..=4095 => {
            return bytes.extend_from_slice(&[0xc0 | ((number >> 8) & 0x1f) as u8, number as u8]);
        }
        -0x8000..=0x7fff => (0xf1, 2),
        -0x80_0000..=0x7f_ffff => (0xf2, 3),
        -0x8000_0000..=0x7fff_ffff => (0xf3, 4),
        _ => (0xf4, 8),
    };
    bytes.push(head);
    bytes.extend_from_slice(&number.to_le_bytes()[..length]);
}

fn encode_text(bytes: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        length @ 0..64 => bytes.push(0x80 | length as u8),
        length @ 64..4096 => bytes.extend_from_slice(&[0xe0 | (length >> 8) as u8, length as u8]),
        length => {
            bytes.push(0xf0);
            let length = u32::try_from(length).expect("listpacks are kept far below 4 GiB");
            bytes.extend_from_slice(&length.to_le_bytes());
        }
    }
    bytes.extend_from_slice(text);
}

fn back_length(size: usize) -> usize {
    match size {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// A length, to be read backwards.
fn back_bytes(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5);
    encode_back(&mut bytes, size);
    bytes
}

fn encode_back(bytes: &mut Vec<u8>, size: usize) {
    let length = back_length(size);
    let part = |place: usize| (size >> (7 * (length - 1 - place)) & 127) as u8;
    bytes.extend((0..length).map(|place| if place == 0 { part(place) } else { part(place) | 128 }));
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl Listpack {
        /// Numbers are kept as texts, as nobody should.
        pub(crate) fn of_texts(texts: &[&str]) -> Self {
            let mut pack = Self::default();
            for text in texts {
                let mut bytes = Vec::new();
                encode_text(&mut bytes, text.as_bytes());
                let size = bytes.len();
                encode_back(&mut bytes, size);
                pack.splice(pack.end()..pack.end(), &bytes, 1);
            }
            Self::from_bytes(pack.0).expect("it is well formed")
        }
    }

    fn texts(pack: &Listpack) -> Vec<Vec<u8>> {
        pack.iter().map(Packed::to_vec).collect()
    }

    /// What Valkey 9.1.2 puts behind the type of a hash in `DUMP`, after `HSET h a 1 bb -5000`.
    #[test]
    fn it_is_what_real_servers_have() {
        let pack: Listpack = ["a", "1", "bb", "-5000"].into_iter().collect();
        let real = [20, 0, 0, 0, 4, 0, 0x81, b'a', 2, 1, 1, 0x82, b'b', b'b', 3, 0xf1, 0x78, 0xec, 3, 255];
        assert_eq!(pack.as_bytes(), real);
    }

    #[test]
    fn numbers_of_every_size_come_back() {
        let numbers =
            [0, 127, 128, -1, 4095, 4096, -4096, -4097, 32_767, -32_769, 8_388_607, 8_388_608, i64::MAX, i64::MIN];
        let pack: Listpack = numbers.iter().map(ToString::to_string).collect();
        assert!(pack.iter().eq(numbers.map(Packed::Number)));
        assert!(pack.iter().rev().eq(numbers.into_iter().rev().map(Packed::Number)));
    }

    #[test]
    fn only_what_is_written_as_a_number_is_one() {
        for text in ["", "-", "+1", "01", "-0", " 1", "1 ", "9223372036854775808", "1.0"] {
            assert_eq!(canonical_number(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(canonical_number(b"-9223372036854775808"), Some(i64::MIN));
    }

    #[test]
    fn more_values_than_are_counted_are_still_there() {
        let mut pack: Listpack = (0..65_536).map(|number| number.to_string()).collect();
        assert_eq!(pack.len(), 65_536);
        pack.remove(pack.place(7).expect("it is there"), 2);
        assert_eq!(pack.len(), 65_534);
        assert_eq!(pack.as_bytes()[4..6], 65_534_u16.to_le_bytes());
    }

    #[test]
    fn what_is_added_at_once_is_the_same_as_one_by_one() {
        let texts = ["", "7", "-5000", "text", "0123"];
        let mut pack = Listpack::default();
        pack.append(texts.iter().map(|text| Packed::Text(text.as_bytes())));
        pack.append([Packed::Number(200)]);
        let mut one_by_one: Listpack = texts.iter().collect();
        one_by_one.push_back(b"200");
        assert_eq!(pack, one_by_one);
        let last = pack.previous(pack.end()).expect("there are some");
        pack.replace_number(last, 201);
        pack.replace_number(last, 1);
        assert_eq!(pack.get(last), Some(Packed::Number(1)));
        assert_eq!((pack.previous(HEAD), Listpack::from_bytes(pack.0.clone())), (None, Ok(pack)));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(usize, Vec<u8>),
        Replace(usize, Vec<u8>),
        Remove(usize, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let text = || {
            prop_oneof![
                vec(any::<u8>(), 0..90),
                any::<i64>().prop_map(|n| n.to_string().into_bytes()),
                vec(any::<u8>(), 4090..4100)
            ]
        };
        prop_oneof![
            3 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Insert(at, text)),
            1 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Replace(at, text)),
            1 => (any::<usize>(), 0_usize..4).prop_map(|(at, count)| Step::Remove(at, count)),
        ]
    }

    proptest! {
        /// Against a vector of the standard library.
        #[test]
        fn it_does_what_a_vector_does(steps in vec(step(), 0..60)) {
            let (mut pack, mut model) = (Listpack::default(), Vec::<Vec<u8>>::new());
            for step in steps {
                match step {
                    Step::Insert(at, text) => {
                        let at = at % (model.len() + 1);
                        pack.insert(pack.place(at).unwrap_or(pack.end()), &text);
                        model.insert(at, text);
                    }
                    Step::Replace(at, text) if !model.is_empty() => {
                        let at = at % model.len();
                        pack.replace(pack.place(at).expect("it is there"), &text);
                        model[at] = text;
                    }
                    Step::Remove(at, count) if !model.is_empty() => {
                        let at = at % model.len();
                        pack.remove(pack.place(at).expect("it is there"), count);
                        model.drain(at..(at + count).min(model.len()));
                    }
                    _ => {}
                }
                prop_assert_eq!(texts(&pack), model.clone());
                prop_assert_eq!(pack.len(), model.len());
            }
            let again = Listpack::from_bytes(pack.as_bytes().to_vec());
            prop_assert_eq!(again, Ok(pack));
        }

        #[test]
        fn any_bytes_are_a_listpack_or_an_error(bytes in vec(any::<u8>(), 0..64), flips in vec((0_usize..64, any::<u8>()), 0..3)) {
            let mut pack: Listpack = bytes.chunks(5).collect();
            for (at, with) in flips {
                let length = pack.0.len();
                pack.0[at % length] ^= with;
            }
            if let Ok(pack) = Listpack::from_bytes(pack.0) {
                let forward = texts(&pack);
                let mut backward: Vec<_> = pack.iter().rev().map(Packed::to_vec).collect();
                backward.reverse();
                prop_assert_eq!(forward, backward);
            }
        }
    }
}
