//! Where the first bit of a kind is.

use super::Span;

/// Bytes that are looked at together.
const BLOCK: usize = 32;

/// The first bit that is set, or that is not; `None` where there is none.
///
/// A key that does not exist (`None`) is an endless row of zeros, whatever the span. A text is followed by zeros too, but they are
/// only found when the span does not say where it ends, and does not begin behind the text.
#[must_use]
pub fn position(text: Option<&[u8]>, bit: bool, span: Span) -> Option<u64> {
    let Some(text) = text else { return (!bit).then_some(0) };
    let bits = span.bits(text.len());
    if bits.is_empty() {
        return None;
    }
    match find(text, bit, bits.start).filter(|found| *found < bits.end) {
        None if !bit && !span.has_end() => Some(text.len() as u64 * 8),
        found => found,
    }
}

/// The first such bit of a text at or behind a bit.
fn find(text: &[u8], bit: bool, from: u64) -> Option<u64> {
    let skipped = if bit { 0 } else { 0xff };
    let first = (from / 8) as usize;
    // Bits before the first one are made such that they are not found.
    let before = !(0xff_u8 >> (from % 8));
    let edge = if bit { text[first] & !before } else { text[first] | before };
    let (byte, value) = if edge == skipped {
        let byte = first + 1 + find_other(&text[first + 1..], skipped)?;
        (byte, text[byte])
    } else {
        (first, edge)
    };
    Some(byte as u64 * 8 + u64::from((value ^ skipped).leading_zeros()))
}

/// The first byte that is not this one.
fn find_other(text: &[u8], skipped: u8) -> Option<usize> {
    let blocks = text.as_chunks::<BLOCK>().0;
    let whole = blocks.iter().take_while(|block| **block == [skipped; BLOCK]).count() * BLOCK;
    text[whole..].iter().position(|byte| *byte != skipped).map(|at| whole + at)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zeros_behind_the_text_count_only_without_an_end() {
        let ones = Some(&b"\xff\xff\xff"[..]);
        assert_eq!(position(ones, false, Span::All), Some(24));
        assert_eq!(position(ones, false, Span::From(0)), Some(24));
        assert_eq!(position(ones, false, Span::From(3)), None);
        assert_eq!(position(ones, false, Span::Bytes(0, -1)), None);
        assert_eq!(position(ones, false, Span::Bits(0, 5)), None);
        assert_eq!(position(Some(b""), false, Span::All), None);
    }

    #[test]
    fn a_key_that_is_not_there_is_all_zeros() {
        assert_eq!(position(None, false, Span::Bytes(5, 6)), Some(0));
        assert_eq!(position(None, true, Span::All), None);
    }

    #[test]
    fn both_ends_before_the_beginning_are_the_first_byte() {
        assert_eq!(position(Some(b"\xff\xff"), true, Span::Bytes(-9, -10)), Some(0));
    }

    proptest! {
        #[test]
        fn it_is_as_found_one_by_one(
            fill in prop_oneof![Just(0_u8), Just(0xff), any::<u8>()],
            mut text in vec(Just(0_u8), 0..120),
            other in (0_usize..120, any::<u8>()),
            bit in any::<bool>(),
            start in -1000_i64..1000,
            end in -1000_i64..1000,
        ) {
            text.fill(fill);
            if let Some(byte) = text.get_mut(other.0) {
                *byte = other.1;
            }
            let span = Span::Bits(start, end);
            let is_set = |bit: u64| text[(bit / 8) as usize] & (0x80 >> (bit % 8)) != 0;
            prop_assert_eq!(position(Some(&text), bit, span), span.bits(text.len()).find(|at| is_set(*at) == bit));
        }
    }
}
