//! The server, on a thread of its own.

use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::api::Api;
use crate::gate::GateLayer;
use crate::incoming::{self, Door};
use crate::node::{Feed, Node};
use crate::options::Options;
use crate::proto::topology_service_server as topology;
use crate::proto::{self, diagnostics_service_server as diagnostics, event_service_server as events};
use crate::proto::{membership_service_server as membership, recovery_service_server as recovery};
use crate::proto::{replication_service_server as replication, slot_service_server as slots};

/// Largest request in bytes. A layout of 16384 single slots takes less than a fifth of it.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Most calls at the same time on one connection.
const STREAMS_MAX: u32 = 1024;

/// Largest header block in bytes.
const HEADERS_BYTES_MAX: u32 = 16 * 1024;

/// A connection is asked for a sign of life so often, and closed when it gives none for so long: a client that vanished
/// keeps no watch.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Name under which the health service tells whether the cluster serves keys; the empty name tells whether the process runs.
const CLUSTER_HEALTH: &str = "slotmesh.cluster";

/// Who serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Names the run: random for each.
    pub run_id: String,
    /// Name of the cluster; empty for none.
    pub cluster_name: String,
    /// Version of the software.
    pub version: String,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener can't be used.
    #[error("a listener can't be used: {0}")]
    Listener(io::Error),
    /// The system gives no thread or runtime.
    #[error("can't start the admin thread: {0}")]
    Thread(io::Error),
}

/// A running server. It stops when dropped: open calls are cut off.
#[derive(Debug)]
pub struct AdminServer {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AdminServer {
    /// Most connections at the same time, where the options say nothing less.
    pub const CONNECTIONS_MAX: usize = 2048;

    /// Starts serving.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        options: Options,
        listeners: Vec<StdListener>,
        node: Arc<dyn Node>,
        feed: Feed,
        identity: Identity,
    ) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let listeners = {
            let _guard = runtime.enter();
            let listeners = listeners.into_iter().map(|listener| {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener)
            });
            listeners.collect::<io::Result<Vec<_>>>().map_err(StartError::Listener)?
        };
        let api = Api::new(node, identity.run_id, identity.cluster_name, identity.version);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("admin".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    result = serve(options, listeners, api, feed) => {
                        if let Err(error) = result {
                            tracing::error!("The admin API has ended: {error}");
                        }
                    }
                    _ = stopped => {}
                }
            });
            // Handlers never block for longer than a file takes to read.
            runtime.shutdown_timeout(Duration::from_millis(500));
        });
        Ok(Self { stop: Some(stop), thread: Some(thread.map_err(StartError::Thread)?) })
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        // A server that has ended needs no word.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    options: Options,
    listeners: Vec<TcpListener>,
    api: Api,
    feed: Feed,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", ServingStatus::Serving).await;
    tell_health(&health, &api).await;
    tokio::spawn(follow(api.clone(), feed, health));
    let routes = routes(&api)?.add_service(health_service);
    let places =
        options.connections_max.map_or(AdminServer::CONNECTIONS_MAX, |max| max.min(AdminServer::CONNECTIONS_MAX));
    let places = Arc::new(Semaphore::new(places));
    let (out, connections) = mpsc::channel(64);
    let door = Door { tls: options.tls.clone(), certificates: options.certificates.clone() };
    for listener in listeners {
        tokio::spawn(incoming::accept(listener, door.clone(), Arc::clone(&places), out.clone()));
    }
    drop(out);
    let gate = GateLayer { tokens: options.tokens.clone(), api };
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .layer(gate)
        .serve_with_incoming(routes, ReceiverStream::new(connections))
        .await?;
    Ok(())
}

fn routes(api: &Api) -> Result<Routes, tonic_reflection::server::Error> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    macro_rules! limited {
        ($server:expr) => {
            $server.max_decoding_message_size(REQUEST_BYTES_MAX)
        };
    }
    Ok(Routes::new(builder().build_v1()?)
        .add_service(builder().build_v1alpha()?)
        .add_service(limited!(membership::MembershipServiceServer::new(api.clone())))
        .add_service(limited!(topology::TopologyServiceServer::new(api.clone())))
        .add_service(limited!(events::EventServiceServer::new(api.clone())))
        .add_service(limited!(slots::SlotServiceServer::new(api.clone())))
        .add_service(limited!(replication::ReplicationServiceServer::new(api.clone())))
        .add_service(limited!(recovery::RecoveryServiceServer::new(api.clone())))
        .add_service(limited!(diagnostics::DiagnosticsServiceServer::new(api.clone()))))
}

/// Takes what the node tells into the logs that watchers read.
async fn follow(api: Api, mut feed: Feed, health: HealthReporter) {
    loop {
        tokio::select! {
            changed = feed.versions.changed() => {
                if changed.is_err() {
                    return;
                }
                api.catch_up();
                tell_health(&health, &api).await;
            }
            event = feed.events.next() => match event {
                Some(event) => api.events.push(event),
                None => return,
            },
        }
    }
}

async fn tell_health(health: &HealthReporter, api: &Api) {
    let status = if api.node.view().state_ok { ServingStatus::Serving } else { ServingStatus::NotServing };
    health.set_service_status(CLUSTER_HEALTH, status).await;
}
