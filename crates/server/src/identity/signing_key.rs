//! The one key of an app with which we sign tokens for its backend: `keys/token-signing.APP.pem`.

use crate::data_folder::{DataFolder, DataFolderError};
use crate::identity::provider::{self, read_pair};
use crate::identity::public_key::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::EncodingKey;
use ring::signature::KeyPair as _;
use stonechat_app::ports::Entropy;
use stonechat_types::id::AppName;
use zeroize::Zeroizing;

/// What stands before the 32 secret bytes in PKCS#8 version 1 (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

const SECRET_BYTES: usize = 32;

/// A private key and the name by which tokens refer to it.
#[derive(Clone, Debug)]
pub struct SigningKey {
    pub(super) kid: String,
    pub(super) private: EncodingKey,
    public: PublicKey,
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file could not be read or written.
    #[error("could not use the signing key of the app {app}")]
    File {
        /// Whose.
        app: AppName,
        /// Why.
        source: DataFolderError,
    },
    /// There is none.
    #[error(
        "the data folder {folder} has no signing key for the app {app}: `stonechat serve` makes it at its first start"
    )]
    Missing {
        /// Whose.
        app: AppName,
        /// Where it should be.
        folder: String,
    },
    /// It is not what we write.
    #[error("{file} in the data folder is not a private Ed25519 key in PEM (PKCS#8)")]
    Unreadable {
        /// Its name.
        file: String,
    },
}

impl SigningKey {
    /// The key of an app, made now if there is none yet.
    ///
    /// # Errors
    /// [`SigningKeyError`].
    pub fn create_or_open(folder: &DataFolder, app: &AppName, entropy: &dyn Entropy) -> Result<Self, SigningKeyError> {
        let failed = |source| SigningKeyError::File { app: app.clone(), source };
        let pem = folder.create_or_read_key(&file_name(app), || new_pem(entropy)).map_err(failed)?;
        Self::read(app, &pem)
    }

    /// The key of an app. Only reads, and takes no lock.
    ///
    /// # Errors
    /// [`SigningKeyError`].
    pub fn open(folder: &DataFolder, app: &AppName) -> Result<Self, SigningKeyError> {
        let failed = |source| SigningKeyError::File { app: app.clone(), source };
        let Some(pem) = folder.read_key(&file_name(app)).map_err(failed)? else {
            return Err(SigningKeyError::Missing { app: app.clone(), folder: folder.root().display().to_string() });
        };
        Self::read(app, &pem)
    }

    fn read(app: &AppName, pem: &[u8]) -> Result<Self, SigningKeyError> {
        provider::install();
        let unreadable = |_| SigningKeyError::Unreadable { file: file_name(app) };
        let private = EncodingKey::from_ed_pem(pem).map_err(unreadable)?;
        let pair = read_pair(private.as_bytes()).map_err(unreadable)?;
        // Ring gives 32 bytes; anything else is refused like a key that is not one.
        let public = pair.public_key().as_ref().try_into().map(PublicKey);
        let public = public.map_err(|_| SigningKeyError::Unreadable { file: file_name(app) })?;
        Ok(Self { kid: public.fingerprint(), private, public })
    }

    /// What proves its signatures.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// The name by which tokens refer to it.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

/// The name of its file below `keys/`.
#[must_use]
pub fn file_name(app: &AppName) -> String {
    format!("token-signing.{app}.pem")
}

fn new_pem(entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
    let mut der = Zeroizing::new([0; PKCS8_PREFIX.len() + SECRET_BYTES]);
    der[..PKCS8_PREFIX.len()].copy_from_slice(&PKCS8_PREFIX);
    entropy.fill(&mut der[PKCS8_PREFIX.len()..]);
    let base64 = Zeroizing::new(STANDARD.encode(der.as_slice()));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *base64);
    Zeroizing::new(pem.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::entropy::SystemEntropy;
    use std::os::unix::fs::PermissionsExt as _;

    fn app() -> AppName {
        AppName::new("default").unwrap()
    }

    #[test]
    fn the_first_start_makes_a_key_that_later_ones_read() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(folder.path()).unwrap();
        assert!(matches!(SigningKey::open(&folder, &app()), Err(SigningKeyError::Missing { .. })));
        let made = SigningKey::create_or_open(&folder, &app(), &SystemEntropy::default()).unwrap();
        let again = SigningKey::create_or_open(&folder, &app(), &SystemEntropy::default()).unwrap();
        let read = SigningKey::open(&folder, &app()).unwrap();
        assert_eq!(made.public(), again.public());
        assert_eq!(made.kid(), read.kid());
        let mode = std::fs::metadata(folder.keys().join("token-signing.default.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_not_a_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(folder.path()).unwrap();
        folder.create_or_read_key(&file_name(&app()), || Zeroizing::new(b"nonsense".to_vec())).unwrap();
        let error = SigningKey::open(&folder, &app()).unwrap_err().to_string();
        assert!(error.contains("token-signing.default.pem"), "{error}");
    }
}
