//! Fallback texts: what is shown of a message of a type that an app declares, where the content itself cannot be shown.

use serde_json::Value;
use stonechat_types::limits::FALLBACK_BYTES_MAX;

/// Fields that one fallback text may name.
pub const FALLBACK_FIELDS_MAX: usize = 8;

/// A text with places for what a message says: `Order {order.number}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fallback {
    /// A text, and the names that lead to the field behind it; none at the end.
    parts: Vec<(String, Vec<String>)>,
}

/// Why a text is not a fallback text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FallbackError {
    /// It is empty, or nothing but white space.
    #[error("says nothing")]
    Empty,
    /// It is over [`FALLBACK_BYTES_MAX`].
    #[error("is longer than {FALLBACK_BYTES_MAX} bytes")]
    TooLong,
    /// A brace has no other, or there is no name between them.
    #[error("has a brace that is not of a {{field}}; write {{{{ or }}}} for a brace itself")]
    Brace,
    /// It names more than [`FALLBACK_FIELDS_MAX`].
    #[error("names more than {FALLBACK_FIELDS_MAX} fields")]
    TooManyFields,
}

impl Fallback {
    /// Reads a fallback text.
    ///
    /// # Errors
    /// [`FallbackError`].
    pub fn parse(text: &str) -> Result<Self, FallbackError> {
        if text.len() > FALLBACK_BYTES_MAX {
            return Err(FallbackError::TooLong);
        }
        if text.trim().is_empty() {
            return Err(FallbackError::Empty);
        }
        let (mut parts, mut said, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            said.push_str(&rest[..at]);
            let (brace, behind) = rest[at..].split_at(1);
            if let Some(behind) = behind.strip_prefix(brace) {
                said.push_str(brace);
                rest = behind;
                continue;
            }
            let (name, behind) = behind.split_once('}').filter(|_| brace == "{").ok_or(FallbackError::Brace)?;
            let names: Vec<String> = name.split('.').map(str::to_owned).collect();
            if names.iter().any(|name| name.is_empty() || name.contains(['{', ' '])) {
                return Err(FallbackError::Brace);
            }
            parts.push((std::mem::take(&mut said), names));
            rest = behind;
        }
        if parts.len() > FALLBACK_FIELDS_MAX {
            return Err(FallbackError::TooManyFields);
        }
        said.push_str(rest);
        parts.push((said, Vec::new()));
        Ok(Self { parts })
    }

    /// The text of a body: each field as it stands in the JSON, and nothing where it has no text, number or truth.
    #[must_use]
    pub fn fill(&self, body: &[u8]) -> String {
        let names_any = self.parts.iter().any(|(_, names)| !names.is_empty());
        let json = if names_any { serde_json::from_slice(body).unwrap_or_default() } else { Value::Null };
        let mut text = String::new();
        for (said, names) in &self.parts {
            text.push_str(said);
            match names.iter().try_fold(&json, |json, name| json.get(name)) {
                Some(Value::String(value)) if !names.is_empty() => text.push_str(value),
                Some(value @ (Value::Number(_) | Value::Bool(_))) if !names.is_empty() => text += &value.to_string(),
                _ => {}
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_in_from_the_json() {
        let body = r#"{"order": {"number": 7, "of": "Ann 👩‍👩‍👧"}, "paid": true, "lines": [1], "none": null}"#;
        let filled = |text: &str| Fallback::parse(text).unwrap().fill(body.as_bytes());
        assert_eq!(filled("Order {order.number} of {order.of}"), "Order 7 of Ann 👩‍👩‍👧");
        assert_eq!(filled("{paid}: {{{order.number}}}"), "true: {7}");
        assert_eq!(filled("a {lines}{none}{order}{no.where} b"), "a  b");
        assert_eq!(filled("{{}}"), "{}");
        assert_eq!(Fallback::parse("Order {order.number}!").unwrap().fill(b"\xFF"), "Order !");
        assert_eq!(Fallback::parse("An order").unwrap().fill(b""), "An order");
    }

    #[test]
    fn what_is_no_fallback_text_says_why() {
        for (text, error) in [
            ("", FallbackError::Empty),
            (" \t", FallbackError::Empty),
            ("{", FallbackError::Brace),
            ("a } b", FallbackError::Brace),
            ("{}", FallbackError::Brace),
            ("{a..b}", FallbackError::Brace),
            ("{a {b}", FallbackError::Brace),
            ("{a b}", FallbackError::Brace),
        ] {
            assert_eq!(Fallback::parse(text), Err(error), "{text}");
        }
        assert!(Fallback::parse(&"{a}".repeat(FALLBACK_FIELDS_MAX)).is_ok());
        assert_eq!(Fallback::parse(&"{a}".repeat(FALLBACK_FIELDS_MAX + 1)), Err(FallbackError::TooManyFields));
        assert!(Fallback::parse(&"x".repeat(FALLBACK_BYTES_MAX)).is_ok());
        assert_eq!(Fallback::parse(&"x".repeat(FALLBACK_BYTES_MAX + 1)), Err(FallbackError::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_given_breaks_it(text in "[{}.a ]{0,40}", body in ".{0,60}") {
            if let Ok(fallback) = Fallback::parse(&text) {
                let filled = fallback.fill(body.as_bytes());
                proptest::prop_assert!(filled.len() <= text.len() + FALLBACK_FIELDS_MAX * body.len());
            }
        }
    }
}
