//! The nodes that an engine under test meets.

use std::net::{IpAddr, Ipv4Addr};

use slotmesh_gossip::MeetTarget;
use slotmesh_types::{Host, NodeId};

/// How many there are.
pub(crate) const COUNT: usize = 8;

/// One of the nodes that an engine under test meets: everything about it follows from its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) u8);

impl Peer {
    /// The one that listens on this bus port.
    pub(crate) fn at_bus_port(port: u16) -> Option<Self> {
        (0..COUNT as u8).map(Self).find(|peer| peer.bus_port() == port)
    }

    /// Names lie on both sides of the engine's own.
    pub(crate) fn id(self) -> NodeId {
        NodeId::from_entropy([self.0 << 5 | 1; 20])
    }

    pub(crate) fn ip(self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, self.0 + 1))
    }

    pub(crate) fn host(self) -> Host {
        self.ip().into()
    }

    pub(crate) fn port(self) -> u16 {
        7001 + u16::from(self.0)
    }

    pub(crate) fn bus_port(self) -> u16 {
        17_001 + u16::from(self.0)
    }

    pub(crate) fn target(self) -> MeetTarget {
        MeetTarget { ip: self.ip(), port: self.port(), bus_port: self.bus_port() }
    }
}
