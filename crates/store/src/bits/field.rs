//! Numbers of any width at any bit.

use super::{BitOffset, grow};
use crate::listpack::canonical_number;

/// The type of a field: a signed number of 1 to 64 bits, or one of 1 to 63 bits without a sign. The highest bit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    signed: bool,
    bits: u8,
}

/// What to do with a number that the field can't hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Keep its low bits.
    #[default]
    Wrap,
    /// Take the nearest that it can hold.
    Saturate,
    /// Leave the field as it is.
    Fail,
}

/// What to do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldAction {
    /// Read it.
    Get,
    /// Set it; the result is what it was.
    Set(i64),
    /// Add to it; the result is what it is then.
    Add(i64),
}

/// One operation of BITFIELD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldOp {
    /// What kind of number is there.
    pub field: FieldType,
    /// Where its highest bit is.
    pub offset: BitOffset,
    /// What to do.
    pub action: FieldAction,
    /// And when it does not fit.
    pub overflow: Overflow,
}

impl FieldType {
    /// A type as it is written: `i` or `u` and the number of bits; `None` for what is none.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (signed, width, widest) = match text {
            [b'i', width @ ..] => (true, width, 64),
            [b'u', width @ ..] => (false, width, 63),
            _ => return None,
        };
        let bits = u8::try_from(canonical_number(width)?).ok()?;
        (1..=widest).contains(&bits).then_some(Self { signed, bits })
    }

    /// How many bits it has.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// The number that these low bits are.
    fn number(self, bits: u64) -> i64 {
        let above = 64 - u32::from(self.bits);
        let top = bits << above;
        if self.signed { top.cast_signed() >> above } else { (top >> above).cast_signed() }
    }

    /// The least and the greatest number that it can hold.
    fn range(self) -> (i128, i128) {
        let width = u32::from(self.bits);
        if self.signed { (-(1 << (width - 1)), (1 << (width - 1)) - 1) } else { (0, (1 << width) - 1) }
    }

    /// The number that is meant when it shall be set. Negative ones are very large for a field without a sign; in Valkey the
    /// very lowest are so for those with one as well, and a replica must come to the same.
    fn asked(self, value: i64) -> i128 {
        let lowest = self.range().1 - i128::from(i64::MAX);
        let is_large = if self.signed { self.bits < 64 && i128::from(value) < lowest } else { value < 0 };
        if is_large { i128::from(value) + (1 << 64) } else { i128::from(value) }
    }

    /// What it holds once it shall hold this; `None` when it is left as it is.
    fn fit(self, wanted: i128, overflow: Overflow) -> Option<i64> {
        let (least, most) = self.range();
        match overflow {
            Overflow::Fail if !(least..=most).contains(&wanted) => None,
            Overflow::Saturate => Some(wanted.clamp(least, most) as i64),
            // The low bits are all that matters.
            Overflow::Wrap | Overflow::Fail => Some(self.number(wanted as u64)),
        }
    }
}

impl FieldOp {
    /// Whether it may change the text.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.action != FieldAction::Get
    }

    /// Bytes that a text must have to hold the field.
    fn bytes(&self) -> usize {
        self.offset.byte() + (self.offset.bit_of_byte() as usize + usize::from(self.field.bits)).div_ceil(8)
    }
}

/// Reads a field; what lies behind the text is zero. It does what a [`FieldAction::Get`] does, without a text to change.
#[must_use]
pub fn read_field(text: &[u8], field: FieldType, offset: BitOffset) -> i64 {
    let shift = 128 - u32::from(field.bits) - offset.bit_of_byte();
    field.number((window(text, offset) >> shift) as u64)
}

/// Does all operations in their order. The text first grows so that it holds all fields that may be written, also those that
/// then are not. Shows the result of each, `None` for one that has failed, and gives how many have changed the text (every one
/// that wrote, if it has grown).
pub fn apply_fields(text: &mut Vec<u8>, ops: &[FieldOp], mut show: impl FnMut(Option<i64>)) -> usize {
    let grown = ops.iter().filter(|op| op.writes()).map(FieldOp::bytes).max().is_some_and(|bytes| grow(text, bytes));
    let mut changes = 0;
    for op in ops {
        let was = read_field(text, op.field, op.offset);
        let wanted = match op.action {
            FieldAction::Get => {
                show(Some(was));
                continue;
            }
            FieldAction::Set(value) => op.field.asked(value),
            FieldAction::Add(value) => i128::from(was) + i128::from(value),
        };
        let now = op.field.fit(wanted, op.overflow);
        if let Some(now) = now {
            write_field(text, op.field, op.offset, now);
            changes += usize::from(grown || now != was);
        }
        show(now.map(|now| if matches!(op.action, FieldAction::Set(_)) { was } else { now }));
    }
    changes
}

fn write_field(text: &mut [u8], field: FieldType, offset: BitOffset, value: i64) {
    let shift = 128 - u32::from(field.bits) - offset.bit_of_byte();
    let mask = (u128::MAX >> (128 - u32::from(field.bits))) << shift;
    let bits = (window(text, offset) & !mask) | ((u128::from(value.cast_unsigned()) << shift) & mask);
    let rest = &mut text[offset.byte()..];
    let len = rest.len().min(WINDOW);
    rest[..len].copy_from_slice(&bits.to_be_bytes()[..len]);
}

/// Bytes that a field of 64 bits can touch.
const WINDOW: usize = 9;

/// The bytes from that of an offset on, in the high end.
fn window(text: &[u8], offset: BitOffset) -> u128 {
    let rest = text.get(offset.byte()..).unwrap_or_default();
    let mut bytes = [0; 16];
    let len = rest.len().min(WINDOW);
    bytes[..len].copy_from_slice(&rest[..len]);
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn op(field: &str, bit: i64, action: FieldAction, overflow: Overflow) -> FieldOp {
        let field = FieldType::parse(field.as_bytes()).expect("a type");
        FieldOp { field, offset: BitOffset::new(bit, u64::MAX).expect("an offset"), action, overflow }
    }

    fn apply(text: &mut Vec<u8>, ops: &[FieldOp]) -> (Vec<Option<i64>>, usize) {
        let mut results = Vec::new();
        let changes = apply_fields(text, ops, |result| results.push(result));
        (results, changes)
    }

    #[test]
    fn types_are_a_sign_and_a_width() {
        for refused in ["u64", "i65", "i0", "u08", "U8", "i", "", "x8", "i-1"] {
            assert_eq!(FieldType::parse(refused.as_bytes()), None, "{refused}");
        }
        assert_eq!(FieldType::parse(b"i64").map(FieldType::bits), Some(64));
    }

    #[test]
    fn what_does_not_fit_wraps_saturates_or_fails() {
        use {FieldAction::*, Overflow::*};
        let mut text = vec![0xff; 3];
        let ops = [
            op("u4", 0, Set(-1), Saturate),
            op("i4", 4, Set(-100), Saturate),
            op("i4", 4, Get, Wrap),
            op("u4", 0, Set(-1), Fail),
            op("i4", 4, Add(-1), Wrap),
            op("u2", 0, Add(-4), Saturate),
        ];
        assert_eq!(apply(&mut text, &ops), (vec![Some(15), Some(-1), Some(-8), None, Some(7), Some(0)], 3));
        assert_eq!(text, [0x37, 0xff, 0xff]);
    }

    #[test]
    fn the_lowest_numbers_saturate_upwards_when_set() {
        let mut text = vec![0; 2];
        let set = |value| op("i8", 0, FieldAction::Set(value), Overflow::Saturate);
        apply(&mut text, &[set(i64::MIN)]);
        assert_eq!(text, [0x7f, 0]);
        apply(&mut text, &[set(i64::MIN + 128)]);
        assert_eq!(text, [0x80, 0]);
        apply(&mut text, &[set(0), op("i8", 0, FieldAction::Add(i64::MIN), Overflow::Saturate)]);
        assert_eq!(text, [0x80, 0]);
    }

    #[test]
    fn the_text_grows_even_for_what_fails() {
        let mut text = Vec::new();
        let ops =
            [op("u8", 12, FieldAction::Set(256), Overflow::Fail), op("u8", 100, FieldAction::Get, Overflow::Wrap)];
        assert_eq!(apply(&mut text, &ops), (vec![None, Some(0)], 0));
        assert_eq!(text, [0; 3]);
        assert_eq!(apply(&mut text, &[op("i64", 3, FieldAction::Set(0), Overflow::Wrap)]), (vec![Some(0)], 1));
        assert_eq!(text.len(), 9);
    }

    /// Bit after bit.
    fn model_read(text: &[u8], signed: bool, bits: u8, at: u64) -> i64 {
        let bit = |at: u64| text.get((at / 8) as usize).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
        let value = (0..u64::from(bits)).fold(0_i128, |value, index| value << 1 | i128::from(bit(at + index)));
        (if signed && value >> (bits - 1) == 1 { value - (1 << bits) } else { value }) as i64
    }

    proptest! {
        #[test]
        fn fields_are_what_their_bits_are(
            mut text in vec(any::<u8>(), 0..20),
            signed in any::<bool>(),
            bits in 1_u8..=63,
            at in 0_i64..170,
            value in any::<i64>(),
            overflow in prop_oneof![Just(Overflow::Wrap), Just(Overflow::Saturate), Just(Overflow::Fail)],
        ) {
            let field = format!("{}{bits}", if signed { 'i' } else { 'u' });
            let before = text.clone();
            let was = model_read(&text, signed, bits, at as u64);
            let get = op(&field, at, FieldAction::Get, overflow);
            prop_assert_eq!(read_field(&text, get.field, get.offset), was);

            let wanted = i128::from(was) + i128::from(value);
            let (least, most) = if signed { (-(1_i128 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
            let expected = match overflow {
                _ if (least..=most).contains(&wanted) => Some(wanted),
                Overflow::Wrap => Some((wanted - least).rem_euclid(1 << bits) + least),
                Overflow::Saturate => Some(wanted.clamp(least, most)),
                Overflow::Fail => None,
            };
            let (results, _) = apply(&mut text, &[op(&field, at, FieldAction::Add(value), overflow)]);
            prop_assert_eq!(results[0].map(i128::from), expected);
            let now = expected.map_or(was, |now| now as i64);
            prop_assert_eq!(model_read(&text, signed, bits, at as u64), now);
            let rest = |text: &[u8]| (0..200).filter(|bit| !(at as u64..at as u64 + u64::from(bits)).contains(bit))
                .map(|bit| model_read(text, false, 1, bit)).collect::<Vec<_>>();
            prop_assert_eq!(rest(&text), rest(&before));
        }
    }
}
