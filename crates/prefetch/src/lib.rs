//! Asks the processor for memory before it is needed.
//!
//! A server that has several requests at hand knows which keys it will look for. Whoever waits for the memory of one after the
//! other waits for nearly all of the time; asked for beforehand, it comes for all of them at once. A hint changes nothing
//! that a program could see but how long it takes.
//!
//! ```
//! let table = vec![7_u64; 1000];
//! slotmesh_prefetch::prefetch(&table[500]);
//! assert_eq!(table[500], 7);
//! ```

/// Bytes that come into the cache together.
const LINE: usize = 64;

/// Most lines that are asked for at once: a processor keeps some ten on their way.
const LINES_MAX: usize = 4;

/// Asks for the first bytes of something, up to 256.
#[inline]
pub fn prefetch<T: ?Sized>(what: &T) {
    prefetch_at(std::ptr::from_ref(what).cast::<u8>().addr(), size_of_val(what));
}

/// Asks for the first bytes, up to 256, of something of that size that is likely to be at that address. Where nothing is, nothing
/// happens.
#[inline]
pub fn prefetch_at(address: usize, size: usize) {
    let start = std::ptr::without_provenance::<u8>(address);
    // Counted from the line that it begins in, for nothing need begin where a line does.
    let into = start.addr() % LINE;
    let lines = (into + size).div_ceil(LINE).min(LINES_MAX);
    for line in 0..lines {
        ask(start.wrapping_add((line * LINE).saturating_sub(into)));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn ask(line: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and faults at no address. Every x86-64 processor has it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn ask(line: *const u8) {
    // SAFETY: a prefetch reads nothing and faults at no address.
    unsafe { std::arch::asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly)) }
}

/// Other processors find out by themselves.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn ask(_line: *const u8) {}

#[cfg(test)]
mod tests {
    use super::{prefetch, prefetch_at};

    #[test]
    fn anything_can_be_asked_for() {
        prefetch(&());
        prefetch::<[u8]>(&[]);
        prefetch("text");
        let bytes = vec![1_u8; 10_000];
        (0..bytes.len()).for_each(|start| prefetch(&bytes[start..]));
        [0, 1, usize::MAX].into_iter().for_each(|nowhere| prefetch_at(nowhere, 1000));
        assert!(bytes.iter().all(|byte| *byte == 1));
    }
}
