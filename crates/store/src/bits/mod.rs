//! Texts as rows of bits, of bit fields and of numbers in between: what SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP and BITFIELD do.
//!
//! Bit 0 is the highest one of the first byte. A text goes on with zeros for ever, as far as reading is concerned.
//!
//! ```
//! use slotmesh_store::bits::{self, BitOffset, Span};
//!
//! let mut text = b"foobar".to_vec();
//! assert_eq!(bits::count(&text, Span::All), 26);
//! let offset = BitOffset::parse(b"7", 512 << 20).expect("within the limit");
//! assert!(!bits::set(&mut text, offset, true).was);
//! assert_eq!(text, b"goobar");
//! ```

mod combine;
mod count;
mod field;
mod offset;
mod position;
mod span;

pub use combine::{Combine, combine, not};
pub use count::count;
pub use field::{FieldAction, FieldOp, FieldType, Overflow, apply_fields, read_field};
pub use offset::BitOffset;
pub use position::position;
pub use span::Span;

/// What setting a bit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetBit {
    /// The bit before.
    pub was: bool,
    /// Whether the text is another now: the bit has changed, or the text has grown.
    pub changed: bool,
}

/// The bit at an offset.
#[must_use]
pub fn get(text: &[u8], offset: BitOffset) -> bool {
    text.get(offset.byte()).is_some_and(|byte| byte & offset.mask() != 0)
}

/// Sets a bit; a text that ends before grows with zeros so that it is in it.
pub fn set(text: &mut Vec<u8>, offset: BitOffset, bit: bool) -> SetBit {
    let grown = grow(text, offset.byte() + 1);
    let byte = &mut text[offset.byte()];
    let was = *byte & offset.mask() != 0;
    *byte = if bit { *byte | offset.mask() } else { *byte & !offset.mask() };
    SetBit { was, changed: grown || was != bit }
}

/// Bytes that are reserved at most for growth to come.
const RESERVE_MAX: usize = 1 << 20;

/// Adds zeros so that a text has at least so many bytes; tells whether it had not.
fn grow(text: &mut Vec<u8>, len: usize) -> bool {
    if len <= text.len() {
        return false;
    }
    if len > text.capacity() && !text.is_empty() {
        // Whoever adds bit after bit shall not copy all of it each time, nor hold twice of what is large.
        text.reserve_exact(len - text.len() + len.min(RESERVE_MAX));
    } else {
        text.reserve_exact(len - text.len());
    }
    text.resize(len, 0);
    true
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn at(bit: u64) -> BitOffset {
        BitOffset::new(bit as i64, u64::MAX).expect("within the limit")
    }

    #[test]
    fn setting_tells_what_was_and_what_changed() {
        let mut text = Vec::new();
        assert_eq!(set(&mut text, at(7), true), SetBit { was: false, changed: true });
        assert_eq!(set(&mut text, at(7), true), SetBit { was: true, changed: false });
        assert_eq!(set(&mut text, at(16), false), SetBit { was: false, changed: true });
        assert_eq!(text, [1, 0, 0]);
        assert_eq!(set(&mut text, at(7), false), SetBit { was: true, changed: true });
    }

    #[test]
    fn a_new_text_takes_just_what_it_needs_and_a_growing_one_little_more() {
        let mut text = Vec::new();
        set(&mut text, at(8 * 5_000_000 - 1), true);
        assert_eq!(text.capacity(), 5_000_000);
        set(&mut text, at(8 * 5_000_000), true);
        assert!(text.capacity() <= 5_000_001 + RESERVE_MAX);
    }

    proptest! {
        #[test]
        fn bits_are_kept_where_they_are_set(sets in vec((0_u64..200, any::<bool>()), 0..60)) {
            let (mut text, mut model) = (Vec::new(), [false; 200]);
            for (bit, value) in sets {
                prop_assert_eq!(set(&mut text, at(bit), value).was, model[bit as usize]);
                model[bit as usize] = value;
            }
            prop_assert!((0..200).all(|bit| get(&text, at(bit)) == model[bit as usize]));
        }
    }
}
