//! The records of nodes.conf.

use slotmesh_types::{
    Announced, ConfigEpoch, CurrentEpoch, Host, Hostname, NodeId, ShardId, Slot, SlotSet, UnixMillis,
};

/// A whole nodes.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfFile {
    /// The nodes in the order of the file.
    pub nodes: Vec<NodeRecord>,
    /// The cluster's clock.
    pub current_epoch: CurrentEpoch,
    /// The last epoch the node voted in.
    pub last_vote_epoch: CurrentEpoch,
}

/// Role words of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// `master`
    Primary,
    /// `slave`
    Replica,
    /// Neither.
    #[default]
    None,
}

pub use crate::facts::Health;

/// Flag words of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `myself`
    pub myself: bool,
    /// `master` or `slave`
    pub role: Role,
    /// `fail?` or `fail`
    pub health: Health,
    /// `handshake`; never written, accepted when read.
    pub handshake: bool,
    /// `noaddr`
    pub noaddr: bool,
    /// `nofailover`
    pub no_failover: bool,
}

/// One node of nodes.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// Its name.
    pub id: NodeId,
    /// Its address; empty when not known.
    pub host: Host,
    /// Client port.
    pub port: u16,
    /// Bus port.
    pub bus_port: u16,
    /// Host name.
    pub hostname: Hostname,
    /// Availability zone (9.1).
    pub zone: Announced,
    /// Client port for TLS clients (9.0); 0 for none.
    pub client_tls_port: u16,
    /// Client port (9.0); 0 for none.
    pub client_port: u16,
    /// Address for IPv6 clients (8.0).
    pub client_ipv6: Host,
    /// Address for IPv4 clients (8.0).
    pub client_ipv4: Host,
    /// TLS port; absent in files of Redis 7.0.
    pub tls_port: Option<u16>,
    /// Name for logs.
    pub human_nodename: Announced,
    /// Shard; absent in files of Redis 7.0.
    pub shard: Option<ShardId>,
    /// Flags.
    pub flags: Flags,
    /// Its primary.
    pub primary: Option<NodeId>,
    /// When the pending ping was sent; 0 for none.
    pub ping_sent: UnixMillis,
    /// When it was last known to be alive; 0 for never.
    pub pong_received: UnixMillis,
    /// Config epoch; for a replica its primary's.
    pub config_epoch: ConfigEpoch,
    /// Whether a link to it stood.
    pub connected: bool,
    /// Its slots.
    pub slots: SlotSet,
    /// Slots on their way to another node; on the own record only.
    pub migrating: Vec<(Slot, NodeId)>,
    /// Slots on their way here; on the own record only.
    pub importing: Vec<(Slot, NodeId)>,
}

impl NodeRecord {
    /// A record that says nothing but the name.
    #[must_use]
    pub fn new(id: NodeId) -> Self {
        Self {
            id,
            host: Host::UNKNOWN,
            port: 0,
            bus_port: 0,
            hostname: Hostname::NONE,
            zone: Announced::NONE,
            client_tls_port: 0,
            client_port: 0,
            client_ipv6: Host::UNKNOWN,
            client_ipv4: Host::UNKNOWN,
            tls_port: None,
            human_nodename: Announced::NONE,
            shard: None,
            flags: Flags::default(),
            primary: None,
            ping_sent: UnixMillis(0),
            pong_received: UnixMillis(0),
            config_epoch: ConfigEpoch(0),
            connected: false,
            slots: SlotSet::new(),
            migrating: Vec::new(),
            importing: Vec::new(),
        }
    }
}
