//! Certificates of the server and of its clients.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::options::OptionError;

/// Reads the files. With authorities, a client must show a certificate of one of them.
pub(crate) fn config(certificate: &Path, key: &Path, authorities: Option<&Path>) -> Result<ServerConfig, OptionError> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| refused(key, &error))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(certificate, &error))?;
    let builder = match authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider)
                .build()
                .map_err(|error| refused(path, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, secret).map_err(|error| refused(certificate, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Names in a certificate, as its authority has written them: DNS names and URIs of the subject alternative name. The
/// common name is left out, as everywhere where names are checked. Source: RFC 9525, 2.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    // It has been verified, so it can be read.
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    parsed.valid_dns_names().chain(parsed.valid_uri_names()).map(str::to_owned).collect()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OptionError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| refused(path, &error));
    match found {
        Ok(found) if found.is_empty() => Err(refused(path, &"it holds no certificate")),
        found => found,
    }
}

fn roots(path: &Path) -> Result<RootCertStore, OptionError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| refused(path, &error))?;
    }
    Ok(roots)
}

fn refused(path: &Path, reason: &impl ToString) -> OptionError {
    OptionError::Tls { path: path.to_owned(), reason: reason.to_string() }
}
