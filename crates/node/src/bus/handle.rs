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
use crate::ending::Ending;
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
    /// Keep running when nodes.conf can't be saved.
    pub(crate) save_best_effort: bool,
    /// Published messages between it and the client threads.
    pub(crate) publications: Arc<Publications>,
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
        let (reply, answer) = oneshot::channel();
        self.requests.send(Envelope { request, reply }).ok()?;
        answer.await.ok()
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
            let _tell = TellPanic(options.endings.clone());
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

/// Ends the node when the bus thread panics: a node without a bus must not look alive.
struct TellPanic(mpsc::UnboundedSender<Ending>);

impl Drop for TellPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody listens any more: the node is ending already.
            let _ = self.0.send(Ending::Fatal("the bus thread panicked; please report this".into()));
        }
    }
}
