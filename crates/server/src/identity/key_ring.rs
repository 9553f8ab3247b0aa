//! Checking tokens: which app, which of its keys, and what the token may say.

use crate::identity::claims::{Audience, Claims};
use crate::identity::provider;
use crate::identity::public_key::PublicKey;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::collections::BTreeMap;
use stonechat_app::ports::{Identity, TokenError, TokenVerifier};
use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::limits::TOKEN_BYTES_MAX;
use stonechat_types::number::{AppId, Timestamp};

/// By how much the clock of a backend may differ from ours, in milliseconds.
pub const CLOCK_LEEWAY_MS: i64 = 30_000;

/// Whose clock set the times of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signer {
    /// We did: `exp` is exact.
    Ourselves,
    /// The app's backend did: its clock may differ from ours.
    Backend,
}

/// One app and the keys by which its tokens are signed.
#[derive(Debug)]
pub struct AppKeys {
    id: AppId,
    name: AppName,
    validation: Validation,
    by_kid: BTreeMap<String, (DecodingKey, Signer)>,
}

impl AppKeys {
    /// An app without keys, whose tokens are for `audience`.
    #[must_use]
    pub fn new(id: AppId, name: AppName, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        // The library reads the system's clock for these; we are given the time.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { id, name, validation, by_kid: BTreeMap::new() }
    }

    /// Trusts the key that signs tokens on this server.
    #[must_use]
    pub fn with_own_key(mut self, kid: &str, key: PublicKey) -> Self {
        self.by_kid.insert(kid.to_owned(), (DecodingKey::from_ed_der(&key.0), Signer::Ourselves));
        self
    }

    /// Trusts a key of the app's backend. It never takes the place of another key.
    #[must_use]
    pub fn with_backend_key(mut self, kid: &str, key: PublicKey) -> Self {
        let trusted = (DecodingKey::from_ed_der(&key.0), Signer::Backend);
        self.by_kid.entry(kid.to_owned()).or_insert(trusted);
        self
    }
}

/// The keys of all apps.
#[derive(Debug)]
pub struct KeyRing {
    by_audience: BTreeMap<String, AppKeys>,
}

impl KeyRing {
    /// The keys of these apps. Of two apps with one audience the first is kept; the configuration refuses that.
    #[must_use]
    pub fn new(apps: impl IntoIterator<Item = AppKeys>) -> Self {
        provider::install();
        let mut by_audience = BTreeMap::new();
        for app in apps {
            let audience = app.validation.aud.iter().flatten().next().cloned().unwrap_or_default();
            by_audience.entry(audience).or_insert(app);
        }
        Self { by_audience }
    }

    /// The app that a token says it is for. Believed only once one of the keys of that app has proved it.
    fn app_of(&self, token: &str) -> Option<&AppKeys> {
        #[derive(Deserialize)]
        struct ForWhom {
            aud: Audience,
        }
        let claims: ForWhom = insecure_decode_claims(token).ok()?;
        let mut apps = claims.aud.names().iter().filter_map(|name| self.by_audience.get(name));
        let app = apps.next()?;
        // A token for two of our apps would leave open which user it means.
        apps.next().is_none().then_some(app)
    }
}

impl TokenVerifier for KeyRing {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let invalid = |_| TokenError::Invalid;
        let header = decode_header(token).map_err(invalid)?;
        // Extensions that a token insists on and we do not know (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        let app = self.app_of(token).ok_or(TokenError::Invalid)?;
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let (key, signer) = app.by_kid.get(&kid).ok_or(TokenError::Invalid)?;
        let claims = decode::<Claims>(token, key, &app.validation).map_err(invalid)?.claims;

        if claims.nbf.is_some_and(|nbf| now.plus_ms(CLOCK_LEEWAY_MS) < nbf.time()) {
            return Err(TokenError::Invalid);
        }
        let expires_at = match signer {
            Signer::Ourselves => claims.exp.time(),
            Signer::Backend => claims.exp.time().plus_ms(CLOCK_LEEWAY_MS),
        };
        if expires_at <= now {
            return Err(TokenError::Expired);
        }
        Ok(Identity {
            app: app.id,
            app_name: app.name.clone(),
            user: UserId::new(&claims.sub).map_err(|_| TokenError::Invalid)?,
            device: claims.dev.as_deref().map(DeviceId::new).transpose().map_err(|_| TokenError::Invalid)?,
            issued_at: claims.iat.map(|iat| iat.time()),
            expires_at,
        })
    }
}
