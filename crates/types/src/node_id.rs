//! Names of nodes and shards: 40 characters each, stored as they stand on the wire.

use std::fmt;
use std::str::FromStr;

/// Why 40 bytes are not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is 40 characters of 0-9 and a-z")
    }
}

impl std::error::Error for InvalidId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $name::LEN]);

        impl $name {
            /// Length in bytes, on the wire and in text.
            pub const LEN: usize = 40;

            /// The id with these characters. Real servers make hexadecimal ones and look up any of `0-9a-z`.
            ///
            /// # Errors
            /// When a byte is anything else.
            pub fn new(raw: [u8; Self::LEN]) -> Result<Self, InvalidId> {
                if is_valid(&raw) { Ok(Self(raw)) } else { Err(InvalidId) }
            }

            /// The hexadecimal id of 20 random bytes.
            #[must_use]
            pub fn from_entropy(entropy: [u8; 20]) -> Self {
                let mut raw = [0; Self::LEN];
                for (pair, byte) in raw.as_chunks_mut::<2>().0.iter_mut().zip(entropy) {
                    *pair = [hex_digit(byte >> 4), hex_digit(byte & 0x0f)];
                }
                Self(raw)
            }

            /// Its characters.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
                &self.0
            }

            /// Its characters as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("an id is ASCII")
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = InvalidId;

            fn try_from(raw: &[u8]) -> Result<Self, InvalidId> {
                Self::new(raw.try_into().map_err(|_| InvalidId)?)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.as_bytes().try_into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

id! {
    /// The name of a node, for as long as its data directory lives (or until CLUSTER RESET HARD).
    NodeId
}
id! {
    /// The name of a shard: a primary and its replicas announce the same one.
    ShardId
}

fn is_valid(raw: &[u8]) -> bool {
    raw.iter().fold(true, |valid, byte| valid & (byte.is_ascii_digit() | byte.is_ascii_lowercase()))
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_becomes_lowercase_hex() {
        let mut entropy = [0; 20];
        entropy[0] = 0xa5;
        assert_eq!(NodeId::from_entropy(entropy).as_str(), format!("a5{}", "0".repeat(38)));
    }

    #[test]
    fn only_digits_and_lowercase_letters_make_an_id() {
        assert!("z".repeat(40).parse::<NodeId>().is_ok());
        for bad in ["A".repeat(40), "a".repeat(39), "a".repeat(41), format!("{} ", "a".repeat(39))] {
            assert_eq!(bad.parse::<NodeId>(), Err(InvalidId), "{bad}");
        }
    }
}
