//! The parts of which values are made.

use slotmesh_store::Packed;

use crate::encoding::{Encoding, length, text};
use crate::lzf::Compressor;

/// Shorter texts are not compressed. Source: `rdbSaveRawString` in `rdb.c` of Valkey.
const COMPRESSED_MIN: usize = 21;

/// Where a value is written.
#[derive(Debug)]
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    compressor: Compressor,
    encoding: Encoding,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, compressor: Compressor::default(), encoding: Encoding::Text }
    }

    /// Begins with how the value is written.
    pub(super) fn begin(&mut self, encoding: Encoding) -> &mut Self {
        self.encoding = encoding;
        self.raw(&[encoding.number()]);
        self
    }

    /// How the value is written.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A length or another number that is not below 0.
    pub(super) fn length(&mut self, number: u64) {
        let head = |kind: u8| kind << length::SHIFT;
        match number {
            0..0x40 => self.raw(&[head(length::BITS_6) | number as u8]),
            0x40..0x4000 => self.raw(&[head(length::BITS_14) | (number >> 8) as u8, number as u8]),
            0x4000..=0xffff_ffff => {
                self.raw(&[length::BYTES_4]);
                self.raw(&(number as u32).to_be_bytes());
            }
            _ => {
                self.raw(&[length::BYTES_8]);
                self.raw(&number.to_be_bytes());
            }
        }
    }

    /// A length of something in memory.
    pub(super) fn count(&mut self, count: usize) {
        self.length(count as u64);
    }

    /// A number of eight bytes.
    pub(super) fn wide(&mut self, number: i64) {
        self.raw(&number.to_le_bytes());
    }

    /// A text.
    pub(super) fn text(&mut self, text: &[u8]) {
        if let Packed::Number(number) = Packed::of(text)
            && self.short_number(number)
        {
            return;
        }
        self.long_text(text);
    }

    /// A text that is a number.
    pub(super) fn number(&mut self, number: i64) {
        if !self.short_number(number) {
            let text = number.to_string();
            self.count(text.len());
            self.raw(text.as_bytes());
        }
    }

    /// A value of others that lie together.
    pub(super) fn packed(&mut self, value: Packed<'_>) {
        match value {
            Packed::Number(number) => self.number(number),
            Packed::Text(text) => self.text(text),
        }
    }

    /// A text that is no number.
    pub(super) fn long_text(&mut self, text: &[u8]) {
        let worth_it = text.len() >= COMPRESSED_MIN;
        if let Some(compressed) = worth_it.then(|| self.compressor.compress(text)).flatten() {
            self.raw(&[length::SPECIAL << length::SHIFT | text::LZF]);
            self.count(compressed.len());
            self.count(text.len());
            self.raw(&compressed);
            return;
        }
        self.count(text.len());
        self.raw(text);
    }

    /// Tells whether the number is short enough.
    fn short_number(&mut self, number: i64) -> bool {
        let special = |kind: u8| length::SPECIAL << length::SHIFT | kind;
        if let Ok(number) = i8::try_from(number) {
            self.raw(&[special(text::NUMBER_1), number.cast_unsigned()]);
        } else if let Ok(number) = i16::try_from(number) {
            self.raw(&[special(text::NUMBER_2)]);
            self.raw(&number.to_le_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            self.raw(&[special(text::NUMBER_4)]);
            self.raw(&number.to_le_bytes());
        } else {
            return false;
        }
        true
    }
}
