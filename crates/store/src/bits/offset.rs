//! Where a bit is.

use super::FieldType;
use crate::listpack::canonical_number;

/// The offset of a bit within the longest text that there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BitOffset(u64);

impl BitOffset {
    /// An offset whose byte is one of the first `bytes_max`; `None` for others. (Valkey: `proto-max-bulk-len`, and no limit for
    /// what a primary sends.)
    #[must_use]
    pub fn new(bit: i64, bytes_max: u64) -> Option<Self> {
        let bit = u64::try_from(bit).ok()?;
        (bit / 8 < bytes_max && usize::try_from(bit / 8).is_ok()).then_some(Self(bit))
    }

    /// The same from how it is written.
    #[must_use]
    pub fn parse(text: &[u8], bytes_max: u64) -> Option<Self> {
        Self::new(canonical_number(text)?, bytes_max)
    }

    /// The same for a field: `#3` is the place of the fourth one when they stand side by side.
    #[must_use]
    pub fn parse_field(text: &[u8], field: FieldType, bytes_max: u64) -> Option<Self> {
        match text {
            [b'#', index @ ..] => Self::new(canonical_number(index)?.checked_mul(i64::from(field.bits()))?, bytes_max),
            _ => Self::parse(text, bytes_max),
        }
    }

    /// The number of the bit.
    #[must_use]
    pub fn bit(self) -> u64 {
        self.0
    }

    /// The byte that it is in.
    #[must_use]
    pub fn byte(self) -> usize {
        (self.0 / 8) as usize
    }

    /// How many bits of its byte stand before it.
    pub(super) fn bit_of_byte(self) -> u32 {
        (self.0 % 8) as u32
    }

    /// The bit alone in its byte.
    pub(super) fn mask(self) -> u8 {
        0x80 >> self.bit_of_byte()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 512 << 20;

    #[test]
    fn offsets_end_with_the_longest_text() {
        assert_eq!(BitOffset::parse(b"4294967295", MAX).map(BitOffset::byte), Some((512 << 20) - 1));
        for refused in [&b"4294967296"[..], b"-1", b"01", b"", b"#1", b"99999999999999999999"] {
            assert_eq!(BitOffset::parse(refused, MAX), None);
        }
    }

    #[test]
    fn fields_are_counted_by_their_width() {
        let field = FieldType::parse(b"u5").expect("a type");
        assert_eq!(BitOffset::parse_field(b"#3", field, MAX).map(BitOffset::bit), Some(15));
        assert_eq!(BitOffset::parse_field(b"3", field, MAX).map(BitOffset::bit), Some(3));
        for refused in [&b"#"[..], b"#-1", b"##1", b"#9223372036854775807", b"#4611686018427387905"] {
            assert_eq!(BitOffset::parse_field(refused, field, MAX), None);
        }
    }
}
