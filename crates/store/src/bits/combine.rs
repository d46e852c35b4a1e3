//! Texts combined bit by bit.

/// How texts are combined. Where one ends before the longest it goes on with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// What is set in all of them.
    And,
    /// What is set in any.
    Or,
    /// What is set in an odd number of them.
    Xor,
}

/// Bytes that are combined before the next ones are: they stay close at hand.
const BLOCK: usize = 8 << 10;

/// Combines texts into one as long as the longest. It takes the sum of their lengths.
#[must_use]
pub fn combine(how: Combine, texts: &[&[u8]]) -> Vec<u8> {
    let mut longest_first = texts.to_vec();
    // So a block need not look at texts that end before it.
    longest_first.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    let Some((longest, others)) = longest_first.split_first() else { return Vec::new() };
    let mut result = longest.to_vec();
    match how {
        Combine::And => {
            let common = others.last().map_or(longest.len(), |text| text.len());
            result[common..].fill(0);
            combine_blocks(&mut result[..common], others, |byte, other| *byte &= other);
        }
        Combine::Or => combine_blocks(&mut result, others, |byte, other| *byte |= other),
        Combine::Xor => combine_blocks(&mut result, others, |byte, other| *byte ^= other),
    }
    result
}

fn combine_blocks(result: &mut [u8], others: &[&[u8]], operation: impl Fn(&mut u8, u8)) {
    for (index, block) in result.chunks_mut(BLOCK).enumerate() {
        let start = index * BLOCK;
        for other in others.iter().take_while(|other| other.len() > start) {
            block.iter_mut().zip(&other[start..]).for_each(|(byte, other)| operation(byte, *other));
        }
    }
}

/// A text with each bit the other way round.
#[must_use]
pub fn not(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| !byte).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shorter_texts_go_on_with_zeros() {
        let texts = [&b"\xff\x0f\xff"[..], b"\x3c\xff"];
        assert_eq!(combine(Combine::And, &texts), b"\x3c\x0f\x00");
        assert_eq!(combine(Combine::Or, &texts), b"\xff\xff\xff");
        assert_eq!(combine(Combine::Xor, &texts), b"\xc3\xf0\xff");
        assert_eq!(not(b"\x0f\x00"), b"\xf0\xff");
    }

    #[test]
    fn a_text_that_is_not_there_is_empty() {
        assert_eq!(combine(Combine::And, &[b"ab", b""]), b"\0\0");
        assert_eq!(combine(Combine::Or, &[b"", b""]), b"");
        assert_eq!(combine(Combine::Xor, &[b"ab"]), b"ab");
    }

    proptest! {
        #[test]
        fn it_is_as_combined_one_by_one(lens in vec(0_usize..20_000, 1..5), seed in any::<u64>()) {
            let byte = |text: usize, at: usize| (seed.rotate_left((at % 64) as u32).wrapping_mul(text as u64 + 3) >> 13) as u8;
            let texts: Vec<Vec<u8>> =
                lens.iter().enumerate().map(|(text, len)| (0..*len).map(|at| byte(text, at)).collect()).collect();
            let parts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
            let longest = lens.iter().copied().max().unwrap_or(0);
            let model = |operation: fn(u8, u8) -> u8| -> Vec<u8> {
                let bytes = |at: usize| parts.iter().map(move |text| text.get(at).copied().unwrap_or(0));
                (0..longest).map(|at| bytes(at).reduce(operation).unwrap_or(0)).collect()
            };
            prop_assert!(combine(Combine::And, &parts) == model(|a, b| a & b));
            prop_assert!(combine(Combine::Or, &parts) == model(|a, b| a | b));
            prop_assert!(combine(Combine::Xor, &parts) == model(|a, b| a ^ b));
        }
    }
}
