//! The secret key by which the backend of an app calls the HTTP API: `keys/api-secret.APP`.

use crate::data_folder::{DataFolder, DataFolderError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use std::collections::BTreeMap;
use std::fmt;
use stonechat_app::ports::Entropy;
use stonechat_types::id::AppName;
use stonechat_types::number::AppId;
use zeroize::Zeroizing;

/// Random bytes of a secret: 43 letters.
const SECRET_BYTES: usize = 32;

/// `sk_APP_` and 43 letters of base64url.
pub struct ApiSecret(Zeroizing<String>);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum ApiSecretError {
    /// The file could not be read or written.
    #[error("could not use the secret API key of the app {app}")]
    File {
        /// Whose.
        app: AppName,
        /// Why.
        source: DataFolderError,
    },
    /// It is not what we write.
    #[error("{file} in the data folder is not a secret API key (sk_{app}_ and 43 letters); remove it to get a new one")]
    Unreadable {
        /// Whose.
        app: AppName,
        /// Its name.
        file: String,
    },
}

impl ApiSecret {
    /// The secret of an app, made now if there is none yet.
    ///
    /// # Errors
    /// [`ApiSecretError`].
    pub fn create_or_open(folder: &DataFolder, app: &AppName, entropy: &dyn Entropy) -> Result<Self, ApiSecretError> {
        let bytes = folder
            .create_or_read_key(&file_name(app), || new_secret(app, entropy))
            .map_err(|source| ApiSecretError::File { app: app.clone(), source })?;
        Self::read(app, &bytes)
    }

    /// The secret of an app, or `None` before the first start. Only reads.
    ///
    /// # Errors
    /// [`ApiSecretError`].
    pub fn open(folder: &DataFolder, app: &AppName) -> Result<Option<Self>, ApiSecretError> {
        let bytes =
            folder.read_key(&file_name(app)).map_err(|source| ApiSecretError::File { app: app.clone(), source })?;
        bytes.map(|bytes| Self::read(app, &bytes)).transpose()
    }

    fn read(app: &AppName, bytes: &[u8]) -> Result<Self, ApiSecretError> {
        let unreadable = || ApiSecretError::Unreadable { app: app.clone(), file: file_name(app) };
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable())?.trim_end();
        let random = text.strip_prefix(&prefix(app)).ok_or_else(unreadable)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(random).map_err(|_| unreadable())?);
        if bytes.len() != SECRET_BYTES {
            return Err(unreadable());
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret itself, for the operator who asks for it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiSecret(…)")
    }
}

/// The secrets of all apps, as hashes under a key that lives as long as the process.
#[derive(Debug)]
pub struct ApiSecrets {
    hash_key: hmac::Key,
    by_app: BTreeMap<AppName, (AppId, hmac::Tag)>,
}

impl ApiSecrets {
    /// No app yet.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill(key.as_mut_slice());
        Self { hash_key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), by_app: BTreeMap::new() }
    }

    /// Lets the backend of an app in.
    #[must_use]
    pub fn with(mut self, id: AppId, app: AppName, secret: &ApiSecret) -> Self {
        let hash = hmac::sign(&self.hash_key, secret.0.as_bytes());
        self.by_app.insert(app, (id, hash));
        self
    }

    /// The app, when it is its secret that is presented. The time this takes says nothing about the secret.
    #[must_use]
    pub fn verify(&self, app: &AppName, presented: &str) -> Option<AppId> {
        let (id, hash) = self.by_app.get(app)?;
        hmac::verify(&self.hash_key, presented.as_bytes(), hash.as_ref()).ok()?;
        Some(*id)
    }
}

/// The name of its file below `keys/`.
#[must_use]
pub fn file_name(app: &AppName) -> String {
    format!("api-secret.{app}")
}

fn prefix(app: &AppName) -> String {
    format!("sk_{app}_")
}

fn new_secret(app: &AppName, entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
    let mut random = Zeroizing::new([0; SECRET_BYTES]);
    entropy.fill(random.as_mut_slice());
    let mut text = Zeroizing::new(prefix(app).into_bytes());
    text.extend_from_slice(Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice())).as_bytes());
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::entropy::SystemEntropy;
    use std::os::unix::fs::PermissionsExt as _;

    fn name(text: &str) -> AppName {
        AppName::new(text).unwrap()
    }

    #[test]
    fn the_first_start_makes_a_secret_that_opens_its_app_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(folder.path()).unwrap();
        let entropy = SystemEntropy::default();
        assert!(ApiSecret::open(&folder, &name("default")).unwrap().is_none());
        let secret = ApiSecret::create_or_open(&folder, &name("default"), &entropy).unwrap();
        let again = ApiSecret::open(&folder, &name("default")).unwrap().unwrap();
        assert_eq!(secret.reveal(), again.reveal());
        assert_eq!(secret.reveal().len(), "sk_default_".len() + 43);
        assert_eq!(format!("{secret:?}"), "ApiSecret(…)");
        let mode = std::fs::metadata(folder.keys().join("api-secret.default")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let other = ApiSecret::create_or_open(&folder, &name("shop"), &entropy).unwrap();
        let secrets = ApiSecrets::new(&entropy).with(AppId::DEFAULT, name("default"), &secret).with(
            AppId(2),
            name("shop"),
            &other,
        );
        assert_eq!(secrets.verify(&name("default"), secret.reveal()), Some(AppId::DEFAULT));
        assert_eq!(secrets.verify(&name("shop"), other.reveal()), Some(AppId(2)));
        assert_eq!(secrets.verify(&name("shop"), secret.reveal()), None);
        assert_eq!(secrets.verify(&name("nobody"), secret.reveal()), None);
        assert_eq!(secrets.verify(&name("default"), ""), None);
        assert_eq!(secrets.verify(&name("default"), &secret.reveal()[1..]), None);
    }

    #[test]
    fn a_file_that_is_not_a_secret_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(folder.path()).unwrap();
        folder.create_or_read_key("api-secret.default", || Zeroizing::new(b"sk_default_short".to_vec())).unwrap();
        let error = ApiSecret::open(&folder, &name("default")).unwrap_err().to_string();
        assert!(error.contains("api-secret.default") && !error.contains("short"), "{error}");
    }
}
