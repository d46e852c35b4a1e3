//! Seeds: where a node looks for its cluster.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

/// One entry of `slotmesh-seeds`.
///
/// ```
/// use slotmesh_config::Seed;
///
/// for text in ["10.0.0.1:7000", "10.0.0.1:7000@7999", "[fd00::1]:7000", "nodes.example:7000", "file:/etc/seeds"] {
///     let seed: Seed = text.parse()?;
///     assert_eq!(seed.to_string(), text);
/// }
/// # Ok::<(), slotmesh_config::SeedError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seed {
    /// An address.
    Address {
        /// IP address.
        ip: IpAddr,
        /// Where at it.
        ports: SeedPorts,
    },
    /// A host name; every address it has is a seed.
    Name {
        /// The name.
        name: String,
        /// Where at each.
        ports: SeedPorts,
    },
    /// A file with a seed on each line; empty lines and lines that start with `#` count for nothing.
    File(PathBuf),
}

/// The ports of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeedPorts {
    /// Client port, never 0.
    pub client: u16,
    /// Bus port, if it is not 10000 above.
    bus: Option<u16>,
}

/// Why a text is no seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// It has no port, or one that is no number from 1 to 65535.
    #[error("seed '{0}' needs a port from 1 to 65535, as in '10.0.0.1:6379' or 'nodes.example:6379@16379'")]
    Port(String),
    /// The bus port would lie beyond 65535.
    #[error("the bus port of seed '{0}' would be above 65535; name it, as in '{0}@16379'")]
    BusPort(String),
    /// The host is neither an address nor a name.
    #[error("seed '{0}' names no host: an IP address, '[IPv6]' or a host name stands before the port")]
    Host(String),
    /// Records of type SRV.
    #[error(
        "seed '{0}': SRV records are not supported by this release of slotmesh; use a host name with a port, whose every \
         address counts (as of a headless service), or 'file:/path'"
    )]
    Srv(String),
    /// No path.
    #[error("seed 'file:' needs a path, as in 'file:/etc/slotmesh/seeds'")]
    File,
    /// A file names a file.
    #[error("seed '{0}': a file of seeds can't name another file")]
    Nested(String),
    /// Too many.
    #[error("there are more than {} seeds", Seed::MAX)]
    TooMany,
}

impl SeedPorts {
    /// Client port to bus port, when nothing else is said.
    const BUS_OFFSET: u16 = 10_000;

    /// The bus port.
    #[must_use]
    pub fn bus(self) -> u16 {
        // Parsing has seen to it that the sum is a port.
        self.bus.unwrap_or(self.client.saturating_add(Self::BUS_OFFSET))
    }
}

impl Seed {
    /// Most seeds of one list, and of one file.
    pub const MAX: usize = 64;

    /// The seeds of a directive's value, parted by white space.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, SeedError> {
        bounded(text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }

    /// The seeds of a file's text.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, SeedError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let seeds = lines.map(|line| match line.parse()? {
            Self::File(_) => Err(SeedError::Nested(line.to_owned())),
            seed => Ok(seed),
        });
        // One more than allowed is enough to know.
        bounded(seeds.take(Self::MAX + 1).collect::<Result<_, _>>()?)
    }
}

fn bounded(seeds: Vec<Seed>) -> Result<Vec<Seed>, SeedError> {
    if seeds.len() > Seed::MAX { Err(SeedError::TooMany) } else { Ok(seeds) }
}

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        if let Some(path) = text.strip_prefix("file:") {
            return if path.is_empty() { Err(SeedError::File) } else { Ok(Self::File(path.into())) };
        }
        if text.starts_with("srv:") {
            return Err(SeedError::Srv(text.to_owned()));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| SeedError::Port(text.to_owned()))?;
        let ports = ports(text, port)?;
        if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            let ip: Ipv6Addr = inner.parse().map_err(|_| SeedError::Host(text.to_owned()))?;
            return Ok(Self::Address { ip: ip.into(), ports });
        }
        if let Ok(ip) = host.parse::<Ipv4Addr>() {
            return Ok(Self::Address { ip: ip.into(), ports });
        }
        if !is_name(host) {
            return Err(SeedError::Host(text.to_owned()));
        }
        Ok(Self::Name { name: host.to_owned(), ports })
    }
}

fn ports(text: &str, ports: &str) -> Result<SeedPorts, SeedError> {
    let port =
        |digits: &str| digits.parse().ok().filter(|port| *port > 0).ok_or_else(|| SeedError::Port(text.to_owned()));
    match ports.split_once('@') {
        Some((client, bus)) => Ok(SeedPorts { client: port(client)?, bus: Some(port(bus)?) }),
        None => {
            let client = port(ports)?;
            client.checked_add(SeedPorts::BUS_OFFSET).ok_or_else(|| SeedError::BusPort(text.to_owned()))?;
            Ok(SeedPorts { client, bus: None })
        }
    }
}

/// What a resolver may know. A mistyped address, whose last label is a number, is none.
fn is_name(host: &str) -> bool {
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let last_has_letter = labels.last().is_some_and(|label| label.bytes().any(|byte| byte.is_ascii_alphabetic()));
    host.len() <= 253 && last_has_letter && labels.iter().all(is_label)
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { ip: IpAddr::V4(ip), ports } => write!(f, "{ip}:{ports}"),
            Self::Address { ip: IpAddr::V6(ip), ports } => write!(f, "[{ip}]:{ports}"),
            Self::Name { name, ports } => write!(f, "{name}:{ports}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl fmt::Display for SeedPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bus {
            Some(bus) => write!(f, "{}@{bus}", self.client),
            None => self.client.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> SeedError {
        text.parse::<Seed>().expect_err(text)
    }

    #[test]
    fn ports_of_the_bus_follow_the_rule_or_are_named() {
        let bus = |text: &str| match text.parse() {
            Ok(Seed::Address { ports, .. } | Seed::Name { ports, .. }) => ports.bus(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(bus("10.0.0.1:7000"), 17_000);
        assert_eq!(bus("[::1]:7000@7001"), 7001);
        assert_eq!(bus("a.example.:7000"), 17_000);
    }

    #[test]
    fn what_is_no_seed_is_told_apart() {
        for text in ["10.0.0.1", "a.example", "10.0.0.1:0", "10.0.0.1:x", "a:70000", "a:1@0", "a:1@"] {
            assert_eq!(error(text), SeedError::Port(text.into()));
        }
        for text in ["10.0.0:7000", "::1:7000", "[x]:7000", ":7000", "a..b:7000"] {
            assert_eq!(error(text), SeedError::Host(text.into()));
        }
        assert_eq!(error("a:60000"), SeedError::BusPort("a:60000".into()));
        assert_eq!(error("file:"), SeedError::File);
        assert!(error("srv:_slotmesh._tcp.example").to_string().contains("SRV records are not supported"));
    }

    #[test]
    fn a_file_holds_a_seed_on_each_line() {
        let seeds = Seed::parse_file("# ours\n\n 10.0.0.1:7000 \r\nb.example:7000@1\n").expect("seeds");
        assert_eq!(seeds.iter().map(Seed::to_string).collect::<Vec<_>>(), ["10.0.0.1:7000", "b.example:7000@1"]);
        assert_eq!(Seed::parse_file("file:/x"), Err(SeedError::Nested("file:/x".into())));
        assert_eq!(Seed::parse_file(&"a:1\n".repeat(65)), Err(SeedError::TooMany));
    }
}
