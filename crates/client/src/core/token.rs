//! What a client may read of its own token: when it expires. It cannot and need not check the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// When a JWT expires, in milliseconds since the epoch; `None` when it is not one or does not say.
#[must_use]
pub fn expires_at_ms(token: &str) -> Option<i64> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    let exp = claims.get("exp")?;
    let seconds = exp.as_i64().or_else(|| exp.as_f64().map(|seconds| seconds as i64))?;
    seconds.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_is_read_and_nonsense_has_none() {
        let token = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(br#"{"sub":"alice","exp":1790000000}"#));
        assert_eq!(expires_at_ms(&token), Some(1_790_000_000_000));
        for nonsense in ["", "a.b.c", "e30.e30.x", "...."] {
            assert_eq!(expires_at_ms(nonsense), None, "{nonsense}");
        }
    }
}
