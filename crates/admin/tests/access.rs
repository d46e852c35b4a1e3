//! Who is let in, and who is not.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use slotmesh_admin::proto::membership_service_client::MembershipServiceClient;
use slotmesh_admin::proto::topology_service_client::TopologyServiceClient;
use slotmesh_admin::proto::{GetTopologyRequest, MeetRequest};
use slotmesh_admin::{OptionError, Options, Security};
use support::Api;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Uri};
use tonic::{Code, Request};

const READ: &str = "read-token-0123456789";
const ADMIN: &str = "admin-token-0123456789";

/// A folder of its own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("slotmesh-admin-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tokens(folder: &Folder) -> PathBuf {
    folder.write("tokens", &format!("# of tests\nread {READ}\nadmin {ADMIN}\n"))
}

fn options(security: &Security) -> Options {
    Options::load(&[IpAddr::V4(Ipv4Addr::UNSPECIFIED)], security).unwrap()
}

fn with_token<T>(message: T, token: Option<&str>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

async fn look(channel: Channel, token: Option<&str>) -> Result<(), Code> {
    let result = TopologyServiceClient::new(channel).get_topology(with_token(GetTopologyRequest {}, token)).await;
    result.map(drop).map_err(|status| status.code())
}

async fn change(channel: Channel, token: Option<&str>) -> Result<(), Code> {
    // The node of these tests gets a member for each port, so each has one of its own.
    static PORT: AtomicU32 = AtomicU32::new(7);
    let port = PORT.fetch_add(1, Ordering::Relaxed);
    let meet = MeetRequest { host: "127.0.0.1".into(), port, ..MeetRequest::default() };
    let result = MembershipServiceClient::new(channel).meet(with_token(meet, token)).await;
    result.map(drop).map_err(|status| status.code())
}

/// An authority with certificates of its own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key of localhost, valid until a year.
    fn issue(&self, until: i32) -> (String, String) {
        self.issue_to("localhost", until)
    }

    /// Certificate and key of a DNS name or URI.
    fn issue_to(&self, name: &str, until: i32) -> (String, String) {
        let name = match name.contains("://") {
            true => rcgen::SanType::URI(name.try_into().unwrap()),
            false => rcgen::SanType::DnsName(name.try_into().unwrap()),
        };
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.subject_alt_names = vec![name];
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A connection over TLS, with a client certificate if one is given.
async fn tls_channel(
    api: &Api,
    authority: &Authority,
    own: Option<&(String, String)>,
) -> Result<Channel, tonic::transport::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (connector, address) = (TlsConnector::from(Arc::new(config)), api.address);
    let connect = tower::service_fn(move |_: Uri| {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("localhost").unwrap();
            connector.connect(name, stream).await.map(TokioIo::new)
        }
    });
    api.endpoint().connect_with_connector(connect).await
}

fn files(folder: &Folder, own: &(String, String), clients: Option<&Authority>) -> Security {
    Security {
        tokens: None,
        certificate: Some(folder.write("cert.pem", &own.0)),
        key: Some(folder.write("key.pem", &own.1)),
        authorities: clients.map(|clients| folder.write("ca.pem", &clients.pem())),
        admins: Vec::new(),
    }
}

#[tokio::test]
async fn a_token_gives_the_rights_of_its_role_and_no_other() {
    let folder = Folder::new("roles");
    let api = Api::start(options(&Security { tokens: Some(tokens(&folder)), ..Security::default() }));
    let channel = || async { api.channel().await };
    assert_eq!(look(channel().await, None).await, Err(Code::Unauthenticated));
    assert_eq!(look(channel().await, Some("read-token-0123456780")).await, Err(Code::Unauthenticated));
    assert_eq!(change(channel().await, None).await, Err(Code::Unauthenticated));
    assert_eq!(look(channel().await, Some(READ)).await, Ok(()));
    assert_eq!(change(channel().await, Some(READ)).await, Err(Code::PermissionDenied));
    assert_eq!(look(channel().await, Some(ADMIN)).await, Ok(()));
    assert_eq!(change(channel().await, Some(ADMIN)).await, Ok(()));
    assert_eq!(api.node.table(slotmesh_table::Table::len), 2, "only one MEET got through");
}

#[tokio::test]
async fn a_probe_needs_no_token_and_metrics_need_one() {
    let folder = Folder::new("probe");
    let api = Api::start(options(&Security { tokens: Some(tokens(&folder)), ..Security::default() }));
    let mut health = tonic_health::pb::health_client::HealthClient::new(api.channel().await);
    let answer = health.check(tonic_health::pb::HealthCheckRequest { service: String::new() }).await.unwrap();
    assert_eq!(answer.into_inner().status, 1, "SERVING");
    let get = |token: &str| format!("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{token}\r\n");
    assert!(http(&api, &get("")).await.starts_with("HTTP/1.1 401 "));
    let page = http(&api, &get(&format!("authorization: Bearer {READ}\r\n"))).await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("\nslotmesh_cluster_state_ok 0\n"), "{page}");
    let wrong =
        http(&api, &format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {ADMIN}\r\n\r\n"))
            .await;
    assert!(wrong.starts_with("HTTP/1.1 404 "), "{wrong}");
}

async fn http(api: &Api, request: &str) -> String {
    let mut stream = TcpStream::connect(api.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn only_certificates_of_the_authority_that_are_valid_now_open_the_door() {
    let folder = Folder::new("mutual");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let api = Api::start(options(&files(&folder, &ours.issue(2090), Some(&ours))));
    let good = tls_channel(&api, &ours, Some(&ours.issue(2090))).await.unwrap();
    assert_eq!(look(good.clone(), None).await, Ok(()));
    assert_eq!(change(good, None).await, Err(Code::PermissionDenied), "nobody said that it may");
    let none = None;
    let (expired, foreign) = (ours.issue(2021), theirs.issue(2090));
    for (what, own) in [("no", none), ("an expired", Some(&expired)), ("a foreign", Some(&foreign))] {
        // With TLS 1.3 the client hears of it with its first call.
        let refused = match tls_channel(&api, &ours, own).await {
            Err(_) => true,
            Ok(channel) => look(channel, None).await.is_err(),
        };
        assert!(refused, "{what} certificate was let in");
    }
    let stranger = tls_channel(&api, &theirs, Some(&ours.issue(2090))).await;
    assert!(stranger.is_err(), "a client that trusts another authority leaves");
}

#[tokio::test]
async fn a_certificate_changes_things_when_one_of_its_names_is_listed() {
    let folder = Folder::new("admins");
    let ours = Authority::new();
    let admins = vec!["ops.example".to_owned(), "spiffe://example/ops".to_owned()];
    let listed = Security { admins, ..files(&folder, &ours.issue(2090), Some(&ours)) };
    let both = Security { tokens: Some(tokens(&folder)), ..listed.clone() };
    let tokens_decide = Security { admins: Vec::new(), ..both.clone() };
    let (api, with_tokens, by_token) =
        (Api::start(options(&listed)), Api::start(options(&both)), Api::start(options(&tokens_decide)));
    for (name, allowed) in [("ops.example", true), ("spiffe://example/ops", true), ("pod.example", false)] {
        let own = ours.issue_to(name, 2090);
        let channel = async |api: &Api| tls_channel(api, &ours, Some(&own)).await.unwrap();
        let wanted = if allowed { Ok(()) } else { Err(Code::PermissionDenied) };
        assert_eq!(look(channel(&api).await, None).await, Ok(()), "{name}");
        assert_eq!(change(channel(&api).await, None).await, wanted, "{name}");
        assert_eq!(look(channel(&with_tokens).await, None).await, Err(Code::Unauthenticated), "{name}");
        assert_eq!(change(channel(&with_tokens).await, Some(READ)).await, Err(Code::PermissionDenied), "{name}");
        assert_eq!(change(channel(&with_tokens).await, Some(ADMIN)).await, wanted, "{name}");
        assert_eq!(change(channel(&by_token).await, Some(ADMIN)).await, Ok(()), "{name}");
    }
    let own = ours.issue_to("pod.example", 2090);
    let channel = tls_channel(&api, &ours, Some(&own)).await.unwrap();
    let meet = MeetRequest { host: "127.0.0.1".into(), port: 7, ..MeetRequest::default() };
    let refused = MembershipServiceClient::new(channel).meet(meet).await.unwrap_err();
    let reason = refused.message();
    assert!(reason.contains("slotmesh-admin-tls-admins") && reason.contains("pod.example"), "{reason}");
}

#[tokio::test]
async fn plain_text_to_a_tls_port_is_refused_and_the_port_lives_on() {
    let folder = Folder::new("plain");
    let ours = Authority::new();
    let security = Security { tokens: Some(tokens(&folder)), ..files(&folder, &ours.issue(2090), None) };
    let api = Api::start(options(&security));
    let plain = match api.endpoint().connect().await {
        Err(_) => Err(Code::Unavailable),
        Ok(channel) => look(channel, Some(READ)).await,
    };
    assert!(plain.is_err());
    let mut stream = TcpStream::connect(api.address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // A reset is as good an end as any.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let channel = tls_channel(&api, &ours, None).await.unwrap();
    assert_eq!(look(channel.clone(), None).await, Err(Code::Unauthenticated), "TLS alone says not who calls");
    assert_eq!(look(channel, Some(READ)).await, Ok(()));
}

#[test]
fn nobody_listens_to_strangers_without_asking_who_they_are() {
    let folder = Folder::new("open");
    let (loopback, any) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    assert!(Options::load(&[loopback], &Security::default()).is_ok());
    let refused = Options::load(&[loopback, any], &Security::default()).unwrap_err();
    assert!(matches!(refused, OptionError::Open(address) if address == any), "{refused}");
    let own = Authority::new().issue(2090);
    let only_encrypted = Options::load(&[any], &files(&folder, &own, None)).unwrap_err();
    assert!(matches!(only_encrypted, OptionError::Open(_)), "{only_encrypted}");
    let nobody = Security { admins: vec!["ops.example".into()], ..files(&folder, &own, None) };
    assert!(matches!(Options::load(&[loopback], &nobody), Err(OptionError::Incomplete { missing: "ca-file", .. })));
    let without = Security { certificate: None, ..files(&folder, &own, None) };
    assert!(matches!(Options::load(&[loopback], &without), Err(OptionError::Incomplete { missing: "cert-file", .. })));
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    let folder = Folder::new("files");
    let load = |security: &Security| Options::load(&[], security).unwrap_err().to_string();
    let missing = load(&Security { tokens: Some(folder.0.join("none")), ..Security::default() });
    assert!(missing.contains("none") && missing.contains("can't read"), "{missing}");
    let wrong = load(&Security { tokens: Some(folder.write("wrong", "root hunter2")), ..Security::default() });
    assert!(wrong.contains("wrong: line 1"), "{wrong}");
    let own = Authority::new().issue(2090);
    let swapped = load(&files(&folder, &(own.1.clone(), own.0.clone()), None));
    assert!(swapped.contains("key.pem") || swapped.contains("cert.pem"), "{swapped}");
    let other = load(&files(&folder, &(own.0, Authority::new().issue(2090).1), None));
    assert!(other.contains("cert.pem"), "{other}");
    assert!(Path::new(&folder.0).exists());
}
