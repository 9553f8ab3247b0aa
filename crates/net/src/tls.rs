//! TLS 1.2 and 1.3 by rustls.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
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

/// A certificate and its key, which can be replaced while listeners use them.
#[derive(Debug)]
pub struct Certificate {
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// From the texts of two PEM files: the chain, leaf first, and the key of the leaf.
    pub fn from_pem(chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self { current: RwLock::new(parse(chain_pem, key_pem)?) }))
    }

    /// Has all handshakes from here on use another one. After an error the one before stays.
    pub fn replace(&self, chain_pem: &[u8], key_pem: &[u8]) -> Result<(), TlsError> {
        let next = parse(chain_pem, key_pem)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// What [`Tls::Own`](crate::listener::Tls::Own) takes.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|source| TlsError::Unusable { source })?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![ALPN_HTTP.to_vec(), ALPN_MESSAGES.to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn parse(chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Certificates { source })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|source| TlsError::Key { source })?;
    // This also compares the key with the leaf.
    let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|source| TlsError::Unusable { source })?;
    Ok(Arc::new(certified))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_certificate_fits_its_own_key_only() {
        let ((chain, key), (_, other_key)) = (made(), made());
        let certificate = Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(certificate.server_config().unwrap().alpn_protocols, [ALPN_HTTP, ALPN_MESSAGES]);
        let wrong = Certificate::from_pem(chain.as_bytes(), other_key.as_bytes());
        assert!(matches!(wrong, Err(TlsError::Unusable { .. })));
        assert!(matches!(Certificate::from_pem(chain.as_bytes(), b""), Err(TlsError::Key { .. })));
        assert!(matches!(Certificate::from_pem(b"", b""), Err(TlsError::NoCertificate)));
    }

    #[test]
    fn a_bad_replacement_leaves_the_certificate_in_place() {
        let ((chain, key), (next_chain, next_key)) = (made(), made());
        let certificate = Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let used = || certificate.current.read().unwrap().cert[0].clone();
        let first = used();
        assert!(certificate.replace(next_chain.as_bytes(), key.as_bytes()).is_err());
        assert_eq!(used(), first);
        certificate.replace(next_chain.as_bytes(), next_key.as_bytes()).unwrap();
        assert_ne!(used(), first);
    }
}
