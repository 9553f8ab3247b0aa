//! The body of a text message, `TextBody { string text = 1; }` in protobuf. By hand, since a gateway names no other
//! gateway's wire format and this is all that it needs of it.

use bytes::Bytes;

const TEXT_TAG: u8 = 1 << 3 | LENGTH_DELIMITED;

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

/// The `body_type` of it.
pub(crate) const TEXT: &str = "text";

/// The bytes of a text.
pub(crate) fn encode(text: &str) -> Bytes {
    let mut bytes = Vec::with_capacity(text.len() + 6);
    bytes.push(TEXT_TAG);
    let mut length = text.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(text.as_bytes());
    bytes.into()
}

/// The text of the bytes; fields that we do not know are passed over, and the last text counts. `None` when they are
/// not protobuf or the text is not UTF-8.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<&str> {
    let mut text = "";
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let wire_type = (tag & 7) as u8;
        match wire_type {
            VARINT => {
                varint(&mut bytes)?;
            }
            FIXED_64 => take(&mut bytes, 8).map(|_| ())?,
            FIXED_32 => take(&mut bytes, 4).map(|_| ())?,
            LENGTH_DELIMITED => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let field = take(&mut bytes, length)?;
                if tag == u64::from(TEXT_TAG) {
                    text = std::str::from_utf8(field).ok()?;
                }
            }
            _ => return None,
        }
    }
    Some(text)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_protobuf() {
        assert_eq!(&encode("Hi")[..], b"\x0a\x02Hi");
        assert_eq!(&encode(&"a".repeat(300))[..4], b"\x0a\xac\x02a");
        for text in ["", "Hi", "👩‍👩‍👧 مرحبا 你好", &"x".repeat(65_000)] {
            assert_eq!(decode(&encode(text)), Some(text));
        }
    }

    #[test]
    fn unknown_fields_are_passed_over_and_broken_bytes_refused() {
        assert_eq!(decode(b""), Some(""));
        assert_eq!(decode(b"\x10\x96\x01\x0a\x01a\x1d1234\x21abcdefgh\x2a\x02zz"), Some("a"));
        for broken in [&b"\x0a"[..], b"\x0a\x05Hi", b"\x0a\x02\xff\xfe", b"\x0b", b"\x10", b"\x10\xff\xff", b"\x19abc"]
        {
            assert_eq!(decode(broken), None, "{broken:?}");
        }
        assert_eq!(decode(&[0xff; 12]), None);
    }
}
