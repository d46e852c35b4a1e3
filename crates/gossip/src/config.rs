//! Settings of the engine.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_table::Announcements;
use slotmesh_types::Host;
use slotmesh_wire::ClusterTag;

/// Whose rules the engine follows where slotmesh chose its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// Newcomers are told the whole table at once; everything happens on its event.
    #[default]
    Slotmesh,
    /// For comparison only, in the simulator: each heartbeat tells of a few random nodes, nothing is due between the ticks of
    /// 100 ms, a node that does not connect to us is met again after the handshake timeout, and a collision of config epochs
    /// ends at once. Source: spec of the bus, 5.4.4, 5.11, 6.1 and 6.4.
    Valkey,
}

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
    /// `slotmesh-fast-detection`: evidence that a node is gone counts before the node timeout.
    pub fast_detection: bool,
    /// `cluster-require-full-coverage`.
    pub require_full_coverage: bool,
    /// `cluster-replica-no-failover`.
    pub no_failover: bool,
    /// `cluster-replica-validity-factor`: how many node timeouts old the data of a candidate may be; 0 for any age.
    pub replica_validity_factor: u32,
    /// `repl-ping-replica-period`.
    pub repl_ping_period: Duration,
    /// `cluster-manual-failover-timeout`.
    pub manual_failover_timeout: Duration,
    /// `cluster-allow-replica-migration`.
    pub allow_replica_migration: bool,
    /// `cluster-migration-barrier`: replicas that a primary keeps.
    pub migration_barrier: usize,
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
    /// Whose rules apply where there is a choice.
    pub rules: Rules,
    /// Whether the driver has seeds to resolve: places to look for the cluster when nobody of it is known or reached.
    pub has_seeds: bool,
    /// Inbound links on which nobody has been identified, [`Engine::STRANGERS_MAX`](crate::Engine::STRANGERS_MAX) at most;
    /// past it the oldest one makes room. A driver that has few descriptors lowers it.
    pub strangers_max: usize,
}

impl Config {
    /// How long a handshake may take: the node timeout, at least a second.
    #[must_use]
    pub fn handshake_timeout(&self) -> Duration {
        self.node_timeout.max(Duration::from_secs(1))
    }

    /// Whether evidence counts before the node timeout.
    pub(crate) fn weighs_evidence(&self) -> bool {
        self.fast_detection && self.rules == Rules::Slotmesh
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
            fast_detection: true,
            require_full_coverage: true,
            no_failover: false,
            replica_validity_factor: 10,
            repl_ping_period: Duration::from_secs(10),
            manual_failover_timeout: Duration::from_secs(5),
            allow_replica_migration: true,
            migration_barrier: 1,
            tls_cluster: false,
            announce_host: Host::UNKNOWN,
            port: 6379,
            tls_port: 0,
            bus_port: 16379,
            announcements: Arc::default(),
            cluster_tag: None,
            rules: Rules::Slotmesh,
            has_seeds: false,
            strangers_max: crate::Engine::STRANGERS_MAX,
        }
    }
}
