//! FUNCTION, as far as tools ask for it that add a node to a cluster: there are no functions here, and none can come.

use crate::call::{Call, Handled, is_word};
use crate::error_reply::{ErrorReply, wrong_shape};
use crate::outcome::Outcome;

/// What a dump of no functions is made of: the version of the format and a checksum, in bytes.
const EMPTY_DUMP_BYTES: usize = 2 + 8;

/// Versions of the format that real servers take: those from before Redis went its own way, and their own.
const VERSIONS: [std::ops::RangeInclusive<u16>; 2] = [1..=11, 80..=80];

pub(crate) fn list(call: &mut Call<'_>) -> Handled {
    let (mut with_code, mut by_name) = (false, false);
    let mut words = &call.args[2..];
    while let [word, rest @ ..] = words {
        words = if is_word(word, "withcode") && !std::mem::replace(&mut with_code, true) {
            rest
        } else if is_word(word, "libraryname") && !std::mem::replace(&mut by_name, true) {
            let given = rest.split_first().map(|(_, rest)| rest);
            given.ok_or_else(|| ErrorReply::err("library name argument was not given"))?
        } else {
            return Err(ErrorReply::echo(&[b"Unknown argument ", word]));
        };
    }
    call.reply().array(0);
    Ok(Outcome::Continue)
}

/// Takes what holds no function, so that a node can be added to a cluster that has none.
pub(crate) fn restore(call: &mut Call<'_>) -> Handled {
    let policies = ["flush", "append", "replace"];
    match call.args[3..] {
        [] => {}
        [policy] if policies.iter().any(|known| is_word(policy, known)) => {}
        [_] => {
            return Err(ErrorReply::err(
                "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
        _ => return Err(wrong_shape(call)),
    }
    match call.args[2] {
        dump if dump.len() > EMPTY_DUMP_BYTES => {
            Err(ErrorReply::err("functions are not supported by this release of slotmesh"))
        }
        dump if is_empty_dump(dump) => call.ok(),
        _ => Err(ErrorReply::err("DUMP payload version or checksum are wrong")),
    }
}

fn is_empty_dump(dump: &[u8]) -> bool {
    let Some((version, checksum)) = dump.split_first_chunk::<2>() else { return false };
    let known = VERSIONS.iter().any(|versions| versions.contains(&u16::from_le_bytes(*version)));
    known && checksum == crc64(version).to_le_bytes()
}

/// The checksum of dumps. Source: `crc64.c` (Jones), bits reflected, without a start value.
fn crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dump_of_a_real_server_without_functions_is_known() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let mut dump = *b"P\x00\x92\xb1\x95\xd1\x91\x2d\xc5\x2e";
        assert!(is_empty_dump(&dump));
        dump[9] = 0;
        assert!(!is_empty_dump(&dump));
        assert!(!is_empty_dump(b"0123456789") && !is_empty_dump(b"P") && !is_empty_dump(b""));
    }
}
