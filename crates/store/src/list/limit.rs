//! How much one piece of a list may hold.

/// Bytes of a listpack where the limit is a size: for -1, -2 and so on.
const SIZES: [usize; 5] = [4096, 8192, 16_384, 32_768, 65_536];
/// Bytes of a listpack where the limit is a count.
const SIZE_MAX: usize = 8192;
/// Bytes that a value in a listpack takes besides its text, roughly.
const OVERHEAD: usize = 8;
/// How many times the bytes a listpack may have when values in it are replaced by longer ones. Real servers know no bound
/// there; with one, no change costs much more than another.
const STRETCH: usize = 4;

/// How much one piece of a list may hold: the directive `list-max-listpack-size`.
///
/// | directive | a listpack has at most |
/// |---|---|
/// | above 0 | so many values, and 8 KiB |
/// | 0 | one value |
/// | -1 to -5 | 4, 8, 16, 32 or 64 KiB |
/// | below -5 | 64 KiB |
///
/// A text that is longer than the bytes has a piece of its own. Where values are replaced by longer ones a listpack may come
/// to four times the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListLimit {
    bytes: usize,
    /// `None` where only the size counts.
    count: Option<usize>,
}

impl Default for ListLimit {
    fn default() -> Self {
        Self::new(-2)
    }
}

impl ListLimit {
    /// The limit that the directive sets.
    #[must_use]
    pub const fn new(list_max_listpack_size: i32) -> Self {
        let size = list_max_listpack_size;
        if size < 0 {
            let level = size.unsigned_abs() as usize - 1;
            return Self { bytes: SIZES[if level < SIZES.len() { level } else { SIZES.len() - 1 }], count: None };
        }
        Self { bytes: SIZE_MAX, count: Some(if size == 0 { 1 } else { size as usize }) }
    }

    /// Whether a text of this length has a piece of its own.
    pub(super) fn is_large(self, length: usize) -> bool {
        length > self.bytes
    }

    /// Whether a listpack of so many bytes and values is too big.
    pub(super) fn exceeded(self, bytes: usize, count: usize) -> bool {
        bytes > self.bytes || self.count.is_some_and(|most| count > most)
    }

    /// Whether there is room for one more text in a listpack of so many bytes and values.
    pub(super) fn has_room(self, bytes: usize, count: usize, length: usize) -> bool {
        !self.is_large(length) && !self.exceeded(bytes + length + OVERHEAD, count + 1)
    }

    /// Whether a text may stand in the place of `old` bytes of a listpack; one that is too big need not become smaller.
    pub(super) fn has_room_instead(self, bytes: usize, old: usize, length: usize) -> bool {
        !self.is_large(length) && bytes - old + length + OVERHEAD <= bytes.max(self.bytes * STRETCH)
    }

    /// Whether one listpack of so many bytes and values is a list by itself.
    pub(super) fn suffices(self, bytes: usize, count: usize) -> bool {
        self.count.map_or(bytes <= self.bytes, |most| count <= most)
    }

    /// The same for a list that becomes shorter: only half as much, so that it does not change to and fro.
    pub(super) fn suffices_again(self, bytes: usize, count: usize) -> bool {
        self.suffices(bytes.saturating_mul(2), count.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directive_is_a_count_or_a_size() {
        for (directive, bytes, count) in [
            (-1, 4096, None),
            (-2, 8192, None),
            (-5, 65_536, None),
            (-6, 65_536, None),
            (i32::MIN, 65_536, None),
            (0, 8192, Some(1)),
            (1, 8192, Some(1)),
            (128, 8192, Some(128)),
        ] {
            assert_eq!(ListLimit::new(directive), ListLimit { bytes, count }, "{directive}");
        }
    }

    #[test]
    fn a_limit_of_one_value_is_never_left_again() {
        let limit = ListLimit::new(1);
        assert!(limit.suffices(10, 1) && !limit.suffices_again(10, 1));
    }
}
