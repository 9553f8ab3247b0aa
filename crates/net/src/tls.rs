//! TLS 1.2 and 1.3 by rustls.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// HTTP in ALPN; also what a client without ALPN speaks on an HTTP listener.
pub const ALPN_HTTP: &[u8] = b"http/1.1";

/// Length-prefixed messages in ALPN: with it a client needs no other port than that of HTTP.
pub const ALPN_MESSAGES: &[u8] = b"stonechat.v1";

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates are not PEM.
    #[error("could not read the certificates")]
    Certificates {
        /// What is wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// There is no certificate.
    #[error("there is no certificate in the file")]
    NoCertificate,
    /// The key is not PEM.
    #[error("could not read the private key")]
    Key {
        /// What is wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// They do not fit each other, or are of a kind that is not supported.
    #[error("the certificate and the key cannot be used")]
    Unusable {
        /// What is wrong.
        source: rustls::Error,
    },
}

/// The one provider of cryptography, so that it is swapped in one place.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What a listener needs, from the texts of two PEM files: the chain, leaf first, and the key of the leaf.
pub fn server_config(certificates_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(certificates_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Certificates { source })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|source| TlsError::Key { source })?;
    let unusable = |source| TlsError::Unusable { source };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![ALPN_HTTP.to_vec(), ALPN_MESSAGES.to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_fits_its_own_key_only() {
        let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = one.cert.pem();
        let config = server_config(certificate.as_bytes(), one.signing_key.serialize_pem().as_bytes()).unwrap();
        assert_eq!(config.alpn_protocols, [ALPN_HTTP, ALPN_MESSAGES]);
        let wrong = server_config(certificate.as_bytes(), other.signing_key.serialize_pem().as_bytes());
        assert!(matches!(wrong, Err(TlsError::Unusable { .. })));
        assert!(matches!(server_config(certificate.as_bytes(), b""), Err(TlsError::Key { .. })));
        assert!(matches!(server_config(b"", b""), Err(TlsError::NoCertificate)));
    }
}
