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

pub(super) fn whole_size(bytes: &[u8], place: usize) -> usize {
    let size = size_at(bytes, place).expect("a listpack is made of values");
    size + back_length(size)
}

/// The place of the value that ends before a place.
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

pub(super) fn value_at(bytes: &[u8], place: usize) -> Packed<'_> {
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
pub(super) fn encoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 10);
    encode(&mut bytes, Packed::Text(text));
    bytes
}

/// Adds a value as it stands in a listpack.
pub(super) fn encode(bytes: &mut Vec<u8>, value: Packed<'_>) {
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

pub(super) fn encode_number(bytes: &mut Vec<u8>, number: i64) {
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

pub(super) fn encode_text(bytes: &mut Vec<u8>, text: &[u8]) {
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
pub(super) fn back_bytes(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5);
    encode_back(&mut bytes, size);
    bytes
}

pub(super) fn encode_back(bytes: &mut Vec<u8>, size: usize) {
    let length = back_length(size);
    let part = |place: usize| (size >> (7 * (length - 1 - place)) & 127) as u8;
    bytes.extend((0..length).map(|place| if place == 0 { part(place) } else { part(place) | 128 }));
}
