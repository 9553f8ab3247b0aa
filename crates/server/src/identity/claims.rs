//! What a token says, as it stands in its JSON.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use stonechat_types::number::Timestamp;

/// The last second of the year 9999: later times are mistakes of units.
const SECONDS_MAX: i64 = 253_402_300_799;

/// Seconds since 1970, as RFC 7519 has them; fractions are read and not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumericDate(Timestamp);

impl NumericDate {
    /// The whole second in which a time lies.
    #[must_use]
    pub fn rounded_down(time: Timestamp) -> Self {
        Self(Timestamp(time.0.div_euclid(1000).saturating_mul(1000)))
    }

    /// The first whole second that is not before a time.
    #[must_use]
    pub fn rounded_up(time: Timestamp) -> Self {
        Self::rounded_down(time.plus_ms(999))
    }

    /// The time.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        self.0
    }
}

impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.0 / 1000)
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;

        impl Visitor<'_> for Seconds {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
                match i64::try_from(seconds) {
                    Ok(seconds) if seconds <= SECONDS_MAX => Ok(NumericDate(Timestamp(seconds * 1000))),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(seconds), &self)),
                }
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
                // Comparisons with NaN are false, so it does not pass.
                if seconds >= 0.0 && seconds <= SECONDS_MAX as f64 {
                    Ok(NumericDate(Timestamp((seconds * 1000.0) as i64)))
                } else {
                    Err(E::invalid_value(Unexpected::Float(seconds), &self))
                }
            }
        }

        deserializer.deserialize_any(Seconds)
    }
}

/// The claims of a token. What is not here is ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// For whom it is.
    pub aud: Audience,
    /// When it stops to be valid.
    pub exp: NumericDate,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<NumericDate>,
    /// When it begins to be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<NumericDate>,
    /// The only device that may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev: Option<String>,
}

/// One name or several, by RFC 7519, section 4.1.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Each name.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str::<NumericDate>(json).ok().map(|date| date.time().0)
    }

    #[test]
    fn dates_are_seconds_within_reason() {
        assert_eq!(read("1790000000"), Some(1_790_000_000_000));
        assert_eq!(read("1790000000.25"), Some(1_790_000_000_250));
        for wrong in ["-1", "-0.5", "1e300", "253402300800", "18446744073709551615", "\"1790000000\"", "null", "true"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_lives_at_least_as_long_as_was_asked() {
        assert_eq!(NumericDate::rounded_up(Timestamp(1_001)).time(), Timestamp(2_000));
        assert_eq!(NumericDate::rounded_up(Timestamp(2_000)).time(), Timestamp(2_000));
        assert_eq!(NumericDate::rounded_down(Timestamp(1_999)).time(), Timestamp(1_000));
    }
}
