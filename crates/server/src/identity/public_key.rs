//! Public keys that sign tokens of users: read from PEM or base64, named by a `kid`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::digest;
use std::fmt::Write as _;

/// Bytes of a public key.
const KEY_BYTES: usize = 32;

/// What stands before the key in its DER form (RFC 8410, section 4).
const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A public key for Ed25519.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(super) [u8; KEY_BYTES]);

/// Why a text is not such a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// It is a private one, which must not be in a configuration.
    #[error("is a private key: give the public one, and make a new pair, since others may have read this")]
    Private,
    /// Of another algorithm, or none at all.
    #[error("is not a public key for Ed25519, neither PEM (\"-----BEGIN PUBLIC KEY-----\") nor 32 bytes in base64")]
    NotAKey,
}

impl PublicKey {
    /// Reads PEM, or base64 (either alphabet, padded or not) of the 32 bytes or of their DER form.
    ///
    /// # Errors
    /// [`PublicKeyError`].
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        let text = text.trim();
        if text.contains("PRIVATE KEY-----") {
            return Err(PublicKeyError::Private);
        }
        let base64: String = match text.strip_prefix("-----BEGIN PUBLIC KEY-----") {
            Some(rest) => {
                let body = rest.trim_end().strip_suffix("-----END PUBLIC KEY-----").ok_or(PublicKeyError::NotAKey)?;
                body.split_whitespace().collect()
            }
            None => text.to_owned(),
        };
        let base64 = base64.trim_end_matches('=');
        let bytes = STANDARD_NO_PAD
            .decode(base64)
            .or_else(|_| URL_SAFE_NO_PAD.decode(base64))
            .map_err(|_| PublicKeyError::NotAKey)?;
        let bytes = bytes.strip_prefix(&DER_PREFIX[..]).unwrap_or(&bytes);
        bytes.try_into().map(Self).map_err(|_| PublicKeyError::NotAKey)
    }

    /// A name that is made from the key: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = digest::digest(&digest::SHA256, &self.0);
        hash.as_ref()[..8].iter().fold(String::new(), |mut text, byte| {
            let _never_fails = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first key of RFC 8032, section 7.1.
    const BYTES: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
        0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                       -----END PUBLIC KEY-----\n";

    #[test]
    fn every_common_form_gives_the_same_key() {
        for text in [
            PEM,
            "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            " 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo ",
        ] {
            assert_eq!(PublicKey::parse(text), Ok(PublicKey(BYTES)), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "abc", "%%%", "-----BEGIN PUBLIC KEY-----", &PEM.replace("MCow", "MCox"), &"A".repeat(64)] {
            assert_eq!(PublicKey::parse(text), Err(PublicKeyError::NotAKey), "{text}");
        }
        assert_eq!(PublicKey::parse(&PEM.replace("PUBLIC", "PRIVATE")), Err(PublicKeyError::Private));
    }

    #[test]
    fn the_fingerprint_names_the_key() {
        assert_eq!(PublicKey(BYTES).fingerprint().len(), 16);
        assert_ne!(PublicKey(BYTES).fingerprint(), PublicKey([1; 32]).fingerprint());
    }
}
