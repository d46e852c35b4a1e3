//! From directives to the settings of the engine.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_config::{Config, Seed};
use slotmesh_gossip::{Config as EngineConfig, Rules};
use slotmesh_table::Announcements;
use slotmesh_wire::ClusterTag;

/// What directives mean for the bus.
#[derive(Clone, Debug)]
pub(crate) struct BusSettings {
    /// For the engine.
    pub(crate) engine: EngineConfig,
    /// Where to look for the cluster.
    pub(crate) seeds: Vec<Seed>,
    /// Where links come from; nowhere in particular if none.
    pub(crate) source: Option<IpAddr>,
    /// Keep running when nodes.conf can't be saved.
    pub(crate) save_best_effort: bool,
}

/// What holds from the start of the node to its end, whatever directives say later.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    /// Name of the cluster; empty for none.
    pub(crate) cluster_name: String,
    /// The port that the bus listens on. It does not move with the client port.
    pub(crate) bus_port: u16,
    /// Inbound links of strangers at a time.
    pub(crate) strangers_max: usize,
}

/// The settings of the bus.
pub(crate) fn bus(config: &Config, settled: &Settled) -> BusSettings {
    // Both were checked when they were set.
    let seeds = Seed::parse_list(config.text("slotmesh-seeds")).unwrap_or_default();
    BusSettings {
        engine: engine(config, settled, &seeds),
        seeds,
        source: config.text("bind-source-addr").parse().ok(),
        save_best_effort: config.text("cluster-config-save-behavior") == "best-effort",
    }
}

/// Client port to bus port, when nothing else is said. Source: spec of the bus, section 1.
const BUS_PORT_OFFSET: u16 = 10_000;

/// Port the bus shall listen on.
pub(crate) fn bus_port(config: &Config) -> u16 {
    match config.port("cluster-port") {
        0 => config.port("port").saturating_add(BUS_PORT_OFFSET),
        port => port,
    }
}

/// A file named by a directive; names are relative to the working directory of the server.
pub(crate) fn file(config: &Config, directive: &str) -> PathBuf {
    PathBuf::from(config.text("dir")).join(config.text(directive))
}

/// From when on a client thread counts as stalled; zero for never.
pub(crate) fn stall_threshold(config: &Config) -> Duration {
    Duration::from_millis(config.number("slotmesh-stall-threshold").unsigned_abs())
}

fn engine(config: &Config, settled: &Settled, seeds: &[Seed]) -> EngineConfig {
    let millis = |name| Duration::from_millis(config.number(name).unsigned_abs());
    let or = |announced: &str, real: u16| match config.port(announced) {
        0 => real,
        port => port,
    };
    EngineConfig {
        node_timeout: millis("cluster-node-timeout"),
        ping_interval: millis("cluster-ping-interval"),
        gossip_percent: u8::try_from(config.number("cluster-message-gossip-perc")).unwrap_or(100),
        link_sendbuf_limit: config.number("cluster-link-sendbuf-limit").unsigned_abs(),
        forget_ttl: Duration::from_secs(config.number("cluster-blacklist-ttl").unsigned_abs()),
        fast_detection: config.flag("slotmesh-fast-detection"),
        require_full_coverage: config.flag("cluster-require-full-coverage"),
        no_failover: config.flag("cluster-replica-no-failover"),
        replica_validity_factor: u32::try_from(config.number("cluster-replica-validity-factor")).unwrap_or(u32::MAX),
        repl_ping_period: Duration::from_secs(config.number("repl-ping-replica-period").unsigned_abs()),
        manual_failover_timeout: millis("cluster-manual-failover-timeout"),
        allow_replica_migration: config.flag("cluster-allow-replica-migration"),
        migration_barrier: usize::try_from(config.number("cluster-migration-barrier")).unwrap_or(usize::MAX),
        tls_cluster: false,
        announce_host: config.text("cluster-announce-ip").parse().unwrap_or_default(),
        port: or("cluster-announce-port", config.port("port")),
        tls_port: config.port("cluster-announce-tls-port"),
        bus_port: or("cluster-announce-bus-port", settled.bus_port),
        announcements: Arc::new(announcements(config)),
        cluster_tag: ClusterTag::of(&settled.cluster_name),
        has_seeds: !seeds.is_empty(),
        strangers_max: settled.strangers_max,
        rules: Rules::Slotmesh,
    }
}

/// Every text was checked when its directive was set.
fn announcements(config: &Config) -> Announcements {
    Announcements {
        hostname: config.text("cluster-announce-hostname").parse().unwrap_or_default(),
        human_nodename: config.text("cluster-announce-human-nodename").parse().unwrap_or_default(),
        client_ipv4: config.text("cluster-announce-client-ipv4").parse().unwrap_or_default(),
        client_ipv6: config.text("cluster-announce-client-ipv6").parse().unwrap_or_default(),
        client_port: config.port("cluster-announce-client-port"),
        client_tls_port: config.port("cluster-announce-client-tls-port"),
        zone: config.text("availability-zone").parse().unwrap_or_default(),
    }
}
