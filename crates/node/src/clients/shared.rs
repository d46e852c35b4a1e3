//! What everything on the client side shares.

use std::sync::Arc;

use slotmesh_command::{Responsiveness, Server, Surroundings, Usage};
use slotmesh_config::{Config, SetError};
use slotmesh_table::ClusterView;
use slotmesh_types::Now;
use tokio::sync::{Mutex, mpsc};

use super::listener::Listeners;
use super::places::Places;
use super::targets::Targets;
use crate::bus::Bus;
use crate::clock::Clock;
use crate::ending::Ending;
use crate::messages::Message;
use crate::reaper::Reaper;
use crate::settings::Settled;
use crate::usage;
use crate::watchdog::Watchdog;

/// Called with the new configuration after a client has changed it.
pub(crate) type OnConfig = Box<dyn Fn(&Config) + Send + Sync>;

/// Called with a new configuration before it takes effect; an error refuses it.
pub(crate) type MayChange = Box<dyn Fn(&Config) -> Result<(), SetError> + Send + Sync>;

/// What everything on the client side shares.
pub(crate) struct Shared {
    pub(crate) server: Server,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) listeners: Listeners,
    pub(crate) places: Arc<Places>,
    pub(crate) targets: Targets,
    pub(crate) watchdog: Arc<Watchdog>,
    pub(crate) settled: Settled,
    /// Held by the one change of the configuration that takes effect.
    pub(crate) changing: Mutex<()>,
    /// Held by the one client that walks over all keys.
    pub(crate) walks: Mutex<()>,
    pub(crate) endings: mpsc::UnboundedSender<Ending>,
    pub(crate) may_change: MayChange,
    pub(crate) on_config: OnConfig,
}

/// What commands see of the rest of the process.
pub(crate) struct World {
    bus: Bus,
    clock: Clock,
    watchdog: Arc<Watchdog>,
    targets: Targets,
    places: Arc<Places>,
    reaper: Reaper,
}

impl World {
    pub(crate) fn new(
        bus: &Bus,
        clock: Clock,
        watchdog: &Arc<Watchdog>,
        targets: &Targets,
        places: Arc<Places>,
        reaper: Reaper,
    ) -> Self {
        let (bus, watchdog, targets) = (bus.clone(), Arc::clone(watchdog), targets.clone());
        Self { bus, clock, watchdog, targets, places, reaper }
    }
}

impl Surroundings for World {
    fn view(&self) -> Arc<ClusterView> {
        self.bus.topology().view()
    }

    fn usage(&self) -> Usage {
        usage::read()
    }

    fn view_version(&self) -> u64 {
        self.bus.topology().version()
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn unix_micros(&self) -> u64 {
        self.clock.unix_micros()
    }

    /// Two for each other member, as real servers count. Whoever is in a handshake may be made up.
    fn bus_links(&self) -> u64 {
        let members = self.view().nodes.iter().filter(|node| !node.facts.handshake).count() as u64;
        2 * members.saturating_sub(1)
    }

    fn bus_bytes(&self) -> u64 {
        self.bus.topology().link_bytes()
    }

    fn kept_targets(&self) -> usize {
        self.targets.len()
    }

    fn responsiveness(&self) -> Responsiveness {
        self.watchdog.report(self.places.active())
    }

    fn discard(&self, garbage: Box<dyn Send>) {
        self.reaper.free(garbage);
    }

    fn publish(&self, shard: bool, channel: &[u8], message: &[u8]) {
        if self.view().nodes.len() > 1 {
            self.bus.publications().outgoing.push(Message::new(shard, channel, message));
        }
    }
}
