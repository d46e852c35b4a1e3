//! The address part of an endpoint, as nodes announce it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Where a node is: the text of an IP address, or of whatever else its operator announced, and nothing that would
/// break a record of nodes.conf. Empty when it is not known.
///
/// At most [`Host::MAX`] bytes of letters, digits, `.`, `:`, `-`, `_` and `%`. Source: bus header, `myip` (46 bytes with
/// its terminator); real servers store any text there and cannot read it back from nodes.conf.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host {
    len: u8,
    text: [u8; Host::MAX],
}

/// Why a text is not a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostError {
    /// Longer than [`Host::MAX`] bytes.
    TooLong,
    /// Holds a character that has no place in an address.
    Character,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "an address has at most {} bytes", Host::MAX),
            Self::Character => f.write_str("an address holds only letters, digits and . : - _ %"),
        }
    }
}

impl std::error::Error for HostError {}

impl Host {
    /// Longest host in bytes.
    pub const MAX: usize = 45;

    /// The host that is not known.
    pub const UNKNOWN: Self = Self { len: 0, text: [0; Self::MAX] };

    /// The host with these characters.
    ///
    /// # Errors
    /// See [`HostError`].
    pub fn new(bytes: &[u8]) -> Result<Self, HostError> {
        if bytes.len() > Self::MAX {
            return Err(HostError::TooLong);
        }
        if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b".:-_%".contains(byte)) {
            return Err(HostError::Character);
        }
        let mut text = [0; Self::MAX];
        text[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { len: bytes.len() as u8, text })
    }

    /// Its characters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// Its characters as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a host is ASCII")
    }

    /// Whether it is not known.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.len == 0
    }

    /// The IP address it spells, if it spells one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.as_str().parse().ok()
    }

    /// The same place as everybody else may write it: letters in lower case.
    #[must_use]
    pub fn to_lowercase(mut self) -> Self {
        self.text.make_ascii_lowercase();
        self
    }

    /// Whether both name one place: peers may differ in the case of hexadecimal digits.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.as_bytes().eq_ignore_ascii_case(other.as_bytes())
    }
}

impl From<IpAddr> for Host {
    /// IPv4 addresses that arrive mapped into IPv6 are written as IPv4.
    fn from(ip: IpAddr) -> Self {
        Self::new(ip.to_canonical().to_string().as_bytes()).expect("an IP address fits")
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        Self::new(text.as_bytes())
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_addresses_are_written_as_ipv4() {
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(Host::from(mapped).as_str(), "10.0.0.1");
    }

    #[test]
    fn nothing_that_breaks_a_record_is_a_host() {
        for bad in ["a b", "a,b", "a\nb", "a=b", "a@b", "\"a"] {
            assert_eq!(bad.parse::<Host>(), Err(HostError::Character), "{bad}");
        }
        assert_eq!("1".repeat(46).parse::<Host>(), Err(HostError::TooLong));
    }
}
