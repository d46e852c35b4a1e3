//! From configuration to the end of the node.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use slotmesh_config::Config;
use slotmesh_node::{Ending, Node, NodeOptions, OwnFactsError, StartError};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Failure;
use crate::limits;
use crate::log::{self, Log};

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
    let result = limits::fit(&mut config).map_err(Failure::Runtime).and_then(|()| serve(words, config, &log));
    if let Err(Failure::Configuration(error) | Failure::Runtime(error)) = &result {
        tracing::error!("{error:#}");
    }
    result
}

fn serve(words: &[String], config: Config, log: &Log) -> Result<(), Failure> {
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
        on_config: Some(Box::new(move |config| reload.follow(config))),
    };
    let mut node = Node::start(config, options).map_err(start_failure)?;
    log.show_role_of(&node);
    let result = runtime.block_on(wait(&mut signals, &mut node));
    tracing::info!("User requested shutdown...");
    tracing::info!("Saving the cluster configuration file before exiting.");
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
}

/// Waits for a reason to stop.
async fn wait(signals: &mut Signals, node: &mut Node) -> Result<(), Failure> {
    tokio::select! {
        _ = signals.terminate.recv() => tracing::info!("Received SIGTERM scheduling shutdown..."),
        _ = signals.interrupt.recv() => tracing::info!("Received SIGINT scheduling shutdown..."),
        ending = node.ended() => return match ending {
            Ending::Shutdown => Ok(()),
            Ending::Fatal(reason) => Err(Failure::Runtime(anyhow!(reason))),
        },
    }
    Ok(())
}

fn read(path: &str) -> Result<String, String> {
    let mut text = Vec::new();
    let result = match path {
        "-" => std::io::stdin().read_to_end(&mut text).map(drop),
        path => std::fs::read(path).map(|bytes| text = bytes),
    };
    result.map_err(|error| error.to_string())?;
    String::from_utf8(text).map_err(|_| "it holds bytes that are no text".into())
}

/// The configuration file as an absolute path; empty for none.
fn config_file(words: &[String]) -> String {
    let first = words.first().filter(|word| !word.starts_with('-'));
    let path = first.map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path)));
    path.map(|path| path.display().to_string()).unwrap_or_default()
}
