//! The cryptography of tokens, by ring. The library that reads and writes them has none of its own.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Only for JWK, which we do not read.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring the provider of this process; without one the first token panics. Whoever makes or checks tokens calls
/// it, as often as he likes.
pub fn install() {
    // It fails when one is installed already, and that is ours.
    let _installed_before = PROVIDER.install_default();
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match (algorithm, key.family()) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(Box::new(EdSigner(read_pair(key.as_bytes())?))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match (algorithm, key.family()) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(Box::new(EdVerifier(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

/// Reads a private key in PKCS#8. Most tools write version 1, which has no public key to compare with.
pub(super) fn read_pair(pkcs8_der: &[u8]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8_der).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

struct EdSigner(Ed25519KeyPair);

impl Signer<Vec<u8>> for EdSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for EdSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EdVerifier(Vec<u8>);

impl Verifier<Vec<u8>> for EdVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for EdVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ed25519_has_a_signer_and_a_verifier() {
        let secret = EncodingKey::from_secret(b"secret");
        assert!(signer(&Algorithm::HS256, &secret).is_err());
        assert!(signer(&Algorithm::EdDSA, &secret).is_err());
        assert!(signer(&Algorithm::EdDSA, &EncodingKey::from_ed_der(b"not a key")).is_err());
        let public = DecodingKey::from_ed_der(&[7; 32]);
        assert!(verifier(&Algorithm::EdDSA, &public).is_ok());
        assert!(verifier(&Algorithm::HS256, &public).is_err());
        assert!(verifier(&Algorithm::HS256, &DecodingKey::from_secret(&[7; 32])).is_err());
    }
}
