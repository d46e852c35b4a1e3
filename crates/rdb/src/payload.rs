//! The payloads of DUMP: a value and a footer.
//!
//! | bytes | |
//! |---|---|
//! | 1 | how the value is written |
//! | | the value |
//! | 2 | version of the format, little endian |
//! | 8 | checksum of all before it, little endian |

use std::ops::RangeInclusive;

use slotmesh_store::{Value, ValueRef};

use crate::crc64::crc64;
use crate::damage::Damage;
use crate::limits::Limits;
use crate::read::read_value;
use crate::write::write_value;

/// Bytes of the version.
const VERSION: usize = 2;
/// Bytes of the checksum.
const CHECKSUM: usize = 8;

/// Versions that are read: those that Redis has written before Valkey was another, and that of Valkey 9. Those between and
/// behind belong to others or to the future.
const VERSIONS: [RangeInclusive<u16>; 2] = [1..=11, 80..=80];

/// Why a payload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// It was cut, changed on its way, or made by a server that writes the format in a later way.
    #[error("DUMP payload version or checksum are wrong")]
    Footer,
    /// It arrived as it was sent, but holds no value.
    #[error("Bad data format")]
    Value(#[from] Damage),
}

/// The payload of a value.
///
/// It is written in the lowest version of the format that has all that is in the value, which is 10 or lower and read by
/// Redis 7.0 as well, but for
/// - a hash some of whose fields expire: that takes Valkey 9,
/// - a stream with a consumer who was last seen when it got nothing: that it has two times takes Redis 7.2 or Valkey.
///
/// So a set that is a listpack is written as its members: only the second of these servers knows it otherwise.
#[must_use]
pub fn dump(value: ValueRef<'_>) -> Vec<u8> {
    let mut payload = Vec::new();
    let version = write_value(&mut payload, value);
    payload.extend_from_slice(&version.to_le_bytes());
    let checksum = crc64(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload.shrink_to_fit();
    payload
}

/// The value of a payload. What stands between value and footer is not looked at, as in Valkey.
///
/// # Errors
/// When it is no payload, or no sound one.
pub fn restore(payload: &[u8], limits: &Limits) -> Result<Value, RestoreError> {
    let (checked, checksum) = payload.split_last_chunk::<CHECKSUM>().ok_or(RestoreError::Footer)?;
    let (body, version) = checked.split_last_chunk::<VERSION>().ok_or(RestoreError::Footer)?;
    let version = u16::from_le_bytes(*version);
    let is_known = VERSIONS.iter().any(|versions| versions.contains(&version));
    if !is_known || crc64(checked) != u64::from_le_bytes(*checksum) {
        return Err(RestoreError::Footer);
    }
    Ok(read_value(body, limits)?)
}
