//! Every way in which a token can be wrong.

use crate::data_folder::DataFolder;
use crate::identity::entropy::SystemEntropy;
use crate::identity::key_ring::{AppKeys, CLOCK_LEEWAY_MS, KeyRing};
use crate::identity::minter::{Minter, default_audience};
use crate::identity::public_key::PublicKey;
use crate::identity::signing_key::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use stonechat_app::ports::{Identity, TokenError, TokenVerifier as _};
use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::limits::TOKEN_BYTES_MAX;
use stonechat_types::number::{AppId, Timestamp};

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const NOW_S: i64 = NOW.0 / 1000;

fn name(text: &str) -> AppName {
    AppName::new(text).unwrap()
}

fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

/// A server with the apps `default` and `shop`; the backend of `default` has the key `backend-1`.
struct World {
    minter: Minter,
    foreign_minter: Minter,
    backend: Ed25519KeyPair,
    ring: KeyRing,
    own_kid: String,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let folder = DataFolder::create(folder.path()).unwrap();
    let own = SigningKey::create_or_open(&folder, &name("default"), &SystemEntropy::default()).unwrap();
    let shop = SigningKey::create_or_open(&folder, &name("shop"), &SystemEntropy::default()).unwrap();
    let backend = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap();
    let backend_public = PublicKey(backend.public_key().as_ref().try_into().unwrap());
    let ring = KeyRing::new([
        AppKeys::new(AppId::DEFAULT, name("default"), "stonechat:default")
            .with_own_key(own.kid(), own.public())
            .with_backend_key("backend-1", backend_public),
        AppKeys::new(AppId(2), name("shop"), "stonechat:shop").with_own_key(shop.kid(), shop.public()),
    ]);
    let own_kid = own.kid().to_owned();
    World {
        minter: Minter::new(default_audience(&name("default")), own),
        foreign_minter: Minter::new(default_audience(&name("shop")), shop),
        backend,
        ring,
        own_kid,
    }
}

fn claims() -> Value {
    json!({"sub": "alice", "aud": "stonechat:default", "exp": NOW_S + 60})
}

fn with(mut claims: Value, key: &str, value: Value) -> Value {
    claims[key] = value;
    claims
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl World {
    /// A token of the backend with these claims.
    fn signed(&self, claims: &Value) -> String {
        self.signed_under(&json!({"alg": "EdDSA", "typ": "JWT", "kid": "backend-1"}), claims)
    }

    fn signed_under(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.backend.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        self.ring.verify(token, NOW)
    }
}

#[test]
fn a_minted_token_says_who_its_bearer_is() {
    let world = world();
    let phone = DeviceId::new("phone").unwrap();
    let token = world.minter.mint(&alice(), Some(&phone), NOW, NOW.plus_ms(60_000)).unwrap();
    let identity = world.verify(&token).unwrap();
    assert_eq!(identity.app, AppId::DEFAULT);
    assert_eq!(identity.app_name, name("default"));
    assert_eq!(identity.user, alice());
    assert_eq!(identity.device, Some(phone));
    assert_eq!(identity.issued_at, Some(NOW));
    assert_eq!(identity.expires_at, NOW.plus_ms(60_000));
}

#[test]
fn a_token_of_the_backend_is_as_good() {
    let world = world();
    let identity = world.verify(&world.signed(&claims())).unwrap();
    assert_eq!((identity.user, identity.device, identity.issued_at), (alice(), None, None));
    let many = with(claims(), "aud", json!(["stonechat:default", "https://shop.example"]));
    assert_eq!(world.verify(&world.signed(&many)).unwrap().app, AppId::DEFAULT);
}

#[test]
fn our_own_tokens_expire_to_the_second_and_those_of_a_backend_within_the_leeway() {
    let world = world();
    let own = world.minter.mint(&alice(), None, NOW, NOW.plus_ms(1_000)).unwrap();
    assert!(world.ring.verify(&own, NOW.plus_ms(999)).is_ok());
    assert_eq!(world.ring.verify(&own, NOW.plus_ms(1_000)), Err(TokenError::Expired));

    let backend = world.signed(&with(claims(), "exp", json!(NOW_S)));
    let identity = world.ring.verify(&backend, NOW.plus_ms(CLOCK_LEEWAY_MS - 1)).unwrap();
    assert_eq!(identity.expires_at, NOW.plus_ms(CLOCK_LEEWAY_MS));
    assert_eq!(world.ring.verify(&backend, NOW.plus_ms(CLOCK_LEEWAY_MS)), Err(TokenError::Expired));
}

#[test]
fn a_clock_that_was_set_back_refuses_no_token_of_ours() {
    let world = world();
    let token = world.minter.mint(&alice(), None, NOW, NOW.plus_ms(60_000)).unwrap();
    assert!(world.ring.verify(&token, NOW.plus_ms(-3_600_000)).is_ok());
}

#[test]
fn a_token_that_begins_later_is_refused_until_then() {
    let world = world();
    let soon = world.signed(&with(claims(), "nbf", json!(NOW_S + 30)));
    assert!(world.verify(&soon).is_ok());
    let later = world.signed(&with(claims(), "nbf", json!(NOW_S + 31)));
    assert_eq!(world.verify(&later), Err(TokenError::Invalid));
    assert!(world.ring.verify(&later, NOW.plus_ms(1_000)).is_ok());
}

#[test]
fn a_claim_that_is_missing_or_wrong_is_refused() {
    let world = world();
    let mut wrong = Vec::new();
    for key in ["sub", "aud", "exp"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(key);
        wrong.push(without);
    }
    for (key, value) in [
        ("exp", json!(null)),
        ("exp", json!("1790000060")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("nbf", json!("now")),
        ("iat", json!("now")),
        ("sub", json!("")),
        ("sub", json!("a b")),
        ("sub", json!("a\u{0}")),
        ("sub", json!(7)),
        ("sub", json!("a".repeat(65))),
        ("dev", json!("")),
        ("dev", json!("a/b")),
        ("aud", json!("")),
        ("aud", json!([])),
        ("aud", json!("stonechat:Default")),
        ("aud", json!("stonechat:unknown")),
        ("aud", json!(["stonechat:default", "stonechat:shop"])),
    ] {
        wrong.push(with(claims(), key, value));
    }
    for claims in wrong {
        assert_eq!(world.verify(&world.signed(&claims)), Err(TokenError::Invalid), "{claims}");
    }
}

#[test]
fn a_token_of_another_app_opens_nothing_here() {
    let world = world();
    let shop = world.foreign_minter.mint(&alice(), None, NOW, NOW.plus_ms(60_000)).unwrap();
    assert_eq!(world.verify(&shop).unwrap().app, AppId(2));
    // The key of `default` does not sign for `shop`, whatever the token says.
    let crossed = world.signed(&with(claims(), "aud", json!("stonechat:shop")));
    assert_eq!(world.verify(&crossed), Err(TokenError::Invalid));
}

#[test]
fn an_algorithm_of_the_token_is_never_believed() {
    let world = world();
    let public = world.backend.public_key().as_ref();
    for algorithm in ["none", "None", "HS256", "RS256", "ES256", ""] {
        let header = json!({"alg": algorithm, "kid": "backend-1"});
        assert_eq!(world.verify(&world.signed_under(&header, &claims())), Err(TokenError::Invalid), "{algorithm}");
        let message = format!("{}.{}", part(&header), part(&claims()));
        assert_eq!(world.verify(&format!("{message}.")), Err(TokenError::Invalid), "{algorithm}");
        // The public key is known to all: a signature with it as a secret must prove nothing.
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public), message.as_bytes());
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
        assert_eq!(world.verify(&forged), Err(TokenError::Invalid), "{algorithm}");
    }
    // EdDSA in the header and a MAC as the signature.
    let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": "backend-1"})), part(&claims()));
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public), message.as_bytes());
    assert_eq!(world.verify(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))), Err(TokenError::Invalid));
}

#[test]
fn a_key_that_is_unknown_missing_or_not_the_named_one_proves_nothing() {
    let world = world();
    for header in [
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "kid": "backend-2"}),
        json!({"alg": "EdDSA", "kid": ""}),
        json!({"alg": "EdDSA", "kid": 1}),
        json!({"alg": "EdDSA", "kid": world.own_kid}),
        json!({"alg": "EdDSA", "kid": "backend-1", "crit": ["exp"]}),
    ] {
        assert_eq!(world.verify(&world.signed_under(&header, &claims())), Err(TokenError::Invalid), "{header}");
    }
}

#[test]
fn a_token_that_was_changed_anywhere_is_refused() {
    let world = world();
    let token = world.signed(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let bob = part(&with(claims(), "sub", json!("bob")));
    assert_eq!(world.verify(&format!("{header}.{bob}.{signature}")), Err(TokenError::Invalid));
    for at in 0..token.len() {
        // The last letter of a part has bits that nobody reads.
        if token.as_bytes().get(at + 1).is_none_or(|next| *next == b'.') {
            continue;
        }
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(world.verify(&changed), Err(TokenError::Invalid), "letter {at}");
        assert_eq!(world.verify(&token[..at]), Err(TokenError::Invalid), "cut at {at}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let world = world();
    for text in ["", ".", "..", "...", "a.b.c", "alice", "\u{0}", "e30.e30.e30", "Bearer x.y.z"] {
        assert_eq!(world.verify(text), Err(TokenError::Invalid), "{text:?}");
    }
    let padding = "x".repeat(TOKEN_BYTES_MAX);
    let huge = world.signed(&with(claims(), "padding", json!(padding)));
    assert_eq!(world.verify(&huge), Err(TokenError::Invalid));
}
