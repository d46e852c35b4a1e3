//! Ziplists, in which old servers keep many short values. They are read only.
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the whole, little endian like all here that is not a length of a text |
//! | 4 | where the last value begins |
//! | 2 | how many values; 65535 for "count them" |
//! | | the values |
//! | 1 | 255 |
//!
//! Before a value stands the length of the one before it, in one byte below 254 or in four behind a 254.

use slotmesh_store::{Listpack, Packed};

use crate::damage::Damage;

const HEAD: usize = 10;
pub(crate) const END: u8 = 255;
/// A length in front of a value that takes four bytes more.
pub(crate) const LONG: u8 = 254;
const DAMAGED: Damage = Damage::Packed("ziplist");

/// The same values in the form that is kept.
pub(crate) fn to_listpack(bytes: &[u8]) -> Result<Listpack, Damage> {
    let mut values = Values::new(bytes).ok_or(DAMAGED)?;
    let mut pack = Listpack::default();
    pack.append(values.by_ref());
    pack.shrink();
    if values.are_sound() { Ok(pack) } else { Err(DAMAGED) }
}

/// The values, up to the first that is none.
struct Values<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes of the one before.
    before: usize,
    count: usize,
    damaged: bool,
}

impl<'a> Values<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        let whole = length == bytes.len() && bytes.len() > HEAD && bytes.last() == Some(&END);
        whole.then_some(Self { bytes, at: HEAD, before: 0, count: 0, damaged: false })
    }

    /// Whether that were all of them, and as many as the head says.
    fn are_sound(&self) -> bool {
        let number = |at: usize| {
            u32::from_le_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]])
        };
        let said = u16::from_le_bytes([self.bytes[8], self.bytes[9]]);
        !self.damaged
            && number(4) as usize == self.at - self.before
            && (said == u16::MAX || usize::from(said) == self.count)
    }

    fn read(&mut self) -> Option<Packed<'a>> {
        let values = &self.bytes[..self.bytes.len() - 1];
        let (before, rest) = split_length(&values[self.at..])?;
        let (value, rest) = split_value(rest)?;
        if before != self.before {
            return None;
        }
        let next = values.len() - rest.len();
        self.before = next - self.at;
        self.at = next;
        self.count += 1;
        Some(value)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Packed<'a>;

    fn next(&mut self) -> Option<Packed<'a>> {
        if self.at == self.bytes.len() - 1 {
            return None;
        }
        let value = self.read();
        self.damaged = value.is_none();
        value
    }
}

/// A length of one byte, or of four behind a 254, and what follows.
pub(crate) fn split_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes.split_first()? {
        (&END, _) => None,
        (&LONG, rest) => {
            let (length, rest) = rest.split_first_chunk()?;
            Some((u32::from_le_bytes(*length) as usize, rest))
        }
        (length, rest) => Some((usize::from(*length), rest)),
    }
}

/// A value, and what follows.
fn split_value(bytes: &[u8]) -> Option<(Packed<'_>, &[u8])> {
    let (head, rest) = bytes.split_first()?;
    let (length, rest) = match head {
        0x00..=0x3f => (usize::from(*head), rest),
        0x40..=0x7f => {
            let (low, rest) = rest.split_first()?;
            (usize::from(head & 0x3f) << 8 | usize::from(*low), rest)
        }
        0x80 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u32::from_be_bytes(*length) as usize, rest)
        }
        _ => return split_number(*head, rest),
    };
    let (text, rest) = rest.split_at_checked(length)?;
    Some((Packed::Text(text), rest))
}

fn split_number(head: u8, rest: &[u8]) -> Option<(Packed<'_>, &[u8])> {
    let length = match head {
        0xc0 => 2,
        0xd0 => 4,
        0xe0 => 8,
        0xf0 => 3,
        0xfe => 1,
        0xf1..=0xfd => return Some((Packed::Number(i64::from(head & 0x0f) - 1), rest)),
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(length)?;
    let mut wide = [0; 8];
    wide[8 - length..].copy_from_slice(bytes);
    Some((Packed::Number(i64::from_le_bytes(wide) >> (64 - 8 * length)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ziplist of values as they stand behind the length of the one before.
    fn ziplist(values: &[&[u8]]) -> Vec<u8> {
        let (mut bytes, mut before, mut last) = (vec![0; HEAD], 0, HEAD);
        for value in values {
            last = bytes.len();
            if before < usize::from(LONG) {
                bytes.push(before as u8);
            } else {
                bytes.push(LONG);
                bytes.extend_from_slice(&(before as u32).to_le_bytes());
            }
            bytes.extend_from_slice(value);
            before = bytes.len() - last;
        }
        bytes.push(END);
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes[4..8].copy_from_slice(&(last as u32).to_le_bytes());
        bytes[8..10].copy_from_slice(&(values.len() as u16).to_le_bytes());
        bytes
    }

    fn texts(pack: &Listpack) -> Vec<Vec<u8>> {
        pack.iter().map(Packed::to_vec).collect()
    }

    #[test]
    fn every_form_of_a_value_is_read() {
        let long = [&[0x41, 0x2c][..], &[b'l'; 300]].concat();
        let longer = [&[0x80, 0, 0, 0x50, 0][..], &[b'x'; 0x5000]].concat();
        let values: [&[u8]; 11] = [
            b"\x03abc",
            b"\x00",
            &long,
            &longer,
            &[0xf1],
            &[0xfd],
            &[0xfe, 0x80],
            &[0xc0, 0x00, 0x80],
            &[0xf0, 0xff, 0xff, 0x7f],
            &[0xd0, 0, 0, 0, 0x80],
            &[0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ];
        let pack = to_listpack(&ziplist(&values)).expect("it is a ziplist");
        let read = texts(&pack);
        assert_eq!(read[..2], [b"abc".to_vec(), Vec::new()]);
        assert_eq!((read[2].len(), read[3].len()), (300, 0x5000));
        let numbers: Vec<_> = read[4..].iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        assert_eq!(numbers, ["0", "12", "-128", "-32768", "8388607", "-2147483648", "9223372036854775807"]);
    }

    #[test]
    fn one_without_values_is_one() {
        assert!(to_listpack(&ziplist(&[])).expect("it is a ziplist").is_empty());
    }

    #[test]
    fn whatever_is_cut_or_changed_in_its_frame_is_refused() {
        let whole = ziplist(&[b"\x03abc", b"\x03def", &[0xf5]]);
        assert!(to_listpack(&whole).is_ok());
        for end in 0..whole.len() {
            assert_eq!(to_listpack(&whole[..end]), Err(DAMAGED), "cut at {end}");
        }
        for (at, byte) in [(0, 99), (4, 11), (8, 2), (10, 1), (11, 4), (15, 4), (15, 255), (20, 0xff)] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            assert_eq!(to_listpack(&bytes), Err(DAMAGED), "{byte} at {at}");
        }
    }
}
