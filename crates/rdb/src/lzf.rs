//! LZF: a text as bytes that stand for themselves, and repetitions of what was there up to 8 KiB before.
//!
//! | head | then | is |
//! |---|---|---|
//! | `000nnnnn` | n + 1 bytes | they |
//! | `nnnooooo` | `oooooooo` | n + 2 bytes that began o + 1 bytes before |
//! | `111ooooo` | `nnnnnnnn` `oooooooo` | n + 9 such bytes |

/// Bytes that stand for themselves under one head.
const LITERALS_MAX: usize = 32;
/// A head that is below this stands before such bytes.
const REPETITION: u8 = 32;
/// Bytes of the shortest repetition that is looked for.
const SHORTEST: usize = 3;
/// Bytes of the longest repetition.
const LONGEST: usize = 264;
/// How far back it may begin.
const WINDOW: usize = 8192;
/// A length that does not fit into the head.
const LONG: usize = 7;
/// A compressed text is shorter by so much, or is not worth it.
const GAIN: usize = 4;
/// The table of a long text has so many bits.
const BITS_MAX: u32 = 14;

/// Compresses texts, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Compressor {
    /// Where three bytes with that hash were last met, and one more; 0 for nowhere.
    places: Vec<u32>,
}

impl Compressor {
    /// The compressed text, if that is shorter.
    pub(crate) fn compress(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let most = text.len().checked_sub(GAIN)?;
        let bits = (usize::BITS - text.len().leading_zeros()).min(BITS_MAX);
        u32::try_from(text.len()).ok()?;
        self.places.clear();
        self.places.resize(1 << bits, 0);
        let (mut out, mut literals, mut at) = (Vec::new(), 0, 0);
        while at + SHORTEST <= text.len() {
            let Some((distance, length)) = self.find(text, at, bits) else {
                at += 1;
                continue;
            };
            write_literals(&mut out, &text[literals..at]);
            write_repetition(&mut out, distance, length);
            if out.len() > most {
                return None;
            }
            for place in at + 1..(at + length).min(text.len() - SHORTEST + 1) {
                self.note(text, place, bits);
            }
            at += length;
            literals = at;
        }
        let rest = text.len() - literals;
        if out.len() + rest + rest.div_ceil(LITERALS_MAX) > most {
            return None;
        }
        write_literals(&mut out, &text[literals..]);
        Some(out)
    }

    /// How far back what begins here was there before, and how much of it.
    fn find(&mut self, text: &[u8], at: usize, bits: u32) -> Option<(usize, usize)> {
        let before = self.note(text, at, bits)?;
        let distance = at - before - 1;
        if distance >= WINDOW {
            return None;
        }
        let most = (text.len() - at).min(LONGEST);
        let same = text[at..at + most].iter().zip(&text[before..]).take_while(|(one, other)| one == other).count();
        (same >= SHORTEST).then_some((distance, same))
    }

    /// Notes that three bytes begin here; gives where such were met before.
    fn note(&mut self, text: &[u8], at: usize, bits: u32) -> Option<usize> {
        let word = u32::from_le_bytes([text[at], text[at + 1], text[at + 2], 0]);
        let hash = word.wrapping_mul(0x9e37_79b1) >> (32 - bits);
        let before = std::mem::replace(&mut self.places[hash as usize], at as u32 + 1);
        (before as usize).checked_sub(1)
    }
}

fn write_literals(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(LITERALS_MAX) {
        out.push(chunk.len() as u8 - 1);
        out.extend_from_slice(chunk);
    }
}

fn write_repetition(out: &mut Vec<u8>, distance: usize, length: usize) {
    let (high, length) = ((distance >> 8) as u8, length - 2);
    if length < LONG {
        out.push((length as u8) << 5 | high);
    } else {
        out.extend_from_slice(&[(LONG as u8) << 5 | high, (length - LONG) as u8]);
    }
    out.push(distance as u8);
}

/// The text that was compressed, which has just this length; `None` if it is none.
pub(crate) fn decompress(mut bytes: &[u8], length: usize) -> Option<Vec<u8>> {
    // Three bytes are 264 at most: what is reserved has come.
    if length > bytes.len().saturating_mul(LONGEST / 3) {
        return None;
    }
    let mut text = Vec::with_capacity(length);
    while let Some((head, rest)) = bytes.split_first() {
        bytes = rest;
        if *head < REPETITION {
            let (literals, rest) = bytes.split_at_checked(usize::from(*head) + 1)?;
            text.extend_from_slice(literals);
            bytes = rest;
        } else {
            bytes = repeat(&mut text, *head, bytes, length)?;
        }
        if text.len() > length {
            return None;
        }
    }
    (text.len() == length).then_some(text)
}

/// Adds a repetition; gives what is behind it.
fn repeat<'a>(text: &mut Vec<u8>, head: u8, mut bytes: &'a [u8], most: usize) -> Option<&'a [u8]> {
    let mut length = usize::from(head >> 5);
    if length == LONG {
        let (more, rest) = bytes.split_first()?;
        length += usize::from(*more);
        bytes = rest;
    }
    let (low, rest) = bytes.split_first()?;
    let distance = usize::from(head & 31) << 8 | usize::from(*low);
    let start = text.len().checked_sub(distance + 1)?;
    let length = length + 2;
    if text.len() + length > most {
        return None;
    }
    // It may repeat what it is just adding.
    for at in start..start + length {
        text.push(text[at]);
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(text: &[u8]) -> Option<usize> {
        let bytes = Compressor::default().compress(text)?;
        assert_eq!(decompress(&bytes, text.len()).as_deref(), Some(text));
        assert_eq!(decompress(&bytes, text.len() - 1), None);
        assert_eq!(decompress(&bytes, text.len() + 1), None);
        Some(bytes.len())
    }

    #[test]
    fn repetitions_take_little() {
        assert_eq!(there_and_back(&[b'a'; 22]), Some(5));
        assert!(there_and_back(&[b'a'; 100_000]).is_some_and(|length| length < 1200));
        let words = b"a wheel within a wheel within a wheel".repeat(50);
        assert!(there_and_back(&words).is_some_and(|length| length < 500));
    }

    #[test]
    fn a_repetition_from_as_far_back_as_can_be_is_found() {
        let mut text = b"<needle>".to_vec();
        text.extend((0..WINDOW - 8).map(|at| ((at * at) >> 3) as u8));
        text.extend_from_slice(b"<needle>");
        there_and_back(&text);
        text.insert(20, 0);
        there_and_back(&text);
    }

    #[test]
    fn what_does_not_become_shorter_is_left() {
        let mut seed = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .take(5000)
        .collect();
        assert_eq!(there_and_back(&noise), None);
        for length in 0..5 {
            assert_eq!(there_and_back(&[b'a'; 5][..length]), None);
        }
    }

    #[test]
    fn what_is_no_compressed_text_is_refused() {
        assert_eq!(decompress(&[], 0), Some(Vec::new()));
        for (bytes, length) in [
            (&[5, b'a'][..], 6),
            (&[0x20, 0], 3),
            (&[0, b'a', 0x20, 1], 4),
            (&[0, b'a', 0xe0, 200], 210),
            (&[0, b'a', 0x20], 4),
            (&[0, b'a', 0x20, 0], usize::MAX),
        ] {
            assert_eq!(decompress(bytes, length), None, "{bytes:?}");
        }
        assert_eq!(decompress(&[0, b'a', 0x20, 0], 4).as_deref(), Some(&b"aaaa"[..]));
    }
}
