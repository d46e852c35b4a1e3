//! What the configuration says to commands on keys, ready to be read for each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use slotmesh_config::{Config, OutputLimit, OutputLimits};
use slotmesh_store::stream::StreamLimits;
use slotmesh_store::{HashLimits, ListLimit, SetLimits, SortedSetLimits, Usage};

use crate::client::Client;
use crate::cluster::EndpointType;
use crate::event::Classes;
use crate::eviction::Eviction;
use crate::routing::Rules;

/// What the configuration says to commands on keys.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `notify-keyspace-events`.
    pub(crate) events: Classes,
    /// `cluster-slot-stats-enabled`.
    pub(crate) slot_stats: bool,
    /// `hash-max-listpack-*`.
    pub(crate) hash: HashLimits,
    /// `list-max-listpack-size`.
    pub(crate) list: ListLimit,
    /// `set-max-*`.
    pub(crate) set: SetLimits,
    /// `zset-max-listpack-*`.
    pub(crate) sorted_set: SortedSetLimits,
    /// `stream-node-max-*`.
    pub(crate) stream: StreamLimits,
    /// `hll-sparse-max-bytes`.
    pub(crate) hll_sparse_bytes: usize,
    /// `proto-max-bulk-len`: longest text in bytes.
    pub(crate) text_bytes: usize,
    /// `client-query-buffer-limit`: most bytes of a request, or of a transaction.
    pub(crate) query_bytes: usize,
    /// `client-output-buffer-limit`: bytes of a reply that nobody of a class is sent.
    pub(crate) reply_bytes: ReplyBytes,
    /// `cluster-preferred-endpoint-type`.
    pub(crate) endpoint_type: EndpointType,
    /// What runs while the cluster is down.
    pub(crate) rules: Rules,
    /// `maxmemory-policy`, `lfu-*`: what is kept of how keys are used.
    pub(crate) usage: Usage,
    /// `maxmemory-*`: which keys go where memory is full.
    pub(crate) eviction: Eviction,
}

/// What the configuration says now.
#[derive(Debug)]
pub(crate) struct CurrentSettings {
    settings: ArcSwap<Settings>,
    /// How often it has changed.
    version: AtomicU64,
}

/// What the configuration said when it was last looked at, by one who holds a lock. To see that it is still so costs less than to
/// borrow it from all others.
#[derive(Debug, Default)]
pub(crate) struct SeenSettings(Option<(u64, Arc<Settings>)>);

impl CurrentSettings {
    pub(crate) fn new(config: &Config) -> Self {
        Self { settings: ArcSwap::from_pointee(Settings::new(config)), version: AtomicU64::new(0) }
    }

    pub(crate) fn load(&self) -> Guard<Arc<Settings>> {
        self.settings.load()
    }

    /// How often it has changed. What is loaded after this was asked is of that time or later.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn change(&self, config: &Config) {
        self.settings.store(Arc::new(Settings::new(config)));
        self.version.fetch_add(1, Ordering::Release);
    }
}

impl SeenSettings {
    /// Looks again.
    pub(crate) fn look(&mut self, current: &CurrentSettings) {
        let version = current.version();
        if self.0.as_ref().is_none_or(|(seen, _)| *seen != version) {
            self.0 = Some((version, current.settings.load_full()));
        }
    }

    /// What it said.
    ///
    /// # Panics
    /// When nobody has looked yet.
    pub(crate) fn get(&self) -> &Settings {
        &self.0.as_ref().expect("somebody has looked").1
    }
}

impl Settings {
    pub(crate) fn new(config: &Config) -> Self {
        let number = |name| usize::try_from(config.number(name)).unwrap_or(usize::MAX);
        Self {
            events: Classes::parse(config.text("notify-keyspace-events")).unwrap_or_default(),
            slot_stats: config.flag("cluster-slot-stats-enabled"),
            hash: HashLimits { entries: number("hash-max-listpack-entries"), value: number("hash-max-listpack-value") },
            list: ListLimit::new(i32::try_from(config.number("list-max-listpack-size")).unwrap_or(-2)),
            set: SetLimits {
                ints: number("set-max-intset-entries"),
                entries: number("set-max-listpack-entries"),
                value: number("set-max-listpack-value"),
            },
            sorted_set: SortedSetLimits {
                entries: number("zset-max-listpack-entries"),
                value: number("zset-max-listpack-value"),
            },
            stream: StreamLimits {
                node_bytes: number("stream-node-max-bytes"),
                node_entries: config.number("stream-node-max-entries").unsigned_abs(),
            },
            hll_sparse_bytes: number("hll-sparse-max-bytes"),
            text_bytes: number("proto-max-bulk-len"),
            query_bytes: number("client-query-buffer-limit"),
            reply_bytes: ReplyBytes::new(config.output_limits()),
            endpoint_type: match config.text("cluster-preferred-endpoint-type") {
                "hostname" => EndpointType::Hostname,
                "unknown-endpoint" => EndpointType::Unknown,
                _ => EndpointType::Ip,
            },
            rules: Rules {
                reads_when_down: config.flag("cluster-allow-reads-when-down"),
                shard_channels_when_down: config.flag("cluster-allow-pubsubshard-when-down"),
            },
            usage: usage(config),
            eviction: Eviction::new(config, usage(config)),
        }
    }

    /// Whether it is counted how often keys are used.
    pub(crate) fn counts_uses(&self) -> bool {
        self.usage != Usage::LastUse
    }
}

/// Bytes of a reply that a client is not sent, by its class: it is closed instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyBytes {
    normal: usize,
    pubsub: usize,
}

impl ReplyBytes {
    fn new(limits: OutputLimits) -> Self {
        let bytes = |limit: OutputLimit| match limit.hard_bytes {
            0 => usize::MAX,
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        Self { normal: bytes(limits.normal), pubsub: bytes(limits.pubsub) }
    }

    pub(crate) fn of(self, client: &Client) -> usize {
        if client.is_pubsub() { self.pubsub } else { self.normal }
    }
}

fn usage(config: &Config) -> Usage {
    if !config.text("maxmemory-policy").ends_with("-lfu") {
        return Usage::LastUse;
    }
    let number = |name| u32::try_from(config.number(name)).unwrap_or(u32::MAX);
    Usage::Frequency { log_factor: number("lfu-log-factor"), decay_minutes: number("lfu-decay-time") }
}
