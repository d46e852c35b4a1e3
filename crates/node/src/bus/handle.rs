//! Starting, asking and stopping the bus thread.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use slotmesh_gossip::{Config, SplitMix};
use tokio::sync::{mpsc, oneshot};

use super::command::{BusReply, BusRequest, Envelope};
use super::core::{self, Origin};
use super::listen;
use crate::conf_file::{ConfFileError, NodesConf};
use crate::topology::Topology;

/// What the bus thread needs to start.
#[derive(Debug)]
pub struct BusOptions {
    /// Settings of the engine.
    pub engine: Config,
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// Length of the queue of connections that are not accepted yet.
    pub backlog: u32,
    /// Path of nodes.conf.
    pub conf_path: PathBuf,
    /// Keep running when nodes.conf can't be saved.
    pub save_best_effort: bool,
    /// Seed of the engine's generator.
    pub seed: u64,
    /// Called when the node can't go on, with the reason; the bus thread ends then.
    pub on_fatal: fn(String),
}

/// Why the bus did not start. Nothing runs and no file was changed.
#[derive(Debug, thiserror::Error)]
pub enum BusStartError {
    /// nodes.conf can't be used.
    #[error(transparent)]
    Conf(#[from] ConfFileError),
    /// The bus port can't be listened on.
    #[error("can't listen on bus address {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The thread could not be started.
    #[error("can't start the bus thread: {0}")]
    Thread(std::io::Error),
}

/// The running bus.
#[derive(Debug)]
pub struct BusHandle {
    requests: mpsc::UnboundedSender<Envelope>,
    topology: Arc<Topology>,
    thread: Option<thread::JoinHandle<()>>,
}

impl BusHandle {
    /// Loads nodes.conf (or writes a first one), opens the bus port and starts the thread.
    ///
    /// # Errors
    /// See [`BusStartError`].
    pub fn start(options: BusOptions) -> Result<Self, BusStartError> {
        let conf = NodesConf::open(&options.conf_path)?;
        let mut rng = SplitMix::new(options.seed);
        let (table, fresh) = conf.load(&mut rng)?;
        let mut listeners = Vec::new();
        for address in &options.listen {
            let listener = listen::bind(*address, options.backlog)
                .map_err(|error| BusStartError::Listen { address: *address, error })?;
            listeners.push(listener);
        }
        let topology = Arc::new(Topology::new(&table));
        let (requests, inbox) = mpsc::unbounded_channel();
        let shared = Arc::clone(&topology);
        let thread = thread::Builder::new()
            .name("bus".into())
            .spawn(move || core::run(options, conf, Origin { table, fresh, rng }, listeners, inbox, &shared))
            .map_err(BusStartError::Thread)?;
        Ok(Self { requests, topology, thread: Some(thread) })
    }

    /// What the bus knows, for readers on any thread.
    #[must_use]
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// Asks the bus; `None` when it has stopped.
    pub async fn ask(&self, request: BusRequest) -> Option<BusReply> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Envelope { request, reply }).ok()?;
        answer.await.ok()
    }

    /// Saves the table, closes every link and ends the thread.
    pub fn stop(mut self) {
        let (reply, _answer) = oneshot::channel();
        // A bus that has stopped already is what we want.
        let _ = self.requests.send(Envelope { request: BusRequest::Stop, reply });
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
