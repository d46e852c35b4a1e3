//! What everything on the client side shares.

use std::sync::Arc;

use slotmesh_command::{Responsiveness, Server, Surroundings, Usage};
use slotmesh_config::Config;
use slotmesh_table::ClusterView;
use tokio::sync::{mpsc, watch};

use super::listener::Listeners;
use super::threads::Places;
use crate::bus::Bus;
use crate::clock::Clock;
use crate::ending::Ending;
use crate::messages::Message;
use crate::usage;
use crate::watchdog::Watchdog;

/// Called with the new configuration after a client has changed it.
pub(crate) type OnConfig = Box<dyn Fn(&Config) + Send + Sync>;

/// What everything on the client side shares.
pub(crate) struct Shared {
    pub(crate) server: Server,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) listeners: Listeners,
    pub(crate) places: Places,
    pub(crate) watchdog: Arc<Watchdog>,
    /// The name of the cluster that holds.
    pub(crate) cluster_name: String,
    pub(crate) endings: mpsc::UnboundedSender<Ending>,
    /// Turns true when connections have to end.
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) on_config: OnConfig,
}

/// What commands see of the rest of the process.
pub(crate) struct World {
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) watchdog: Arc<Watchdog>,
}

impl Surroundings for World {
    fn view(&self) -> Arc<ClusterView> {
        self.bus.topology().view()
    }

    fn usage(&self) -> Usage {
        let (bus_links, bus_link_bytes) = self.bus.topology().links();
        Usage { bus_links, bus_link_bytes, ..usage::read() }
    }

    fn unix_micros(&self) -> u64 {
        self.clock.unix_micros()
    }

    fn responsiveness(&self) -> Responsiveness {
        self.watchdog.report()
    }

    fn publish(&self, shard: bool, channel: &[u8], message: &[u8]) {
        if self.view().nodes.len() > 1 {
            self.bus.publications().outgoing.push(Message::new(shard, channel, message));
        }
    }
}
