//! A whole node.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use slotmesh_command::{Keyspace, Process, PubSub, Server};
use slotmesh_config::Config;
use slotmesh_gossip::{Engine, Memory, SplitMix};
use slotmesh_types::NodeId;
use tokio::sync::{Mutex, mpsc};

use crate::admin::{self, Admin};
use crate::bus::{BusOptions, BusThread, Files, Origin, Publications};
use crate::clients::{Listeners, MayChange, OnConfig, Shared, Targets, Threads, World, deliver};
use crate::clock::Clock;
use crate::conf_file::{ConfFileError, NodesConf};
use crate::ending::{Ending, TellPanic};
use crate::keeper::{Chores, Keeper};
use crate::listen::{self, ListenError};
use crate::own_facts::{OwnFactsError, OwnFile};
use crate::pid_file::PidFile;
use crate::reaper::Reaper;
use crate::settings::Settled;
use crate::topology::Topology;
use crate::watchdog::Watchdog;
use crate::{change, settings};

/// What a program tells about itself and wants to be told.
#[derive(Default)]
pub struct NodeOptions {
    /// Path of the program, for INFO.
    pub executable: String,
    /// Path of the configuration file, for INFO and CONFIG REWRITE; empty for none.
    pub config_file: String,
    /// Inbound links of strangers that the bus holds at a time; `None` for as many as the engine allows (4096).
    pub strangers_max: Option<usize>,
    /// Connections that the admin API holds at a time; `None` for as many as it allows (2048).
    pub admin_connections_max: Option<usize>,
    /// Called with a new configuration before it takes effect, on a thread that serves clients; an error refuses it.
    pub may_change: Option<MayChange>,
    /// Called with the new configuration after a client has changed it, on a thread that serves clients.
    pub on_config: Option<OnConfig>,
}

impl fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeOptions").field("config_file", &self.config_file).finish_non_exhaustive()
    }
}

/// Why a node did not start. Nothing of it runs.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The working directory can't be used.
    #[error("Can't chdir to '{path}': {error}")]
    Folder {
        /// The directory.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// nodes.conf can't be used.
    #[error(transparent)]
    Conf(#[from] ConfFileError),
    /// The file beside nodes.conf can't be used, or the name of the cluster can't be settled.
    #[error(transparent)]
    OwnFacts(#[from] OwnFactsError),
    /// The bus port can't be listened on.
    #[error("Failed listening on port {port} (cluster), aborting. {0}", port = .0.port)]
    Bus(ListenError),
    /// The client port or socket can't be listened on.
    #[error("Failed listening on {what}, aborting. {reason}")]
    Clients {
        /// The port or socket.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The admin API is not configured as it has to be.
    #[error("Failed to open the admin API, aborting. {0}")]
    Admin(String),
    /// The port or the thread of the admin API can't be had now.
    #[error("Failed to open the admin API, aborting. {0}")]
    AdminPort(String),
    /// The system gives no threads or no randomness.
    #[error("can't start {what}: {error}")]
    System {
        /// What.
        what: &'static str,
        /// Why not.
        error: io::Error,
    },
}

/// A running node. It stops when told to, or when dropped.
pub struct Node {
    shared: Arc<Shared>,
    endings: mpsc::UnboundedReceiver<Ending>,
    /// Both are there until the node stops.
    running: Option<(BusThread, Threads, Keeper)>,
    /// There while it runs, if it was asked for; it stops when it goes.
    admin: Option<admin::Running>,
    /// Removed when the node is dropped.
    pid_file: Option<PidFile>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Node {
    /// Starts a node: reads or makes its nodes.conf, opens the bus port, then the client port.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(mut config: Config, options: NodeOptions) -> Result<Self, StartError> {
        let clock = Clock::new();
        let entropy = Entropy::gather()?;
        let conf = open_conf(&config)?;
        let mut rng = SplitMix::new(entropy.seed);
        let (table, fresh) = conf.load(clock.now(), &mut rng)?;
        let own_file = OwnFile::beside(&settings::file(&config, "cluster-config-file"));
        let mut facts = own_file.settle(config.text("slotmesh-cluster-name"), table.len() > 1)?;
        if fresh {
            // A file without its nodes.conf tells of another node.
            facts.memory = Memory::default();
        }
        tell_id(table.me().facts().id(), fresh);
        let settled = Settled {
            cluster_name: facts.cluster_name.clone(),
            bus_port: settings::bus_port(&config),
            strangers_max: options.strangers_max.unwrap_or(Engine::STRANGERS_MAX),
        };
        show_name(&mut config, &settled.cluster_name);
        let (ended, endings) = mpsc::unbounded_channel();
        let backlog = u32::try_from(config.number("tcp-backlog")).unwrap_or(u32::MAX);
        let listeners = listen::bind_all(config.text("bind"), settled.bus_port, backlog);
        let listeners = listeners.map_err(StartError::Bus)?;
        let (admin, observer) = Admin::prepare(&config, options.admin_connections_max)?.unzip();
        let pubsub = PubSub::new(config.output_limits());
        let thread_count = thread_count(&config);
        let watchdog = Watchdog::new(clock, thread_count);
        watchdog.set_threshold(settings::stall_threshold(&config));
        let (chores, waiting) = Chores::new();
        let bus_options = BusOptions {
            settings: settings::bus(&config, &settled),
            listeners,
            clock,
            watchdog: Arc::clone(&watchdog),
            publications: Publications::new(pubsub.clone()),
            chores: chores.clone(),
            observer,
            endings: ended.clone(),
        };
        let lacking = |what| move |error| StartError::System { what, error };
        let mut threads = Threads::start(thread_count, &watchdog).map_err(lacking("threads"))?;
        let bus = BusThread::start(bus_options, Files { conf, own: own_file }, Origin { table, rng, facts })
            .map_err(lacking("the bus thread"))?;
        let (targets, reaper) = (Targets::default(), Reaper::start(&ended).map_err(lacking("threads"))?);
        threads.places().set_always_all(config.flag("slotmesh-io-threads-always-active"));
        let world = Box::new(World::new(bus.bus(), clock, &watchdog, &targets, threads.places(), reaper));
        let process = process(&options, entropy.run_id, entropy.replication_id);
        let shared = Arc::new(Shared {
            server: Server::new(clock.now(), process, config, Keyspace::new(entropy.hash_seed), world, pubsub),
            bus: bus.bus().clone(),
            clock,
            listeners: Listeners::default(),
            places: threads.places(),
            targets,
            watchdog,
            settled,
            changing: Mutex::default(),
            walks: Mutex::default(),
            endings: ended,
            may_change: options.may_change.unwrap_or_else(|| Box::new(|_| Ok(()))),
            on_config: options.on_config.unwrap_or_else(|| Box::new(|_| {})),
        });
        let served = Arc::clone(&shared);
        threads.spread(move || served.server.stats.commands.get()).map_err(lacking("threads"))?;
        let keeper = Keeper::start(Arc::clone(&shared), chores, waiting).map_err(lacking("threads"))?;
        let running = Some((bus, threads, keeper));
        let mut node = Self { shared, endings, running, admin: None, pid_file: None };
        node.open()?;
        let admin = admin.map(|admin| admin.start(&node.shared)).transpose();
        node.admin = admin.map_err(StartError::AdminPort)?;
        Ok(node)
    }

    /// Lets clients in.
    fn open(&mut self) -> Result<(), StartError> {
        let Some((_, threads, _)) = &self.running else { return Ok(()) };
        let _guard = threads.first().enter();
        let config = self.shared.server.config().clone();
        tracing::info!("Server initialized");
        change::open_listeners(&self.shared, &config)
            .map_err(|reason| StartError::Clients { what: format!("port {} (tcp)", config.text("port")), reason })?;
        // Not before the ports are ours: the file may be that of a server that runs.
        if !config.text("pidfile").is_empty() {
            self.pid_file = PidFile::write(settings::file(&config, "pidfile"));
        }
        if config.port("port") != 0 {
            tracing::info!("Ready to accept connections tcp");
        }
        if !config.text("unixsocket").is_empty() {
            let mode = u32::from_str_radix(config.text("unixsocketperm"), 8).unwrap_or(0);
            Listeners::add_unix(&self.shared, settings::file(&config, "unixsocket"), mode).map_err(|error| {
                let what = format!("{} (unix)", config.text("unixsocket"));
                StartError::Clients { what, reason: error.to_string() }
            })?;
            tracing::info!("Ready to accept connections unix");
        }
        let watch = |what| TellPanic::new(&self.shared.endings, what);
        tokio::spawn(watch("the task that watches clients").watch(watch_clients(Arc::clone(&self.shared))));
        tokio::spawn(watch("the task that delivers messages").watch(deliver(Arc::clone(&self.shared))));
        Ok(())
    }

    /// Id of the node.
    #[must_use]
    pub fn id(&self) -> NodeId {
        *self.topology().view().me().facts.id()
    }

    /// What the node knows of the cluster.
    #[must_use]
    pub fn topology(&self) -> &Arc<Topology> {
        self.shared.bus.topology()
    }

    /// The configuration that holds.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.server.config().clone()
    }

    /// Whether it is a primary that would leave slots without an owner.
    #[must_use]
    pub fn owns_slots(&self) -> bool {
        self.topology().view().me().facts.is_voting()
    }

    /// Waits until the node ends by itself: a client sent SHUTDOWN, or it can't go on. Stop it then.
    pub async fn ended(&mut self) -> Ending {
        match self.endings.recv().await {
            Some(ending) => ending,
            // This very node holds a sender.
            None => std::future::pending().await,
        }
    }

    /// Stops the node: no new clients, open connections end, nodes.conf is saved. Blocks until that is done, so not for
    /// asynchronous code.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        self.admin = None;
        let Some((bus, threads, keeper)) = self.running.take() else { return };
        // On a thread of its own: a node that is dropped in a task can't wait for others there.
        thread::scope(|scope| {
            let halting = scope.spawn(|| {
                threads.first().block_on(self.shared.listeners.close());
                self.shared.server.clients.all().iter().for_each(|client| client.kill());
                bus.stop();
                drop(threads);
                keeper.stop();
            });
            // A panic there is no reason for one here.
            let _ = halting.join();
        });
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.halt();
    }
}

/// A member that was given no name has kept its own.
fn show_name(config: &mut Config, name: &str) {
    if let Err(error) = config.settle("slotmesh-cluster-name", name) {
        tracing::warn!("The name of the cluster can't be shown by CONFIG GET: {error}");
    }
}

fn tell_id(me: &NodeId, fresh: bool) {
    if fresh {
        tracing::info!("No cluster configuration found, I'm {me}");
    } else {
        tracing::info!("Node configuration loaded, I'm {me}");
    }
}

struct Entropy {
    seed: u64,
    hash_seed: u64,
    run_id: String,
    replication_id: String,
}

impl Entropy {
    fn gather() -> Result<Self, StartError> {
        let (mut seed, mut hash_seed, mut run_id, mut replication_id) = ([0; 8], [0; 8], [0; 20], [0; 20]);
        for bytes in [&mut seed[..], &mut hash_seed, &mut run_id, &mut replication_id] {
            getrandom::fill(bytes)
                .map_err(|error| StartError::System { what: "the random generator", error: error.into() })?;
        }
        let hex = |bytes: [u8; 20]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let [seed, hash_seed] = [seed, hash_seed].map(u64::from_ne_bytes);
        Ok(Self { seed, hash_seed, run_id: hex(run_id), replication_id: hex(replication_id) })
    }
}

fn open_conf(config: &Config) -> Result<NodesConf, StartError> {
    let folder = PathBuf::from(config.text("dir"));
    if let Err(error) = fs::read_dir(&folder) {
        return Err(StartError::Folder { path: folder, error });
    }
    Ok(NodesConf::open(&settings::file(config, "cluster-config-file"))?)
}

fn thread_count(config: &Config) -> usize {
    match usize::try_from(config.number("slotmesh-io-threads")).unwrap_or(0) {
        0 => thread::available_parallelism().map_or(1, usize::from),
        count => count,
    }
}

fn process(options: &NodeOptions, run_id: String, replication_id: String) -> Process {
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    Process {
        run_id,
        replication_id,
        id: std::process::id(),
        executable: options.executable.clone(),
        config_file: options.config_file.clone(),
        os: format!("{} {} {}", text(system.sysname()), text(system.release()), text(system.machine())),
    }
}

/// Ends connections that have been silent for longer than `timeout` says, and those that take what they are sent too
/// slowly for too long. Subscribers may be silent, and so may those who wait for an answer.
async fn watch_clients(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        let timeout = shared.server.config().number("timeout").unsigned_abs();
        let limits = shared.server.pubsub.limits();
        let now = shared.clock.now().mono;
        for client in shared.server.clients.all() {
            client.check_limits(limits, now);
            let silent = now.since(client.last_interaction()).as_secs();
            if timeout > 0 && silent > timeout && !client.is_subscribed() && !client.is_waiting() {
                client.kill();
            }
        }
    }
}
