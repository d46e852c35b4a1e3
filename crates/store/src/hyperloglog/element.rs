//! What an element does to a HyperLogLog.

use super::REGISTERS;

/// The register of an element, and the value that it must have at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) register: usize,
    /// From 1 to [`VALUE_MAX`].
    pub(super) value: u8,
}

/// Bits of the hash that choose the register.
const REGISTER_BITS: u32 = REGISTERS.trailing_zeros();
/// The highest value: all other bits are zero.
pub(super) const VALUE_MAX: u8 = (64 - REGISTER_BITS) as u8 + 1;

impl Element {
    pub(super) fn of(element: &[u8]) -> Self {
        let hash = murmur(element);
        let zeros = ((hash >> REGISTER_BITS) | 1 << (64 - REGISTER_BITS)).trailing_zeros();
        Self { register: hash as usize % REGISTERS, value: zeros as u8 + 1 }
    }
}

/// `MurmurHash2` in its 64-bit form, with the seed that all HyperLogLogs share.
fn murmur(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0xadc8_3b19;
    const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;
    const SHIFT: u32 = 47;
    let mix = |value: u64| value ^ value >> SHIFT;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    for word in words {
        let word = mix(u64::from_le_bytes(*word).wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
        hash = (hash ^ word).wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
    }
    mix(mix(hash).wrapping_mul(MULTIPLIER))
}
