//! Where the API listens, and whom it lets in.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls;

use crate::access::{Certificates, TokenError, Tokens};
use crate::tls;

/// What guards the API; each part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Lines `ROLE TOKEN`.
    pub tokens: Option<PathBuf>,
    /// Certificate chain of the server, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
    /// Authorities whose certificates clients must show, PEM.
    pub authorities: Option<PathBuf>,
    /// Names in client certificates (DNS names and URIs) whose bearers may change things; all others may look.
    pub admins: Vec<String>,
}

/// Why the API can't be opened as configured. Nothing runs.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// Strangers could reach it.
    #[error(
        "it would listen on {0}, which is not loopback, without asking who calls: set slotmesh-admin-token-file, or \
         slotmesh-admin-tls-ca-file together with a certificate and its key"
    )]
    Open(IpAddr),
    /// A file can't be read.
    #[error("can't read {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file of tokens is not one.
    #[error("{path}: {error}")]
    Tokens {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: TokenError,
    },
    /// Certificate, key or authorities are not usable.
    #[error("{path}: {reason}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// One file says nothing without another.
    #[error("slotmesh-admin-tls-{given} says nothing without slotmesh-admin-tls-{missing}")]
    Incomplete {
        /// What is set.
        given: &'static str,
        /// What is not.
        missing: &'static str,
    },
}

/// Whom the API lets in: the files, read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) tokens: Option<Arc<Tokens>>,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) connections_max: Option<usize>,
}

impl Options {
    /// Reads the files and checks that they suffice for where the API listens.
    ///
    /// # Errors
    /// See [`OptionError`].
    pub fn load(addresses: &[IpAddr], security: &Security) -> Result<Self, OptionError> {
        let tokens = security.tokens.as_deref().map(read_tokens).transpose()?;
        let tls = match (&security.certificate, &security.key, &security.authorities) {
            (Some(certificate), Some(key), authorities) => {
                Some(Arc::new(tls::config(certificate, key, authorities.as_deref())?))
            }
            (Some(_), None, _) => return Err(OptionError::Incomplete { given: "cert-file", missing: "key-file" }),
            (None, Some(_), _) => return Err(OptionError::Incomplete { given: "key-file", missing: "cert-file" }),
            (None, None, Some(_)) => return Err(OptionError::Incomplete { given: "ca-file", missing: "cert-file" }),
            (None, None, None) => None,
        };
        if security.authorities.is_none() && !security.admins.is_empty() {
            return Err(OptionError::Incomplete { given: "admins", missing: "ca-file" });
        }
        let certificates = security.authorities.as_ref().map(|_| Certificates::new(&security.admins, tokens.is_some()));
        let guarded = tokens.is_some() || security.authorities.is_some();
        if let Some(address) = addresses.iter().find(|address| !guarded && !address.is_loopback()) {
            return Err(OptionError::Open(*address));
        }
        let (tokens, certificates) = (tokens.map(Arc::new), certificates.map(Arc::new));
        Ok(Self { tokens, tls, certificates, connections_max: None })
    }

    /// Bounds the connections at the same time, at [`AdminServer::CONNECTIONS_MAX`] at most: each is a descriptor.
    ///
    /// [`AdminServer::CONNECTIONS_MAX`]: crate::AdminServer::CONNECTIONS_MAX
    #[must_use]
    pub fn with_connections_max(self, connections_max: usize) -> Self {
        Self { connections_max: Some(connections_max), ..self }
    }
}

fn read_tokens(path: &Path) -> Result<Tokens, OptionError> {
    let text = fs::read_to_string(path).map_err(|error| OptionError::File { path: path.to_owned(), error })?;
    Tokens::parse(&text).map_err(|error| OptionError::Tokens { path: path.to_owned(), error })
}
