//! Acting on CONFIG SET and CONFIG REWRITE.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use slotmesh_command::Answer;
use slotmesh_config::Config;

use crate::atomic_file;
use crate::bus::BusRequest;
use crate::clients::{Listeners, Shared};
use crate::{listen, settings};

/// Lets changed directives take effect, all or none.
pub(crate) async fn apply(shared: &Arc<Shared>, before: &Config, changed: &[&'static str]) -> Answer {
    let config = shared.server.config().clone();
    if ["port", "bind"].iter().any(|name| changed.contains(name))
        && let Err(reason) = move_listeners(shared, before, &config).await
    {
        *shared.server.config_mut() = before.clone();
        return Answer::Error(format!("CONFIG SET failed (possibly related to argument '{}') - {reason}", changed[0]));
    }
    shared.server.pubsub.set_limits(config.output_limits());
    shared.watchdog.set_threshold(settings::stall_threshold(&config));
    let settings = settings::bus(&config, &shared.cluster_name);
    // A bus that has stopped needs no settings.
    let _ = shared.bus.ask(BusRequest::Configure(Box::new(settings))).await;
    (shared.on_config)(&config);
    Answer::Ok
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
pub(crate) fn rewrite(shared: &Shared) -> Answer {
    let path = Path::new(&shared.server.process.config_file);
    let result = fs::read_to_string(path).and_then(|old| {
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
