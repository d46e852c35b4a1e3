//! Where one packet ends and the next begins.

use crate::error::FrameError;
use crate::kind::Kind;

/// Bytes needed before [`frame_length`] can answer.
pub const PREFIX_BYTES: usize = 14;
/// Size of a full header, the smallest full packet.
pub const FULL_HEADER_BYTES: usize = 2256;
/// Size of a light header, the smallest light packet.
pub const LIGHT_HEADER_BYTES: usize = 16;

pub(crate) const SIGNATURE: [u8; 4] = *b"RCmb";
pub(crate) const VERSION: u16 = 1;
pub(crate) const LIGHT: u16 = 0x8000;

/// The most a heartbeat can need: 65,535 gossip entries and 1 MiB of extensions.
const HEARTBEAT_MAX: u32 = 2256 + 104 * 65_535 + (1 << 20);
/// The most anybody needs before it is known who sends: a heartbeat that tells of 10,000 nodes, rounded up.
const STRANGER_MAX: u32 = 1 << 20;
/// The most a published or module message can need: two strings of 512 MiB, the largest a client can send.
const MESSAGE_MAX: u32 = (1 << 30) + 4096;

/// The length of the packet that starts here, or `None` until [`PREFIX_BYTES`] are at hand. Rules \[frame-1\], \[frame-2\].
///
/// Real servers accept any length up to 4 GiB. This accepts the most that a type can need, so that a peer can't make a
/// receiver collect more; an unknown type gets what a heartbeat gets.
///
/// # Errors
/// See [`FrameError`]; the link must be closed.
pub fn frame_length(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    length_within(bytes, HEARTBEAT_MAX, MESSAGE_MAX)
}

/// The same for a sender who is not known to be a member: a packet of any type has at most 1 MiB.
///
/// # Errors
/// See [`FrameError`]; the link must be closed.
pub fn stranger_frame_length(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    length_within(bytes, STRANGER_MAX, STRANGER_MAX)
}

fn length_within(bytes: &[u8], heartbeat_max: u32, message_max: u32) -> Result<Option<usize>, FrameError> {
    let signature_seen = bytes.len().min(4);
    if bytes[..signature_seen] != SIGNATURE[..signature_seen] {
        let mut got = [0; 4];
        got[..signature_seen].copy_from_slice(&bytes[..signature_seen]);
        return Err(FrameError::Signature { got });
    }
    let Some(prefix) = bytes.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
    let got = u32::from_be_bytes([prefix[4], prefix[5], prefix[6], prefix[7]]);
    let kind = u16::from_be_bytes([prefix[12], prefix[13]]);
    let min = if kind & LIGHT != 0 { LIGHT_HEADER_BYTES } else { FULL_HEADER_BYTES } as u32;
    let max = match Kind::from_wire(kind & !LIGHT) {
        Kind::Publish | Kind::PublishShard | Kind::Module => message_max,
        _ => heartbeat_max,
    };
    if got < min {
        Err(FrameError::Length { got, min })
    } else if got > max {
        Err(FrameError::TooLong { got, max })
    } else {
        Ok(Some(got as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(totlen: u32, kind: u16) -> [u8; 14] {
        let mut bytes = [0; 14];
        bytes[..4].copy_from_slice(b"RCmb");
        bytes[4..8].copy_from_slice(&totlen.to_be_bytes());
        bytes[9] = 1;
        bytes[12..].copy_from_slice(&kind.to_be_bytes());
        bytes
    }

    #[test]
    fn a_wrong_signature_is_seen_at_its_first_byte() {
        assert_eq!(frame_length(b"*"), Err(FrameError::Signature { got: *b"*\0\0\0" }));
        assert_eq!(frame_length(b"RCm"), Ok(None));
        assert_eq!(frame_length(b"RCmx"), Err(FrameError::Signature { got: *b"RCmx" }));
    }

    #[test]
    fn lengths_are_bounded_by_header_and_type() {
        assert_eq!(frame_length(&prefix(2255, 0)), Err(FrameError::Length { got: 2255, min: 2256 }));
        assert_eq!(frame_length(&prefix(2256, 0)), Ok(Some(2256)));
        assert_eq!(frame_length(&prefix(15, 0x8004)), Err(FrameError::Length { got: 15, min: 16 }));
        assert_eq!(frame_length(&prefix(16, 0x8004)), Ok(Some(16)));
        let published = prefix(HEARTBEAT_MAX + 1, 4);
        assert_eq!(frame_length(&published), Ok(Some(HEARTBEAT_MAX as usize + 1)));
        for kind in [0, 2, 4] {
            let error = FrameError::TooLong { got: STRANGER_MAX + 1, max: STRANGER_MAX };
            assert_eq!(stranger_frame_length(&prefix(STRANGER_MAX + 1, kind)), Err(error));
            assert_eq!(stranger_frame_length(&prefix(STRANGER_MAX, kind)), Ok(Some(STRANGER_MAX as usize)));
        }
        assert_eq!(frame_length(&prefix(u32::MAX, 0)), Err(FrameError::TooLong { got: u32::MAX, max: HEARTBEAT_MAX }));
    }
}
