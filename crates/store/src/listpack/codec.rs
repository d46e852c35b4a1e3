//! How a value lies in a listpack.

use super::packed::{Packed, canonical_number};

/// Length of head and content of the value that begins at a place; `None` when it is none.
pub(super) fn size_at(bytes: &[u8], place: usize) -> Option<usize> {
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

/// The place behind the value that begins at a place.
#[inline]
pub(super) fn place_behind(bytes: &[u8], place: usize) -> usize {
    match bytes[place] {
        0..=0x7f => place + 2,
        head @ 0x80..=0xbf => place + 2 + usize::from(head & 0x3f),
        0xc0..=0xdf => place + 3,
        _ => {
            let size = size_at(bytes, place).expect("a listpack is made of values");
            place + size + back_length(size)
        }
    }
}

/// The place of the value that ends before a place.
#[inline]
pub(super) fn place_before(bytes: &[u8], place: usize) -> usize {
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

/// The value at a place, and the place behind it.
#[inline]
pub(super) fn read_at(bytes: &[u8], place: usize) -> (Packed<'_>, usize) {
    match bytes[place] {
        small @ 0..=0x7f => (Packed::Number(i64::from(small)), place + 2),
        head @ 0x80..=0xbf => {
            let end = place + 1 + usize::from(head & 0x3f);
            (Packed::Text(&bytes[place + 1..end]), end + 1)
        }
        _ => (long_at(bytes, place), place_behind(bytes, place)),
    }
}

/// A value with a longer head than most have.
fn long_at(bytes: &[u8], place: usize) -> Packed<'_> {
    let size = size_at(bytes, place).expect("a listpack is made of values");
    let value = &bytes[place..place + size];
    let number = |length: usize| {
        let mut wide = [0; 8];
        wide[8 - length..].copy_from_slice(&value[1..=length]);
        Packed::Number(i64::from_le_bytes(wide) >> (64 - 8 * length))
    };
    match value[0] {
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
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoded<'a> {
    Number(Bytes<10>),
    /// What goes before the text, and the length of both.
    Text(Bytes<5>, &'a [u8], Bytes<5>),
}

/// Some bytes, mostly but one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<'a> Encoded<'a> {
    /// A value. What looks like a number is kept as one.
    pub(crate) fn new(value: Packed<'a>) -> Self {
        match value {
            Packed::Number(number) => Self::of_number(number),
            Packed::Text(text) => canonical_number(text).map_or_else(|| Self::of_text(text), Self::of_number),
        }
    }

    pub(super) fn of_text(text: &'a [u8]) -> Self {
        let mut head = Bytes { bytes: [0; 5], length: 1 };
        match text.len() {
            length @ 0..64 => head.bytes[0] = 0x80 | length as u8,
            length @ 64..4096 => {
                head.bytes[..2].copy_from_slice(&[0xe0 | (length >> 8) as u8, length as u8]);
                head.length = 2;
            }
            length => {
                let length = u32::try_from(length).expect("listpacks are kept far below 4 GiB");
                head.bytes[0] = 0xf0;
                head.bytes[1..].copy_from_slice(&length.to_le_bytes());
                head.length = 5;
            }
        }
        Self::Text(head, text, back_bytes(head.length + text.len()))
    }

    pub(crate) fn of_number(number: i64) -> Self {
        let (first, width) = match number {
            0..=127 => (number as u8, 0),
            -4096..=4095 => (0xc0 | ((number >> 8) & 0x1f) as u8, 1),
            -0x8000..=0x7fff => (0xf1, 2),
            -0x80_0000..=0x7f_ffff => (0xf2, 3),
            -0x8000_0000..=0x7fff_ffff => (0xf3, 4),
            _ => (0xf4, 8),
        };
        let mut bytes = [0; 10];
        bytes[0] = first;
        bytes[1..9].copy_from_slice(&number.to_le_bytes());
        // Whatever its width, its length takes one byte.
        bytes[1 + width] = 1 + width as u8;
        Self::Number(Bytes { bytes, length: 2 + width })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Number(number) => number.length,
            Self::Text(head, text, back) => head.length + text.len() + back.length,
        }
    }

    /// Writes it to the beginning of some bytes; gives what is behind it.
    pub(super) fn write<'t>(&self, to: &'t mut [u8]) -> &'t mut [u8] {
        match self {
            Self::Number(number) => number.write(to),
            Self::Text(head, text, back) => {
                let (own, rest) = head.write(to).split_at_mut(text.len());
                own.copy_from_slice(text);
                back.write(rest)
            }
        }
    }

    /// Adds it at the end of some bytes.
    pub(super) fn push_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Number(number) => bytes.extend_from_slice(number.as_slice()),
            Self::Text(head, text, back) => {
                bytes.extend_from_slice(head.as_slice());
                bytes.extend_from_slice(text);
                bytes.extend_from_slice(back.as_slice());
            }
        }
    }
}

impl<const N: usize> Bytes<N> {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    #[inline]
    fn write<'t>(&self, to: &'t mut [u8]) -> &'t mut [u8] {
        let (own, rest) = to.split_at_mut(self.length);
        match own {
            [only] => *only = self.bytes[0],
            own => own.copy_from_slice(self.as_slice()),
        }
        rest
    }
}

pub(super) fn back_length(size: usize) -> usize {
    match size {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// A length, to be read backwards.
pub(super) fn back_bytes(size: usize) -> Bytes<5> {
    let length = back_length(size);
    let mut bytes = [0; 5];
    for (place, byte) in bytes[..length].iter_mut().enumerate() {
        let part = (size >> (7 * (length - 1 - place)) & 127) as u8;
        *byte = if place == 0 { part } else { part | 128 };
    }
    Bytes { bytes, length }
}
