//! What all connections share.

use std::fmt;
use std::hint::black_box;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use slotmesh_config::Config;
use slotmesh_resp::Limits;
use slotmesh_table::ClusterView;
use slotmesh_types::{Mono, Now, SlotSet};

use crate::client::{Driver, Peer};
use crate::clients::{Clients, Room};
use crate::cluster::{Audience, Family};
use crate::command_log::CommandLog;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::garbage::Disposal;
use crate::keyspace::Keyspace;
use crate::latency::Spikes;
use crate::memory::Memory;
use crate::monitors::Monitors;
use crate::pause::{Held, Pause, PauseReason};
use crate::pubsub::PubSub;
use crate::rates::Rates;
use crate::rendered::Rendered;
use crate::routing::Rules;
use crate::session::Session;
use crate::settings::CurrentSettings;
use crate::stats::Stats;
use crate::surroundings::{Process, Surroundings};
use crate::tracking::Tracking;
use crate::turn::Turn;

/// Release of Valkey whose behaviour is followed.
pub const VALKEY_VERSION: &str = "9.1.2";

/// Release of Redis that clients may take the server for.
pub const REDIS_VERSION: &str = "7.2.4";

/// What all connections share.
pub struct Server {
    /// Every connection there is.
    pub clients: Clients,
    /// Who listens to what.
    pub pubsub: PubSub,
    /// Figures.
    pub stats: Stats,
    /// The process.
    pub process: Process,
    /// When it started.
    pub started: Now,
    /// Its keys.
    pub keyspace: Keyspace,
    /// How much memory is used.
    pub memory: Memory,
    pub(crate) pause: Pause,
    pub(crate) monitors: Monitors,
    pub(crate) tracking: Tracking,
    pub(crate) command_log: CommandLog,
    pub(crate) spikes: Spikes,
    pub(crate) rates: Rates,
    pub(crate) disposal: Arc<Disposal>,
    pub(crate) settings: CurrentSettings,
    pub(crate) surroundings: Box<dyn Surroundings>,
    pub(crate) rendered: Rendered,
    /// The own slots, as of when what slots have cost was last settled.
    pub(crate) settled_slots: Mutex<SlotSet>,
    config: RwLock<Config>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("process", &self.process).field("clients", &self.clients).finish_non_exhaustive()
    }
}

impl Server {
    /// A server that starts now. `pubsub` may have been made before, for others to deliver to.
    #[must_use]
    pub fn new(
        now: Now,
        process: Process,
        config: Config,
        keyspace: Keyspace,
        surroundings: Box<dyn Surroundings>,
        pubsub: PubSub,
    ) -> Self {
        let server = Self {
            clients: Clients::default(),
            pubsub,
            stats: Stats::default(),
            process,
            started: now,
            memory: Memory::new(limit(&config), keyspace.empty_bytes(), keyspace.random()),
            keyspace,
            pause: Pause::default(),
            monitors: Monitors::default(),
            tracking: Tracking::default(),
            command_log: CommandLog::new(&config),
            spikes: Spikes::default(),
            rates: Rates::default(),
            disposal: Arc::default(),
            settings: CurrentSettings::new(&config),
            surroundings,
            rendered: Rendered::default(),
            settled_slots: Mutex::default(),
            config: RwLock::new(config),
        };
        server.take_limits(&server.config());
        server
    }

    /// Takes a new connection, which `driver` serves.
    ///
    /// # Errors
    /// When these and the connections of the bus are `maxclients` already, or only those are left that are kept for
    /// clients from this machine: write the error and close.
    pub fn connect(&self, now: Now, peer: &Peer, fd: i64, driver: Box<dyn Driver>) -> Result<Session, ErrorReply> {
        let (room, locked) = {
            let config = self.config();
            let number = |name| usize::try_from(config.number(name)).unwrap_or(usize::MAX);
            let bus_links = usize::try_from(self.bus_links()).unwrap_or(usize::MAX);
            let all = number("maxclients").saturating_sub(bus_links);
            let remote = all.saturating_sub(number("slotmesh-reserved-clients"));
            (Room { all, remote }, !config.text("requirepass").is_empty())
        };
        let Some(client) = self.clients.add(peer, fd, now, room, driver) else {
            self.stats.connections_rejected.add(1);
            return Err(ErrorReply::err("max number of clients + cluster connections reached"));
        };
        self.stats.connections.add(1);
        Ok(Session::new(client, self.clients.clone(), self.pubsub.clone(), peer.family(), !locked))
    }

    /// The configuration, to read. Hold it briefly.
    pub fn config(&self) -> RwLockReadGuard<'_, Config> {
        self.config.read()
    }

    /// Changes the configuration. Do it briefly.
    pub fn change_config<R>(&self, change: impl FnOnce(&mut Config) -> R) -> R {
        let mut config = self.config.write();
        let result = change(&mut config);
        self.settings.change(&config);
        self.take_limits(&config);
        let limit = limit(&config);
        drop(config);
        let had_limit = self.memory.limit() > 0;
        self.memory.set_limit(limit);
        if limit > 0 && !had_limit {
            self.book_all();
            self.look_at_connections();
        }
        result
    }

    /// Whether clients have to show a password (`requirepass`).
    #[must_use]
    pub fn has_password(&self) -> bool {
        !self.config().text("requirepass").is_empty()
    }

    /// Whether a password is the one. How long that takes tells nothing about the right one but its length.
    pub(crate) fn accepts_password(&self, given: &[u8]) -> bool {
        same_secret(given, self.config().text("requirepass").as_bytes())
    }

    /// Holds requests back until then, or until [`end_pause`](Self::end_pause). On return nothing of that kind runs any
    /// more, and no key is evicted; but keys that are on their way to another node go when they have arrived.
    pub fn begin_pause(&self, reason: PauseReason, held: Held, until: Mono, now: Now) {
        self.pause.begin(reason, held, until, now.mono);
        self.keyspace.wait_for_all();
    }

    /// Ends the pause for that reason.
    pub fn end_pause(&self, reason: PauseReason, now: Now) {
        self.pause.end(reason, now.mono);
    }

    /// Whether keys that have expired are taken out here. A replica does that when it is told, and in a pause nothing
    /// changes.
    pub(crate) fn takes_out_expired(&self) -> bool {
        self.keyspace.leads() && !self.pause.is_on()
    }

    /// Takes from the configuration what is looked at by every request.
    fn take_limits(&self, config: &Config) {
        self.command_log.configure(config);
        self.tracking.set_keys_max(usize::try_from(config.number("tracking-table-max-keys")).unwrap_or(usize::MAX));
        self.stats.tracks_times.store(config.flag("latency-tracking"), Relaxed);
        self.spikes.set_threshold(config.number("latency-monitor-threshold").unsigned_abs());
    }

    /// A client has gone.
    pub fn disconnect(&self, session: &mut Session, now: Now) {
        self.settle(session);
        session.end_hold(self, now);
        // MIGRATE waits for its end without being held back itself.
        if self.pause.is_on() {
            self.pause.remove(session.client());
        }
        if session.monitors {
            self.monitors.leave(session.client());
        }
        self.tracking.end(session.client());
        session.unwatch(self, now);
        if let Some(waiter) = session.client().stop_waiting() {
            Turn::new(self, waiter.slot, now).beside().remove_waiter(&waiter);
        }
    }

    /// Tells those who listen that something has happened to a key, if events of this class are told.
    pub(crate) fn tell(&self, now: Now, class: Classes, event: &str, key: &[u8]) {
        if self.settings.load().events.has(class) {
            self.tell_event(now, event, key);
        }
    }

    /// Tells those who listen that something has happened to a key. Other nodes are not told. Source:
    /// `notifyKeyspaceEvent`.
    pub(crate) fn tell_event(&self, now: Now, event: &str, key: &[u8]) {
        if !self.pubsub.has_listeners(false) {
            return;
        }
        let events = self.settings.load().events;
        if events.has(Classes::KEYSPACE) {
            self.pubsub.publish(now.mono, &[b"__keyspace@0__:", key].concat(), event.as_bytes());
        }
        if events.has(Classes::KEYEVENT) {
            self.pubsub.publish(now.mono, format!("__keyevent@0__:{event}").as_bytes(), key);
        }
    }

    pub(crate) fn view(&self) -> Arc<ClusterView> {
        self.surroundings.view()
    }

    /// Connections of the bus.
    pub(crate) fn bus_links(&self) -> u64 {
        self.surroundings.bus_links()
    }

    pub(crate) fn rules(&self) -> Rules {
        self.settings.load().rules
    }

    pub(crate) fn audience(&self, family: Family) -> Audience {
        Audience { family, tls: false, endpoint_type: self.settings.load().endpoint_type }
    }

    /// How often what the configuration says to commands has changed.
    #[must_use]
    pub fn settings_version(&self) -> u64 {
        self.settings.version()
    }

    /// Bounds on what this client may send, by the settings of now.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let bulk_bytes_max = i64::try_from(self.settings.load().text_bytes).unwrap_or(i64::MAX);
        Limits { bulk_bytes_max, ..Limits::default() }
    }

    /// Most bytes that may wait for a request of a client to be whole.
    #[must_use]
    pub fn query_bytes(&self) -> usize {
        self.settings.load().query_bytes
    }
}

/// Most bytes of memory; 0 for any number.
fn limit(config: &Config) -> u64 {
    config.number("maxmemory").unsigned_abs()
}

/// Compares in a time that depends on the given text alone.
fn same_secret(given: &[u8], secret: &[u8]) -> bool {
    let mut secret_bytes = secret.iter().chain(iter::repeat(&0));
    let mut differs = u8::from(given.len() != secret.len());
    for byte in given {
        differs |= byte ^ secret_bytes.next().unwrap_or(&0);
    }
    black_box(differs) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_same_as_itself_only() {
        assert!(same_secret(b"secret", b"secret"));
        for other in [&b""[..], b"secre", b"secret\0", b"secrets", b"Secret"] {
            assert!(!same_secret(other, b"secret"), "{other:?}");
        }
    }
}
