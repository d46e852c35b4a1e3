//! From key to slot.

use crate::Slot;

/// The slot of a key: CRC16 of the key, or of its hash tag, modulo 16384.
///
/// The hash tag is what stands between the first `{` and the first `}` after it, if that is at least one byte; keys
/// with one tag share a slot. Source: cluster-spec, "Hash tags".
///
/// ```
/// use slotmesh_types::key_slot;
/// assert_eq!(key_slot(b"foo").get(), 12182);
/// assert_eq!(key_slot(b"{foo}x").get(), 12182);
/// assert_eq!(key_slot(b"{}foo").get(), 9500, "an empty tag is no tag");
/// ```
#[must_use]
pub fn key_slot(key: &[u8]) -> Slot {
    Slot::from_hash(crc16(hash_tag(key).unwrap_or(key)))
}

fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|&byte| byte == b'{')?;
    let rest = &key[open + 1..];
    let close = rest.iter().position(|&byte| byte == b'}')?;
    (close > 0).then(|| &rest[..close])
}

/// CRC16 in its XMODEM form: polynomial 0x1021, start 0, no reflection, no final xor.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_agree_with_the_reference_server() {
        let known: [(&[u8], u16); 9] = [
            (b"foo", 12182),
            (b"{foo}x", 12182),
            (b"{}foo", 9500),
            (b"foo{}{bar}", 8363),
            (b"foo{{bar}}zap", 4015),
            (b"foo{bar}{zap}", 5061),
            (b"", 0),
            (b"a}b{c}", 7365),
            (b"123456789", 12739),
        ];
        for (key, slot) in known {
            assert_eq!(key_slot(key).get(), slot, "{}", String::from_utf8_lossy(key));
        }
    }
}
