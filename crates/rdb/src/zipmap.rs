//! Zipmaps, in which servers before 2.6 keep small hashes. They are read only.
//!
//! A byte with the number of fields, 254 for "count them"; for each its length, it, the length of its value, a byte with the number
//! of unused bytes, the value, and these; then 255. A length of 254 stands before another one of four bytes, little endian.

use slotmesh_store::{Listpack, Packed};

use crate::damage::Damage;
use crate::ziplist::{END, LONG, split_length};

const DAMAGED: Damage = Damage::Packed("zipmap");

/// Fields and values in turn, in the form that is kept.
pub(crate) fn to_listpack(bytes: &[u8]) -> Result<Listpack, Damage> {
    let (said, mut rest) = bytes.split_first().ok_or(DAMAGED)?;
    let (mut pack, mut count) = (Listpack::default(), 0_usize);
    while rest != [END] {
        let (name, value, behind) = split_field(rest).ok_or(DAMAGED)?;
        pack.append([Packed::Text(name), Packed::Text(value)]);
        count += 1;
        rest = behind;
    }
    pack.shrink();
    if *said < LONG && usize::from(*said) != count { Err(DAMAGED) } else { Ok(pack) }
}

/// A field, its value, and what follows.
fn split_field(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = split_length(bytes)?;
    let (name, rest) = rest.split_at_checked(length)?;
    let (length, rest) = split_length(rest)?;
    let (unused, rest) = rest.split_first()?;
    let (value, rest) = rest.split_at_checked(length)?;
    let (_, rest) = rest.split_at_checked(usize::from(*unused))?;
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_whatever_is_unused_behind_them() {
        let bytes = b"\x02\x03foo\x03\x00bar\x05hello\xfe\x05\x00\x00\x00\x02world??\xff";
        let pack = to_listpack(bytes).expect("it is a zipmap");
        let texts: Vec<_> = pack.iter().map(Packed::to_vec).collect();
        assert_eq!(texts, [&b"foo"[..], b"bar", b"hello", b"world"]);
        for end in 0..bytes.len() {
            assert_eq!(to_listpack(&bytes[..end]), Err(DAMAGED), "cut at {end}");
        }
    }

    #[test]
    fn a_count_has_to_be_true_unless_it_says_nothing() {
        assert_eq!(to_listpack(b"\x02\x01a\x01\x00b\xff"), Err(DAMAGED));
        assert!(to_listpack(b"\xfe\x01a\x01\x00b\xff").is_ok());
    }
}
