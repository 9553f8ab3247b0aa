//! Spans of time as people type them.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Longest span that is taken, in milliseconds: a hundred years.
const MILLIS_MAX: u64 = 100 * 365 * 86_400_000;

/// Reads `500ms`, `10s`, `5m`, `1h` or `7d`; a number alone is seconds.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let unit = if unit.is_empty() { "s" } else { unit };
    let wrong = || "write a number and a unit, like 500ms, 10s, 5m, 1h or 7d".to_owned();
    let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale).ok_or_else(wrong)?;
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    match number.checked_mul(scale) {
        Some(0) => Err("has to be longer than nothing".to_owned()),
        Some(millis) if millis <= MILLIS_MAX => Ok(Duration::from_millis(millis)),
        Some(_) | None => Err("is longer than a hundred years".to_owned()),
    }
}

/// Reads a number of milliseconds.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_millis(text: &str) -> Result<Duration, String> {
    let millis: u64 = text.parse().map_err(|_| "write a number of milliseconds".to_owned())?;
    if millis <= MILLIS_MAX { Ok(Duration::from_millis(millis)) } else { Err("is longer than a hundred years".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3_600)));
        assert_eq!(parse_duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for wrong in ["", "h", "-1s", "1w", "1.5h", "0s", "99999999999999999999d", "40000d", "1 h", "é"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn milliseconds_are_plain_numbers() {
        assert_eq!(parse_millis("0"), Ok(Duration::ZERO));
        assert_eq!(parse_millis("1500"), Ok(Duration::from_millis(1_500)));
        assert!(parse_millis("1s").is_err());
    }
}
