//! Acting on CONFIG SET and CONFIG REWRITE.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use slotmesh_command::Answer;
use slotmesh_config::{Config, SetError};

use crate::atomic_file;
use crate::bus::BusRequest;
use crate::clients::{Listeners, Shared};
use crate::{listen, settings};

/// The directives that say where clients are accepted, and what real servers reply where that can't be.
const WHERE: [(&str, &str); 2] =
    [("port", "Unable to listen on this port. Check server logs."), ("bind", "Failed to bind to specified addresses.")];

/// Sets directives and lets them take effect, all or none. Gives the names of those whose values differ now; the error
/// is in the words of real servers.
pub(crate) async fn set(shared: &Arc<Shared>, pairs: Vec<(String, String)>) -> Result<Vec<&'static str>, String> {
    let owner = Arc::clone(shared);
    // A task of its own brings to its end what has begun: whoever asked may go meanwhile. It runs where clients are
    // served, since new ports stay with the thread that opens them.
    let task = shared.places.handle(shared.places.next()).spawn(async move { apply(&owner, &pairs).await });
    task.await.unwrap_or_else(|_| Err("the server is stopping".into()))
}

async fn apply(shared: &Arc<Shared>, pairs: &[(String, String)]) -> Result<Vec<&'static str>, String> {
    // One after the other: what a failure puts back, and what is told the bus, is what holds.
    let _turn = shared.changing.lock().await;
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let before = shared.server.config().clone();
    let changed = shared.server.change_config(|config| config.set(&pairs)).map_err(|error| error.to_string())?;
    if changed.is_empty() {
        return Ok(changed);
    }
    let config = shared.server.config().clone();
    if let Err(error) = admit(shared, &before, &config, &pairs, &changed).await {
        shared.server.change_config(|config| *config = before);
        return Err(error.to_string());
    }
    shared.server.pubsub.set_limits(config.output_limits());
    shared.watchdog.set_threshold(settings::stall_threshold(&config));
    shared.places.set_always_all(config.flag("slotmesh-io-threads-always-active"));
    // A bus that has stopped needs no settings.
    let _ = shared.bus.ask(BusRequest::Configure(Box::new(settings::bus(&config, &shared.settled)))).await;
    // Whoever is told that it is done finds it done: some directives decide whether the cluster serves keys.
    let _ = shared.bus.ask(BusRequest::Refresh).await;
    (shared.on_config)(&config);
    Ok(changed)
}

/// Does what may fail.
async fn admit(
    shared: &Arc<Shared>,
    before: &Config,
    config: &Config,
    pairs: &[(&str, &str)],
    changed: &[&'static str],
) -> Result<(), SetError> {
    (shared.may_change)(config)?;
    // The first that was given is what real servers name.
    let mut given =
        pairs.iter().filter_map(|(name, _)| WHERE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    let Some((name, reason)) = given.find(|(name, _)| changed.contains(name)) else { return Ok(()) };
    move_listeners(shared, before, config).await.map_err(|error| {
        tracing::warn!("Failed applying new configuration. Restoring previous settings. {error}");
        SetError::Refused { name: (*name).to_owned(), reason: (*reason).to_owned() }
    })
}

/// The old sockets may hold what the new ones need, so they close first, and open again if the new ones can't.
async fn move_listeners(shared: &Arc<Shared>, before: &Config, config: &Config) -> Result<(), String> {
    shared.listeners.close_tcp().await;
    let result = open_listeners(shared, config);
    if result.is_err()
        && let Err(error) = open_listeners(shared, before)
    {
        tracing::warn!("The client port is closed: it could not be opened again: {error}");
    }
    result
}

/// Accepts TCP clients where the configuration says.
pub(crate) fn open_listeners(shared: &Arc<Shared>, config: &Config) -> Result<(), String> {
    let port = config.port("port");
    if port == 0 {
        return Ok(());
    }
    let backlog = u32::try_from(config.number("tcp-backlog")).unwrap_or(u32::MAX);
    let listeners = listen::bind_all(config.text("bind"), port, backlog).map_err(|error| error.to_string())?;
    Listeners::accept_tcp(shared, listeners).map_err(|error| error.to_string())
}

/// Writes the configuration to the file it came from.
pub(crate) async fn rewrite(shared: &Shared) -> Answer {
    // What is about to be refused and put back is not to be written.
    let _turn = shared.changing.lock().await;
    let path = Path::new(&shared.server.process.config_file);
    let result = fs::read(path).and_then(text).and_then(|old| {
        let new = shared.server.config().rewrite(&old);
        atomic_file::save(path, new.as_bytes(), true)
    });
    match result {
        Ok(()) => {
            tracing::info!("CONFIG REWRITE executed with success.");
            Answer::Ok
        }
        Err(error) => {
            tracing::warn!("CONFIG REWRITE failed: {error}");
            Answer::Error(format!("Rewriting config file: {error}"))
        }
    }
}

/// The server starts with a file whose comments hold any bytes, but they can't be kept as they are.
fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} holds bytes that are no text"))
    })
}
