//! Where a node is asked.

use std::fmt;
use std::str::FromStr;

use super::{AskError, AskErrorKind};

/// Host and port of a node. Orders by host, then port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Target {
    /// IP address without brackets, or host name.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Why a text is no address of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// It has no port.
    #[error("expected HOST:PORT, for example 127.0.0.1:6379 or [::1]:6379")]
    Form,
    /// The port is none.
    #[error("the port is a number from 1 to 65535")]
    Port,
    /// Several colons outside of brackets.
    #[error("an IPv6 address is written in brackets, as in [::1]:6379")]
    Brackets,
}

impl Target {
    pub(crate) fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (host, port) = text.rsplit_once(':').ok_or(TargetError::Form)?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => inner,
            None if host.contains(':') => return Err(TargetError::Brackets),
            None => host,
        };
        if host.is_empty() {
            return Err(TargetError::Form);
        }
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(TargetError::Port)?;
        Ok(Self::new(host, port))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The IP address of a host: its first one, IPv4 where it has both.
///
/// # Errors
/// The name has none.
pub(crate) async fn resolve(target: &Target) -> Result<String, AskError> {
    let failed = |reason: String| AskError { target: target.clone(), kind: AskErrorKind::Connect(reason) };
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let found: Vec<_> = found.map_err(|error| failed(error.to_string()))?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.map(|address| address.ip().to_string()).ok_or_else(|| failed("the name has no address".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_back() {
        for text in ["127.0.0.1:6379", "[::1]:7000", "node-1.example:1"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Target>().unwrap_err();
        assert_eq!(error("localhost"), TargetError::Form);
        assert_eq!(error(":7000"), TargetError::Form);
        assert_eq!(error("::1:7000"), TargetError::Brackets);
        for port in ["a:0", "a:65536", "a:-1", "a:"] {
            assert_eq!(error(port), TargetError::Port, "{port}");
        }
    }
}
