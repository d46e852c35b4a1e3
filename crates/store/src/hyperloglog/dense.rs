//! Registers of 6 bits side by side, the lowest bits first: four of them in three bytes.

use super::REGISTERS;

/// Bytes that they take.
pub(super) const BYTES: usize = REGISTERS * 6 / 8;

/// Registers that are unpacked together, and the bytes that they take.
const GROUP: usize = 8;
const GROUP_BYTES: usize = 6;

/// The three bytes that a register is in, as a number, and how far up in them it is.
fn quad(bytes: &[u8], register: usize) -> (u32, u32) {
    let at = register / 4 * 3;
    (u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0]), register as u32 % 4 * 6)
}

pub(super) fn get(bytes: &[u8], register: usize) -> u8 {
    let (quad, shift) = quad(bytes, register);
    (quad >> shift & 0x3f) as u8
}

pub(super) fn set(bytes: &mut [u8], register: usize, value: u8) {
    let (quad, shift) = quad(bytes, register);
    let quad = quad & !(0x3f << shift) | u32::from(value & 0x3f) << shift;
    bytes[register / 4 * 3..][..3].copy_from_slice(&quad.to_le_bytes()[..3]);
}

/// Raises a register to a value, unless it is as high; tells whether it was lower.
pub(super) fn raise(bytes: &mut [u8], register: usize, value: u8) -> bool {
    let lower = get(bytes, register) < value;
    if lower {
        set(bytes, register, value);
    }
    lower
}

/// All registers, a byte each.
pub(super) fn unpack(bytes: &[u8]) -> [u8; REGISTERS] {
    let mut registers = [0; REGISTERS];
    let groups = bytes.as_chunks::<GROUP_BYTES>().0;
    for (group, to) in groups.iter().zip(registers.as_chunks_mut::<GROUP>().0) {
        let [a, b, c, d, e, f] = *group;
        let packed = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
        // Halves are moved apart until each register has a byte.
        let halves = packed & 0xff_ffff | (packed & 0xffff_ff00_0000) << 8;
        let quarters = halves & 0xfff_0000_0fff | (halves & 0xff_f000_00ff_f000) << 4;
        let eighths = quarters & 0x3f_003f_003f_003f | (quarters & 0x0fc0_0fc0_0fc0_0fc0) << 2;
        *to = eighths.to_le_bytes();
    }
    registers
}

/// The other way round.
pub(super) fn pack(registers: &[u8; REGISTERS], bytes: &mut [u8]) {
    let groups = bytes.as_chunks_mut::<GROUP_BYTES>().0;
    for (group, to) in registers.as_chunks::<GROUP>().0.iter().zip(groups) {
        let eighths = u64::from_le_bytes(*group) & 0x3f3f_3f3f_3f3f_3f3f;
        let quarters = eighths & 0x3f_003f_003f_003f | (eighths & 0x3f00_3f00_3f00_3f00) >> 2;
        let halves = quarters & 0xfff_0000_0fff | (quarters & 0xfff_0000_0fff_0000) >> 4;
        let packed = halves & 0xff_ffff | (halves & 0xff_ffff_0000_0000) >> 8;
        to.copy_from_slice(&packed.to_le_bytes()[..GROUP_BYTES]);
    }
}
