//! For whom a reply is rendered: clients are told different addresses.

use slotmesh_table::NodeView;

/// Address family a client came over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4, or a local socket.
    #[default]
    V4,
    /// IPv6.
    V6,
}

/// What clients are told to connect to (`cluster-preferred-endpoint-type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointType {
    /// The address.
    #[default]
    Ip,
    /// The announced host name.
    Hostname,
    /// Whatever they are connected to already.
    Unknown,
}

/// For whom a reply is rendered. Two clients with equal audiences get equal bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience {
    /// Address family of the connection.
    pub family: Family,
    /// Whether the connection is over TLS.
    pub tls: bool,
    /// What clients are told to connect to.
    pub endpoint_type: EndpointType,
}

/// What a client is told to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// This host.
    Known(&'a str),
    /// The host it is connected to.
    Same,
}

impl Audience {
    /// The address this audience is told: the announced one for its family, else the node's.
    #[must_use]
    pub fn ip<'a>(&self, node: &'a NodeView) -> &'a str {
        let announced = match self.family {
            Family::V4 => &node.facts.announcements.client_ipv4,
            Family::V6 => &node.facts.announcements.client_ipv6,
        };
        if announced.is_unknown() { node.facts.address.host.as_str() } else { announced.as_str() }
    }

    /// The TCP port this audience is told.
    #[must_use]
    pub fn tcp_port(&self, node: &NodeView) -> u16 {
        first_set(node.facts.announcements.client_port, node.facts.address.port)
    }

    /// The TLS port this audience is told; 0 for none.
    #[must_use]
    pub fn tls_port(&self, node: &NodeView) -> u16 {
        first_set(node.facts.announcements.client_tls_port, node.facts.address.tls_port)
    }

    /// The port of the kind this audience uses.
    #[must_use]
    pub fn port(&self, node: &NodeView) -> u16 {
        if self.tls { self.tls_port(node) } else { self.tcp_port(node) }
    }

    /// The host this audience is told to connect to.
    #[must_use]
    pub fn endpoint<'a>(&self, node: &'a NodeView) -> Endpoint<'a> {
        let hostname = node.facts.announcements.hostname.as_str();
        match self.endpoint_type {
            EndpointType::Ip => Endpoint::Known(self.ip(node)),
            EndpointType::Hostname if hostname.is_empty() => Endpoint::Known("?"),
            EndpointType::Hostname => Endpoint::Known(hostname),
            EndpointType::Unknown => Endpoint::Same,
        }
    }
}

fn first_set(preferred: u16, otherwise: u16) -> u16 {
    if preferred == 0 { otherwise } else { preferred }
}
