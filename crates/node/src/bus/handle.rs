//! Starting, asking and stopping the bus thread.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::command::{BusReply, BusRequest, Envelope};
use super::core::{self, Origin};
use super::observer::Observer;
use super::publisher::Publications;
use super::saver::Files;
use crate::clock::Clock;
use crate::ending::{Ending, TellPanic};
use crate::keeper::Chores;
use crate::settings::BusSettings;
use crate::topology::Topology;
use crate::watchdog::Watchdog;

/// What the bus thread needs to start.
pub(crate) struct BusOptions {
    /// What directives say.
    pub(crate) settings: BusSettings,
    /// Where to accept links.
    pub(crate) listeners: Vec<TcpListener>,
    /// The clocks that the whole node shares.
    pub(crate) clock: Clock,
    /// Told how late its timers fire.
    pub(crate) watchdog: Arc<Watchdog>,
    /// Published messages between it and the client threads.
    pub(crate) publications: Arc<Publications>,
    /// Where it leaves what is to be done with the keys.
    pub(crate) chores: Chores,
    /// Told about everything that happens.
    pub(crate) observer: Option<Box<dyn Observer>>,
    /// Told when the node can't go on; the bus thread ends then.
    pub(crate) endings: mpsc::UnboundedSender<Ending>,
}

/// What the rest of the node knows of the bus: whom to ask and where to look. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    requests: mpsc::UnboundedSender<Envelope>,
    topology: Arc<Topology>,
    publications: Arc<Publications>,
}

impl Bus {
    /// Published messages between it and the client threads.
    pub(crate) fn publications(&self) -> &Arc<Publications> {
        &self.publications
    }

    /// What the bus knows, for readers on any thread.
    pub(crate) fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// Asks the bus; `None` when it has stopped.
    pub(crate) async fn ask(&self, request: BusRequest) -> Option<BusReply> {
        self.put(request)?.await.ok()
    }

    /// Puts a question to the bus; the answer comes later. `None` when it has stopped.
    pub(crate) fn put(&self, request: BusRequest) -> Option<oneshot::Receiver<BusReply>> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Envelope { request, reply }).ok()?;
        Some(answer)
    }

    /// Tells the bus something, and does not wait.
    pub(crate) fn tell(&self, request: BusRequest) {
        // A bus that has stopped needs no news.
        let _ = self.requests.send(Envelope { request, reply: oneshot::channel().0 });
    }
}

/// The running bus thread.
#[derive(Debug)]
pub(crate) struct BusThread {
    bus: Bus,
    thread: thread::JoinHandle<()>,
}

impl BusThread {
    /// Starts the thread.
    pub(crate) fn start(options: BusOptions, files: Files, origin: Origin) -> std::io::Result<Self> {
        let topology = Arc::new(Topology::new(&origin.table));
        let (requests, inbox) = mpsc::unbounded_channel();
        let (shared, publications) = (Arc::clone(&topology), Arc::clone(&options.publications));
        let thread = thread::Builder::new().name("bus".into()).spawn(move || {
            let _tell = TellPanic::new(&options.endings, "the bus thread");
            core::run(options, files, origin, inbox, &shared);
        })?;
        Ok(Self { bus: Bus { requests, topology, publications }, thread })
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Saves the table, closes every link and ends the thread.
    pub(crate) fn stop(self) {
        let (reply, _answer) = oneshot::channel();
        // A bus that has stopped already is what we want.
        let _ = self.bus.requests.send(Envelope { request: BusRequest::Stop, reply });
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use slotmesh_config::Config;
    use slotmesh_gossip::{Event, SplitMix};
    use slotmesh_table::{ClusterView, Table};
    use slotmesh_types::{NodeId, Now, ShardId};

    use super::*;
    use crate::conf_file::NodesConf;
    use crate::own_facts::{OwnFacts, OwnFile};
    use crate::settings;

    /// Panics in the task that carries out a request.
    struct Faulty;

    impl Observer for Faulty {
        fn event(&self, _: Now, _: &Event) {}

        fn saved(&self, _: Now, _: &io::Result<()>) {}

        fn published(&self, _: Now, view: &ClusterView) {
            assert!(view.current_epoch.0 == 0, "on purpose");
        }
    }

    #[test]
    fn a_panic_of_a_task_ends_the_bus_and_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("nodes.conf");
        let (config, clock) = (Config::default(), Clock::new());
        let settled = settings::Settled { cluster_name: String::new(), bus_port: 16379, strangers_max: 10 };
        let (told, mut endings) = mpsc::unbounded_channel();
        let options = BusOptions {
            settings: settings::bus(&config, &settled),
            listeners: Vec::new(),
            clock,
            watchdog: Watchdog::new(clock, 1),
            publications: Publications::new(slotmesh_command::PubSub::new(config.output_limits())),
            chores: Chores::new().0,
            observer: Some(Box::new(Faulty)),
            endings: told,
        };
        let table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]));
        let files = Files { conf: NodesConf::open(&path).expect("a file"), own: OwnFile::beside(&path) };
        let origin = Origin { table, facts: OwnFacts::default(), rng: SplitMix::new(1) };
        let bus = BusThread::start(options, files, origin).expect("a thread");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let bump = slotmesh_command::Change::BumpEpoch;
        let order = super::super::Order { change: bump, holds_keys: false, only_check: false, decision: None };
        assert!(runtime.block_on(bus.bus().ask(BusRequest::Change(order))).is_none(), "nobody is left to answer");
        assert!(matches!(endings.blocking_recv(), Some(Ending::Fatal(_))));
        // Returns, although there is nobody who could be told to stop.
        bus.stop();
    }
}
