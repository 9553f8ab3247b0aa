//! What lists have in common: how many, from where on, and where they go on.

use crate::error::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use stonechat_types::limits::POSITION_BYTES_MAX;

/// Largest seq or ordinal that may be named; stores and other languages count with a sign.
pub(crate) const NUMBER_MAX: u64 = i64::MAX as u64;

/// How many are wanted; 0 for as many as the list gives when nothing is said.
pub(crate) fn limit(given: Option<u32>, max: u32) -> Result<u32, ApiError> {
    match given {
        Some(0) => Err(ApiError::invalid("limit", format_args!("is not from 1 to {max}"))),
        Some(limit) if limit > max => Err(ApiError::invalid("limit", format_args!("is not from 1 to {max}"))),
        given => Ok(given.unwrap_or(0)),
    }
}

/// Where a list goes on; empty at the start.
pub(crate) fn page(given: Option<&str>) -> Result<Bytes, ApiError> {
    let wrong = || ApiError::invalid("page", "is not one of ours");
    let bytes = URL_SAFE_NO_PAD.decode(given.unwrap_or_default()).map_err(|_| wrong())?;
    if bytes.len() > POSITION_BYTES_MAX { Err(wrong()) } else { Ok(bytes.into()) }
}

/// Where a list goes on, for the next request; `None` at the end.
pub(crate) fn next_page(next: &Bytes) -> Option<String> {
    (!next.is_empty()).then(|| URL_SAFE_NO_PAD.encode(next))
}

/// A seq or an ordinal; 0 when nothing is said.
pub(crate) fn number(field: &str, given: Option<u64>) -> Result<u64, ApiError> {
    match given {
        Some(number) if number > NUMBER_MAX => {
            Err(ApiError::invalid(field, format_args!("is larger than {NUMBER_MAX}")))
        }
        given => Ok(given.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_within_its_bounds_or_left_out() {
        assert_eq!((limit(None, 5).ok(), limit(Some(1), 5).ok(), limit(Some(5), 5).ok()), (Some(0), Some(1), Some(5)));
        assert!(limit(Some(0), 5).is_err() && limit(Some(6), 5).is_err());
    }

    #[test]
    fn a_page_token_comes_back_as_it_was_given() {
        let next = Bytes::from_static(&[0, 0xff, 7]);
        assert_eq!(page(next_page(&next).as_deref()).ok(), Some(next));
        assert_eq!((next_page(&Bytes::new()), page(None).ok()), (None, Some(Bytes::new())));
        let long = URL_SAFE_NO_PAD.encode([0; POSITION_BYTES_MAX + 1]);
        assert!(page(Some("%")).is_err() && page(Some(&long)).is_err());
    }

    #[test]
    fn numbers_have_room_for_a_sign() {
        assert_eq!((number("seq", None).ok(), number("seq", Some(NUMBER_MAX)).ok()), (Some(0), Some(NUMBER_MAX)));
        assert!(number("seq", Some(NUMBER_MAX + 1)).is_err());
    }
}
