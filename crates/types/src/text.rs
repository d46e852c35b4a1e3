//! Texts that nodes announce about themselves. What a value of these types holds can always be written to nodes.conf.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A short text a node announced: human node name, availability zone. May be empty, which means "none".
///
/// Cheap to clone. Holds no byte that any released server refuses to read back from nodes.conf. Source: spec of
/// nodes.conf, auxiliary values.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Announced(Option<Arc<str>>);

/// A host name a node announced: letters, digits, `-` and `.`, at most 255 bytes. May be empty, which means "none".
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hostname(Option<Arc<str>>);

/// Why a text can't be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnouncedError {
    /// Longer than 255 bytes.
    TooLong,
    /// Holds a character that some server could not read back.
    Character,
}

impl fmt::Display for AnnouncedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("an announced text has at most 255 bytes"),
            Self::Character => f.write_str("an announced text holds a character that nodes.conf cannot carry"),
        }
    }
}

impl std::error::Error for AnnouncedError {}

macro_rules! text {
    ($name:ident, $allowed:expr) => {
        impl $name {
            /// Longest text in bytes.
            pub const MAX: usize = 255;

            /// No text.
            pub const NONE: Self = Self(None);

            /// The text with these characters.
            ///
            /// # Errors
            /// See [`AnnouncedError`].
            pub fn new(bytes: &[u8]) -> Result<Self, AnnouncedError> {
                if bytes.len() > Self::MAX {
                    return Err(AnnouncedError::TooLong);
                }
                if !bytes.iter().all($allowed) {
                    return Err(AnnouncedError::Character);
                }
                let text = std::str::from_utf8(bytes).map_err(|_| AnnouncedError::Character)?;
                Ok(Self((!text.is_empty()).then(|| text.into())))
            }

            /// The text; empty if there is none.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_deref().unwrap_or_default()
            }

            /// Whether there is none.
            #[must_use]
            pub const fn is_none(&self) -> bool {
                self.0.is_none()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::NONE
            }
        }

        impl FromStr for $name {
            type Err = AnnouncedError;

            fn from_str(text: &str) -> Result<Self, AnnouncedError> {
                Self::new(text.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

text!(Announced, |byte: &u8| byte.is_ascii_graphic() && !b"!#$%&()*+;<>?@[]^{|}~\"',=\\".contains(byte));
text!(Hostname, |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_none() {
        assert!(Announced::new(b"").unwrap().is_none());
        assert_eq!(Announced::new(b"az-1").unwrap().as_str(), "az-1");
    }

    #[test]
    fn hostile_characters_are_refused() {
        for bad in [" ", ",", "=", "\n", "\0", "\u{7f}", "\"", "'", "\\", "é"] {
            assert_eq!(bad.parse::<Announced>(), Err(AnnouncedError::Character), "{bad:?}");
            assert_eq!(bad.parse::<Hostname>(), Err(AnnouncedError::Character), "{bad:?}");
        }
    }
}
