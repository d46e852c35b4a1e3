//! Settings of the engine.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::Announcements;
use slotmesh_types::Host;
use slotmesh_wire::ClusterTag;

/// Settings of the engine, in its own units. Source: spec of the bus, section 12.
#[derive(Clone, Debug)]
pub struct Config {
    /// `cluster-node-timeout`.
    pub node_timeout: Duration,
    /// `cluster-ping-interval`; zero for half the node timeout.
    pub ping_interval: Duration,
    /// `cluster-message-gossip-perc`, 1 to 100.
    pub gossip_percent: u8,
    /// `cluster-link-sendbuf-limit` in bytes; 0 for none.
    pub link_sendbuf_limit: u64,
    /// `cluster-blacklist-ttl`.
    pub forget_ttl: Duration,
    /// `cluster-require-full-coverage`.
    pub require_full_coverage: bool,
    /// `cluster-replica-no-failover`.
    pub no_failover: bool,
    /// `tls-cluster`: which of the two client ports stands first in packets.
    pub tls_cluster: bool,
    /// `cluster-announce-ip`; unknown for "find out".
    pub announce_host: Host,
    /// Announced client port; 0 for none.
    pub port: u16,
    /// Announced client port for TLS; 0 for none.
    pub tls_port: u16,
    /// Announced bus port.
    pub bus_port: u16,
    /// Everything else this node announces.
    pub announcements: Arc<Announcements>,
    /// The named cluster this node belongs to, if any.
    pub cluster_tag: Option<ClusterTag>,
}

impl Config {
    /// How long a handshake may take: the node timeout, at least a second.
    #[must_use]
    pub fn handshake_timeout(&self) -> Duration {
        self.node_timeout.max(Duration::from_secs(1))
    }

    /// How long a failure report counts, and how long a failed primary stays failed.
    #[must_use]
    pub fn report_validity(&self) -> Duration {
        self.node_timeout * 2
    }

    /// How old the last sign of life may be before a ping is due.
    pub(crate) fn ping_after(&self) -> Duration {
        if self.ping_interval.is_zero() { self.node_timeout / 2 } else { self.ping_interval }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node_timeout: Duration::from_secs(15),
            ping_interval: Duration::ZERO,
            gossip_percent: 10,
            link_sendbuf_limit: 0,
            forget_ttl: Duration::from_secs(60),
            require_full_coverage: true,
            no_failover: false,
            tls_cluster: false,
            announce_host: Host::UNKNOWN,
            port: 6379,
            tls_port: 0,
            bus_port: 16379,
            announcements: Arc::default(),
            cluster_tag: None,
        }
    }
}
