//! One connection to the admin API of a slotmesh node.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use slotmesh_admin::proto;
use slotmesh_admin::proto::diagnostics_service_client::DiagnosticsServiceClient;
use slotmesh_admin::proto::event_service_client::EventServiceClient;
use slotmesh_admin::proto::membership_service_client::MembershipServiceClient;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use super::{AskError, AskErrorKind, Target};
use crate::arguments::AdminOptions;

/// Largest answer in bytes: the topology of some ten thousand nodes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long a node may take to tell the others: so long it waits for those that can't be reached or don't answer.
const FAN_OUT_TIMEOUT: Duration = Duration::from_secs(40);

/// The admin API of one node. Clones share the connection.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    target: Target,
    channel: Channel,
    badge: Badge,
    timeout: Duration,
    speaks_tls: bool,
}

/// Shows the token with every call.
#[derive(Clone)]
pub(crate) struct Badge(Option<AsciiMetadataValue>);

impl std::fmt::Debug for Badge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Badge(a token)" } else { "Badge(none)" })
    }
}

impl Interceptor for Badge {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// What all clients speak through.
type Service = InterceptedService<Channel, Badge>;

impl Admin {
    /// Reads the files and connects.
    ///
    /// # Errors
    /// A file can't be read or used, or nobody serves the API there.
    pub(crate) async fn connect(options: &AdminOptions, target: &Target, timeout: Duration) -> Result<Self> {
        let scheme = if options.speaks_tls() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{target}"))
            .with_context(|| format!("{target} is no address of an admin API"))?
            .connect_timeout(timeout)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_while_idle(true);
        if options.speaks_tls() {
            endpoint = endpoint.tls_config(tls(options, target)?).context("the TLS files can't be used")?;
        }
        let badge = Badge(options.token_file.as_deref().map(token).transpose()?);
        let failed = |kind| AskError { target: target.clone(), kind };
        let channel = match tokio::time::timeout(timeout, endpoint.connect()).await {
            Ok(channel) => channel.map_err(|error| failed(AskErrorKind::Connect(causes(&error))))?,
            Err(_) => return Err(failed(AskErrorKind::Timeout(timeout)).into()),
        };
        Ok(Self { target: target.clone(), channel, badge, timeout, speaks_tls: options.speaks_tls() })
    }

    /// Where it is.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The cluster as the node knows it now.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn topology(&self) -> Result<proto::Topology, AskError> {
        let mut client = self.topology_client();
        let answer = self.within(self.timeout, client.get_topology(proto::GetTopologyRequest {})).await?;
        answer.topology.ok_or_else(|| {
            self.error(AskErrorKind::Admin { code: tonic::Code::Internal, text: "it told no topology".into() })
        })
    }

    /// Version of the software.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn version(&self) -> Result<String, AskError> {
        let mut client = DiagnosticsServiceClient::with_interceptor(self.channel.clone(), self.badge.clone());
        Ok(self.within(self.timeout, client.get_figures(proto::GetFiguresRequest {})).await?.version)
    }

    /// The links of the node, by peer.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn links(&self) -> Result<Vec<proto::PeerLinks>, AskError> {
        let mut client = DiagnosticsServiceClient::with_interceptor(self.channel.clone(), self.badge.clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX);
        Ok(self.within(self.timeout, client.list_links(proto::ListLinksRequest::default())).await?.peers)
    }

    /// Makes the node shake hands with another, and waits for the outcome.
    ///
    /// # Errors
    /// The call failed; a handshake that ends badly is an answer.
    pub(crate) async fn meet(
        &self,
        request: proto::MeetRequest,
        wait: Duration,
    ) -> Result<proto::MeetResponse, AskError> {
        let mut client = MembershipServiceClient::with_interceptor(self.channel.clone(), self.badge.clone());
        self.within(wait + self.timeout, client.meet(request)).await
    }

    /// Makes the node, and all others that it reaches, forget one. The call goes on when we do not wait for its end.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn forget(&self, node_id: String) -> Result<proto::ForgetResponse, AskError> {
        let mut client = MembershipServiceClient::with_interceptor(self.channel.clone(), self.badge.clone());
        let idempotency_key = format!("slotmesh-forget-{}-{:?}", std::process::id(), SystemTime::now());
        let options = Some(proto::EditOptions { idempotency_key, ..Default::default() });
        let request = proto::ForgetRequest { node_id, fan_out: true, options };
        self.within(FAN_OUT_TIMEOUT + self.timeout, client.forget(request)).await
    }

    /// For streams of the topology.
    pub(crate) fn topology_client(&self) -> TopologyServiceClient<Service> {
        TopologyServiceClient::with_interceptor(self.channel.clone(), self.badge.clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// For streams of events.
    pub(crate) fn event_client(&self) -> EventServiceClient<Service> {
        EventServiceClient::with_interceptor(self.channel.clone(), self.badge.clone())
    }

    /// The error for a failed call.
    pub(crate) fn failed(&self, status: &Status) -> AskError {
        self.error(AskErrorKind::Admin { code: status.code(), text: in_words(status) })
    }

    async fn within<T>(
        &self,
        timeout: Duration,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Result<T, AskError> {
        match tokio::time::timeout(timeout, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            // Nothing was heard on a connection that was just made.
            Ok(Err(status)) if is_of_transport(&status) => {
                let advice = match self.speaks_tls {
                    true => "; does it want a certificate of ours (--tls-cert-file, --tls-key-file)?",
                    false => "; is this the admin port of a slotmesh node, and without TLS (--tls-ca-file)?",
                };
                Err(self.error(AskErrorKind::Broken(in_words(&status) + advice)))
            }
            Ok(Err(status)) => Err(self.failed(&status)),
            Err(_) => Err(self.error(AskErrorKind::Timeout(timeout))),
        }
    }

    fn error(&self, kind: AskErrorKind) -> AskError {
        AskError { target: self.target.clone(), kind }
    }
}

/// What a status says, and what to do about the common ones.
fn in_words(status: &Status) -> String {
    let advice = match status.code() {
        tonic::Code::Unauthenticated => "; give a file with a token that it knows: --token-file",
        tonic::Code::Unimplemented => "; is this the admin port (slotmesh-admin-port) of a slotmesh node?",
        _ => "",
    };
    let message = match status.message() {
        _ if is_of_transport(status) => causes(status),
        "" => status.code().description().to_owned(),
        message => message.to_owned(),
    };
    format!("{message}{advice}")
}

/// Whether it comes from the connection, and not from the node.
fn is_of_transport(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}

/// An error of the transport with what caused it: the outermost says nothing.
fn causes(error: &dyn std::error::Error) -> String {
    let mut texts = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts.dedup();
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

fn tls(options: &AdminOptions, target: &Target) -> Result<ClientTlsConfig> {
    let name = options.tls_server_name.as_ref().unwrap_or(&target.host);
    let mut tls = ClientTlsConfig::new().domain_name(name);
    if let Some(path) = &options.tls_ca_file {
        tls = tls.ca_certificate(Certificate::from_pem(read(path)?));
    }
    if let (Some(certificate), Some(key)) = (&options.tls_cert_file, &options.tls_key_file) {
        tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    Ok(tls)
}

/// The token of a file: its last word, so that a line `ROLE TOKEN` of a server's file does as well as a bare token.
fn token(path: &std::path::Path) -> Result<AsciiMetadataValue> {
    let text = read(path)?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let line = lines.next().with_context(|| format!("{} holds no token", path.display()))?;
    let word = line.split_ascii_whitespace().last().unwrap_or_default();
    let value = format!("Bearer {word}").parse::<AsciiMetadataValue>();
    let mut value = value.with_context(|| format!("{} holds characters that no token has", path.display()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn read(path: &std::path::Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}
