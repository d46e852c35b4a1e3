//! How many bits are set.

use super::Span;

/// How many bits are set in a part of a text.
#[must_use]
pub fn count(text: &[u8], span: Span) -> u64 {
    if span.is_backwards() {
        return 0;
    }
    let bits = span.bits(text.len());
    if bits.is_empty() {
        return 0;
    }
    let (first, last) = ((bits.start / 8) as usize, ((bits.end - 1) / 8) as usize);
    let before = text[first] & !(0xff >> (bits.start % 8));
    let after = text[last] & (0x7f >> ((bits.end - 1) % 8));
    count_all(&text[first..=last]) - u64::from(before.count_ones() + after.count_ones())
}

/// By words: adding rows up bit by bit before counting is faster only for texts that are long and yet fit into the cache.
fn count_all(text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let words: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    words + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_and_bits_are_counted_within_their_ends() {
        let text = b"foobar";
        assert_eq!(count(text, Span::All), 26);
        assert_eq!(count(text, Span::From(1)), 22);
        assert_eq!(count(text, Span::Bytes(1, 1)), 6);
        assert_eq!(count(text, Span::Bytes(-2, -1)), 7);
        assert_eq!(count(text, Span::Bits(5, 30)), 17);
        assert_eq!(count(text, Span::Bits(5, 5)), 1);
    }

    #[test]
    fn a_span_that_is_backwards_has_none() {
        assert_eq!(count(b"\xff", Span::Bytes(-9, -10)), 0);
        assert_eq!(count(b"\xff", Span::Bytes(-10, -9)), 8, "both before the beginning are the first byte");
        assert_eq!(count(b"", Span::All) + count(b"", Span::Bytes(0, -1)) + count(b"\xff", Span::From(1)), 0);
    }

    proptest! {
        #[test]
        fn it_is_as_counted_one_by_one(text in vec(any::<u8>(), 0..1000), start in -9000_i64..9000, end in -9000_i64..9000) {
            let span = Span::Bits(start, end);
            prop_assume!(!span.is_backwards());
            let one_by_one = span.bits(text.len()).filter(|bit| text[(bit / 8) as usize] & (0x80 >> (bit % 8)) != 0);
            prop_assert_eq!(count(&text, span), one_by_one.count() as u64);
        }
    }
}
