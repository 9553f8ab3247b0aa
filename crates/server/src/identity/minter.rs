//! Making tokens with the key of an app.

use crate::identity::claims::{Audience, Claims, NumericDate};
use crate::identity::signing_key::SigningKey;
use jsonwebtoken::{Algorithm, Header, encode};
use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::number::Timestamp;

/// For whom tokens of an app are, unless its configuration says otherwise.
#[must_use]
pub fn default_audience(app: &AppName) -> String {
    format!("stonechat:{app}")
}

/// Signs tokens of users of one app.
#[derive(Clone, Debug)]
pub struct Minter {
    audience: String,
    key: SigningKey,
}

/// A token could not be signed. The key was checked when it was read, so this is a defect.
#[derive(Debug, thiserror::Error)]
#[error("could not sign a token")]
pub struct MintError {
    source: jsonwebtoken::errors::Error,
}

impl Minter {
    /// A minter for an audience, see [`default_audience`].
    #[must_use]
    pub const fn new(audience: String, key: SigningKey) -> Self {
        Self { audience, key }
    }

    /// A token by which its bearer is `user`, on any device or on one only.
    ///
    /// # Errors
    /// [`MintError`].
    pub fn mint(
        &self,
        user: &UserId,
        device: Option<&DeviceId>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<String, MintError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key.kid.clone());
        let claims = Claims {
            sub: user.to_string(),
            aud: Audience::One(self.audience.clone()),
            exp: NumericDate::rounded_up(expires_at),
            iat: Some(NumericDate::rounded_down(now)),
            // Our clock may be set back after this, and the token is to be valid at once.
            nbf: None,
            dev: device.map(DeviceId::to_string),
        };
        encode(&header, &claims, &self.key.private).map_err(|source| MintError { source })
    }
}
