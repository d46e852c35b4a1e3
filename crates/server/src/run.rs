//! From configuration to the end of the node.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use slotmesh_config::Config;
use slotmesh_node::{Ending, Node, NodeOptions, OwnFactsError, StartError};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Failure;
use crate::limits::Shares;
use crate::log::{self, Log};
use crate::supervisor::Supervisor;

/// Runs a node until it is told to stop.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let mut config = Config::load(words, &read).map_err(|error| Failure::Configuration(error.into()))?;
    let log = log::start(&config).map_err(Failure::Configuration)?;
    tracing::info!("slotmesh-server {} starting, pid={}", env!("CARGO_PKG_VERSION"), std::process::id());
    // Scripts that start servers wait for these two words with the number of the process.
    tracing::info!("Running mode=cluster, port={}, PID: {}", config.text("port"), std::process::id());
    if !config.harmless().is_empty() {
        tracing::info!("Directives that change nothing here: {}", config.harmless().join(", "));
    }
    let shares = Shares::fit(&mut config).map_err(Failure::Runtime);
    let result = shares.and_then(|shares| serve(words, config, shares, &log));
    if let Err(Failure::Configuration(error) | Failure::Runtime(error)) = &result {
        tracing::error!("{error:#}");
    }
    result
}

fn serve(words: &[String], config: Config, shares: Shares, log: &Log) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start the main thread's runtime")
        .map_err(Failure::Runtime)?;
    // Before anybody can know that there is a server to stop.
    let mut signals = {
        let _guard = runtime.enter();
        Signals::listen().context("can't wait for signals").map_err(Failure::Runtime)?
    };
    let reload = log.reload();
    let options = NodeOptions {
        executable: std::env::current_exe().unwrap_or_default().display().to_string(),
        config_file: config_file(words),
        strangers_max: usize::try_from(shares.strangers).ok(),
        admin_connections_max: usize::try_from(shares.admin).ok(),
        may_change: Some(Box::new(move |config| shares.admit(config))),
        on_config: Some(Box::new(move |config| reload.follow(config))),
    };
    let supervisor = Supervisor::find(config.text("supervised"));
    let mut node = Node::start(config, options).map_err(start_failure)?;
    log.show_role_of(&node);
    supervisor.tell("READY=1\nSTATUS=Ready to accept connections\n");
    let result = runtime.block_on(wait(&mut signals, &mut node));
    supervisor.tell("STOPPING=1\nSTATUS=Exiting\n");
    tracing::info!("User requested shutdown...");
    tracing::info!("Saving the cluster configuration file before exiting.");
    // Whoever insists does not want to wait for what may hang, a dead disk for instance.
    std::thread::spawn(move || runtime.block_on(signals.insist()));
    node.stop();
    tracing::warn!("slotmesh-server is now ready to exit, bye bye...");
    result
}

fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Folder { .. } | StartError::OwnFacts(OwnFactsError::OtherCluster { .. }) | StartError::Admin(_) => {
            Failure::Configuration(error.into())
        }
        _ => Failure::Runtime(error.into()),
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Never read: whoever closes the terminal does not mean the server; real servers ignore it, too.
    _hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Ends the process at the next signal.
    async fn insist(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        eprintln!("slotmesh-server: You insist... exiting now.");
        std::process::exit(1);
    }
}

/// Waits for a reason to stop.
async fn wait(signals: &mut Signals, node: &mut Node) -> Result<(), Failure> {
    loop {
        let (name, directive) = tokio::select! {
            _ = signals.terminate.recv() => ("SIGTERM", "shutdown-on-sigterm"),
            _ = signals.interrupt.recv() => ("SIGINT", "shutdown-on-sigint"),
            ending = node.ended() => return match ending {
                Ending::Shutdown => Ok(()),
                Ending::Fatal(reason) => Err(Failure::Runtime(anyhow!(reason))),
            },
        };
        tracing::info!("Received {name} scheduling shutdown...");
        if !must_stay(node, directive) {
            return Ok(());
        }
        tracing::warn!("Errors trying to shut down the server: it owns slots, and {directive} says 'safe'.");
    }
}

/// Whether a signal is not enough: the operator has said that slots must not lose their owner by it.
fn must_stay(node: &Node, directive: &str) -> bool {
    let config = node.config();
    let has = |word| config.text(directive).split(' ').any(|known| known == word);
    has("safe") && !has("force") && node.owns_slots()
}

fn read(path: &str) -> Result<String, String> {
    let mut text = Vec::new();
    let result = match path {
        "-" => std::io::stdin().read_to_end(&mut text).map(drop),
        path => std::fs::read(path).map(|bytes| text = bytes),
    };
    result.map_err(|error| error.to_string())?;
    let lines = text.split(|byte| *byte == b'\n').enumerate().map(|(index, line)| match line.trim_ascii_start() {
        // Whatever a comment is written in, it says nothing.
        [b'#', ..] => Ok("#"),
        _ => str::from_utf8(line).map_err(|_| format!("line {} holds bytes that are no text", index + 1)),
    });
    Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

/// The configuration file as an absolute path; empty for none.
fn config_file(words: &[String]) -> String {
    let first = words.first().filter(|word| !word.starts_with('-'));
    let path = first.map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path)));
    path.map(|path| path.display().to_string()).unwrap_or_default()
}
