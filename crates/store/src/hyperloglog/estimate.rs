//! From registers to a number of elements.

use super::REGISTERS;
use super::element::VALUE_MAX;

/// How many registers have each value.
#[derive(Debug)]
pub(super) struct Histogram([u32; 64]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Histogram {
    pub(super) fn add(&mut self, value: u8, registers: usize) {
        self.0[usize::from(value % 64)] += registers as u32;
    }

    pub(super) fn add_all(&mut self, registers: &[u8; REGISTERS]) {
        // Most are equal to one before; counting in four tables keeps them from waiting for each other.
        let mut tables = [[0_u32; 64]; 4];
        for quad in registers.as_chunks::<4>().0 {
            for (table, value) in tables.iter_mut().zip(quad) {
                table[usize::from(value % 64)] += 1;
            }
        }
        for table in tables {
            self.0.iter_mut().zip(table).for_each(|(sum, count)| *sum += count);
        }
    }

    /// The estimate of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284), section 4.
    ///
    /// Registers that no elements can have made, all above [`VALUE_MAX`], give 2^63.
    pub(super) fn estimate(&self) -> u64 {
        /// 1 / (2 ln 2)
        const ALPHA: f64 = 0.721_347_520_444_481_7;
        const ALL: f64 = REGISTERS as f64;
        let count = |value: u8| f64::from(self.0[usize::from(value)]);
        let mut sum = ALL * tau((ALL - count(VALUE_MAX)) / ALL);
        for value in (1..VALUE_MAX).rev() {
            sum = (sum + count(value)) * 0.5;
        }
        sum += ALL * sigma(count(0) / ALL);
        let estimate = (ALPHA * ALL * ALL / sum).round();
        if estimate < 9e18 { estimate as u64 } else { 1 << 63 }
    }
}

/// x + the sum over k of x^(2^k) 2^(k-1): the part of registers that are still zero.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut factor, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}

/// (1 - x - the sum over k of (1 - x^(2^-k))^2 2^-k) / 3: the part of registers that can't rise.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut factor, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}
