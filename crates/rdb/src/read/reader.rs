//! The parts of which values are made.

use std::borrow::Cow;

use slotmesh_store::Listpack;

use crate::damage::Damage;
use crate::encoding::{length, text};
use crate::lzf::decompress;
use crate::ziplist;

/// Bytes of the longest row of values that lie together, whatever texts may have.
const PACK_BYTES_MAX: usize = 1 << 30;

/// Bytes that are read from the front.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    text_bytes: usize,
}

/// A length, or how a text is written that has none.
enum Length {
    Plain(u64),
    Special(u8),
}

impl<'a> Reader<'a> {
    /// Reads these bytes, of which a text has at most so many.
    pub(super) fn new(bytes: &'a [u8], text_bytes: usize) -> Self {
        Self { bytes, text_bytes }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damage> {
        self.array().map(|[byte]| byte)
    }

    /// So many bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(Damage::Ended)?;
        self.bytes = rest;
        Ok(*array)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (bytes, rest) = self.bytes.split_at_checked(count).ok_or(Damage::Ended)?;
        self.bytes = rest;
        Ok(bytes)
    }

    /// A length or another number that is not below 0.
    pub(super) fn number(&mut self) -> Result<u64, Damage> {
        match self.length()? {
            Length::Plain(number) => Ok(number),
            Length::Special(_) => Err(Damage::Length),
        }
    }

    /// A number of eight bytes.
    pub(super) fn wide(&mut self) -> Result<i64, Damage> {
        self.array().map(i64::from_le_bytes)
    }

    /// A text.
    pub(super) fn text(&mut self) -> Result<Cow<'a, [u8]>, Damage> {
        let number = match self.length()? {
            Length::Plain(length) => {
                let length = self.checked(length, self.text_bytes)?;
                return self.bytes(length).map(Cow::Borrowed);
            }
            Length::Special(text::LZF) => return self.compressed().map(Cow::Owned),
            Length::Special(text::NUMBER_1) => i32::from(self.array().map(i8::from_le_bytes)?),
            Length::Special(text::NUMBER_2) => i32::from(self.array().map(i16::from_le_bytes)?),
            Length::Special(text::NUMBER_4) => self.array().map(i32::from_le_bytes)?,
            Length::Special(_) => return Err(Damage::Length),
        };
        Ok(Cow::Owned(number.to_string().into_bytes()))
    }

    /// Values that lie together.
    pub(super) fn packed(&mut self) -> Result<Cow<'a, [u8]>, Damage> {
        let bytes = self.text()?;
        if bytes.len() > PACK_BYTES_MAX { Err(Damage::TooLong) } else { Ok(bytes) }
    }

    pub(super) fn listpack(&mut self) -> Result<Listpack, Damage> {
        Listpack::from_bytes(self.packed()?.into_owned()).map_err(|_| Damage::Packed("listpack"))
    }

    /// A ziplist, in the form that is kept.
    pub(super) fn ziplist(&mut self) -> Result<Listpack, Damage> {
        ziplist::to_listpack(&self.packed()?)
    }

    fn compressed(&mut self) -> Result<Vec<u8>, Damage> {
        let (compressed, length) = (self.number()?, self.number()?);
        let length = self.checked(length, self.text_bytes)?;
        let compressed = self.checked(compressed, usize::MAX)?;
        decompress(self.bytes(compressed)?, length).ok_or(Damage::Compressed)
    }

    fn checked(&self, length: u64, most: usize) -> Result<usize, Damage> {
        usize::try_from(length).ok().filter(|length| *length <= most).ok_or(Damage::TooLong)
    }

    fn length(&mut self) -> Result<Length, Damage> {
        let head = self.byte()?;
        let low = head & ((1 << length::SHIFT) - 1);
        let number = match head {
            length::BYTES_4 => u64::from(self.array().map(u32::from_be_bytes)?),
            length::BYTES_8 => self.array().map(u64::from_be_bytes)?,
            _ => match head >> length::SHIFT {
                length::BITS_6 => u64::from(low),
                length::BITS_14 => u64::from(u16::from_be_bytes([low, self.byte()?])),
                length::SPECIAL => return Ok(Length::Special(low)),
                _ => return Err(Damage::Length),
            },
        };
        Ok(Length::Plain(number))
    }
}
