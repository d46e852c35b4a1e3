//! The admin API of this node: what it needs, from bus, configuration and client side.

mod client;
mod counts;
mod event;
mod judgement;
mod links;
mod member;
mod tap;

use std::fmt;
use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use slotmesh_admin::AdminServer as Running;
use slotmesh_admin::{Feed, Identity, Options, Security};
use slotmesh_config::Config;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use crate::bus::Observer;
use crate::clients::Shared;
use crate::node::StartError;
use crate::{listen, settings};

/// Version of the software.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The API before the node runs: its ports are open, its files are read, nobody is served.
pub(crate) struct Admin {
    listeners: Vec<TcpListener>,
    options: Options,
    counts: Arc<counts::Counts>,
    events: tokio::sync::mpsc::Receiver<tap::Happening>,
}

/// The API, and who has to be told what happens; nothing when it is off.
pub(crate) type Prepared = Option<(Admin, Box<dyn Observer>)>;

impl Admin {
    /// What the configuration asks for, and who has to be told what happens; nothing when the API is off.
    pub(crate) fn prepare(config: &Config, connections_max: Option<usize>) -> Result<Prepared, StartError> {
        let port = config.port("slotmesh-admin-port");
        if port == 0 {
            return Ok(None);
        }
        let bind = config.text("slotmesh-admin-bind");
        let backlog = u32::try_from(config.number("tcp-backlog")).unwrap_or(u32::MAX);
        let taken = |error: &dyn fmt::Display| StartError::AdminPort(error.to_string());
        let listeners = listen::bind_all(bind, port, backlog).map_err(|error| taken(&error))?;
        let addresses = listeners.iter().map(|listener| listener.local_addr().map(|address| address.ip()));
        let addresses = addresses.collect::<Result<Vec<IpAddr>, _>>().map_err(|error| taken(&error))?;
        let options = Options::load(&addresses, &security(config));
        let options = options.map_err(|error| StartError::Admin(error.to_string()))?;
        let options = options.with_connections_max(connections_max.unwrap_or(Running::CONNECTIONS_MAX));
        let counts = Arc::new(counts::Counts::default());
        let (tap, events) = tap::Tap::new(Arc::clone(&counts));
        Ok(Some((Self { listeners, options, counts, events }, Box::new(tap))))
    }

    /// Serves.
    pub(crate) fn start(self, shared: &Arc<Shared>) -> Result<Running, String> {
        let identity = Identity {
            run_id: shared.server.process.run_id.clone(),
            cluster_name: shared.settled.cluster_name.clone(),
            version: VERSION.to_owned(),
        };
        let events = Box::pin(ReceiverStream::new(self.events).map(event::shown));
        let feed = Feed { versions: shared.bus.topology().versions(), events };
        let member = Arc::new(member::Member::new(Arc::clone(shared), self.counts));
        let port = shared.server.config().port("slotmesh-admin-port");
        let server = Running::start(self.options, self.listeners, member, feed, identity);
        let server = server.map_err(|error| error.to_string())?;
        tracing::info!("Ready to accept admin connections at port {port}");
        Ok(server)
    }
}

fn security(config: &Config) -> Security {
    let file = |directive: &str| -> Option<PathBuf> {
        (!config.text(directive).is_empty()).then(|| settings::file(config, directive))
    };
    Security {
        tokens: file("slotmesh-admin-token-file"),
        certificate: file("slotmesh-admin-tls-cert-file"),
        key: file("slotmesh-admin-tls-key-file"),
        authorities: file("slotmesh-admin-tls-ca-file"),
        admins: config.text("slotmesh-admin-tls-admins").split_ascii_whitespace().map(str::to_owned).collect(),
    }
}
