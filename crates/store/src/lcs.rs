//! The longest common subsequence of two texts, for LCS.
//!
//! A table has the length of the longest common subsequence for each pair of beginnings of the two texts. From one cell to
//! the next of a row it grows by one or not at all, so a row is kept as a row of bits, and 64 cells come from the row before in
//! a few operations on words (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). The bits are also all that
//! the way back through the table asks for.

use std::collections::BTreeMap;

/// Bytes that a cell of the table takes in Valkey, by which the size of the texts is bounded there.
const CELL_BYTES: u64 = 4;
/// Texts of this many bytes and more are refused.
const LENGTH_END: usize = u32::MAX as usize - 1;

/// Why a longest common subsequence is not looked for. Nothing was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LcsError {
    /// A text has 4 GiB or more.
    #[error("String too long for LCS")]
    TooLong,
    /// The table would be too big: compare shorter texts, or raise the directive.
    #[error("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")]
    TooBig,
}

/// Bytes that follow one another in both texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LcsMatch {
    /// Where they begin in the first text.
    pub a: usize,
    /// Where they begin in the second text.
    pub b: usize,
    /// How many they are.
    pub length: usize,
}

/// A longest common subsequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lcs {
    /// The matches it is made of, the last first, as LCS IDX shows them.
    pub matches: Vec<LcsMatch>,
}

impl Lcs {
    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.matches.iter().map(|found| found.length).sum()
    }

    /// Its bytes, given the first text again.
    #[must_use]
    pub fn text(&self, a: &[u8]) -> Vec<u8> {
        let pieces = self.matches.iter().rev();
        pieces.flat_map(|found| &a[found.a..found.a + found.length]).copied().collect()
    }
}

/// The length of a longest common subsequence of two texts.
///
/// `table_bytes_max` is `proto-max-bulk-len`. It bounds a table of 4 bytes for each pair of bytes, as in Valkey; taken is no
/// more than about one bit for each. Costs a step for each byte of `a` and 64 bytes of `b`.
///
/// # Errors
/// When the texts are too long.
pub fn lcs_length(a: &[u8], b: &[u8], table_bytes_max: u64) -> Result<usize, LcsError> {
    check(a, b, table_bytes_max)?;
    let mut rows = Rows::new(a, b);
    a.iter().for_each(|byte| rows.step(*byte));
    Ok(rows.length())
}

/// A longest common subsequence of two texts: the one that LCS finds in Valkey.
///
/// `table_bytes_max` is as for [`lcs_length`]; taken are about two bits for each pair, where `b` has at least some bytes. Costs
/// the same, and a step for each byte of both.
///
/// # Errors
/// When the texts are too long.
pub fn lcs(a: &[u8], b: &[u8], table_bytes_max: u64) -> Result<Lcs, LcsError> {
    check(a, b, table_bytes_max)?;
    let mut rows = Rows::new(a, b);
    let row = b.len().div_ceil(8);
    let mut table = Table { bytes: Vec::with_capacity(a.len() * row + 8), row };
    for byte in a {
        rows.step(*byte);
        let end = table.bytes.len() + table.row;
        rows.bits.iter().for_each(|word| table.bytes.extend_from_slice(&word.to_le_bytes()));
        table.bytes.truncate(end);
    }
    Ok(Lcs { matches: way_back(a, b, &table) })
}

fn check(a: &[u8], b: &[u8], table_bytes_max: u64) -> Result<(), LcsError> {
    if a.len() >= LENGTH_END || b.len() >= LENGTH_END {
        return Err(LcsError::TooLong);
    }
    let cells = (a.len() as u64 + 1) * (b.len() as u64 + 1);
    let fits = cells.checked_mul(CELL_BYTES).is_some_and(|bytes| bytes <= table_bytes_max);
    if fits { Ok(()) } else { Err(LcsError::TooBig) }
}

/// One row of the table at a time.
struct Rows {
    /// For each byte of the first text, where the second one has it.
    places: BTreeMap<u8, Vec<u64>>,
    /// A bit for each byte of the second text: 0 where the length grows.
    bits: Vec<u64>,
}

impl Rows {
    fn new(a: &[u8], b: &[u8]) -> Self {
        let words = b.len().div_ceil(64);
        let mut wanted = [false; 256];
        a.iter().for_each(|byte| wanted[usize::from(*byte)] = true);
        let mut places: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        for (at, byte) in b.iter().enumerate().filter(|(_, byte)| wanted[usize::from(**byte)]) {
            places.entry(*byte).or_insert_with(|| vec![0; words])[at / 64] |= 1 << (at % 64);
        }
        Self { places, bits: vec![u64::MAX; words] }
    }

    /// Goes on to the row of this byte of the first text.
    fn step(&mut self, byte: u8) {
        // Without a match the row is as the one before.
        let Some(places) = self.places.get(&byte) else { return };
        let mut carry = false;
        for (bits, places) in self.bits.iter_mut().zip(places) {
            let matched = *bits & places;
            let (sum, over) = bits.overflowing_add(matched);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            carry = over || over_again;
            *bits = sum | (*bits & !places);
        }
    }

    fn length(&self) -> usize {
        // Where no text is any more there are no matches, and bits stay 1.
        self.bits.iter().map(|word| word.count_zeros() as usize).sum()
    }
}

/// All rows, one bit for each pair of bytes.
struct Table {
    bytes: Vec<u8>,
    /// Bytes of a row.
    row: usize,
}

impl Table {
    /// Whether the length grows from the column before to this one.
    fn grows(&self, row: usize, column: usize) -> bool {
        self.bytes[row * self.row + column / 8] & (1 << (column % 8)) == 0
    }
}

/// The matches, from the end of both texts on. Where both ways are as good, the second text is shortened.
fn way_back(a: &[u8], b: &[u8], table: &Table) -> Vec<LcsMatch> {
    let (mut i, mut j) = (a.len(), b.len());
    let mut matches: Vec<LcsMatch> = Vec::new();
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            (i, j) = (i - 1, j - 1);
            match matches.last_mut() {
                Some(last) if (last.a, last.b) == (i + 1, j + 1) => {
                    *last = LcsMatch { a: i, b: j, length: last.length + 1 };
                }
                _ => matches.push(LcsMatch { a: i, b: j, length: 1 }),
            }
        } else if table.grows(i - 1, j - 1) {
            // Then it is longer without the last byte of the first text than without that of the second.
            i -= 1;
        } else {
            j -= 1;
        }
    }
    matches
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MAX: u64 = 512 << 20;

    /// From the documentation of the command.
    #[test]
    fn matches_come_from_the_end() {
        let (a, b) = (b"ohmytext", b"mynewtext");
        let found = lcs(a, b, MAX).expect("they are short");
        assert_eq!(found.text(a), b"mytext");
        assert_eq!(found.matches, [LcsMatch { a: 4, b: 5, length: 4 }, LcsMatch { a: 2, b: 0, length: 2 }]);
        assert_eq!((found.length(), lcs_length(a, b, MAX)), (6, Ok(6)));
    }

    #[test]
    fn nothing_has_nothing_in_common() {
        assert_eq!(lcs(b"", b"abc", MAX).map(|found| found.length()), Ok(0));
        assert_eq!(lcs(b"abc", b"", MAX).map(|found| found.text(b"abc")), Ok(Vec::new()));
    }

    #[test]
    fn the_table_is_bounded() {
        let (a, b) = ([b'a'; 99], [b'b'; 9]);
        assert_eq!(lcs_length(&a, &b, 4000), Ok(0));
        assert_eq!(lcs_length(&a, &b, 3999), Err(LcsError::TooBig));
        assert_eq!(lcs(&a, &b, 3999), Err(LcsError::TooBig));
    }

    #[test]
    fn rows_of_many_words_carry_over() {
        let text: Vec<u8> = (0..1000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut other = text.clone();
        other.remove(500);
        assert_eq!(lcs_length(&text, &other, MAX), Ok(999));
        assert_eq!(lcs(&text, &other, MAX).map(|found| found.text(&text)), Ok(other));
        assert_eq!(lcs_length(&[b'a'; 200], &[b'a'; 300], MAX), Ok(200));
    }

    /// The table with a number in each cell, and the way back through it.
    fn model(a: &[u8], b: &[u8]) -> Vec<(usize, usize)> {
        let mut cells = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                let longer = cells[i - 1][j].max(cells[i][j - 1]);
                cells[i][j] = if a[i - 1] == b[j - 1] { cells[i - 1][j - 1] + 1 } else { longer };
            }
        }
        let (mut i, mut j, mut pairs) = (a.len(), b.len(), Vec::new());
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                pairs.push((i, j));
            } else if cells[i - 1][j] > cells[i][j - 1] {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        assert_eq!(pairs.len(), cells[a.len()][b.len()]);
        pairs
    }

    proptest! {
        #[test]
        fn it_is_what_a_table_of_numbers_gives(a in vec(0_u8..4, 0..150), b in vec(0_u8..4, 0..150)) {
            let found = lcs(&a, &b, MAX).expect("they are short");
            let pairs: Vec<_> = found
                .matches
                .iter()
                .flat_map(|found| (0..found.length).rev().map(|at| (found.a + at, found.b + at)))
                .collect();
            prop_assert_eq!(&pairs, &model(&a, &b));
            prop_assert_eq!(lcs_length(&a, &b, MAX), Ok(pairs.len()));
            let whole = found.matches.windows(2).all(|two| (two[1].a + two[1].length, two[1].b + two[1].length) != (two[0].a, two[0].b));
            prop_assert!(whole, "matches that touch are one");
        }
    }
}
