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
    // Few keys have one: most are looked at eight bytes at a time.
    let (eights, rest) = key.as_chunks::<8>();
    if !eights.iter().any(|eight| has_brace(u64::from_le_bytes(*eight))) && !rest.contains(&b'{') {
        return None;
    }
    let open = key.iter().position(|&byte| byte == b'{')?;
    let rest = &key[open + 1..];
    let close = rest.iter().position(|&byte| byte == b'}')?;
    (close > 0).then(|| &rest[..close])
}

/// Whether one of eight bytes is `{`.
fn has_brace(bytes: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let differs = bytes ^ (ONES * b'{' as u64);
    differs.wrapping_sub(ONES) & !differs & (0x80 * ONES) != 0
}

/// CRC16 in its XMODEM form: polynomial 0x1021, start 0, no reflection, no final xor.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let (fours, rest) = rest.as_chunks::<4>();
    let crc = eights.iter().fold(0, steps);
    let crc = fours.iter().fold(crc, steps);
    rest.iter().fold(crc, |crc, byte| step(crc, *byte))
}

/// Several steps at once, at most eight: none of the look-ups waits for another.
fn steps<const N: usize>(crc: u16, bytes: &[u8; N]) -> u16 {
    let [high, low] = crc.to_be_bytes();
    let mut next = AFTER[N - 1][usize::from(high ^ bytes[0])] ^ AFTER[N - 2][usize::from(low ^ bytes[1])];
    for place in 2..N {
        next ^= AFTER[N - 1 - place][usize::from(bytes[place])];
    }
    next
}

fn step(crc: u16, byte: u8) -> u16 {
    (crc << 8) ^ AFTER[0][usize::from((crc >> 8) as u8 ^ byte)]
}

/// `AFTER[n][byte]`: the CRC of a byte and `n` zeros behind it.
static AFTER: [[u16; 256]; 8] = {
    let mut after = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut zeros = 0;
        while zeros < 8 {
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
                bit += 1;
            }
            after[zeros][byte] = crc;
            zeros += 1;
        }
        byte += 1;
    }
    after
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

    #[test]
    fn a_tag_is_found_wherever_it_stands() {
        for before in 0..20 {
            for behind in 0..20 {
                let key = [&vec![b'x'; before][..], b"{tag}", &vec![b'|'; behind]].concat();
                assert_eq!(key_slot(&key), key_slot(b"tag"), "{}", String::from_utf8_lossy(&key));
            }
        }
    }

    #[test]
    fn several_steps_at_once_agree_with_steps_of_one() {
        let text: Vec<u8> = (0..100_u8).map(|at| at.wrapping_mul(89) ^ 0xa5).collect();
        for end in 0..text.len() {
            assert_eq!(crc16(&text[..end]), text[..end].iter().fold(0, |crc, byte| step(crc, *byte)), "{end} bytes");
        }
    }
}
