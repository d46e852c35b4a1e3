//! How connections come in.

use std::net::SocketAddr;

use crate::cluster::Family;

/// How a connection came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP.
    Tcp {
        /// The client's end.
        remote: SocketAddr,
        /// Our end.
        local: SocketAddr,
    },
    /// Over a local socket at this path.
    Unix {
        /// Path of the socket.
        path: String,
    },
}

impl Peer {
    pub(super) fn remote(&self) -> String {
        match self {
            Self::Tcp { remote, .. } => address(*remote),
            Self::Unix { path } => format!("{path}:0"),
        }
    }

    pub(super) fn local(&self) -> String {
        match self {
            Self::Tcp { local, .. } => address(*local),
            Self::Unix { path } => format!("{path}:0"),
        }
    }

    pub(super) fn ip(&self) -> String {
        match self {
            Self::Tcp { remote, .. } => remote.ip().to_canonical().to_string(),
            Self::Unix { path } => path.clone(),
        }
    }

    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp { remote, .. } => remote.ip().to_canonical().is_loopback(),
            Self::Unix { .. } => true,
        }
    }

    /// Address family for announced addresses; local sockets count as IPv4.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Tcp { remote, .. } if remote.ip().to_canonical().is_ipv6() => Family::V6,
            _ => Family::V4,
        }
    }
}

fn address(socket: SocketAddr) -> String {
    SocketAddr::new(socket.ip().to_canonical(), socket.port()).to_string()
}
