//! Sealing of bodies at rest: body key = HKDF(app key, author's salt, conversation), AES-256-GCM with random nonces, and
//! (app, conversation, seq, kind) as associated data. The key of the body's HMAC comes from the same derivation, so it
//! dies with the salt as well.

use bytes::Bytes;
use quick_cache::sync::Cache;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use ring::hmac;
use std::sync::Arc;
use stonechat_domain::kind::EventKind;
use stonechat_log::record::EventHeader;
use stonechat_log::store::LogError;
use stonechat_log::vault::Vault;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, Seq, UserNo};

/// Derived keys kept in memory.
pub const AUTHOR_KEYS_MAX: usize = 65_536;

/// Bytes that sealing adds: nonce and tag.
pub const SEAL_BYTES: usize = NONCE_LEN + 16;

/// The keys of one author in one conversation.
pub struct AuthorKeys {
    body: LessSafeKey,
    hmac: hmac::Key,
    hmac_bytes: [u8; 32],
}

struct TwoKeys;

impl hkdf::KeyType for TwoKeys {
    fn len(&self) -> usize {
        64
    }
}

impl AuthorKeys {
    /// Derives them.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when the primitives refuse, which they do not for keys of these lengths.
    pub fn derive(app_key: &[u8; 32], salt: &[u8; 16], conversation: ConversationId) -> Result<Self, LogError> {
        let refused = |_| LogError::Corrupt("a body key could not be derived".into());
        let info: [&[u8]; 2] = [b"stonechat body 1", conversation.as_bytes()];
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(app_key);
        let mut both = [0; 64];
        secret.expand(&info, TwoKeys).and_then(|okm| okm.fill(&mut both)).map_err(refused)?;
        let (body, mac) = both.split_at(32);
        let mut hmac_bytes = [0; 32];
        hmac_bytes.copy_from_slice(mac);
        Ok(Self {
            body: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, body).map_err(refused)?),
            hmac: hmac::Key::new(hmac::HMAC_SHA256, mac),
            hmac_bytes,
        })
    }

    /// HMAC-SHA256 of a body as received, cut to 16 bytes.
    #[must_use]
    pub fn body_hmac(&self, body: &[u8]) -> [u8; 16] {
        self.message_hmac(b"", body)
    }

    /// The same of a message: of its attributes in their form at rest, where it has some, and the body behind them.
    #[must_use]
    pub fn message_hmac(&self, attributes: &[u8], body: &[u8]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.hmac);
        context.update(attributes);
        context.update(body);
        let tag = context.sign();
        let mut out = [0; 16];
        out.copy_from_slice(&tag.as_ref()[..16]);
        out
    }

    /// The key of the HMAC, for whoever has to recompute it.
    #[must_use]
    pub fn hmac_key(&self) -> &[u8; 32] {
        &self.hmac_bytes
    }

    /// Seals the content of an event.
    #[must_use]
    pub fn seal(&self, place: &Place, nonce: [u8; NONCE_LEN], said: &Said<'_>) -> Bytes {
        let Said { body_type, attributes, body } = said;
        let mut out = Vec::with_capacity(SEAL_BYTES + 3 + body_type.len() + attributes.len() + body.len());
        out.extend_from_slice(&nonce);
        let marked = if attributes.is_empty() { 0 } else { ATTRIBUTES };
        out.push(body_type.len() as u8 | marked);
        out.extend_from_slice(body_type);
        if !attributes.is_empty() {
            out.extend_from_slice(&(attributes.len() as u16).to_be_bytes());
            out.extend_from_slice(attributes);
        }
        out.extend_from_slice(body);
        let sealed = self.body.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.bytes()),
            &mut out[NONCE_LEN..],
        );
        match sealed {
            Ok(tag) => {
                out.extend_from_slice(tag.as_ref());
                out.into()
            }
            // Only for bodies of more than 64 GiB.
            Err(_) => Bytes::new(),
        }
    }

    /// The content of a sealed event; `None` when it is not what was sealed at this place.
    #[must_use]
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Option<Opened> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.body.open_in_place(nonce, Aad::from(place.bytes()), &mut rest).ok()?;
        let length = plain.len();
        rest.truncate(length);
        let plain = Bytes::from(rest);
        let first = *plain.first()?;
        let mut at = 1;
        let mut take = |length: usize| {
            let taken = plain.get(at..at + length).map(|_| plain.slice(at..at + length))?;
            at += length;
            Some(taken)
        };
        let body_type = take(usize::from(first & !ATTRIBUTES))?;
        let attributes = if first & ATTRIBUTES == 0 {
            Bytes::new()
        } else {
            let length = u16::from_be_bytes(take(2)?.as_ref().try_into().ok()?);
            take(usize::from(length))?
        };
        Some(Opened { body_type, attributes, body: plain.slice(at..) })
    }
}

/// Set in the length of a body's type where attributes stand before the body.
const ATTRIBUTES: u8 = 0x80;

/// What an event says, on its way to be sealed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// What the body is; at most 64 bytes.
    pub body_type: &'a [u8],
    /// The attributes of a message, in their form at rest; empty when there are none.
    pub attributes: &'a [u8],
    /// As received.
    pub body: &'a [u8],
}

/// What a sealed event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What the body is.
    pub body_type: Bytes,
    /// The attributes of a message, in their form at rest.
    pub attributes: Bytes,
    /// As received.
    pub body: Bytes,
}

/// Where a body belongs; a body sealed for one place opens at no other.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The tenant.
    pub app: AppId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The event.
    pub seq: Seq,
    /// Its kind.
    pub kind: EventKind,
}

impl Place {
    /// The place of a header.
    #[must_use]
    pub fn of(header: &EventHeader) -> Self {
        Self { app: header.app, conversation: header.conversation, seq: header.seq, kind: header.kind }
    }

    fn bytes(&self) -> [u8; 30] {
        let mut out = [0; 30];
        out[..4].copy_from_slice(&self.app.0.to_be_bytes());
        out[4..20].copy_from_slice(self.conversation.as_bytes());
        out[20..28].copy_from_slice(&self.seq.0.to_be_bytes());
        out[28..].copy_from_slice(&self.kind.number().to_be_bytes());
        out
    }
}

type CacheKey = (AppId, UserNo, ConversationId);

/// The keys of all authors, derived when they are needed.
pub struct Sealer {
    vault: Arc<dyn Vault>,
    cache: Cache<CacheKey, Arc<AuthorKeys>>,
}

impl Sealer {
    /// Keys from a vault.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self { vault, cache: Cache::new(AUTHOR_KEYS_MAX) }
    }

    /// The vault itself.
    #[must_use]
    pub fn vault(&self) -> &dyn Vault {
        &*self.vault
    }

    /// The keys of an author in a conversation; `None` when his salt was deleted.
    ///
    /// # Errors
    /// [`LogError`] when the vault cannot be read.
    pub fn keys(
        &self,
        app: AppId,
        author: UserNo,
        conversation: ConversationId,
    ) -> Result<Option<Arc<AuthorKeys>>, LogError> {
        let cache_key = (app, author, conversation);
        if let Some(keys) = self.cache.get(&cache_key) {
            return Ok(Some(keys));
        }
        let Some(salt) = self.vault.salt(app, author)? else { return Ok(None) };
        let keys = Arc::new(AuthorKeys::derive(&self.vault.app_key(app)?, &salt, conversation)?);
        self.cache.insert(cache_key, keys.clone());
        Ok(Some(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::id::UserId;

    fn place(seq: u64) -> Place {
        let user = |name| UserId::new(name).unwrap();
        let conversation = ConversationId::direct(AppId::DEFAULT, &user("a"), &user("b"));
        Place { app: AppId::DEFAULT, conversation, seq: Seq(seq), kind: EventKind::Message }
    }

    #[test]
    fn a_body_opens_only_where_it_was_sealed() {
        let keys = AuthorKeys::derive(&[1; 32], &[2; 16], place(1).conversation).unwrap();
        let said = Said { body_type: b"text", attributes: b"", body: b"hello" };
        let opened = |attributes| Opened {
            body_type: "text".into(),
            attributes: Bytes::from_static(attributes),
            body: "hello".into(),
        };
        let sealed = keys.seal(&place(1), [3; 12], &said);
        assert_eq!(keys.open(&place(1), &sealed), Some(opened(b"")));
        let with = keys.seal(&place(1), [3; 12], &Said { attributes: b"to bob", ..said });
        assert_eq!(keys.open(&place(1), &with), Some(opened(b"to bob")));
        assert_eq!(keys.open(&place(2), &sealed), None);
        let others = AuthorKeys::derive(&[1; 32], &[4; 16], place(1).conversation).unwrap();
        assert_eq!(others.open(&place(1), &sealed), None);
        assert_ne!(others.body_hmac(b"hello"), keys.body_hmac(b"hello"));
        assert_eq!(sealed.len(), SEAL_BYTES + 1 + 4 + 5);
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn what_was_sealed_once_is_sealed_so_for_ever() {
        let place = place(258);
        assert_eq!(hex(place.conversation.as_bytes()), "01076eda4eb52bf9f91fee160e79cac7");
        let app_key: [u8; 32] = std::array::from_fn(|i| i as u8);
        let salt: [u8; 16] = std::array::from_fn(|i| 0xF0 + i as u8);
        let keys = AuthorKeys::derive(&app_key, &salt, place.conversation).unwrap();
        assert_eq!(hex(keys.hmac_key()), "4e72e0d94f1fddca37879b2b8d3fc2b9c7e285f4f5346cc2c35aa1ec05120311");
        assert_eq!(hex(&keys.body_hmac(b"hello")), "03cd426540aac9e897bb6a9b3b5a5c13");
        let nonce = std::array::from_fn(|i| 0xA0 + i as u8);
        let sealed = keys.seal(&place, nonce, &Said { body_type: b"text", attributes: b"", body: b"hello" });
        assert_eq!(hex(&sealed), "a0a1a2a3a4a5a6a7a8a9aaab27ced3711216295ff6b283c8f8d4fe94d3670b66710cb9ab906a");
        assert_eq!(keys.open(&place, &sealed).map(|opened| opened.body), Some(Bytes::from("hello")));
    }
}
