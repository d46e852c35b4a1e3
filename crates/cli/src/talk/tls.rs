//! TLS at the client ports of nodes.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Files that cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsFileError {
    /// It can't be read, or holds something else.
    #[error("{path}: expected {expected} in PEM: {reason}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
        /// Why it is not there.
        reason: String,
    },
    /// Certificate and key do not belong together.
    #[error("the certificate can't be used: {0}")]
    Certificate(String),
}

/// How TLS is spoken to nodes.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    /// The name in every certificate, where it is not the host.
    name: Option<ServerName<'static>>,
}

/// What a connection is made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Debug + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Debug + Unpin + Send> Stream for T {}

impl Tls {
    /// Believes these authorities, and shows this certificate and key if there are any.
    ///
    /// # Errors
    /// A file does not hold what it should.
    pub(crate) fn new(
        authorities: &Path,
        own: Option<(&Path, &Path)>,
        name: Option<ServerName<'static>>,
    ) -> Result<Self, TlsFileError> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(authorities)? {
            let added = roots.add(authority);
            added.map_err(|error| broken(authorities, "certificates of authorities", &error))?;
        }
        let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFileError::Certificate(error.to_string()))?;
        let builder = versions.with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| broken(key, "a private key", &error))?;
                let config = builder.with_client_auth_cert(certificates(chain)?, secret);
                config.map_err(|error| TlsFileError::Certificate(error.to_string()))?
            }
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Speaks TLS on a connection to `host`.
    ///
    /// # Errors
    /// The other side does not, or is not believed.
    pub(crate) async fn wrap(&self, host: &str, stream: TcpStream) -> Result<Box<dyn Stream>, String> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?,
        };
        match self.connector.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let expected = "certificates";
    let found = CertificateDer::pem_file_iter(path).map_err(|error| broken(path, expected, &error))?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|error| broken(path, expected, &error))?;
    if found.is_empty() { Err(broken(path, expected, &"there are none")) } else { Ok(found) }
}

fn broken(path: &Path, expected: &'static str, reason: &impl ToString) -> TlsFileError {
    TlsFileError::File { path: path.to_owned(), expected, reason: reason.to_string() }
}
