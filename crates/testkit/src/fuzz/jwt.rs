//! Tokens of users.
//!
//! Whatever a header and claims say: who is let in bears a signature by a key of the app that he names, over exactly
//! these bytes, and is in time. A token with one bit changed is of nobody.

use super::tape::Tape;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::sync::LazyLock;
use stonechat_app::ports::{Identity, TokenError, TokenVerifier as _};
use stonechat_server::identity::key_ring::{AppKeys, CLOCK_LEEWAY_MS, KeyRing};
use stonechat_server::identity::public_key::PublicKey;
use stonechat_types::id::AppName;
use stonechat_types::limits::TOKEN_BYTES_MAX;
use stonechat_types::number::{AppId, Timestamp};

/// When all this happens.
const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// Two apps; the backend of each has a key, and the server has one of the first.
struct World {
    ring: KeyRing,
    keys: [Ed25519KeyPair; 3],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let keys = [1, 2, 3].map(|n| Ed25519KeyPair::from_seed_unchecked(&[n; 32]).expect("any 32 bytes are a seed"));
    let name = |text| AppName::new(text).expect("a good name");
    let public = |pair: &Ed25519KeyPair| PublicKey::parse(&STANDARD.encode(pair.public_key())).expect("a public key");
    let ring = KeyRing::new([
        AppKeys::new(AppId::DEFAULT, name("default"), "stonechat:default")
            .with_own_key("own", public(&keys[0]))
            .with_backend_key("backend", public(&keys[1])),
        AppKeys::new(AppId(2), name("shop"), "stonechat:shop").with_backend_key("backend", public(&keys[2])),
    ]);
    World { ring, keys }
});

/// The first byte says how the token is made: of the bytes as they are, or of a header and claims (each behind its
/// length) that one of the keys signs.
pub fn run(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    match tape.below(5) {
        0 => {
            let Ok(token) = std::str::from_utf8(tape.all()) else { return };
            judge(token, Signed::ByWhomever);
        }
        way => {
            let (at, header) = (tape.u16(), tape.piece());
            let claims = tape.all();
            let signer = &WORLD.keys[(way - 1) % 3];
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature = signer.sign(message.as_bytes());
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
            if judge(&token, Signed::By((way - 1) % 3)) {
                changed(&token, usize::from(at));
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Signed {
    ByWhomever,
    By(usize),
}

/// Whether the token lets somebody in.
fn judge(token: &str, signed: Signed) -> bool {
    let verdict = WORLD.ring.verify(token, NOW);
    assert_eq!(WORLD.ring.verify(token, NOW), verdict, "two verdicts on one token");
    let Ok(identity) = verdict else { return false };
    assert!(token.len() <= TOKEN_BYTES_MAX);
    let leeway = match signed {
        Signed::By(0) => {
            assert_eq!(identity.app, AppId::DEFAULT, "the own key is that of one app");
            0
        }
        Signed::By(1) => {
            assert_eq!(identity.app, AppId::DEFAULT, "a backend speaks for its own app");
            CLOCK_LEEWAY_MS
        }
        Signed::By(_) => {
            assert_eq!(identity.app, AppId(2), "a backend speaks for its own app");
            CLOCK_LEEWAY_MS
        }
        Signed::ByWhomever => 0,
    };
    in_time(token, &identity, leeway);
    true
}

/// At its end, and not before, a token is one that has expired.
fn in_time(token: &str, identity: &Identity, leeway: i64) {
    let expires = identity.expires_at;
    assert!(expires > NOW && expires.0 >= leeway);
    assert_eq!(WORLD.ring.verify(token, expires), Err(TokenError::Expired));
    let last_moment = Timestamp(expires.0 - 1);
    assert_eq!(WORLD.ring.verify(token, last_moment).as_ref(), Ok(identity));
}

/// With one letter changed it is worth nothing, wherever that is.
fn changed(token: &str, at: usize) {
    let mut bytes = token.as_bytes().to_vec();
    let at = at % bytes.len();
    let other = if bytes[at] == b'A' { b'B' } else { b'A' };
    bytes[at] = other;
    let token = std::str::from_utf8(&bytes).expect("one letter of ASCII for another");
    assert_eq!(WORLD.ring.verify(token, NOW), Err(TokenError::Invalid), "a changed token is taken");
}
