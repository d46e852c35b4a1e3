//! HyperLogLogs: texts that tell about how many different elements were added, within 0.81 %. What PFADD, PFCOUNT and PFMERGE do.
//!
//! They are texts like any other, byte for byte those of Valkey:
//!
//! ```text
//! bytes  0..4   "HYLL"
//!        4      0 dense, 1 sparse
//!        5..8   zeros
//!        8..16  the last estimate, little-endian; its highest bit tells that it holds no more
//!        16..   16384 registers of 6 bits: all of them (dense, 12288 bytes), or runs of equal ones (sparse)
//! ```
//!
//! Each element has a register, which keeps the longest row of zeros that the hashes of its elements begin with, plus one.
//!
//! ```
//! use slotmesh_store::hyperloglog::{self, HyperLogLog};
//!
//! let mut text = hyperloglog::empty();
//! assert_eq!(hyperloglog::add(&mut text, [&b"a"[..], b"b", b"a"], 3000), Ok(2));
//! let of_text = HyperLogLog::of(&text).expect("one");
//! assert_eq!((of_text.cached(), of_text.estimate()), (None, Ok(2)));
//! ```

mod dense;
mod element;
mod estimate;
mod registers;
mod sparse;

use element::Element;
use estimate::Histogram;
pub use registers::Registers;

/// How many registers there are.
pub const REGISTERS: usize = 1 << 14;

const MAGIC: &[u8; 4] = b"HYLL";
const HEADER: usize = 16;
const ENCODING: usize = 4;
const CACHE: usize = 8;
/// The last byte of the estimate, and the bit in it that tells that it holds no more.
const STALE: (usize, u8) = (15, 0x80);
const DENSE: u8 = 0;
const SPARSE: u8 = 1;

/// A text is no HyperLogLog. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a HyperLogLog")]
pub struct NotHyperLogLog;

/// The runs of a sparse HyperLogLog do not make 16384 registers: the text was made by something else, or has been damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registers of the HyperLogLog are damaged")]
pub struct Damaged;

/// Why elements could not be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// The text is none; it is as it was.
    #[error(transparent)]
    NotHyperLogLog(#[from] NotHyperLogLog),
    /// It can't be read; elements before may be in it.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// How the registers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// All of them, 6 bits each.
    Dense,
    /// Runs of equal ones. Numbers above 32 can't be written so.
    Sparse,
}

/// A text that is a HyperLogLog as far as its header and its length tell.
#[derive(Clone, Copy, Debug)]
pub struct HyperLogLog<'a> {
    text: &'a [u8],
    encoding: Encoding,
}

impl<'a> HyperLogLog<'a> {
    /// Looks at a text as one. What is in sparse registers shows only when they are read.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(text: &'a [u8]) -> Result<Self, NotHyperLogLog> {
        if text.len() < HEADER || !text.starts_with(MAGIC) {
            return Err(NotHyperLogLog);
        }
        let encoding = match text[ENCODING] {
            DENSE if text.len() == HEADER + dense::BYTES => Encoding::Dense,
            SPARSE => Encoding::Sparse,
            _ => return Err(NotHyperLogLog),
        };
        Ok(Self { text, encoding })
    }

    /// How its registers are written.
    #[must_use]
    pub fn encoding(self) -> Encoding {
        self.encoding
    }

    /// The estimate that was kept, if it still holds.
    #[must_use]
    pub fn cached(self) -> Option<u64> {
        let kept = u64::from_le_bytes(*self.text[CACHE..].first_chunk().expect("the header was looked at"));
        (kept >> 63 == 0).then_some(kept)
    }

    /// About how many different elements were added. It takes time with the bytes of the registers.
    ///
    /// # Errors
    /// When its registers are damaged.
    pub fn estimate(self) -> Result<u64, Damaged> {
        let mut histogram = Histogram::default();
        match self.encoding {
            Encoding::Dense => histogram.add_all(&dense::unpack(self.registers())),
            Encoding::Sparse => sparse::each_run(self.registers(), |_, len, value| histogram.add(value, len))?,
        }
        Ok(histogram.estimate())
    }

    /// The runs of a sparse one in words, as PFDEBUG DECODE tells them: `z:3` and `Z:300` for registers that are zero, `v:2,1` for
    /// a value and how often it comes. `None` for a dense one.
    #[must_use]
    pub fn decode(self) -> Option<String> {
        (self.encoding == Encoding::Sparse).then(|| sparse::decode(self.registers()))
    }

    fn registers(self) -> &'a [u8] {
        &self.text[HEADER..]
    }
}

/// A HyperLogLog without elements. The estimate that it keeps, 0, holds.
#[must_use]
pub fn empty() -> Vec<u8> {
    let mut text = Vec::with_capacity(HEADER + sparse::EMPTY.len());
    text.extend_from_slice(MAGIC);
    text.push(SPARSE);
    text.resize(HEADER, 0);
    text.extend_from_slice(&sparse::EMPTY);
    text
}

/// Adds elements and tells how many of them have changed it; an estimate that it kept then holds no more. A sparse one becomes
/// dense when it would have more than `sparse_max` bytes (Valkey: `hll-sparse-max-bytes`).
///
/// Each element takes constant time in a dense one, time with its bytes in a sparse one.
///
/// # Errors
/// When the text is no HyperLogLog, or its registers are damaged. Elements before the one that showed the damage are in it then.
pub fn add<'e>(
    text: &mut Vec<u8>,
    elements: impl IntoIterator<Item = &'e [u8]>,
    sparse_max: usize,
) -> Result<usize, AddError> {
    HyperLogLog::of(text)?;
    let mut changes = 0;
    for element in elements {
        changes += usize::from(raise(text, Element::of(element), sparse_max)?);
    }
    if changes > 0 {
        forget_estimate(text);
    }
    Ok(changes)
}

/// Marks the estimate that is kept as one that does not hold. A new HyperLogLog that PFADD makes is marked so even without elements.
///
/// The text must be a HyperLogLog.
pub fn forget_estimate(text: &mut [u8]) {
    debug_assert!(HyperLogLog::of(text).is_ok(), "the caller has looked");
    text[STALE.0] |= STALE.1;
}

/// Keeps an estimate.
///
/// The text must be a HyperLogLog.
pub fn keep_estimate(text: &mut [u8], estimate: u64) {
    debug_assert!(HyperLogLog::of(text).is_ok(), "the caller has looked");
    text[CACHE..HEADER].copy_from_slice(&estimate.to_le_bytes());
}

/// Makes a sparse one dense; tells whether it was sparse. The estimate that it keeps stays.
///
/// The text must be a HyperLogLog.
///
/// # Errors
/// When its registers are damaged; nothing is changed then.
pub fn to_dense(text: &mut Vec<u8>) -> Result<bool, Damaged> {
    if text[ENCODING] != SPARSE {
        return Ok(false);
    }
    let mut dense = vec![0; HEADER + dense::BYTES];
    let (header, registers) = dense.split_at_mut(HEADER);
    header.copy_from_slice(&text[..HEADER]);
    header[ENCODING] = DENSE;
    sparse::each_run(&text[HEADER..], |first, len, value| {
        if value > 0 {
            (first..first + len).for_each(|register| dense::set(registers, register, value));
        }
    })?;
    *text = dense;
    Ok(true)
}

/// Raises a register to a value, unless it is as high; tells whether it was lower.
fn raise(text: &mut Vec<u8>, element: Element, sparse_max: usize) -> Result<bool, Damaged> {
    if text[ENCODING] == SPARSE {
        match sparse::raise(text, HEADER, element, sparse_max)? {
            sparse::Raised::No => return Ok(false),
            sparse::Raised::Yes => return Ok(true),
            sparse::Raised::NoRoom => to_dense(text)?,
        };
    }
    Ok(dense::raise(&mut text[HEADER..], element.register, element.value))
}

#[cfg(test)]
mod tests;
