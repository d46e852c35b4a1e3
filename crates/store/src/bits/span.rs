//! The part of a text that is looked at.

use std::ops::Range;

/// Which part of a text BITCOUNT and BITPOS look at. Negative numbers count from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All of it.
    All,
    /// From this byte to its end.
    From(i64),
    /// From one byte to another, both included.
    Bytes(i64, i64),
    /// From one bit to another, both included.
    Bits(i64, i64),
}

impl Span {
    /// The bits that are meant in a text of so many bytes.
    pub(super) fn bits(self, len: usize) -> Range<u64> {
        let bytes = len as u64;
        match self {
            Self::All => 0..bytes * 8,
            Self::From(start) => clamp(start, i64::MAX, bytes, 8),
            Self::Bytes(start, end) => clamp(start, end, bytes, 8),
            Self::Bits(start, end) => clamp(start, end, bytes * 8, 1),
        }
    }

    /// Whether it says where it ends, so that the zeros behind the text are not in it.
    pub(super) fn has_end(self) -> bool {
        matches!(self, Self::Bytes(..) | Self::Bits(..))
    }

    /// Whether both ends are counted from the end of the text and stand in the wrong order.
    pub(super) fn is_backwards(self) -> bool {
        matches!(self, Self::Bytes(start, end) | Self::Bits(start, end) if start < 0 && end < 0 && start > end)
    }
}

/// The bits from unit `start` to unit `end` of `units`, each of which has so many bits.
fn clamp(start: i64, end: i64, units: u64, bits: u64) -> Range<u64> {
    let place = |at: i64| match u64::try_from(at) {
        Ok(at) => at,
        // What is before the beginning is the beginning.
        Err(_) => units.saturating_sub(at.unsigned_abs()),
    };
    let (start, end) = (place(start), place(end).saturating_add(1).min(units));
    if start < end { start * bits..end * bits } else { 0..0 }
}
