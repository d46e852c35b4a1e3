//! Ping extensions: optional facts a node adds about itself.

use zerocopy::FromBytes;
use zerocopy::IntoBytes;

use crate::error::DropReason;
use crate::layout::ExtensionWire;
use crate::name::Name;
use crate::reach::Reach;
use crate::roster::NameFilter;

/// One extension. Texts are raw bytes up to their NUL: a receiver checks them before it stores them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension<'a> {
    /// The announced host name.
    Hostname(&'a [u8]),
    /// The name shown in logs.
    HumanNodename(&'a [u8]),
    /// A node that shall not be learned from gossip for `ttl` seconds.
    ForgottenNode {
        /// Its name.
        name: Name,
        /// Seconds that are left.
        ttl: u64,
    },
    /// The sender's shard.
    ShardId(Name),
    /// The address clients shall use over IPv4.
    ClientIpv4(&'a [u8]),
    /// The address clients shall use over IPv6.
    ClientIpv6(&'a [u8]),
    /// The port clients shall use.
    ClientPort(u16),
    /// The port TLS clients shall use.
    ClientTlsPort(u16),
    /// The availability zone.
    AvailabilityZone(&'a [u8]),
    /// Whether others reach a node: between nodes of ours only. Real servers skip its number.
    Reach(Reach),
    /// Asks for the nodes that the sender does not know; holds those it knows. Between nodes of ours only, as the
    /// answer comes in the gossip section of the PONG.
    Roster(NameFilter<'a>),
    /// A type this release does not know.
    Unknown {
        /// Its number.
        kind: u16,
        /// Its bytes with the padding.
        payload: &'a [u8],
    },
}

/// The extensions of a packet, whose lengths have been checked.
#[derive(Clone, Copy, Debug)]
pub struct Extensions<'a> {
    rest: &'a [u8],
}

/// High, so that no release of a real server will ever take it: "SM" in ASCII.
const REACH: u16 = 0x534d;
const ROSTER: u16 = 0x534e;

const HEAD: usize = size_of::<ExtensionWire>();

impl<'a> Extensions<'a> {
    pub(crate) const NONE: Self = Self { rest: &[] };

    /// Checks `count` extensions at the start of `bytes`; gives them and the number of bytes they take.
    pub(crate) fn check(bytes: &'a [u8], count: u16) -> Result<(Self, usize), DropReason> {
        let mut taken = 0;
        for _ in 0..count {
            let left = bytes.len() - taken;
            let (head, _) =
                ExtensionWire::ref_from_prefix(&bytes[taken..]).map_err(|_| DropReason::Extension { got: 0, left })?;
            let length = head.length.get();
            if length < HEAD as u32 || length % 8 != 0 || length as usize > left {
                return Err(DropReason::Extension { got: length, left });
            }
            taken += length as usize;
        }
        Ok((Self { rest: &bytes[..taken] }, taken))
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        let (head, _) = ExtensionWire::ref_from_prefix(self.rest).ok()?;
        let (this, rest) = self.rest.split_at(head.length.get() as usize);
        self.rest = rest;
        Some(Extension::read(head.kind.get(), &this[HEAD..]))
    }
}

impl<'a> Extension<'a> {
    /// A payload too short for its type counts as unknown.
    fn read(kind: u16, payload: &'a [u8]) -> Self {
        let known = match kind {
            0 => Some(Self::Hostname(text(payload))),
            1 => Some(Self::HumanNodename(text(payload))),
            2 => forgotten(payload),
            3 => payload.first_chunk().map(|name| Self::ShardId(Name(*name))),
            4 => Some(Self::ClientIpv4(text(payload))),
            5 => Some(Self::ClientIpv6(text(payload))),
            6 => payload.first_chunk().map(|port| Self::ClientPort(u16::from_be_bytes(*port))),
            7 => payload.first_chunk().map(|port| Self::ClientTlsPort(u16::from_be_bytes(*port))),
            8 => Some(Self::AvailabilityZone(text(payload))),
            REACH => Reach::read(payload).map(Self::Reach),
            ROSTER => NameFilter::read(payload).map(Self::Roster),
            _ => None,
        };
        known.unwrap_or(Self::Unknown { kind, payload })
    }

    fn kind(&self) -> u16 {
        match self {
            Self::Hostname(_) => 0,
            Self::HumanNodename(_) => 1,
            Self::ForgottenNode { .. } => 2,
            Self::ShardId(_) => 3,
            Self::ClientIpv4(_) => 4,
            Self::ClientIpv6(_) => 5,
            Self::ClientPort(_) => 6,
            Self::ClientTlsPort(_) => 7,
            Self::AvailabilityZone(_) => 8,
            Self::Reach(_) => REACH,
            Self::Roster(_) => ROSTER,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// Appends it with header and padding. Texts get a NUL; an embedded NUL ends them for every receiver.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let head = ExtensionWire { length: 0.into(), kind: self.kind().into(), unused: 0.into() };
        out.extend_from_slice(head.as_bytes());
        match self {
            Self::Hostname(text)
            | Self::HumanNodename(text)
            | Self::ClientIpv4(text)
            | Self::ClientIpv6(text)
            | Self::AvailabilityZone(text) => {
                out.extend_from_slice(text);
                out.push(0);
            }
            Self::ForgottenNode { name, ttl } => {
                out.extend_from_slice(&name.0);
                out.extend_from_slice(&ttl.to_be_bytes());
            }
            Self::ShardId(name) => out.extend_from_slice(&name.0),
            Self::ClientPort(port) | Self::ClientTlsPort(port) => out.extend_from_slice(&port.to_be_bytes()),
            Self::Reach(reach) => reach.encode(out),
            Self::Roster(known) => known.append(out),
            Self::Unknown { payload, .. } => out.extend_from_slice(payload),
        }
        out.resize(start + (out.len() - start).next_multiple_of(8), 0);
        let length = (out.len() - start) as u32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

fn text(payload: &[u8]) -> &[u8] {
    let end = payload.iter().position(|&byte| byte == 0).unwrap_or(payload.len());
    &payload[..end]
}

fn forgotten(payload: &[u8]) -> Option<Extension<'_>> {
    let (name, rest) = payload.split_first_chunk()?;
    let ttl = u64::from_be_bytes(*rest.first_chunk()?);
    Some(Extension::ForgottenNode { name: Name(*name), ttl })
}
