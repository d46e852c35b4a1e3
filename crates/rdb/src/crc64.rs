//! The checksum of the format: CRC-64 with the polynomial of Jones, reflected, beginning with 0.

/// The polynomial, its bits in reverse.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// What a byte does to the checksum, with so many bytes behind it.
static TABLES: [[u64; 256]; 8] = tables();

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u64, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut behind = 1;
    while behind < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[behind - 1][byte];
            tables[behind][byte] = tables[0][(crc & 0xff) as usize] ^ (crc >> 8);
            byte += 1;
        }
        behind += 1;
    }
    tables
}

/// The checksum of some bytes. Source: `crc64.c` of Valkey.
#[must_use]
pub fn crc64(bytes: &[u8]) -> u64 {
    let mut chunks = bytes.chunks_exact(8);
    let whole = chunks.by_ref().fold(0_u64, |crc, chunk| {
        let mixed = crc.to_le_bytes();
        (0..8).fold(0, |next, at| next ^ TABLES[7 - at][usize::from(mixed[at] ^ chunk[at])])
    });
    chunks.remainder().iter().fold(whole, |crc, byte| TABLES[0][usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_value_comes_out() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn eight_bytes_at_once_are_as_one_after_the_other() {
        let bytes: Vec<u8> = (0..100_u8).map(|byte| byte.wrapping_mul(37)).collect();
        for end in 0..bytes.len() {
            let one_by_one =
                bytes[..end].iter().fold(0, |crc: u64, byte| TABLES[0][usize::from(crc as u8 ^ byte)] ^ (crc >> 8));
            assert_eq!(crc64(&bytes[..end]), one_by_one);
        }
    }
}
