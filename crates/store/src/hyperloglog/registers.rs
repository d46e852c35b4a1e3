//! The union of several.

use super::element::Element;
use super::estimate::Histogram;
use super::{Damaged, Encoding, HEADER, HyperLogLog, REGISTERS, dense, forget_estimate, raise, sparse, to_dense};

/// Registers a byte each, to unite HyperLogLogs: each is the highest of theirs.
#[derive(Clone, Debug)]
pub struct Registers {
    values: Box<[u8; REGISTERS]>,
    any_dense: bool,
}

impl Default for Registers {
    fn default() -> Self {
        Self { values: Box::new([0; REGISTERS]), any_dense: false }
    }
}

impl Registers {
    /// Adds what is in another.
    ///
    /// # Errors
    /// When its registers are damaged; some of them may have been added.
    pub fn unite(&mut self, other: HyperLogLog<'_>) -> Result<(), Damaged> {
        match other.encoding() {
            Encoding::Dense => {
                self.any_dense = true;
                let values = dense::unpack(other.registers());
                self.values.iter_mut().zip(values).for_each(|(value, other)| *value = (*value).max(other));
                Ok(())
            }
            Encoding::Sparse => sparse::each_run(other.registers(), |first, len, other| {
                if other > 0 {
                    self.values[first..first + len].iter_mut().for_each(|value| *value = (*value).max(other));
                }
            }),
        }
    }

    /// About how many different elements they have in all.
    #[must_use]
    pub fn estimate(&self) -> u64 {
        let mut histogram = Histogram::default();
        histogram.add_all(&self.values);
        histogram.estimate()
    }

    /// All registers in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> {
        self.values.iter().copied()
    }

    /// Puts the union into one that is part of it, or empty, as PFMERGE does: it is dense if any of them is, or if it would have
    /// more than `sparse_max` bytes. The estimate that it keeps holds no more.
    ///
    /// # Errors
    /// When its registers are damaged, which it would have shown when it was united. The text must be a HyperLogLog.
    pub fn write_to(&self, text: &mut Vec<u8>, sparse_max: usize) -> Result<(), Damaged> {
        if self.any_dense {
            to_dense(text)?;
        }
        if HyperLogLog::of(text).is_ok_and(|target| target.encoding() == Encoding::Dense) {
            dense::pack(&self.values, &mut text[HEADER..]);
        } else {
            for (register, value) in self.iter().enumerate().filter(|(_, value)| *value > 0) {
                raise(text, Element { register, value }, sparse_max)?;
            }
        }
        forget_estimate(text);
        Ok(())
    }
}
